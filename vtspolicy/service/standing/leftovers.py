"""What STATUS says of part files: those on their way, and those that were left behind."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from vtspolicy.errors import Failure
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.service.context import Context
from vtspolicy.systems.contract import System


def leftovers_in(there: System, vault: Vault) -> list[dict[str, Any]]:
    """The part files of a vault's pools. Raise what `System.leftovers` raises."""
    return [{"pool": str(Pool(vault.system, vault.name, name)), "parts": each.parts, "bytes": each.size,
             "old": each.old} for name, each in sorted(there.leftovers(vault).items())]


def leftovers_of(context: Context, pools: Iterable[Pool], *, ask: bool) -> list[dict[str, Any]]:
    """Those of these pools. Other machines are asked only where `ask` says so; who cannot be asked is left out."""
    wanted = set(pools)
    found: list[dict[str, Any]] = []
    for vault in sorted({pool.of for pool in wanted}):
        with suppress(Failure):
            if ask or context.policies.system(vault.system).address is None:
                found += leftovers_in(context.roads.to(vault.system), vault)
    names = {str(pool) for pool in wanted}
    return [each for each in found if each["pool"] in names]
