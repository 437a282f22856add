"""Reads a tape where it comes from and where it lies, both at the same time, and leaves a record of what is equal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from vtspolicy.errors import Failure, NotBuilt, SourceChanged, StateUnusable, Stopped
from vtspolicy.planning.plan import Copy, Plan, Step
from vtspolicy.systems.contract import CHUNK, Progress, System, TapeFacts
from vtspolicy.transfer.journey import Journey

_TICK = 0.2
"""Seconds after which whoever waits for the other side looks whether it is to stop."""
_PATIENCE = 3.0
"""Seconds that the other side has to end when nobody wants its answer any more; then its connection is cut."""

Read = tuple[str, TapeFacts]
"""A digest, and the facts of the tape that has it."""


@dataclass(frozen=True)
class Compared:
    """What both sides of a tape hold."""

    digest: str
    """Of the source."""
    source: TapeFacts
    there: str
    """The digest of what lies on the target."""
    target: TapeFacts

    @property
    def equal(self) -> bool:
        """Whether both hold the same bytes."""
        return self.digest == self.there


def compare(plan: Plan, step: Step, known: Copy | None, source: System, target: System, journey: Journey) -> Compared:
    """Read the source's bytes and, unless they are `known`, the target's. Raise what `System.digest` raises, and
    SourceChanged where the source is not what was planned with."""
    assert step.source is not None and step.target is not None
    tape = plan.source.tape(step.tape)

    def here(progress: Progress) -> Read:
        return source.digest(tape, progress, rate=journey.reading)

    def there(progress: Progress) -> Read:
        return target.digest(plan.target.tape(step.tape), progress, durable=True, rate=journey.reading)

    if known is not None and known.digest is not None:
        ours, theirs = here(journey.progress), (known.digest, step.target)
    elif step.size <= CHUNK or source is target:
        ours = here(journey.progress)
        _check_planned(plan, step, ours)
        theirs = there(lambda count: journey.progress(0))
    else:
        ours, theirs = both(here, there, journey.progress, target.cut)
    _check_planned(plan, step, ours)
    return Compared(*ours, *theirs)


def _check_planned(plan: Plan, step: Step, read: Read) -> None:
    assert step.source is not None
    if read[1].identity != step.source.identity:
        raise SourceChanged(f"{plan.source.tape(step.tape)} changed since the plan was made", tape=step.tape)


def leave_record(plan: Plan, found: Compared, target: System, journey: Journey) -> tuple[str, bool]:
    """Have the far side keep a record of a tape that was found equal; when that was, and whether it does not, because
    it is older. Raise what `System.adopt` raises but for that."""
    name = found.source.name
    record = journey.record(plan.source.tape(name), found.source.identity, found.digest,
                            durable=target.promises.provable)
    try:
        target.adopt(plan.target.tape(name), record)
    except NotBuilt:
        return record.published, True
    return record.published, False


class _Other(threading.Thread):
    """The other side's reading: its connection is used by this thread alone until it is over."""

    def __init__(self, read: Callable[[Progress], Read]) -> None:
        super().__init__(name="other side", daemon=True)
        self._read = read
        self.unwanted = threading.Event()
        self.found: Read | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.found = self._read(self._progress)
        except BaseException as error:  # handed to whoever waits, which raises it
            self.error = error

    def _progress(self, count: int) -> None:
        del count  # the other thread tells how far we are
        if self.unwanted.is_set():
            raise Stopped("nobody wants it any more")


def both(here: Callable[[Progress], Read], there: Callable[[Progress], Read], progress: Progress,
         cut: Callable[[], None]) -> tuple[Read, Read]:
    """Read both sides, the other one in a thread of its own. Raise the failure of this side, else that of the other;
    the other one is always over by then, if need be because it was `cut`."""
    other = _Other(there)
    other.start()
    failure: Failure | None = None
    ours: Read | None = None
    try:
        try:
            ours = here(progress)
        except (Stopped, StateUnusable):
            raise
        except Failure as met:  # the connection must come in step again: wait for its answer
            failure = met
            if not cut_short(other):
                progress(0)
        while other.is_alive():
            other.join(_TICK)
            progress(0)
    except BaseException:
        other.unwanted.set()
        other.join(_PATIENCE)
        cut()
        other.join()
        raise
    if failure is not None:
        raise failure
    if other.error is not None:
        raise other.error
    assert ours is not None and other.found is not None
    return ours, other.found
