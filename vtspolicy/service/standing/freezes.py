"""What is known of freezes: this machine's are looked at, another's are asked for or last known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vtspolicy.catalog.state import State
from vtspolicy.catalog.times import now
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Unknown
from vtspolicy.policy.places import Pool, Vault, matches, parse_place
from vtspolicy.policy.policies import Policies
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context
from vtspolicy.systems.contract import System
from vtspolicy.systems.facts import Freeze


def shown(place: Pool | Vault, freeze: Freeze, seen: str, *, last_known: bool) -> dict[str, Any]:
    """A freeze in the envelope's data. `seen` is when it was last seen, UTC."""
    return {"what": "pool" if isinstance(place, Pool) else "vault", "place": str(place), "since": freeze.since,
            "by": freeze.by, "reason": freeze.reason, "seen": seen, "last known": last_known}


def remember(state: State, place: Pool | Vault, freeze: Freeze | None) -> None:
    """Note what another system just said of a place."""
    known = state.freeze(place)
    if freeze is not None or known is not None:
        with state.transaction() as transaction:
            transaction.remember_freeze(place, freeze)


def look(state: State, system: System, vault: Vault) -> dict[Pool | Vault, Freeze]:
    """Ask a system for every freeze of a vault, and note it."""
    found: dict[Pool | Vault, Freeze] = {}
    facts, pools = system.vault(vault), system.freezes(vault)
    if facts.frozen is not None:
        found[vault] = facts.frozen
    found |= {Pool(vault.system, vault.name, name): freeze for name, freeze in pools.items()}
    if system.promises.far_end != "local":
        places: list[Pool | Vault] = [vault, *(Pool(vault.system, vault.name, name) for name in facts.pools)]
        for place in places:
            remember(state, place, found.get(place))
    return found


def freezes_of(context: Context, pools: Iterable[Pool], *, ask: bool) -> list[dict[str, Any]]:
    """The freezes of these pools and of their vaults. Other machines are asked only where `ask` says so; who cannot be
    asked is shown as last known."""
    lines: list[dict[str, Any]] = []
    by_vault: dict[Vault, set[Pool]] = {}
    for pool in pools:
        by_vault.setdefault(pool.of, set()).add(pool)
    for vault, wanted in sorted(by_vault.items()):
        places: list[Pool | Vault] = [vault, *sorted(wanted)]
        try:
            if context.policies.system(vault.system).address is not None and not ask:
                raise Unknown("nobody asks")
            found = look(context.state, context.roads.to(vault.system), vault)
            lines += [shown(place, found[place], now(), last_known=False) for place in places if place in found]
        except Failure:
            known = [(place, context.state.freeze(place)) for place in places]
            lines += [shown(place, each[0], each[1], last_known=True) for place, each in known if each is not None]
    return lines


def pools_meant(context: Context, command: Command, legs: Iterable[Leg]) -> set[Pool]:
    """The pools that a STATUS is about: those of its legs, and those of this machine that its path selects."""
    found = {pool for leg in legs for pool in (leg.source, leg.target)}
    if command.object == "SCHEME":
        return found
    return found | set(_here(context, context.policies, command.operands[0] if command.operands else None))


def _here(context: Context, policies: Policies, text: str | None) -> Iterable[Pool]:
    try:
        place = None if text in (None, "*") else parse_place(str(text), templates=True)
    except ValueError:
        return
    for system in policies.systems.values():
        if system.address is not None or (place is not None and place.system not in (None, system.name)):
            continue
        for name in system.vaults:
            if place is not None and not matches(name, place.vault):
                continue
            try:
                pools = context.present_pools(Vault(system.name, name))
            except Failure:
                continue
            for pool in pools:
                if place is None or matches(pool, place.pool or "*"):
                    yield Pool(system.name, name, pool)
