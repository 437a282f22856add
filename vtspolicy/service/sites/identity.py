"""Which vault answers under a name: held against what is remembered, and what follows where it is another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from vtspolicy.catalog.state import State
from vtspolicy.errors import Failure, IdentityMismatch, Unknown
from vtspolicy.planning.guards import check_identity
from vtspolicy.policy.places import Vault
from vtspolicy.service.roads import Roads
from vtspolicy.service.telling import doubt
from vtspolicy.systems.facts import VaultFacts


def identified(vault: Vault, state: State, roads: Roads) -> tuple[VaultFacts, str]:
    """The vault as it lies there now, and its id. Raise IdentityMismatch where it has none, another than the one that
    is remembered, or that of another vault, or is not there at all (an unmounted disk looks so); Outage where the
    system cannot be had."""
    try:
        facts = roads.to(vault.system).vault(vault)
    except Unknown as gone:
        raise IdentityMismatch(f"{gone.message}: is its disk mounted?", system=vault.system) from None
    known = state.vaults()
    return facts, check_identity(vault, facts, known.get(vault), others(vault, known, roads))


def others(vault: Vault, known: Mapping[Vault, str], roads: Roads) -> dict[Vault, str]:
    """The ids of the other vaults that are remembered. Those that no policy declares any more do not count: a system
    may be given another name."""
    return {each: identity for each, identity in known.items() if each != vault and roads.declares(each)}


def look_known(vault: Vault, state: State, roads: Roads) -> None:
    """Raise IdentityMismatch where the vault is not the one that is remembered; one that never was says nothing."""
    if state.vault(vault) is not None:
        identified(vault, state, roads)


def doubt_strangers(vaults: Iterable[Vault], state: State, roads: Roads) -> None:
    """After IdentityMismatch: what lies in those of the vaults that are not the remembered ones proves no copy."""
    for vault in vaults:
        with suppress(Failure):
            try:
                identified(vault, state, roads)
            except IdentityMismatch as mismatch:
                with state.transaction() as transaction:
                    doubt(transaction, vault, mismatch.message)
