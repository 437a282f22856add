"""VERIFY: the target's bytes are read again, tape by tape, and the catalog and the event log are told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vtspolicy.catalog.runs import Run, new_run_id
from vtspolicy.catalog.state import State
from vtspolicy.catalog.times import ago, now
from vtspolicy.command.command import Command
from vtspolicy.command.complaint import refuse
from vtspolicy.errors import Failure, IdentityMismatch, NotDurable, Outage, Stopped, Unknown
from vtspolicy.events import by_reason
from vtspolicy.planning import proofs
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import AT_FAULT, copy_of, is_ours
from vtspolicy.policy.places import Vault
from vtspolicy.policy.units import parse_duration, parse_rate, parse_size
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.roads import Roads
from vtspolicy.service.run.gone import some
from vtspolicy.service.sites.identity import doubt_strangers, identified
from vtspolicy.service.telling import tell_failure
from vtspolicy.systems.contract import System
from vtspolicy.transfer.verify import Verification, verify


def verify_copies(context: Context, command: Command, copies: Iterable[Copy],
                  notes: tuple[str, ...] = ()) -> Result:
    """Verify every copy that was ever made, the one whose proof is the oldest first; `notes` are to be told, too.
    Raise Unknown where there is none, and Usage for an attribute that cannot be read."""
    state, roads, stop, watch = context.state, context.roads, context.stop, context.watch
    made = [copy for copy in copies if copy.digest is not None]
    if not made:
        raise Unknown(f"{' '.join(command.operands) or 'nothing'}: no copy is known that could be verified")
    wish = _Wish.of(command)
    due, spared = proofs.due(made, wish.before)
    run = Run(new_run_id(), command.verb, " ".join(command.operands), command.word("REF"))
    with state.transaction(run=run.id, ref=run.ref) as transaction:
        transaction.start_run(run)
    errors, tapes, counts = list[Trouble](), list[dict[str, object]](), Counter[str]()
    chosen = proofs.within(due, wish.limit)
    watch.expect(sum(copy.size for copy in chosen))
    vaults = _Vaults(state, roads)
    told: list[Failure] = []
    looked = 0
    for copy in chosen:
        try:
            stop.check()
            vaults.check(copy.target.of.of)
            found = _one(context, copy, run, wish.rate, vaults.doubted[copy.target.of.of])
        except Failure as met:
            if isinstance(met, Outage):
                roads.lose(copy.target.system, met)
            failure = stop.meaning_of(met)
            counts["unread"] += 1
            if failure not in told:  # what keeps us from a system keeps us from all its tapes, and is told once
                told.append(failure)
                errors.append(Trouble.of(failure))
                _tell(failure, copy, state, run)
            if isinstance(failure, Stopped):
                break
            looked += 1
            continue
        looked += 1
        word = "verified" if found.failure is None else found.failure.reason
        counts[word] += 1
        if found.failure is not None:
            errors.append(Trouble.of(found.failure))
        tapes.append({"tape": str(copy.source), "target": str(copy.target), "size": found.copy.size,
                      "digest": found.copy.digest, "result": word})
        watch.settled(copy.source.name, word)
    left, bad = due[looked:], [copy for copy in spared if copy.reason in proofs.FOUND_BAD]
    warnings = (*notes, *((f"{len(bad)} copies were found damaged, changed or missing before, and were not read again: "
                           f"{some(str(copy.target) for copy in bad)}",) if bad else ()))
    status = _status(errors, counts, warnings)
    with state.transaction(run=run.id, ref=run.ref) as transaction:
        transaction.end_run(run.id, str(status), dict(counts))
    return Result(command, status, {
        "tapes": tapes, "counts": dict(counts), "spared": len(spared),
        "left": {"copies": len(left), "bytes": sum(copy.size for copy in left)}}, tuple(errors), warnings, run.id,
        run.ref)


@dataclass(frozen=True)
class _Wish:
    """What the attributes ask for."""

    before: str | None
    """UTC: only proofs that are older."""
    limit: int | None
    """Bytes."""
    rate: int | None
    """Bytes per second."""

    @classmethod
    def of(cls, command: Command) -> _Wish:
        """Raise Usage."""
        older = _read(command, "OLDER", parse_duration)
        return cls(None if older is None else ago(older), _read(command, "LIMIT", parse_size),
                   _read(command, "RATE", parse_rate))


def _read(command: Command, keyword: str, read: Callable[[str], Any]) -> Any:
    word = command.word(keyword)
    try:
        return None if word is None else read(word)
    except ValueError as error:
        raise refuse(command, keyword, str(error).removeprefix("expected "), word) from None


class _Vaults:
    """The targets' vaults: what lies in another one under the same name says nothing about a copy."""

    def __init__(self, state: State, roads: Roads) -> None:
        self._state = state
        self._roads = roads
        self._judged: dict[Vault, Failure | None] = {}
        self.doubted: dict[Vault, str | None] = {}
        """When each was last in doubt, before anything was read."""

    def check(self, vault: Vault) -> None:
        """Raise IdentityMismatch, always the same one, where the vault is not the one that is remembered."""
        if vault not in self._judged:
            self.doubted[vault] = self._state.doubted(vault)
            try:
                identified(vault, self._state, self._roads)
                self._judged[vault] = None
            except IdentityMismatch as mismatch:
                self._judged[vault] = mismatch
                doubt_strangers((vault,), self._state, self._roads)
        if (failure := self._judged[vault]) is not None:
            raise failure


def _tell(failure: Failure, copy: Copy, state: State, run: Run) -> None:
    if isinstance(failure, Stopped):
        return
    with state.transaction(run=run.id, ref=run.ref) as transaction:
        tell_failure(transaction, failure, verb=run.verb, policy=run.policy, source=copy.source.of,
                     target=copy.target.of, tape=copy.source)


def _one(context: Context, copy: Copy, run: Run, rate: int | None, doubted: str | None) -> Verification:
    state, roads, stop, watch = context.state, context.roads, context.stop, context.watch
    began = time.monotonic()

    def progress(count: int) -> None:
        stop.check()
        watch.moved(count)

    target = roads.to(copy.target.system)
    row, found = copy, verify(copy, target, now(), progress, rate)
    while found.failure is not None and (renewed := _renewed(copy, row, state, target)) is not None:
        copy, row = renewed
        found = verify(copy, target, now(), progress, rate)
    why = "" if found.failure is None else found.failure.message.removeprefix(f"{copy.target}: ")
    about = {"tape": copy.source, "target": copy.target.of, "size": copy.size, "policy": run.policy}
    with state.transaction(run=run.id, ref=run.ref) as transaction:
        by_now = transaction.copy_of(copy.source, copy.target)
        if by_now is None or _same_publish(by_now, row):  # else a run knows better by now
            told = found.copy if by_now is None else replace(
                found.copy, trusted=by_now.trusted, released=by_now.released, accepted=by_now.accepted)
            transaction.save_read(told, doubted)
        if found.failure is None:
            transaction.event("224007", **about, seconds=f"{time.monotonic() - began:.1f}",
                              digest=str(copy.digest)[7:23])
        else:
            transaction.event(by_reason(found.failure.reason).id, **about, detail=why)
    return found


def _same_publish(one: Copy, other: Copy) -> bool:
    """Whether both tell of the same publish, whatever was seen of it since."""
    return (one.run, one.copied, one.digest) == (other.run, other.copied, other.digest)


def _renewed(copy: Copy, row: Copy, state: State, target: System) -> tuple[Copy, Copy] | None:
    """The copy that a run has put in the place of this one meanwhile, with what the catalog holds; None where none has.

    No lock keeps runs away from a verification. The far side's record tells of a publish before the catalog does.
    """
    known = next((each for each in state.copies_of_tape(copy.target) if each.source == copy.source), None)
    if known is not None and known.digest is not None and not _same_publish(known, row):
        return known, known
    source, there, name = copy.source.of, copy.target.of, copy.target.name
    remembered = state.vault(source.of)
    try:
        facts = None if remembered is None else target.inventory(there).tapes.get(name)
    except Unknown:
        return None  # the pool itself is gone
    if remembered is None or facts is None:
        return None
    fitting = next((copy_of(record, source, there, facts) for record in target.records(there, [name]).get(name, ())
                    if record.run != copy.run and is_ours(record, source, remembered[0])
                    and record.identity.fits(facts.identity)), None)
    if fitting is None:
        return None
    if row.reason in AT_FAULT:
        fitting = replace(fitting, reason=NotDurable.reason, failed=row.failed, durable=False)
    return fitting, row


def _status(errors: list[Trouble], counts: Counter[str], warnings: Sequence[str]) -> Status:
    if any(each.reason == "interrupted" for each in errors):
        return Status.STOPPED
    if errors:
        return Status.PARTIAL if counts["verified"] else Status.FAILED
    return Status.WARNINGS if warnings else Status.DONE if counts else Status.NOTHING
