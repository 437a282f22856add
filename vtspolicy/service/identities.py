"""Which vault it is that answers: asked of its system, and held against what is remembered of it."""

from __future__ import annotations

from vtspolicy.catalog.state import State
from vtspolicy.errors import IdentityMismatch, Unknown
from vtspolicy.planning.guards import check_identity
from vtspolicy.policy.places import Vault
from vtspolicy.systems.contract import System


def identity_of(vault: Vault, system: System, state: State) -> str:
    """The vault's id. Raise IdentityMismatch where it has none, or another than before, or is not there at all: an
    unmounted disk looks so. Raise Outage where the system cannot be had."""
    remembered = state.vault(vault)
    try:
        facts = system.vault(vault)
    except Unknown as gone:
        raise IdentityMismatch(f"{gone.message}: is its disk mounted?", system=vault.system) from None
    return check_identity(vault, facts, remembered and remembered[0])
