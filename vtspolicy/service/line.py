"""The line on one page: a request becomes copies that are proven, recorded and told.

    request ──prepare──▶ Plan ──carry_out──▶ Outcomes ──Ledger──▶ catalog and event log
"""

from __future__ import annotations

from vtspolicy.catalog.runs import Run, new_run_id
from vtspolicy.catalog.times import now
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Outage, PoolGone, StateUnusable
from vtspolicy.planning.plan import Action
from vtspolicy.policy.request import Leg, Request
from vtspolicy.service.context import Context
from vtspolicy.service.ledger import Ledger
from vtspolicy.service.locks import holding
from vtspolicy.service.prepare import prepare
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.shown import plan_data
from vtspolicy.systems.layers import Pace
from vtspolicy.transfer.carry_out import Journey, carry_out


def run(context: Context, command: Command, request: Request) -> Result:
    """Carry a request out. One leg's failure does not stop the others; nothing is acknowledged before its commit."""
    label = request.policy or " ".join(command.operands)
    ledger = Ledger(context.state, Run(new_run_id(), command.verb, label, request.ref), label)
    with holding(context.state.folder, (leg.target for leg in request.legs), f"run {ledger.run.id} ({label})"):
        ledger.open()
        for leg in request.legs:
            ledger.begin(leg)
            try:
                context.stop.check()
                _copy(context, leg, request, ledger)
            except StateUnusable:
                raise  # what was not recorded is not told as done either; the far side's records know of it
            except Failure as failure:
                if isinstance(failure, PoolGone):
                    ledger.lose_copies()
                ledger.fail(context.stop.meaning_of(failure))
                if isinstance(failure, Outage):
                    context.roads.lose(leg.target.system, failure)
            finally:
                ledger.end()
            if context.stop.asked:
                break
        status = ledger.close()
    return Result(
        command, status, {"policy": request.policy, "legs": [leg.as_json() for leg in ledger.legs]},
        tuple(each for leg in ledger.legs for each in leg.errors),
        tuple(each for leg in ledger.legs for each in leg.warnings), ledger.run.id, request.ref)


def _copy(context: Context, leg: Leg, request: Request, ledger: Ledger) -> None:
    state, stop, watch = context.state, context.stop, context.watch
    prepared = prepare(context, leg, replace=request.replace, sweep=True)
    plan = prepared.plan
    ledger.planned(prepared)
    watch.expect(sum(step.size for step in (*plan.having(Action.COPY), *plan.having(Action.COMPARE))))

    def progress(count: int) -> None:
        stop.check()
        watch.moved(count)
        ledger.flush_in_time()

    journey = Journey(ledger.run.id, state.id, prepared.vaults[0][1], now,
                      Pace(leg.rate, sleep=stop.sleep) if leg.rate else None, progress)
    lost: Failure | None = None
    for outcome in carry_out(plan, prepared.source, prepared.target, journey):
        if isinstance(outcome.failure, Outage):
            stop.check()  # a road that we cut is no outage
            lost = outcome.failure
        ledger.take(prepared, outcome)
        watch.settled(outcome.step.tape, str(outcome.result))
    if lost is not None:
        context.roads.lose(leg.target.system, lost)


def plan(context: Context, command: Command, request: Request) -> Result:
    """What the line would do, and no more."""
    legs, errors, warnings = [], [], list[str]()
    for leg in request.legs:
        try:
            prepared = prepare(context, leg, replace=request.replace)
        except Failure as failure:
            errors.append(Trouble.of(failure))
            continue
        legs.append((prepared, plan_data(prepared.plan)))
        warnings += prepared.plan.warnings
    to_do = any(prepared.plan.having(Action.COPY) or prepared.plan.having(Action.COMPARE) for prepared, _ in legs)
    status = Status.FAILED if errors else Status.PLANNED if to_do else Status.NOTHING
    return Result(command, status, {"policy": request.policy, "legs": [described for _, described in legs]},
                  tuple(errors), tuple(warnings), ref=request.ref,
                  exit_code=1 if command.flag("CHECK") and to_do and not errors else None)
