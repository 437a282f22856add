"""INFO POOL: the pools that lie in this machine's vaults, and the policies that name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vtspolicy.errors import Failure
from vtspolicy.policy.conflicts import what_of
from vtspolicy.policy.coverage import covering, in_force, legs_from, named_together
from vtspolicy.policy.model import Unprotected
from vtspolicy.policy.places import Place, Pool, Vault, matches
from vtspolicy.policy.policies import Copying, Policies
from vtspolicy.policy.selection import EVERYTHING, legs_of_path
from vtspolicy.service.context import Context
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Inventory


@dataclass(frozen=True)
class Named:
    """A pool of this machine, and what the policies say of it."""

    pool: Pool
    inventory: Inventory
    policies: tuple[Copying, ...]
    """Those that copy it, the most exact first."""
    in_force: tuple[Copying, ...]
    """The most exact of them, which wins; several where they name it equally exactly."""
    unprotected: Unprotected | None
    """The policy that says that it need not be copied."""
    holds_copies: bool
    """Whether its tapes are copies themselves, by a policy or by the records beside them."""

    @property
    def covered(self) -> bool:
        """Whether somebody has thought of it."""
        return bool(self.policies) or self.unprotected is not None or self.holds_copies

    def as_json(self) -> dict[str, object]:
        """The pool in the envelope's data. Bytes are those of disk in use."""
        targets = dict.fromkeys(str(leg.target) for each in self.in_force for leg in legs_from(each, self.pool))
        return {"pool": str(self.pool), "tapes": len(self.inventory.tapes),
                "bytes": sum(each.allocated for each in self.inventory.tapes.values()),
                "policy": named_together(self.in_force) if self.in_force else None, "targets": list(targets),
                "other policies": [what_of(each) for each in self.policies if each not in self.in_force],
                "unprotected": None if self.unprotected is None else self.unprotected.note,
                "holds_copies": self.holds_copies, "covered": self.covered}


def named_pools(context: Context, wanted: Place | None) -> tuple[list[Named], list[Failure]]:
    """The pools of this machine that the path selects (None: all), and what could not be looked at."""
    found: list[Named] = []
    failures: list[Failure] = []
    targets = {leg.target for leg in legs_of_path(context.policies, EVERYTHING, context.as_far_as_reached([]))}
    for vault in _vaults(context.policies, wanted):
        there = context.roads.to(vault.system)
        assert isinstance(there, Local)
        try:
            for name in there.vault(vault).pools:
                pool = Pool(vault.system, vault.name, name)
                if wanted is None or matches(name, wanted.pool or "*"):
                    copies = pool in targets or bool(there.recorded(pool))
                    found.append(_named(context.policies, pool, there.inventory(pool), holds_copies=copies))
        except Failure as failure:
            failures.append(failure)
    return found, failures


def _vaults(policies: Policies, wanted: Place | None) -> Iterator[Vault]:
    for system in policies.systems.values():
        if system.address is None and (wanted is None or wanted.system in (None, system.name)):
            for name in system.vaults:
                if wanted is None or matches(name, wanted.vault):
                    yield Vault(system.name, name)


def _named(policies: Policies, pool: Pool, inventory: Inventory, *, holds_copies: bool) -> Named:
    unprotected = next((each for each in policies.unprotected.values() for place in each.pools
                        if place.vault == pool.vault and matches(pool.name, str(place.pool))
                        and place.system in (None, pool.system)), None)
    return Named(pool, inventory, tuple(each.policy for each in covering(policies, pool)), in_force(policies, pool),
                 unprotected, holds_copies)


def warnings_of_uncovered(context: Context, wanted: Place | None) -> tuple[str, ...]:
    """A line for each pool that holds tapes and that nobody has thought of."""
    found, _ = named_pools(context, wanted)
    return tuple(f"{each.pool} holds {count} tape{'' if count == 1 else 's'}, and no policy names it"
                 for each in found if (count := len(each.inventory.tapes)) and not each.covered)
