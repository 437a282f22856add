"""What must be true before anything is copied. Each guard raises the failure that names the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vtspolicy.errors import EmptySource, IdentityMismatch, NoSpace
from vtspolicy.planning.plan import WINDOW_BYTES, WINDOW_PARTS, Action, Step
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.policy.units import format_size
from vtspolicy.systems.contract import Inventory, VaultFacts


def check_identity(vault: Vault, facts: VaultFacts, remembered: str | None) -> str:
    """The vault's id. Raise IdentityMismatch where it has none, or another than before."""
    if facts.identity is None:
        where = f"; it had {remembered} before: is its disk mounted?" if remembered else ""
        raise IdentityMismatch(f"vault {vault} has no id{where}; INIT VAULT {vault} gives it one",
                               system=vault.system)
    if remembered is not None and facts.identity != remembered:
        raise IdentityMismatch(f"vault {vault} has the id {facts.identity}, and had {remembered} before: "
                               "another disk or machine answers under its name", system=vault.system)
    return facts.identity


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
    raise EmptySource(f"pool {pool}: {', '.join(templates)} selects none of its {len(inventory.tapes)} tapes",
                      system=pool.system)


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
