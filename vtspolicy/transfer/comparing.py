"""Reads a tape where it comes from and where it lies, both at the same time, and leaves a record of what is equal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from vtspolicy.errors import NotBuilt, NotDurable, SourceChanged, StateUnusable, Stopped, Unequal
from vtspolicy.planning.haste import is_hasty
from vtspolicy.planning.plan import Action, Copy, Plan, Step
from vtspolicy.systems.contract import System
from vtspolicy.systems.facts import CHUNK, Progress, TapeFacts
from vtspolicy.transfer.journey import Journey
from vtspolicy.transfer.outcome import Outcome, Result

_TICK = 0.2
"""Seconds after which whoever waits for the other side looks whether it is to stop."""
_PATIENCE = 3.0
"""Seconds that the other side has to end when nobody wants its answer any more; then its connection is cut."""

Read = tuple[str, TapeFacts]
"""A digest, and the facts of the tape that has it."""


def compare(plan: Plan, step: Step, source: System, target: System, journey: Journey) -> Outcome | Action:
    """Read the source, and the target unless it is known. Where both are equal, the outcome, a copy of which the far
    side keeps a record, too; else what is to follow.

    Raise what `System.digest` and `System.adopt` raise, SourceChanged where the source is not what was planned with,
    Unequal where it is not what was recorded, and NotDurable where nothing may be sent to mend that.
    """
    started, began = time.monotonic(), journey.now()
    assert step.target is not None
    provable, before = target.promises.provable, step.known
    known = before if before is not None and _is_known(before, step.target, provable=provable) else None
    (digest, ours), (there, theirs) = _read(plan, step, known, source, target, journey)
    check_recorded(plan, step, digest)
    if digest != there:
        if known is not None and step.if_unequal is Action.DIFFER:
            return Outcome(step, Result.DIFFERS)  # the source changed, which shows; nobody looked at the target
        return step.if_unequal
    if before is not None and before.reason == NotDurable.reason:  # a second fsync would lie
        if step.if_unequal is not Action.DIFFER:
            return Action.COPY
        tape = plan.target.tape(step.tape)
        raise NotDurable(f"{tape}: an fsync of the target's disk failed when it was copied there", tape=step.tape,
                         system=tape.system)
    when, unrecorded = journey.now(), False
    adopted = known is None and not (before is not None and before.explains(step.target))
    if adopted:
        record = journey.record(plan.source.tape(step.tape), ours.identity, digest, durable=provable,
                                accompanies=step.accompanies, began=began)
        try:
            target.adopt(plan.target.tape(step.tape), record)
        except NotBuilt:
            unrecorded = True
        when = record.published
    copy = journey.proven(plan, step.tape, digest, ours.identity, theirs.identity, when, durable=provable)
    copy = replace(copy, hasty=is_hasty(ours.identity, began) or is_hasty(theirs.identity, began))
    if before is not None and not adopted:
        copy = replace(copy, copied=before.copied or copy.copied)
    if known is not None:
        copy = replace(copy, verified=known.verified, trusted=copy.verified, durable=known.durable)
    return Outcome(step, Result.EQUAL, copy, seconds=time.monotonic() - started, read=known is None,
                   unrecorded=unrecorded)


def _is_known(known: Copy, target: TapeFacts, *, provable: bool) -> bool:
    """Whether the target's bytes need not be read: they are known beyond doubt, and as durable as can be there.
    Size and time alone are no such knowledge: a publish that the catalog never heard of may look the same."""
    return (known.explains(target) and known.doubted is None and (known.durable or not provable)
            and not known.wants_reading(target) and target.identity.ctime_ns is not None)


def check_recorded(plan: Plan, step: Step, digest: str) -> None:
    """Raise Unequal where the source's bytes are not those that they should be."""
    if step.digest not in (None, digest):
        tape = plan.source.tape(step.tape)
        raise Unequal(f"{tape}: {digest[:23]} lies there, {str(step.digest)[:23]} was recorded", tape=step.tape,
                      system=tape.system)


def _read(plan: Plan, step: Step, known: Copy | None, source: System, target: System,
          journey: Journey) -> tuple[Read, Read]:
    assert step.source is not None and step.target is not None
    expected = step.source.identity

    def here(progress: Progress) -> Read:
        read = source.digest(plan.source.tape(step.tape), progress, rate=journey.reading)
        if read[1].identity != expected:
            raise SourceChanged(f"{plan.source.tape(step.tape)} changed since the plan was made", tape=step.tape)
        return read

    def there(progress: Progress) -> Read:
        return target.digest(plan.target.tape(step.tape), progress, durable=True, rate=journey.reading)

    if known is not None and known.digest is not None:
        return here(journey.progress), (known.digest, step.target)
    if step.size <= CHUNK or source is target:  # not worth a thread, or only one of them at a time
        return here(journey.progress), there(lambda count: journey.progress(0))
    return both(here, there, journey.progress, target.cut)


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
    ours: Read | None = None
    failure: Exception | None = None
    try:
        try:
            ours = here(progress)
        except (Stopped, StateUnusable):
            raise
        except Exception as met:
            failure = met
            other.unwanted.set()  # but its connection must come in step again: its answer is waited for
        while other.is_alive():
            other.join(_TICK)
            progress(0)
    except BaseException:
        other.unwanted.set()
        other.join(_PATIENCE)
        if other.is_alive():
            cut()
            other.join()
        raise
    if failure is not None:
        raise failure
    if other.error is not None:
        raise other.error
    assert ours is not None and other.found is not None
    return ours, other.found
