"""The line on one page: a request becomes copies that are proven, recorded and told.

    request ──prepare──▶ Plan ──carry_out──▶ Outcomes ──Ledger──▶ catalog and event log
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from vtspolicy.catalog.runs import Run, new_run_id
from vtspolicy.catalog.times import now
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Frozen, IdentityMismatch, Outage, PoolGone, StateUnusable
from vtspolicy.planning.plan import Action
from vtspolicy.policy.places import Pool
from vtspolicy.policy.request import Leg, Request
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.run.ledger import Ledger
from vtspolicy.service.run.locks import holding
from vtspolicy.service.run.prepare import Prepared, prepare
from vtspolicy.service.run.shown import plan_data
from vtspolicy.service.sites.identity import doubt_strangers
from vtspolicy.service.standing.freezes import look
from vtspolicy.systems import freezes
from vtspolicy.systems.contract import System
from vtspolicy.systems.layers import Pace
from vtspolicy.transfer.carry_out import carry_out
from vtspolicy.transfer.journey import Journey
from vtspolicy.transfer.outcome import Outcome


class Prepare(Protocol):
    """How a leg becomes a plan."""

    def __call__(self, context: Context, leg: Leg, *, replace: bool, sweep: bool = False) -> Prepared: ...


def run(context: Context, command: Command, request: Request, prepare: Prepare = prepare,
        booked: Callable[[Prepared, Outcome], Outcome] = lambda _, outcome: outcome,
        reading: int | None = None) -> Result:
    """Carry a request out. One leg's failure does not stop the others; nothing is acknowledged before its commit.

    `booked` says what the books are told of an outcome, `reading` at how many bytes per second tapes are compared.
    """
    label = request.policy or " ".join(command.operands)
    ledger = Ledger(context.state, Run(new_run_id(), command.verb, label, request.ref), label)
    with holding(context.state.folder, (leg.target for leg in request.legs), f"run {ledger.run.id} ({label})"):
        ledger.open()
        for leg in request.legs:
            ledger.begin(leg)
            try:
                context.stop.check()
                _copy(context, leg, request, ledger, prepare, booked, reading)
            except StateUnusable:
                raise  # what was not recorded is not told as done either; the far side's records know of it
            except Failure as failure:
                if isinstance(failure, PoolGone):
                    ledger.lose_copies()
                ledger.fail(context.stop.meaning_of(failure))
                if isinstance(failure, Outage):
                    _lose(context, leg, failure)
            finally:
                ledger.end()
            if context.stop.asked:
                break
        status = ledger.close()
    return Result(
        command, status, {"policy": request.policy, "legs": [leg.as_json() for leg in ledger.legs]},
        tuple(each for leg in ledger.legs for each in leg.errors),
        tuple(each for leg in ledger.legs for each in leg.warnings), ledger.run.id, request.ref)


def _copy(context: Context, leg: Leg, request: Request, ledger: Ledger, prepare: Prepare,
          booked: Callable[[Prepared, Outcome], Outcome], reading: int | None) -> None:
    state, stop, watch = context.state, context.stop, context.watch
    try:
        prepared = prepare(context, leg, replace=request.replace, sweep=True)
    except IdentityMismatch:
        doubt_strangers((leg.target.of,), state, context.roads)
        raise
    except Frozen:
        with suppress(Failure):
            context.roads.to(leg.target.system).admit(leg.target)  # so that the far side logs the refusal, too
        raise
    plan = prepared.plan
    if plan.new_pool is not None:
        _make_pool(prepared.target, plan.target, plan.new_pool, ledger)
        prepared.target.sweep(plan.target, state.id)
    ledger.planned(prepared)
    watch.expect(sum(step.size for step in (*plan.having(Action.COPY), *plan.having(Action.COMPARE))))

    def progress(count: int) -> None:
        stop.check()
        watch.moved(count)
        ledger.flush_in_time()

    there = context.policies.system(leg.target.system)
    journey = Journey(ledger.run.id, state.id, prepared.vaults[0][1], now,
                      Pace(leg.rate, sleep=stop.sleep) if leg.rate else None, progress, there.owner, there.mode,
                      read_back=leg.verify != "sent", reading=reading)
    lost: Failure | None = None
    frozen = False
    for outcome in carry_out(plan, prepared.source, prepared.target, journey):
        if isinstance(outcome.failure, Outage):
            stop.check()  # a road that we cut is no outage
            lost = outcome.failure
        frozen = frozen or isinstance(outcome.failure, Frozen)
        ledger.take(prepared, booked(prepared, outcome))
        watch.settled(outcome.step.tape, str(outcome.result))
    if frozen:
        with suppress(Failure):
            look(state, prepared.target, leg.target.of)
    if lost is not None:
        _lose(context, leg, lost)


def _lose(context: Context, leg: Leg, failure: Failure) -> None:
    """The road of the leg broke; it has one at most, because one of its ends is on this machine."""
    for system in (leg.source.system, leg.target.system):
        if context.policies.system(system).address is not None:
            context.roads.lose(system, failure)


def _make_pool(target: System, pool: Pool, how: str, ledger: Ledger) -> None:
    """Make a missing target pool, `frozen` if that is how, and tell it. Raise Frozen where it may not be copied to
    then, by its policy or by the far side's own words, and what `System.make_pool` raises."""
    freeze = freezes.begun("frozen from its birth (create-pool: frozen)") if how == "frozen" else None
    target.make_pool(pool, freeze)
    ledger.made(pool, "frozen from its birth" if freeze else "it was missing")
    target.admit(pool)


def _read_back(prepared: Prepared, verify: str) -> int:
    """The bytes that would come over the link, at most: plain SFTP cannot read a copy where it lies."""
    if prepared.target.promises.far_end != "sftp":
        return 0
    compared = sum(step.target.identity.size for step in prepared.plan.having(Action.COMPARE)
                   if step.target is not None and not (step.known is not None and step.known.explains(step.target)))
    return compared + (0 if verify == "sent" else prepared.plan.bytes_to_copy)


def plan(context: Context, command: Command, request: Request, prepare: Prepare = prepare) -> Result:
    """What the line would do, and no more."""
    legs, errors, warnings = [], [], list[str]()
    for leg in request.legs:
        try:
            prepared = prepare(context, leg, replace=request.replace)
        except Failure as failure:
            errors.append(Trouble.of(failure))
            continue
        legs.append((prepared, plan_data(prepared.plan, _read_back(prepared, leg.verify))))
        warnings += *prepared.plan.warnings, *prepared.notes
    to_do = any(prepared.plan.having(Action.COPY) or prepared.plan.having(Action.COMPARE) for prepared, _ in legs)
    status = Status.FAILED if errors else Status.PLANNED if to_do else Status.NOTHING
    return Result(command, status, {"policy": request.policy, "legs": [described for _, described in legs]},
                  tuple(errors), tuple(warnings), ref=request.ref,
                  exit_code=1 if command.flag("CHECK") and to_do and not errors else None)
