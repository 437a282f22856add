"""The one word that says how a tape stands on a target."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from vtspolicy.planning.plan import Copy, Step
from vtspolicy.systems.facts import TapeFacts


class TapeState(StrEnum):
    """How a tape stands on a target, as far as is known."""

    SAFE = "safe"
    """Its present bytes are verified and durable there."""
    UNPROVEN = "unproven"
    """Copied, but not verified, not durable, nobody could look at its source, or since it was last read its vault's
    identity was in doubt, or a look found something else."""
    STALE = "stale"
    """Changed here since its last copy."""
    HELD = "held"
    """Became empty, shrank, or is gone at the source."""
    DIVERGED = "diverged"
    """Someone else changed the copy, or wrote a tape of its name."""
    FAILED = "failed"
    """The last attempt to copy or verify it did not succeed."""
    MISSING = "missing"
    """The copy is gone from the target; while it was copied or planned: the tape itself is gone."""
    NEVER = "never"
    """Never copied there."""


MEANINGS = {
    TapeState.SAFE: "its present bytes are verified and durable on the target",
    TapeState.UNPROVEN: "copied, but not read back since it was sent or since somebody touched it; or not durable; or "
                        "read over plain SFTP within two seconds of its last change, where another one would not "
                        "show; or its source cannot be looked at; or since it was last read, the identity of its "
                        "vault was in doubt, or STATUS with ASK or ADOPT saw another tape or none",
    TapeState.STALE: "changed or touched at the source since its last copy",
    TapeState.HELD: "became empty or shrank at the source, and its copy was not replaced; or it is gone from there "
                    "(also where that was accepted), and its copy is kept",
    TapeState.DIVERGED: "someone else changed the copy on the target, or wrote another tape of its name there",
    TapeState.FAILED: "the last attempt to copy or verify it did not succeed",
    TapeState.MISSING: "its copy is gone from the target; of a tape that a run or a plan is told to copy: it is not in "
                       "its pool",
    TapeState.NEVER: "no copy of it was ever made there, as far as is known",
}
"""What each word says, for the manual and HELP."""

REMEDIES = {
    TapeState.SAFE: "Nothing is to be done.",
    TapeState.UNPROVEN: "START SCHEME reads it, or else VERIFY SCHEME, once its source can be looked at. On a target "
                        "that cannot make copies durable it stays unproven.",
    TapeState.STALE: "START SCHEME copies it, or finds that its bytes are the same.",
    TapeState.HELD: "If it is to be so: RELEASE TAPE, and the next run copies it as it is; or, for one that is gone, "
                    "ACCEPT POOL, and runs warn of it no more. Else bring it back: COPY TAPE FROM.",
    TapeState.DIVERGED: "Find out who did it. If the source's bytes are the right ones: START SCHEME with REPLACE !",
    TapeState.FAILED: "STATUS with DETAIL shows the reason, and HELP with that word what helps; most often START "
                      "SCHEME.",
    TapeState.MISSING: "START SCHEME copies it again where the source has it.",
    TapeState.NEVER: "START SCHEME copies it. If it was copied, and the catalog was lost: REBUILD CATALOG.",
}
"""What leads out of it, in sentences."""


class Condition(StrEnum):
    """How a system or a vault is, where no reason word says what keeps us from it."""

    OK = "ok"
    NO_ID = "no id"
    FROZEN = "frozen"
    JUMP_HOST = "jump host"


CONDITIONS = {
    Condition.OK: "it answers, and nothing keeps us from it",
    Condition.NO_ID: "the vault has no id: INIT VAULT gives it one, and nothing is copied to it or from it before",
    Condition.FROZEN: "the whole vault is frozen: nothing is published there until THAW VAULT",
    Condition.JUMP_HOST: "the system has no vaults, and was not asked: others are reached through it",
}
"""What each word says, for the manual and HELP. Any other word in its place is a reason word."""


def legend(word: str) -> str | None:
    """What a word of STATUS says, and what leads out of it, for people; None where it is none. In any case."""
    for state, meaning in MEANINGS.items():
        if state == word.lower():
            return f"The state of a tape on a target: {meaning}. {REMEDIES[state]}"
    for condition, meaning in CONDITIONS.items():
        if condition == word.lower():
            return f"The state of a system or a vault: {meaning}."
    return None


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


def seen_otherwise(copy: Copy | None, there: TapeFacts | None, moment: str) -> Copy | None:
    """What is to be kept of a look that found another tape, or none, where the copy should lie; None where it found
    nothing new. Such a copy is proven no more, and what the next run does about it is the same."""
    if copy is None or copy.digest is None or copy.doubted is not None or (
            there is not None and copy.explains(there)):
        return None
    return replace(copy, doubted=moment)


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
    if copy.verified is None or not copy.durable or copy.doubted is not None or copy.hasty:
        return TapeState.UNPROVEN
    return TapeState.SAFE
