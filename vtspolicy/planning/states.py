"""The one word that says how a tape stands on a target."""

from __future__ import annotations

from enum import StrEnum

from vtspolicy.planning.plan import Copy, Step
from vtspolicy.systems.contract import TapeFacts


class TapeState(StrEnum):
    """How a tape stands on a target, as far as is known."""

    SAFE = "safe"
    """Its present bytes are verified and durable there."""
    UNPROVEN = "unproven"
    """Copied, but not verified, not durable, nobody could look at its source, or its vault's identity was in doubt
    since it was last read."""
    STALE = "stale"
    """Changed here since its last copy."""
    HELD = "held"
    """Waits for a person: it became empty, shrank, or is gone at the source."""
    DIVERGED = "diverged"
    """Someone else changed the copy."""
    FAILED = "failed"
    """The last attempt to copy or verify it did not succeed."""
    MISSING = "missing"
    """The copy is gone from the target."""
    NEVER = "never"
    """Never copied there."""


MEANINGS = {
    TapeState.SAFE: "its present bytes are verified and durable on the target",
    TapeState.UNPROVEN: "copied, but not verified, or the target cannot promise that it lasts, or its source cannot "
                        "be looked at, or the identity of its vault was in doubt since it was last read",
    TapeState.STALE: "changed at the source since its last verified copy",
    TapeState.HELD: "waits for a person: it became empty, shrank, or is gone at the source",
    TapeState.DIVERGED: "someone else changed the copy on the target",
    TapeState.FAILED: "the last attempt to copy or verify it did not succeed",
    TapeState.MISSING: "its copy is gone from the target",
    TapeState.NEVER: "never copied there",
}

def state_when_asked(last_known: TapeState, copy: Copy | None, there: TapeFacts | None) -> TapeState:
    """The state after the target was looked at; `there` is what lies under the tape's name now."""
    if copy is None or copy.digest is None:
        return last_known
    if there is None:
        return TapeState.MISSING
    if copy.explains(there):
        return last_known
    touched = copy.reason != "diverged" and copy.target_identity is not None and (
        copy.target_identity.looks_like(there.identity))
    if touched:  # its bytes may be the same; nobody read them
        return TapeState.UNPROVEN if last_known is TapeState.SAFE else last_known
    return TapeState.DIVERGED


_REASONS = {"diverged": TapeState.DIVERGED, "held": TapeState.HELD, "missing": TapeState.MISSING}


def standing_of(step: Step, copy: Copy | None) -> TapeState:
    """The state of a plan's tape, with what is known of its copy by now."""
    return TapeState.MISSING if step.source is None else state_of(step.source, copy)


def state_of(source: TapeFacts | None, copy: Copy | None, *, looked: bool = True) -> TapeState:
    """The state of a tape from what its source is now and what is known of its copy.

    `source` is None where the tape is gone, or, with `looked` False, where nobody could look.
    """
    if copy is not None and copy.reason is not None:
        return _REASONS.get(copy.reason, TapeState.FAILED)
    if copy is None or copy.digest is None:
        return TapeState.NEVER
    if source is None:
        return TapeState.HELD if looked else TapeState.UNPROVEN
    if copy.source_identity is None or not copy.source_identity.fits(source.identity):
        return TapeState.STALE
    if copy.verified is None or not copy.durable or copy.doubted is not None:
        return TapeState.UNPROVEN
    return TapeState.SAFE
