"""VERIFY: the target's bytes are read again, tape by tape, and the catalog and the event log are told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from vtspolicy.catalog.runs import Run, new_run_id
from vtspolicy.catalog.state import State
from vtspolicy.catalog.times import now
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Outage, Stopped, Unknown
from vtspolicy.planning.plan import Copy
from vtspolicy.service.interruption import Interruption
from vtspolicy.service.line import Watch
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.roads import Roads
from vtspolicy.transfer.verify import Verification, verify


def verify_copies(command: Command, copies: Iterable[Copy], state: State, roads: Roads, stop: Interruption,
                  watch: Watch) -> Result:
    """Verify every copy that was ever made. Raise Unknown where there is none."""
    made = [copy for copy in copies if copy.digest is not None]
    if not made:
        raise Unknown(f"{' '.join(command.operands) or 'nothing'}: no copy is known that could be verified")
    run = Run(new_run_id(), command.verb, " ".join(command.operands), command.word("REF"))
    with state.transaction(run=run.id, ref=run.ref) as transaction:
        transaction.start_run(run)
    errors, tapes, counts = list[Trouble](), list[dict[str, object]](), Counter[str]()
    watch.expect(sum(copy.size for copy in made))
    for copy in made:
        try:
            stop.check()
            found = _one(copy, state, roads, stop, watch, run)
        except Failure as failure:
            errors.append(Trouble.of(failure))
            counts["unread"] += 1
            if isinstance(failure, Stopped):
                break
            continue
        good = found.failure is None
        counts["verified" if good else "damaged"] += 1
        if found.failure is not None:
            errors.append(Trouble.of(found.failure))
        tapes.append({"tape": str(copy.source), "target": str(copy.target), "size": copy.size,
                      "digest": copy.digest, "result": "verified" if good else found.copy.reason})
        watch.settled(copy.source.name, "verified" if good else "damaged")
    status = _status(errors, counts)
    with state.transaction(run=run.id, ref=run.ref) as transaction:
        transaction.end_run(run.id, str(status), dict(counts))
    return Result(command, status, {"tapes": tapes, "counts": dict(counts)}, tuple(errors), run=run.id, ref=run.ref)


def _one(copy: Copy, state: State, roads: Roads, stop: Interruption, watch: Watch, run: Run) -> Verification:
    began = time.monotonic()

    def progress(count: int) -> None:
        stop.check()
        watch.moved(count)

    try:
        found = verify(copy, roads.to(copy.target.system), now(), progress)
    except Outage as failure:
        stop.check()
        roads.lose(copy.target.system, failure)
        raise
    about = {"tape": copy.source, "target": copy.target.of, "size": copy.size, "policy": run.policy}
    with state.transaction(run=run.id, ref=run.ref) as transaction:
        transaction.save_copy(found.copy)
        if found.failure is None:
            transaction.event("224007", **about, seconds=f"{time.monotonic() - began:.1f}",
                              digest=str(copy.digest)[7:23])
        elif found.copy.reason == "missing":
            transaction.event("624018", **about, detail=found.failure.message)
        else:
            transaction.event("824007", **about, detail=found.failure.message)
    return found


def _status(errors: list[Trouble], counts: Counter[str]) -> Status:
    if any(each.reason == "interrupted" for each in errors):
        return Status.STOPPED
    if errors:
        return Status.PARTIAL if counts["verified"] else Status.FAILED
    return Status.DONE
