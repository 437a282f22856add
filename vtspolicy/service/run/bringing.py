"""COPY TAPE … FROM: one tape is brought back by the same publish as every copy; afterwards its copy over there is
known as the copy of what lies here, so that the next run has nothing to send."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace

from vtspolicy.catalog.times import now
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Missing, NotDurable, Unequal
from vtspolicy.planning.guards import check_apart, check_owner, check_space, check_thawed, elsewhere
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import AT_FAULT
from vtspolicy.planning.returning import Return, plan_return, recorded, restored, state_brought
from vtspolicy.planning.sets import companions_in
from vtspolicy.policy.request import Leg
from vtspolicy.policy.way_back import WayBack
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result
from vtspolicy.service.run import line
from vtspolicy.service.run.locks import holding
from vtspolicy.service.run.prepare import Prepared, source_pool, target_pool
from vtspolicy.service.sites.identity import identified
from vtspolicy.systems.facts import TapeFacts
from vtspolicy.transfer.outcome import Outcome


def bring_back(context: Context, command: Command, way: WayBack) -> Result:
    """Carry it out. Raise what hinders it before the run begins."""
    leg, = way.request.legs
    context.roads.will_read(leg.source.system)
    # Nobody may publish over there meanwhile: what the books say of that copy afterwards would be of another one.
    with holding(context.state.folder, [leg.source], f"{command.verb} {command.operands[0]}"):
        return line.run(context, command, way.request, prepare_return, _booked(context, way))


def plan_back(context: Context, command: Command, way: WayBack) -> Result:
    """What it would do, and no more."""
    context.roads.will_read(way.request.legs[0].source.system)
    return line.plan(context, command, way.request, prepare_return)


def prepare_return(context: Context, leg: Leg, *, replace: bool, sweep: bool = False) -> Prepared:
    """The plan for the leg's one tape, and the companions that lie there with it. It changes nothing but what is to be
    swept away. Raise the guard's failure that speaks against it."""
    state, roads, tape = context.state, context.roads, leg.tapes[0]
    source, target = roads.to(leg.source.system), roads.to(leg.target.system)
    there, source_identity = identified(leg.source.of, state, roads)
    here, target_identity = identified(leg.target.of, state, roads)
    check_apart(leg.source.of, source_identity, leg.target.of, target_identity)
    check_owner(leg.target, context.policies.system(leg.target.system).owner, target.promises.far_end)
    swept = target.sweep(leg.target, state.id) if sweep and leg.target.name in here.pools else 0
    inventory, new_pool = target_pool(context, target, leg, here)
    check_thawed(leg.target, here, inventory)
    names, _ = target.names() if context.policies.settings.unique_names else ({}, ())
    lies_there = source_pool(source, leg, there)
    of = companions_in(lies_there.tapes, context.policies.system(leg.target.system).companions)
    tapes = (*sorted(name for name in of if of[name] == tape), tape)
    records, clashes = source.records(leg.source, tapes), elsewhere(names, leg.target)
    copies = state.copies(leg.target, leg.source)
    plans = [plan_return(Return(leg.source, leg.target, name, lies_there, inventory, records.get(name, ()),
                                clashes.get(name), replace, copies.get(name))) for name in tapes]
    steps = tuple(dataclasses.replace(each.steps[0], accompanies=of.get(each.steps[0].tape)) for each in plans)
    plan = dataclasses.replace(plans[-1], steps=steps)
    check_space(leg.target, inventory.free, plan.steps)
    vaults = (leg.source.of, source_identity), (leg.target.of, target_identity)
    known = {**state.copies(leg.source, leg.target), **copies}
    return Prepared(dataclasses.replace(plan, new_pool=new_pool), source, target, vaults, known, swept)


def _booked(context: Context, way: WayBack) -> Callable[[Prepared, Outcome], Outcome]:
    """What the books are told of an outcome: where the policies copy from here to there, it is about that copy."""
    def booked(prepared: Prepared, outcome: Outcome) -> Outcome:
        if not way.forward:
            return outcome if outcome.failure is None else replace(outcome, copy=None)
        there, here = (pool.tape(outcome.step.tape) for pool in (prepared.plan.source, prepared.plan.target))
        known = next((each for each in context.state.copies_of_tape(there) if each.source == here), None)
        if outcome.failure is None and outcome.copy is not None:
            copy = _lasting(prepared, outcome, outcome.copy, known)
            return replace(outcome, copy=copy, stands=state_brought(copy, outcome.step.target, came=True))
        wrong = isinstance(outcome.failure, Unequal) and outcome.failure.system == there.system
        gone = isinstance(outcome.failure, Missing) and outcome.step.source is None
        told = None
        if known is not None and outcome.failure is not None and (wrong or gone):
            told = replace(known, reason=outcome.failure.reason, failed=now())
        return replace(outcome, copy=told, stands=state_brought(told or known, outcome.step.target, came=False))

    return booked


def _lasting(prepared: Prepared, outcome: Outcome, came: Copy, known: Copy | None) -> Copy:
    """What is known of the copy over there, and whether it lasts: not where an fsync failed once, for a second one
    would lie."""
    facts = outcome.step.source
    assert facts is not None
    if known is not None and (known.reason == NotDurable.reason or (
            known.reason in AT_FAULT and not known.explains(facts))):
        return replace(restored(came, known, durable=False), reason=NotDurable.reason, failed=known.failed)
    try:
        return restored(came, known, durable=_is_durable(prepared, facts, came, known))
    except NotDurable as failure:
        return replace(restored(came, known, durable=False), reason=failure.reason, failed=now())


def _is_durable(prepared: Prepared, facts: TapeFacts, came: Copy, known: Copy | None) -> bool:
    """Whether the copy over there is known to last: by its record, by the catalog, or because it is made so now. Raise
    NotDurable where that fails."""
    source, tape = prepared.source, came.source
    try:
        record = recorded(source.records(tape.of, [tape.name]).get(tape.name, ()), facts)
        if record is not None and record.identity.fits(facts.identity) and record.verified is not None:
            return record.durable
        if known is not None and known.digest == came.digest and known.explains(facts):
            return known.durable
        digest, now_there = source.digest(tape, durable=True)
        return source.promises.provable and digest == came.digest and now_there.identity == facts.identity
    except NotDurable:
        raise
    except Failure:
        return False
