"""From a leg of a request to its plan: both sides are asked what they hold, and the guards have their say."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from vtspolicy.catalog.times import zone_of
from vtspolicy.errors import PoolGone, Unknown
from vtspolicy.planning.guards import check_apart, check_space, elsewhere
from vtspolicy.planning.plan import Copy, Plan
from vtspolicy.planning.planner import Situation, make_plan, unexplained
from vtspolicy.policy.places import Vault
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context
from vtspolicy.service.identities import identity_of
from vtspolicy.systems.contract import System


@dataclass(frozen=True)
class Prepared:
    """A plan with the systems that it is for."""

    plan: Plan
    source: System
    target: System
    vaults: tuple[tuple[Vault, str], tuple[Vault, str]]
    """Source's and target's vault with their ids."""
    copies: Mapping[str, Copy]
    """What the catalog knew when the plan was made, by tape name."""
    foreign_parts: int = 0
    swept: int = 0
    """Part files of ours that were left over, and removed."""


def prepare(context: Context, leg: Leg, *, replace: bool, sweep: bool = False) -> Prepared:
    """The plan of one leg. It reads and, unless parts of ours are to be swept away (the caller holds the lock then),
    changes nothing. Raise the guard's failure that speaks against it."""
    state, settings = context.state, context.policies.settings
    source, target = context.roads.to(leg.source.system), context.roads.to(leg.target.system)
    identities = []
    for system, vault in ((source, leg.source.of), (target, leg.target.of)):
        identities.append((vault, identity_of(vault, system, state)))
    (source_vault, source_identity), (target_vault, target_identity) = identities
    check_apart(source_vault, source_identity, target_vault, target_identity)
    try:
        swept = target.sweep(leg.target, state.id) if sweep else 0  # what they hold is not free before
        there = target.inventory(leg.target)
    except Unknown as gone:
        raise PoolGone(gone.message, system=target.name) from None
    copies = state.copies(leg.source, leg.target)
    names, warnings = target.names() if settings.unique_names else ({}, ())
    situation = Situation(
        leg.source, leg.target, source.inventory(leg.source), there, copies, {},
        elsewhere(names, leg.target), source_identity, leg.tapes, replace, warnings, target.promises.provable,
        zone_of(settings.zone))
    unknown = unexplained(situation)
    if unknown:
        situation = dataclasses.replace(situation, records=target.records(leg.target, unknown))
    plan = make_plan(situation)
    check_space(leg.target, there.free, plan.steps)
    return Prepared(plan, source, target, (identities[0], identities[1]), copies, len(there.stale_parts), swept)
