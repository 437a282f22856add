"""ADD, ALTER and DELETE: the policy folder is changed, the event log told, and the next step named."""

from __future__ import annotations

import os

from vtspolicy.command.command import Command
from vtspolicy.policy import model, writer
from vtspolicy.policy.places import Vault
from vtspolicy.service.context import Context
from vtspolicy.service.looking import warnings_of
from vtspolicy.service.result import Result, Status
from vtspolicy.systems.contract import VAULT_MARKER

_WRITERS = {"ADD": writer.add, "ALTER": writer.alter, "DELETE": writer.delete}
_EVENTS = {"ADD": "230001", "ALTER": "230002", "DELETE": "430003"}


def administer(context: Context, command: Command) -> Result:
    """Change the policies. Raise PolicyInvalid, Unknown or Usage; nothing is changed then."""
    state = context.state  # a state that is out of reach must speak before anything is changed
    policy = _WRITERS[command.verb](context.folder, command)
    context.forget_policies()
    origin = context.policies.origins.get((policy.kind, policy.name))
    with state.transaction() as transaction:
        transaction.event(_EVENTS[command.verb], kind=policy.kind.upper(), name=policy.name,
                          detail=", ".join(command.attributes))
    steps = next_steps(policy, context.folder) if command.verb == "ADD" and isinstance(policy, model.System) else []
    look = command.verb != "DELETE" and not command.flag("NOCHECK")
    warnings = warnings_of(context, policy) if look else ()
    return Result(command, Status.WARNINGS if warnings else Status.DONE, {
        "kind": policy.kind.upper(), "name": policy.name, "file": origin.file if origin else None, "next": steps},
        warnings=warnings)


def next_steps(system: model.System, folder: str) -> list[str]:
    """The sentences without which a run with the new system would be refused."""
    if system.address is not None:
        from vtspolicy.systems.ssh.keys import key_of

        key = [] if os.path.lexists(key_of(system, folder)) else [f"ADD KEY {system.name}"]
        return [*key, f"TRUST SYSTEM {system.name}",
                *(f"INIT VAULT {Vault(system.name, name)}" for name in system.vaults), f"TEST SYSTEM {system.name}"]
    return [f"INIT VAULT {Vault(system.name, name)}" for name, path in system.vaults.items()
            if not os.path.lexists(os.path.join(path, VAULT_MARKER))]
