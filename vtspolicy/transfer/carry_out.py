"""Carries a plan out, tape by tape, and tells what became of each.

A failure of one tape stops nobody else; a failure of the road ends them all with its reason. Parts that did not
become tapes are removed, whatever ends the work.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from vtspolicy.errors import (
    Damaged,
    Diverged,
    Failure,
    Frozen,
    Incomplete,
    NotDurable,
    Outage,
    SourceChanged,
    StateUnusable,
    Stopped,
    Unequal,
    failure_of,
    leaves,
)
from vtspolicy.planning.haste import is_hasty
from vtspolicy.planning.plan import WINDOW_BYTES, WINDOW_PARTS, Action, Copy, Plan, Step
from vtspolicy.planning.states import seen_otherwise
from vtspolicy.systems.contract import System
from vtspolicy.systems.facts import Hole, Identity, TapeFacts, length_of
from vtspolicy.systems.files import PART_SUFFIX
from vtspolicy.systems.parts import Part, Reader
from vtspolicy.transfer.comparing import check_recorded, compare
from vtspolicy.transfer.journey import Flight, Journey
from vtspolicy.transfer.outcome import Outcome, Result
from vtspolicy.transfer.pump import Pump

_LARGE = 4 << 20
"""Bytes of a tape for which the window is settled first."""
_AGE = 2.0
"""Seconds that a tape waits to be settled, at most, while others are sent."""
_ENDS = (Stopped, StateUnusable)
"""What the progress raises: it ends the work, and says nothing of the tape."""
_LASTING = (Unequal.reason, Damaged.reason, Diverged.reason, NotDurable.reason)
"""Reasons that outlive whatever hinders a repair: else the next run would trust what lies there."""


def carry_out(plan: Plan, source: System, target: System, journey: Journey) -> Iterator[Outcome]:
    """Do the plan's steps; give an outcome for each, as it becomes certain. Stopped, which the progress may raise, ends
    it: the tapes on their way are dropped."""
    carrier = _Carrier(plan, source, target, journey)
    try:
        for step in plan.steps:
            yield from carrier.take(step)
        yield from carrier.settle()
    finally:
        carrier.clear()


class _Carrier:
    def __init__(self, plan: Plan, source: System, target: System, journey: Journey) -> None:
        self._plan = plan
        self._source = source
        self._target = target
        self._journey = journey
        self._window: list[Flight] = []
        self._lost: Failure | None = None
        self._spoiled: dict[str, str] = {}
        """Tapes that must not be published, because of the companion."""
        self._frozen: Frozen | None = None
        """What forbids to publish; then nothing more is sent, and what was sent is removed."""

    def take(self, step: Step) -> Iterator[Outcome]:
        self._journey.progress(0)  # a safe point to stop at
        if step.action is Action.NOTHING:
            known = step.known
            assert known is not None and step.target is not None
            yield Outcome(step, Result.TRUSTED, replace(
                known, trusted=self._journey.now(), target_identity=step.target.identity, reason=None, failed=None))
        elif step.action is Action.REFUSE:
            yield self._refused(step, step.reason or "refused", step.why)
        elif step.action is Action.DIFFER:
            yield self._differs(step)
        elif (hindrance := self._lost or self._frozen) is not None:
            yield self._failed(step, hindrance)
        elif step.action is Action.COMPARE:
            yield from self._compare(step)
        else:
            yield from self._send(step)

    # ---- comparing -----------------------------------------------------------------------------------------------

    def _compare(self, step: Step) -> Iterator[Outcome]:
        """Read both sides; equal bytes become a verified copy."""
        try:
            found = compare(self._plan, step, self._source, self._target, self._journey)
        except _ENDS:
            raise  # nothing is known to be wrong with the tape
        except Exception as error:
            yield self._failed(step, failure_of(error, step.tape))
            return
        if isinstance(found, Outcome):
            yield found
        elif found is Action.COPY:
            yield from self._send(replace(step, action=Action.COPY))
        elif found is Action.DIFFER:
            yield self._differs(step)
        else:
            yield self._refused(step, step.reason or "diverged", "the target's tape holds other bytes, and was not "
                                                                 "copied there by us")

    # ---- copying -------------------------------------------------------------------------------------------------

    def _send(self, step: Step) -> Iterator[Outcome]:
        if step.size >= _LARGE or (self._window and time.monotonic() - self._window[0].started > _AGE):
            yield from self.settle()  # small ones share round trips, but do not wait for a large or slow one
        try:
            self._check_set(step)
            self._window.append(self._fly(step))
        except _ENDS:
            raise
        except Exception as error:
            yield self._failed(step, failure_of(error, step.tape))
            return
        if len(self._window) >= WINDOW_PARTS or sum(each.sent for each in self._window) >= WINDOW_BYTES:
            yield from self.settle()

    def _fly(self, step: Step) -> Flight:
        """Send one tape up to its seal."""
        started = time.monotonic()
        tape = self._plan.source.tape(step.tape)
        assert step.source is not None
        began = self._journey.now()
        reader = self._source.read(tape)
        part: Part | None = None
        try:
            if reader.facts.identity != step.source.identity:
                raise SourceChanged(f"{tape} changed since the plan was made", tape=step.tape, system=tape.system)
            name = f"{self._journey.writer}.{self._journey.run}.{secrets.token_hex(4)}{PART_SUFFIX}"
            part = self._target.begin(self._plan.target.tape(step.tape), step.size, name)
            pump, sent = Pump(reader), 0
            for piece in pump.pieces():
                if self._journey.pace is not None:
                    self._journey.pace.spend(piece)
                part.write(piece)
                self._journey.progress(length_of(piece))
                sent += 0 if isinstance(piece, Hole) else len(piece)
            part.seal(self._journey.metadata(reader), self._safe_point, read_back=self._journey.read_back)
            return Flight(step, reader, part, pump.digest(), started, sent, began=began)
        except BaseException as error:
            self._let_go(reader, part, lost=isinstance(error, Outage))
            raise

    def _safe_point(self, count: int) -> None:
        """What is read back was counted when it was sent; but the work may be stopped there."""
        del count
        self._journey.progress(0)

    def settle(self) -> Iterator[Outcome]:
        """Bring all that was sent to its end: every seal judged, every commit asked for, then every answer heard."""
        accompanied = {each.step.accompanies for each in self._window}
        behind = [each for each in self._window if each.step.tape in accompanied]  # companions first
        yield from self._settle([each for each in self._window if each not in behind] if behind else self._window)
        yield from self._settle(behind)
        self.clear()

    def _check_set(self, step: Step) -> None:
        """Raise Incomplete where a companion of the tape was not copied in this run."""
        if step.tape in self._spoiled:
            raise Incomplete(f"{self._plan.source.tape(step.tape)}: its companion {self._spoiled[step.tape]} was not "
                             "copied", tape=step.tape, system=self._plan.target.system)

    def _settle(self, flights: Sequence[Flight]) -> Iterator[Outcome]:
        failures = dict[int, Failure]()
        for index, flight in enumerate(flights):
            try:
                self._check_road()
                self._check_set(flight.step)
                self._judge(flight)
            except Exception as error:
                failures[index] = self._noticed(failure_of(error, flight.step.tape))
        for index, flight in enumerate(flights):
            if index not in failures:
                try:
                    if self._target.promises.far_end != "local":  # else it was published when it was asked for
                        self._check_road()
                    yield self._arrived(flight, flight.part.committed())
                    continue
                except Exception as error:
                    failures[index] = self._noticed(failure_of(error, flight.step.tape))
            yield self._failed(flight.step, failures[index])

    def _check_road(self) -> None:
        """A lost road is waited for once, not once for every tape."""
        if self._lost is not None:
            raise self._lost

    def _noticed(self, failure: Failure) -> Failure:
        if isinstance(failure, Outage):
            self._lost = failure
        elif isinstance(failure, Frozen):
            self._frozen = failure
        return failure

    def _judge(self, flight: Flight) -> None:
        """The far side's digest must be ours and the source as it was opened; then it may be published."""
        tape = self._plan.target.tape(flight.step.tape)
        there = flight.part.sealed()
        flight.read = bool(there)
        if there != flight.digest and (there or self._journey.read_back):
            raise Unequal(f"{tape}: {there[:20]} lies there, {flight.digest[:20]} was sent", tape=flight.step.tape,
                          system=tape.system)
        check_recorded(self._plan, flight.step, flight.digest)
        flight.reader.check_unchanged()
        expected: Identity | None = flight.step.target.identity if flight.step.target is not None else None
        record = self._journey.record(self._plan.source.tape(flight.step.tape), flight.reader.facts.identity,
                                      flight.digest, durable=self._target.promises.provable, proven=flight.read,
                                      accompanies=flight.step.accompanies, began=flight.began)
        flight.proven = record.published
        flight.part.commit(record, expected)

    def _arrived(self, flight: Flight, facts: TapeFacts) -> Outcome:
        copy = self._journey.proven(self._plan, flight.step.tape, flight.digest, flight.reader.facts.identity,
                                    facts.identity, flight.proven, durable=self._target.promises.provable)
        hasty = is_hasty(flight.reader.facts.identity, flight.began)
        copy = (replace(copy, hasty=hasty or is_hasty(facts.identity, flight.proven)) if flight.read
                else replace(copy, verified=None, hasty=hasty))
        lost = dict.fromkeys((*flight.reader.extras.lost, *flight.part.lost))
        return Outcome(flight.step, Result.COPIED, copy,
                       sent=flight.sent, seconds=time.monotonic() - flight.started, read=True, lost=tuple(lost))

    def clear(self) -> None:
        """Let go of what is in the window; parts that are no tapes yet are removed."""
        flights, self._window = self._window, []
        for flight in flights:
            self._let_go(flight.reader, flight.part, lost=self._lost is not None)

    def _let_go(self, reader: Reader, part: Part | None, *, lost: bool) -> None:
        """Give back what can be: at the end of a lost road nobody hears, and this machine is never lost."""
        with suppress(Failure, OSError):
            if not lost or self._source.promises.far_end not in ("receiver", "sftp"):
                reader.close()
        with suppress(Failure, OSError):
            if part is not None and (not lost or self._target.promises.far_end == "local"):
                part.discard()

    # ---- telling ---------------------------------------------------------------------------------------------------

    def _failed(self, step: Step, failure: Failure) -> Outcome:
        self._noticed(failure)
        if step.accompanies is not None:
            self._spoiled[step.accompanies] = step.tape
        if isinstance(failure, Incomplete):
            return Outcome(step, Result.FAILED, None, failure)  # its companion's row says what is wrong
        if isinstance(failure, Frozen):
            return Outcome(step, Result.REFUSED, None, failure)  # it says nothing about the copy that lies there
        return Outcome(step, Result.REFUSED if isinstance(failure, Diverged) else Result.FAILED,
                       self._noted(step, failure.reason), failure)

    def _differs(self, step: Step) -> Outcome:
        if step.reason is not None:
            return Outcome(step, Result.DIFFERS, self._noted(step, step.reason))
        return Outcome(step, Result.DIFFERS, seen_otherwise(step.known, step.target, self._journey.now()))

    def _refused(self, step: Step, reason: str, why: str) -> Outcome:
        kind = next(leaf for leaf in leaves() if leaf.reason == reason)
        tape = self._plan.source.tape(step.tape)
        if step.accompanies is not None:
            self._spoiled[step.accompanies] = step.tape
        if kind is Diverged and "REPLACE" not in why:
            why += "; with REPLACE ! the source's would take its place"
        return Outcome(step, Result.REFUSED, self._noted(step, reason),
                       kind(f"{tape}: {why}", tape=step.tape, system=self._plan.target.system))

    def _noted(self, step: Step, reason: str) -> Copy | None:
        """What is known of the copy after a failure: what was known before, and the reason."""
        if step.source is None:
            return None
        known = step.known or Copy(self._plan.source.tape(step.tape), self._plan.target.tape(step.tape))
        if known.reason in _LASTING and reason not in _LASTING:
            return known
        return replace(known, reason=reason, failed=self._journey.now())
