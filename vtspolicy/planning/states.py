"""The one word that says how a tape stands on a target."""

from __future__ import annotations

from enum import StrEnum

from vtspolicy.planning.plan import Copy
from vtspolicy.systems.contract import TapeFacts


class TapeState(StrEnum):
    """How a tape stands on a target, as far as is known."""

    SAFE = "safe"
    """Its present bytes are verified and durable there."""
    UNPROVEN = "unproven"
    """Copied, but not verified, not durable, or nobody could look at its source."""
    STALE = "stale"
    """Changed here since its last copy."""
    HELD = "held"
    """Waits for a person: it became empty, or is gone at the source."""
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
                        "be looked at",
    TapeState.STALE: "changed at the source since its last verified copy",
    TapeState.HELD: "waits for a person: it became empty, or is gone at the source",
    TapeState.DIVERGED: "someone else changed the copy on the target",
    TapeState.FAILED: "the last attempt to copy or verify it did not succeed",
    TapeState.MISSING: "its copy is gone from the target",
    TapeState.NEVER: "never copied there",
}

_REASONS = {"diverged": TapeState.DIVERGED, "held": TapeState.HELD, "missing": TapeState.MISSING}


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
    if copy.verified is None or not copy.durable:
        return TapeState.UNPROVEN
    return TapeState.SAFE
