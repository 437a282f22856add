"""Keeps the books of a run: what became of each tape goes into catalog and event log, in one transaction."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import replace

from vtspolicy.catalog.runs import Run
from vtspolicy.catalog.state import State
from vtspolicy.catalog.times import now
from vtspolicy.catalog.transaction import Transaction
from vtspolicy.errors import Damaged, Failure, Gone, Missing, Stopped
from vtspolicy.planning.plan import Copy, Plan
from vtspolicy.policy.places import Pool
from vtspolicy.policy.request import Leg
from vtspolicy.service.result import Status, Trouble
from vtspolicy.service.run.alone import difference, older
from vtspolicy.service.run.gathering import Gathering
from vtspolicy.service.run.gone import gone_text, some
from vtspolicy.service.run.notkept import NotKept
from vtspolicy.service.run.prepare import Prepared
from vtspolicy.service.run.reckoning import LegTally, verdict
from vtspolicy.service.telling import tell_failure
from vtspolicy.transfer.outcome import Outcome, Result

HELD = 64
"""Outcomes that wait to be recorded together, at most: what a kill loses of them, the far side's records know."""
HELD_TIME = 0.5
"""Seconds that an outcome waits, at most, while others come."""


class Ledger:
    """The books of one run."""

    def __init__(self, state: State, run: Run, label: str) -> None:
        self._state = state
        self.run = run
        self._label = label
        self._waiting: list[tuple[Prepared, Outcome]] = []
        self._since = time.monotonic()
        self._began = time.monotonic()
        self.legs: list[LegTally] = []
        self._not_kept = NotKept()
        self._sets = Gathering()

    def open(self) -> None:
        """The run begins; those that were killed are told, and so ended."""
        killed = [each for each in self._state.unfinished_runs() if not _is_alive(each.pid)]
        with self._state.transaction() as transaction:
            for each in killed:
                transaction.event("424009", run=each.id, ref=each.ref, policy=each.policy or each.verb, pid=each.pid)
                transaction.end_run(each.id, Status.STOPPED, each.counts)
            transaction.start_run(self.run)

    def begin(self, leg: Leg) -> None:
        """A leg begins."""
        self.legs.append(LegTally(leg))
        self._leg_began = time.monotonic()
        self._doubted = self._state.doubted(leg.target.of)
        with self._transaction() as transaction:
            transaction.event("224001", verb=self.run.verb, policy=self._label, source=leg.source, target=leg.target)

    def made(self, pool: Pool, why: str) -> None:
        """A missing target pool was made."""
        with self._transaction() as transaction:
            transaction.event("222004", pool=pool, detail=why, policy=self._label)

    def planned(self, prepared: Prepared) -> None:
        """What was seen while the plan was made."""
        plan = prepared.plan
        self._sets = Gathering(plan.steps)
        self.legs[-1].steps = sum(step.accompanies is None for step in plan.steps)
        with self._transaction() as transaction:
            for vault, identity in prepared.vaults:
                transaction.remember_vault(vault, identity)
            if prepared.swept:
                transaction.event("226001", count=prepared.swept, pool=plan.target)
            for note in prepared.notes:
                self.legs[-1].warnings.append(note)
                transaction.event("422012", pool=plan.target, detail=note)
            self._warn_of(plan, transaction)

    def _warn_of(self, plan: Plan, transaction: Transaction) -> None:
        leg = self.legs[-1]
        for warning in plan.warnings:
            leg.warnings.append(warning)
            transaction.event("422011", pool=plan.target, detail=warning)
        for each in plan.skipped:
            leg.warnings.append(f"{plan.source}: {each.name} skipped: {each.why}")
            transaction.event("422010", name=each.name, pool=plan.source, detail=each.why)
        leg.gone = len(plan.gone)
        leg.accepted = len(plan.accepted)
        for copy in plan.back:
            by_now = transaction.copy_of(copy.source, copy.target) or copy
            transaction.save_copy(replace(by_now, accepted=copy.accepted))
        if plan.gone:
            about = {"count": leg.gone, "known": plan.copied, "source": plan.source, "target": plan.target,
                     "policy": self._label, "detail": some(plan.gone)}
            if plan.too_many_gone:
                leg.errors.append(Trouble.of(Gone(gone_text(plan), system=plan.source.system)))
                transaction.event("624020", **about)
            else:
                leg.warnings.append(gone_text(plan))
                transaction.event("424020", **about)

    def take(self, prepared: Prepared, outcome: Outcome) -> None:
        """A tape's fate is certain."""
        leg = self.legs[-1]
        if (found := self._sets.take(outcome)) is not None:
            result, state = found
            leg.counts[result] += 1
            leg.states[state] += 1
        leg.sent += outcome.sent
        leg.alone.unrecorded += outcome.unrecorded
        if outcome.result is Result.DIFFERS:
            leg.alone.take(outcome.step)
        self._not_kept.take(prepared.plan.source.tape(outcome.step.tape), outcome)
        if outcome.failure is not None:
            leg.errors.append(Trouble.of(outcome.failure))
        self._waiting.append((prepared, outcome))
        if len(self._waiting) == 1:
            self._since = time.monotonic()
        if len(self._waiting) >= HELD:
            self.flush()
        else:
            self.flush_in_time()

    def flush_in_time(self) -> None:
        """Record what has waited long enough."""
        if self._waiting and time.monotonic() - self._since > HELD_TIME:
            self.flush()

    def flush(self) -> None:
        """Record what waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            with self._transaction() as transaction:
                for prepared, outcome in waiting:
                    self._record(transaction, prepared, outcome)

    def _record(self, transaction: Transaction, prepared: Prepared, outcome: Outcome) -> None:
        plan, step, copy = prepared.plan, outcome.step, outcome.copy
        tape = plan.source.tape(step.tape)
        planned_on = prepared.copies.get(step.tape)
        if copy is not None:
            by_now = transaction.copy_of(copy.source, copy.target)
            known = copy if outcome.read or by_now == planned_on else _beside(outcome, by_now)
            if known is not None:
                transaction.save_read(known, self._doubted)
        if outcome.failure is not None:
            tell_failure(transaction, outcome.failure, verb=self.run.verb, policy=self._label, source=plan.source,
                         target=plan.target, tape=tape)
            return
        about = {"tape": tape, "target": plan.target, "policy": self._label}
        if outcome.result is Result.DIFFERS:
            if step.target is not None:  # those that are missing are told together
                transaction.event("424024", **about, detail=difference(step))
            return
        assert copy is not None and copy.digest is not None
        what = {"size": copy.size, "seconds": f"{outcome.seconds:.1f}", "digest": copy.digest[7:23]}
        if outcome.result is Result.COPIED:
            repaired = step.known is not None and step.known.reason in (Damaged.reason, Missing.reason)
            transaction.event("224006" if repaired else "224004", **about, **what)
            if not prepared.target.promises.provable:
                transaction.event("424022", **about, detail="the far side cannot make it durable")
            elif copy.verified is None:
                transaction.event("424022", **about, detail="it was sent and not read back")
        elif outcome.result is Result.EQUAL:
            transaction.event("224005" if outcome.read else "224008", **about, **what)
        elif planned_on is None or (planned_on.run, planned_on.digest) != (copy.run, copy.digest):
            transaction.event("224021", **about)
        # Any other unchanged tape makes no noise: its row says when it was last seen so.

    def lose_copies(self) -> None:
        """The present leg's target pool is gone from its vault, and all copies with it."""
        leg = self.legs[-1].leg
        with self._transaction() as transaction:
            for copy in self._state.copies(leg.source, leg.target).values():
                if copy.digest is not None:
                    transaction.save_copy(replace(copy, reason=Missing.reason, failed=now()))

    def fail(self, failure: Failure) -> None:
        """The present leg came to nothing, or its road broke."""
        self.flush()
        leg = self.legs[-1]
        leg.errors.append(Trouble.of(failure))
        if isinstance(failure, Stopped):
            return
        with self._transaction() as transaction:
            tell_failure(transaction, failure, verb=self.run.verb, policy=self._label, source=leg.leg.source,
                         target=leg.leg.target)

    def end(self) -> None:
        """The present leg is over."""
        self.flush()
        self._warn_of_alone(self.legs[-1])
        self.legs[-1].seconds = time.monotonic() - self._leg_began

    def close(self) -> Status:
        """The run is over: its status, recorded."""
        self.flush()
        self._warn_of_lost()
        counts = sum((leg.counts for leg in self.legs), Counter[str]())
        errors = [each for leg in self.legs for each in leg.errors]
        warnings = sum(len(leg.warnings) for leg in self.legs)
        status = verdict(counts, errors, warnings)
        done = counts[Result.COPIED] + counts[Result.EQUAL]
        numbers = {"done": done, "nothing": counts[Result.TRUSTED], "failed": len(errors),
                   "bytes": sum(leg.sent for leg in self.legs), "warnings": warnings,
                   "left": sum(leg.steps for leg in self.legs) - counts.total()}
        event = {Status.DONE: "224002", Status.NOTHING: "224003", Status.WARNINGS: "424002",
                 Status.PARTIAL: "624002", Status.STOPPED: "624008"}.get(status, "624003")
        with self._transaction() as transaction:
            transaction.event(event, verb=self.run.verb, policy=self._label,
                              seconds=f"{time.monotonic() - self._began:.1f}",
                              **numbers, **({"reason": errors[0].reason} if errors else {}))
            transaction.end_run(self.run.id, str(status), numbers)
        return status

    def _warn_of_alone(self, leg: LegTally) -> None:
        said = tuple(leg.alone.warnings(leg.leg))
        if not said:
            return
        leg.warnings += said
        about = {"source": leg.leg.source, "target": leg.leg.target, "policy": self._label}
        missing = leg.alone.names["missing"]
        with self._transaction() as transaction:
            if missing:
                transaction.event("424025", **about, count=len(missing), detail=some(missing))
            if leg.alone.unrecorded:
                transaction.event("424026", **about, count=leg.alone.unrecorded, detail=older(leg.leg))

    def _warn_of_lost(self) -> None:
        """One warning for the whole run."""
        text = self._not_kept.text
        if text is not None:
            self.legs[-1].warnings.append(text)
            with self._transaction() as transaction:
                transaction.event("424023", policy=self._label, detail=text)

    def _transaction(self) -> AbstractContextManager[Transaction]:
        return self._state.transaction(run=self.run.id, ref=self.run.ref)


def _beside(outcome: Outcome, by_now: Copy | None) -> Copy | None:
    """What to record of an outcome for which nobody read the copy, while somebody else recorded what he found in it:
    his word stays, and a failure of ours is noted where he had none."""
    if by_now is None or by_now.reason is not None or outcome.copy is None or outcome.failure is None:
        return None
    return replace(by_now, reason=outcome.copy.reason, failed=outcome.copy.failed)


def _is_alive(pid: int) -> bool:
    """Whether a process has this number; after a while another may have it, and then the run is told later."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
