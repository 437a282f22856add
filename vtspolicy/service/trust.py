"""TRUST SYSTEM: the far side's host key is fetched, shown, and pinned after a yes."""

from __future__ import annotations

from collections.abc import Callable

from vtspolicy.catalog.state import State
from vtspolicy.command.command import Command
from vtspolicy.errors import HostKey, Refusal, Usage
from vtspolicy.policy import model
from vtspolicy.service.interruption import Interruption
from vtspolicy.service.result import Result, Status
from vtspolicy.systems.ssh.hostkeys import host_name, pin, pins_of


def trust(command: Command, system: model.System, known_hosts: str, state: State,
          ask: Callable[[str], bool] | None, stop: Interruption) -> Result:
    """Pin the host key. `ask` puts a question to a person, and is None where nobody is there to answer.

    Raise HostKey where the key is revoked, not the one that FINGERPRINT names, or another than the pinned one
    without REPLACE; Usage where nobody can say yes.
    """
    from vtspolicy.systems.ssh.link import Link

    if system.address is None:
        raise Refusal(f"{system.name} is this machine: there is no host key to trust", system=system.name)
    name = host_name(system.address, system.port)
    with stop.at_once(), Link(system.name, system.address, system.port, system.stall) as link:
        key = link.offered_key()
    pins = pins_of(known_hosts, name)
    wanted = command.word("FINGERPRINT")
    data = {"system": system.name, "address": name, "kind": key.kind, "fingerprint": key.fingerprint,
            "pinned": [each.fingerprint for each in pins.keys]}
    if key in pins.revoked:
        raise HostKey(f"{system.name} shows the host key {key.fingerprint}, which is revoked", system=system.name)
    if wanted is not None and wanted != key.fingerprint:
        raise HostKey(f"{system.name} shows the host key {key.fingerprint}, not {wanted}; nothing is pinned",
                      system=system.name)
    if key in pins.keys:
        return Result(command, Status.NOTHING, data)
    if pins.keys and not command.flag("REPLACE"):
        raise HostKey(f"{system.name} shows {key.fingerprint}, pinned is {data['pinned'][0]}: find out why it "
                      f"changed; TRUST SYSTEM {system.name}, FINGERPRINT {key.fingerprint}, REPLACE pins the new one",
                      system=system.name)
    if wanted is None and not command.confirmed:
        if ask is None:
            raise Usage(f"{system.name} shows the host key {key.fingerprint}; compare it with the system's own, then "
                        f"TRUST SYSTEM {system.name}, FINGERPRINT {key.fingerprint}")
        if not ask(f"{name} shows the {key.kind} host key {key.fingerprint}\nTrust it?"):
            raise Refusal(f"{system.name} is not trusted; nothing is pinned", system=system.name)
    pin(known_hosts, name, key)
    with state.transaction() as transaction:
        transaction.event("240010", system=system.name, fingerprint=key.fingerprint)
    return Result(command, Status.DONE, data)
