"""What became of a step of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vtspolicy.errors import Failure
from vtspolicy.planning.plan import Copy, Step
from vtspolicy.planning.states import TapeState


class Result(StrEnum):
    """What became of a tape."""

    COPIED = "copied"
    EQUAL = "equal"
    """The source was read and, unless its bytes are known, the target: they hold the same; nothing was sent."""
    TRUSTED = "trusted"
    """Unchanged by identity; nobody read it."""
    DIFFERS = "differs"
    """The target holds another tape, or none, which was left so, as was asked for."""
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one step."""

    step: Step
    result: Result
    copy: Copy | None = None
    """What is known of the copy from now on; None where nothing new is."""
    failure: Failure | None = None
    sent: int = 0
    """Bytes."""
    seconds: float = 0.0
    lost: tuple[str, ...] = ()
    """What the copy does not keep of its source beside its bytes, of `metadata.NOT_KEPT`."""
    unrecorded: bool = False
    """Whether the far side, which is older, keeps no record of a tape that it was found to hold."""
    read: bool = False
    """Whether the target's bytes were read for it: then it counts, whatever was known before."""
    stands: TapeState | None = None
    """How the tape stands by now; None where step and copy tell it."""
