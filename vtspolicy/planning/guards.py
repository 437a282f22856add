"""What must be true before anything is copied. Each guard raises the failure that names the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vtspolicy.command.complaint import nearest, one_of
from vtspolicy.errors import EmptySource, IdentityMismatch, NoSpace, Refusal, Unknown
from vtspolicy.planning.plan import WINDOW_BYTES, WINDOW_PARTS, Action, Step
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.policy.units import format_size
from vtspolicy.systems import freezes
from vtspolicy.systems.facts import Inventory, VaultFacts

SOME_GONE = 3
"""Tapes that are gone, from which on their part of the pool counts."""
SHOWN = 3
"""Names of a pool that are shown where none is near to what was asked for."""


def check_identity(vault: Vault, facts: VaultFacts, remembered: str | None,
                   others: Mapping[Vault, str] | None = None) -> str:
    """The vault's id. Raise IdentityMismatch, with the sentence that cures it, where it has none, another than before,
    or that of one of the `others`."""
    found = facts.identity
    if found is None and remembered is not None:
        raise IdentityMismatch(
            f"vault {vault} has no id; it had {remembered} before: is its disk mounted? If another disk is meant to be "
            f"there: INIT VAULT {vault}, REPLACE !", system=vault.system)
    if found is None:
        raise IdentityMismatch(f"vault {vault} has no id; INIT VAULT {vault} gives it one", system=vault.system)
    check_alone(vault, found, others or {})
    if remembered is not None and found != remembered:
        raise IdentityMismatch(
            f"vault {vault} has the id {found}, and had {remembered} before: another disk or machine answers under its "
            f"name. If it is meant to: TRUST VAULT {vault} !", system=vault.system)
    return found


def check_alone(vault: Vault, identity: str, others: Mapping[Vault, str]) -> None:
    """Raise IdentityMismatch where another vault is known by the same id: one of the two is a copy of the other's
    disk."""
    twin = next((other for other, known in others.items() if known == identity and other != vault), None)
    if twin is not None:
        raise IdentityMismatch(
            f"vault {vault} has the id {identity}, which is that of {twin}: one of them is a clone, or both names mean "
            f"one vault. Where it is the clone: INIT VAULT {vault}, REPLACE !", system=vault.system)


def check_thawed(target: Pool, vault: VaultFacts, pool: Inventory) -> None:
    """Raise Frozen where nothing may be published in the target pool."""
    if vault.frozen is not None:
        raise freezes.refusal(target.of, vault.frozen)
    if pool.frozen is not None:
        raise freezes.refusal(target, pool.frozen)


def check_owner(target: Pool, owner: str | None, far_end: str) -> None:
    """Raise Refusal where no tape could be given its owner: plain SFTP knows no names."""
    if owner is not None and far_end == "sftp" and not all(each.isdigit() for each in owner.split(":")):
        raise Refusal(f"owner {owner} of {target.system} cannot be set over plain SFTP, which knows no names: ALTER "
                      f"SYSTEM {target.system}, OWNER with numbers, such as 1001:1001", system=target.system)


def check_apart(source: Vault, source_identity: str, target: Vault, target_identity: str) -> None:
    """Raise IdentityMismatch where both are the same vault: a tape would be copied onto itself
    (VTS 6.02.00 Installation Guide p.50)."""
    if source_identity == target_identity:
        raise IdentityMismatch(f"{source} and {target} are the same vault (id {source_identity})",
                               system=target.system)


def check_not_empty(pool: Pool, inventory: Inventory, selected: Iterable[str], templates: tuple[str, ...]) -> None:
    """Raise EmptySource where nothing is there to copy: an empty pool is more likely a lost one."""
    if any(True for _ in selected):
        return
    if not inventory.tapes:
        raise EmptySource(f"pool {pool} holds no tape", system=pool.system)
    near = dict.fromkeys(filter(None, (nearest(each.strip("*?"), inventory.tapes) for each in templates)))
    some = ", ".join(sorted(inventory.tapes)[:SHOWN]) + (" ..." if len(inventory.tapes) > SHOWN else "")
    raise EmptySource(f"pool {pool}: {', '.join(templates)} selects none of its {len(inventory.tapes)} "
                      + ("tape" if len(inventory.tapes) == 1 else "tapes")
                      + (f"; the nearest is {one_of(near)}" if near else f", which are {some}"), system=pool.system)


def no_such_pool(failure: Unknown, pool: Pool, vault: VaultFacts) -> Unknown:
    """The failure, with the name of the vault's pool that was most likely meant."""
    near = nearest(pool.name, (each for each in vault.pools if each != pool.name))
    return Unknown(f"{failure.message}; the nearest is {near}", system=failure.system) if near else failure


def too_many_gone(gone: int, known: int, percent: int) -> bool:
    """Whether so many of the known tapes are gone that it looks like a loss; two tapes never do."""
    return gone >= SOME_GONE and gone * 100 > known * percent


def elsewhere(names: Mapping[Pool, frozenset[str]], target: Pool) -> dict[str, Pool]:
    """Tape names that exist in other pools of the target's system, with the pool that has them."""
    return {name: pool for pool, tapes in names.items() if pool != target for name in tapes}


def space_needed(steps: Iterable[Step]) -> int:
    """Bytes of free disk that the steps need at their worst moment.

    The parts of a window lie beside the copies that they will replace; what those give back serves the next window.
    A comparison is not counted: it rarely becomes a copy, and must not be refused for want of room.
    """
    peak = held = parts = sent = freed = 0
    for step in steps:
        if step.action is not Action.COPY or step.source is None:
            continue
        size = min(step.size, step.source.allocated)
        parts, sent, held = parts + 1, sent + size, held + size
        freed += step.target.allocated if step.target is not None else 0
        peak = max(peak, held)
        if parts >= WINDOW_PARTS or sent >= WINDOW_BYTES:
            held, parts, sent, freed = held - freed, 0, 0, 0
    return peak


def check_space(target: Pool, free: int | None, steps: Iterable[Step]) -> None:
    """Raise NoSpace where the target has too little room. A system that cannot say is believed to have enough."""
    needed = space_needed(steps)
    if free is not None and needed > free:
        there, wanted = format_size(free), format_size(needed)
        if there == wanted:
            there, wanted = f"{free} bytes", f"{needed} bytes"
        raise NoSpace(f"{target} has {there} free, the copies need {wanted}", system=target.system)
