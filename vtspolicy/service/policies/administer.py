"""ADD, ALTER and DELETE: the policy folder is changed, the event log told, and the next step named."""

from __future__ import annotations

import os
from collections.abc import Mapping

from vtspolicy.command.command import Command
from vtspolicy.errors import PolicyInvalid
from vtspolicy.policy import model, writer
from vtspolicy.policy.places import Vault
from vtspolicy.service.context import Context
from vtspolicy.service.policies.looking import warnings_of
from vtspolicy.service.result import Result, Status
from vtspolicy.service.telling import doubt
from vtspolicy.systems.facts import VAULT_MARKER

_WRITERS = {"ADD": writer.add, "ALTER": writer.alter, "DELETE": writer.delete}
_EVENTS = {"ADD": "230001", "ALTER": "230002", "DELETE": "430003"}


def administer(context: Context, command: Command) -> Result:
    """Change the policies. Raise PolicyInvalid, Unknown or Usage; nothing is changed then."""
    state = context.state  # a state that is out of reach must speak before anything is changed
    before = _known(context)
    policy = _WRITERS[command.verb](context.folder, command)
    context.forget_policies()
    origin = context.policies.origins.get((policy.kind, policy.name))
    with state.transaction() as transaction:
        for place in moved(policy, before.get(policy.name)):
            doubt(transaction, place, "it lies elsewhere since the policy was altered")
        transaction.event(_EVENTS[command.verb], kind=policy.kind.upper(), name=policy.name,
                          detail=", ".join(each for each in command.attributes if each != "NOCHECK"))
    steps = next_steps(policy, context.folder, before.get(policy.name)) if (
        command.verb != "DELETE" and isinstance(policy, model.System)) else []
    look = command.verb != "DELETE" and not command.flag("NOCHECK")
    warnings = warnings_of(context, policy) if look else ()
    return Result(command, Status.WARNINGS if warnings else Status.DONE, {
        "kind": policy.kind.upper(), "name": policy.name, "file": origin.file if origin else None, "next": steps},
        warnings=warnings)


def _known(context: Context) -> Mapping[str, model.System]:
    """The systems before the change; none where the policies cannot be read, and the change may be what mends them."""
    try:
        return context.policies.systems
    except PolicyInvalid:
        return {}


def moved(policy: model.Policy, before: model.System | None) -> list[Vault | str]:
    """The system, or those of its vaults, that are to be found elsewhere than before: nobody has read what is there."""
    if not isinstance(policy, model.System) or before is None:
        return []
    if (policy.address, policy.port, policy.via) != (before.address, before.port, before.via):
        return [policy.name]
    return [Vault(policy.name, name) for name, path in policy.vaults.items() if before.vaults.get(name, path) != path]


def next_steps(system: model.System, folder: str, before: model.System | None = None) -> list[str]:
    """The sentences without which a run with the new or changed system would be refused."""
    elsewhere = before is None or before.address != system.address
    steps = []
    if system.address is not None and (before is None or elsewhere or before.port != system.port):
        from vtspolicy.systems.ssh.keys import key_of

        steps += [] if os.path.lexists(key_of(system, folder)) else [f"ADD KEY {system.name}"]
        steps.append(f"TRUST SYSTEM {system.name}")
    for name, path in system.vaults.items():
        new = before is None or elsewhere or before.vaults.get(name) != path
        if new and (system.address is not None or not os.path.lexists(os.path.join(path, VAULT_MARKER))):
            steps.append(f"INIT VAULT {Vault(system.name, name)}")
    return [*steps, f"TEST SYSTEM {system.name}"] if steps and system.address is not None else steps
