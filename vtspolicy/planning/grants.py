"""Whether the words of a far receiver's own command line fit what the policy here says of it: pure functions.

A forced command in authorized_keys is pasted once, and policies change: what it lacks must not go unnoticed.
"""

from __future__ import annotations

import os.path

from vtspolicy.policy import model
from vtspolicy.policy.places import Vault
from vtspolicy.systems.facts import Grants


def staging_amiss(vault: Vault, policy: model.System, grants: Grants | None) -> str | None:
    """Where part files of the vault's pools lie instead of where the policy says; None where all is well."""
    wanted = policy.staging.get(vault.name)
    if grants is None or wanted is None:
        return None
    if grants.staging is None:
        return f"the receiver there was told of no staging: part files lie in the pools of {vault}, not in {wanted}"
    if os.path.normpath(grants.staging) == os.path.normpath(wanted):
        return None
    return (f"the receiver there was told of another staging: part files of {vault} lie in {grants.staging}, not in "
            f"{wanted}")


def making_amiss(vault: Vault, policy: model.System, grants: Grants | None) -> str | None:
    """Why no pool of the vault can be made although the policy allows it; None where all is well."""
    if grants is None or policy.create_pool == "no" or grants.create_pool != "no":
        return None
    return (f"the receiver there was started without --create-pool {policy.create_pool}: no pool of {vault} can be "
            "made")


def cure(system: str) -> str:
    """What is to be done about words that do not fit."""
    return f"ADD KEY {system} prints the line that has to stand in authorized_keys there; or alter the policy"
