"""ADD KEY: a key pair for a system is made, its policy names it, and the far side's line is told."""

from __future__ import annotations

import re
import socket
from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.errors import Refusal
from vtspolicy.policy import model, writer
from vtspolicy.policy.places import Vault
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status
from vtspolicy.service.sites.farside import far_side
from vtspolicy.systems.ssh.authorized import authorized_line, our_address, public_line
from vtspolicy.systems.ssh.keys import key_of, make_key, public_of, save_public


def add_key(context: Context, command: Command) -> Result:
    """Make the key where there is none; one that is there is only told. Raise Unknown, Refusal or Authentication."""
    system = context.policies.system(command.operands[0])
    if system.address is None:
        raise Refusal(f"{system.name} is this machine: it needs no key", system=system.name)
    state = context.state  # a state that is out of reach must speak before anything is made
    path = key_of(system, context.folder)
    made = make_key(path)
    key = public_of(path, system.name)
    comment = f"vtspolicy@{_ourselves(context)}"
    trouble = save_public(f"{path}.pub", public_line(key, comment))
    if trouble is not None:
        context.notices.append(trouble)
    if made:
        with state.transaction() as transaction:
            transaction.event("240012", system=system.name, detail=f"{key.fingerprint}, {path}")
    if system.key is None:
        _name_it(context, system, path)
    come_from, why = _come_from(command, system)
    behind = [each for each in context.policies.systems.values() if each.via == system.name]
    reading = command.flag("READ") or any(
        place.system == system.name for policy in context.policies.copying for place in policy.source)
    line = authorized_line(system, key, come_from, comment, behind, reading=reading)
    vaults = [Vault(system.name, name) for name in system.vaults]
    data: dict[str, Any] = {
        "system": system.name, "key": path, "made": made, "fingerprint": key.fingerprint, "line": line,
        "from": list(come_from), "from_why": why, "user": system.user, "far_side": far_side(system, behind),
        "next": [f"TRUST SYSTEM {system.name}",
                 *(f"INIT VAULT {vault}" for vault in vaults if state.vault(vault) is None),
                 f"TEST SYSTEM {system.name}"]}
    return Result(command, Status.DONE if made else Status.NOTHING, data)


def _name_it(context: Context, system: model.System, path: str) -> None:
    """Have the policy say where its key is. That it cannot be changed hinders nothing: the path is the default."""
    try:
        writer.alter(context.folder, Command("ALTER", "SYSTEM", (system.name,), {"KEY": path}))
    except Refusal as failure:
        context.notices.append(f"the policy of {system.name} does not name its key: {failure.message.splitlines()[0]}")
        return
    context.forget_policies()
    with context.state.transaction() as transaction:
        transaction.event("230002", kind="SYSTEM", name=system.name, detail="KEY")


def _ourselves(context: Context) -> str:
    """How the far side may call us in a comment: the one system of this machine, else the machine."""
    here = [each.name for each in context.policies.systems.values() if each.address is None]
    return here[0] if len(here) == 1 else re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname()) or "here"


def _come_from(command: Command, system: model.System) -> tuple[tuple[str, ...], str]:
    """The addresses for `from=`, and how they were found, or why there are none."""
    given = command.attributes.get("FROM")
    if isinstance(given, str | tuple):
        return (given,) if isinstance(given, str) else given, "given"
    again = f"ADD KEY {system.name}, FROM address"
    if system.via is not None:
        return (), f"{system.name} sees the address of the jump host {system.via}: {again} lets in no other"
    found = our_address(str(system.address), system.port)
    if found is None:
        return (), f"no way to {system.address} was found: {again} lets in no other address"
    return (found,), f"this machine's address on the way there; where {system.name} sees another: {again}"
