"""From a leg of a request to its plan: both sides are asked what they hold, and the guards have their say."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vtspolicy.catalog.times import zone_of
from vtspolicy.planning.guards import check_apart, check_identity, check_space, elsewhere
from vtspolicy.planning.plan import Plan
from vtspolicy.planning.planner import Situation, make_plan, unexplained
from vtspolicy.policy.places import Vault
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context
from vtspolicy.systems.contract import System


@dataclass(frozen=True)
class Prepared:
    """A plan with the systems that it is for."""

    plan: Plan
    source: System
    target: System
    vaults: tuple[tuple[Vault, str], tuple[Vault, str]]
    """Source's and target's vault with their ids."""
    foreign_parts: int = 0


def prepare(context: Context, leg: Leg, *, replace: bool) -> Prepared:
    """The plan of one leg. It reads, and changes nothing. Raise the guard's failure that speaks against it."""
    state, settings = context.state, context.policies.settings
    source, target = context.roads.to(leg.source.system), context.roads.to(leg.target.system)
    identities = []
    for system, vault in ((source, leg.source.of), (target, leg.target.of)):
        remembered = state.vault(vault)
        identities.append((vault, check_identity(vault, system.vault(vault), remembered and remembered[0])))
    (source_vault, source_identity), (target_vault, target_identity) = identities
    check_apart(source_vault, source_identity, target_vault, target_identity)
    there = target.inventory(leg.target)
    names, warnings = target.names() if settings.unique_names else ({}, ())
    situation = Situation(
        leg.source, leg.target, source.inventory(leg.source), there, state.copies(leg.source, leg.target), {},
        elsewhere(names, leg.target), source_identity, leg.tapes, replace, warnings, zone_of(settings.zone))
    unknown = unexplained(situation)
    if unknown:
        situation = dataclasses.replace(situation, records=target.records(leg.target, unknown))
    plan = make_plan(situation)
    check_space(leg.target, there.free, plan.steps)
    return Prepared(plan, source, target, (identities[0], identities[1]), len(there.stale_parts))
