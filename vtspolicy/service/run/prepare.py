"""From a leg of a request to its plan: both sides are asked what they hold, and the guards have their say."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from vtspolicy.catalog.times import zone_of
from vtspolicy.errors import EmptySource, PoolGone, Refusal, Unknown
from vtspolicy.planning.grants import cure, making_amiss, staging_amiss
from vtspolicy.planning.guards import (
    check_apart,
    check_owner,
    check_space,
    check_thawed,
    elsewhere,
    no_such_pool,
)
from vtspolicy.planning.plan import Copy, Plan
from vtspolicy.planning.planner import Situation, make_plan, selected, unexplained
from vtspolicy.policy.places import Vault
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context
from vtspolicy.service.run.clashes import origins
from vtspolicy.service.sites.identity import identified
from vtspolicy.service.standing.freezes import remember
from vtspolicy.systems.contract import System
from vtspolicy.systems.facts import Inventory, VaultFacts


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
    swept: int = 0
    """Part files of ours that were left over, and removed."""
    notes: tuple[str, ...] = ()
    """What the policy says and the target does not do; the copies are right all the same."""


def prepare(context: Context, leg: Leg, *, replace: bool, sweep: bool = False) -> Prepared:
    """The plan of one leg. It reads and, unless parts of ours are to be swept away (the caller holds the lock then),
    changes nothing. Raise the guard's failure that speaks against it."""
    prepared, there = look_at(context, leg, replace=replace, sweep=sweep)
    check_space(leg.target, there.free, prepared.plan.steps)
    return prepared


def look_at(context: Context, leg: Leg, *, replace: bool, sweep: bool) -> tuple[Prepared, Inventory]:
    """The same whatever room there is, and what the target pool holds."""
    state, settings = context.state, context.policies.settings
    source, target = context.roads.to(leg.source.system), context.roads.to(leg.target.system)
    identities, facts = [], dict[Vault, VaultFacts]()
    for vault in (leg.source.of, leg.target.of):
        facts[vault], identity = identified(vault, state, context.roads)
        identities.append((vault, identity))
    (source_vault, source_identity), (target_vault, target_identity) = identities
    check_apart(source_vault, source_identity, target_vault, target_identity)
    check_owner(leg.target, context.policies.system(leg.target.system).owner, target.promises.far_end)
    here = source_pool(source, leg, facts[leg.source.of])
    swept = 0
    if sweep and leg.target.name in facts[leg.target.of].pools:
        swept = target.sweep(leg.target, state.id)  # what they hold is not free before
    there, new_pool = target_pool(context, target, leg, facts[leg.target.of])
    check_thawed(leg.target, facts[leg.target.of], there)
    copies = state.copies(leg.source, leg.target)
    names, warnings = target.names() if settings.unique_names else ({}, ())
    notes = list(filter(None, [staging_amiss(
        leg.target.of, context.policies.system(leg.target.system), facts[leg.target.of].grants)]))
    notes = [f"{each}. {cure(leg.target.system)}" for each in notes]
    if leg.verify == "sent" and target.promises.far_end != "sftp":
        notes.append(f"verify: sent means nothing for {leg.target.system}: copies are read where they lie")
    others = elsewhere(names, leg.target)
    companions = context.policies.system(leg.source.system).companions
    situation = Situation(
        leg.source, leg.target, here, there, copies, {}, others, source_identity,
        leg.tapes, replace, warnings, target.promises.provable, zone_of(settings.zone), leg.guard,
        state.doubted(leg.target.of),
        origins(state, target, {name: others[name] for name in selected(here, leg.tapes, companions)
                                if name in others}),
        companions, context.policies.system(leg.target.system).mode, let_both=_let_both(context))
    unknown = unexplained(situation)
    if unknown:
        situation = dataclasses.replace(situation, records=target.records(leg.target, unknown))
    plan = dataclasses.replace(make_plan(situation), new_pool=new_pool)
    return Prepared(plan, source, target, (identities[0], identities[1]), copies, swept, tuple(notes)), there


def _let_both(context: Context) -> str:
    """The sentence that allows one name in several pools: there may be settings, of any name, already."""
    present = next(iter(context.policies.of_kind("settings")), None)
    return f"ADD SETTINGS {context.policies.settings.name}, UNIQUE-NAMES no" if present is None else (
        f"ALTER SETTINGS {present}, UNIQUE-NAMES no")


def source_pool(source: System, leg: Leg, vault: VaultFacts) -> Inventory:
    """What the source pool holds. Raise EmptySource, with the nearest name, where it is not there, and Unknown where it
    cannot be listed."""
    try:
        return source.inventory(leg.source)
    except Unknown as failure:
        if leg.source.name in vault.pools:
            raise
        missing = no_such_pool(failure, leg.source, vault)
        raise EmptySource(missing.message, system=missing.system) from None


def target_pool(context: Context, target: System, leg: Leg, vault: VaultFacts) -> tuple[Inventory, str | None]:
    """What the target pool holds, and how it would be made where it is missing and may be. Raise Unknown."""
    policy = context.policies.system(leg.target.system)
    new_pool = None
    if leg.target.name not in vault.pools and policy.create_pool != "no":
        if (amiss := making_amiss(leg.target.of, policy, vault.grants)) is not None:
            raise Refusal(f"{amiss}. {cure(target.name)}", system=target.name)
        there, new_pool = Inventory({}, free=vault.free), policy.create_pool
    else:
        try:
            there = target.inventory(leg.target)
        except Unknown as gone:
            missing = no_such_pool(gone, leg.target, vault)
            raise PoolGone(f"{missing.message}. Make the directory there, or have runs make it: "
                           f"ALTER SYSTEM {target.name}, CREATE-POOL yes", system=target.name) from None
    if policy.address is not None:
        remember(context.state, leg.target.of, vault.frozen)
        remember(context.state, leg.target, there.frozen)
    return there, new_pool
