"""TRUST SYSTEM: the far side's host key is fetched, shown, and pinned after a yes."""

from __future__ import annotations

from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.errors import HostKey, Refusal, Usage
from vtspolicy.policy import model
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status
from vtspolicy.service.telling import doubt
from vtspolicy.systems.ssh.hostkeys import Pins, PublicKey, pin


def trust(context: Context, command: Command) -> Result:
    """Pin the host key. Behind a jump host it is fetched through that one, which must be trusted itself.

    Raise HostKey where the key is revoked, not the one that FINGERPRINT names, or another than the pinned one
    without REPLACE; Usage where nobody can say yes.
    """
    from vtspolicy.systems.ssh.road import opened, pin_name, pinned

    system = context.policies.system(command.operands[0])
    if system.address is None:
        raise Refusal(f"{system.name} is this machine: there is no host key to trust", system=system.name)
    name = pin_name(system)
    with context.stop.at_once(), opened(system, context.known_hosts, context.policies.systems) as link:
        key = link.offered_key()
    pins = pinned(system, context.known_hosts)
    old = ", ".join(each.fingerprint for each in pins.keys)
    data: dict[str, Any] = {"system": system.name, "address": name, "kind": key.kind, "fingerprint": key.fingerprint,
                            "pinned": [each.fingerprint for each in pins.keys]}
    _judge(command, system, key, pins, old)
    if key in pins.keys:
        return Result(command, Status.NOTHING, data)
    if command.word("FINGERPRINT") is None and not command.confirmed:
        _ask(context, system, f"{name} shows the {key.kind} host key {key.fingerprint}", key, old)
    with context.state.transaction() as transaction:    # before: a kill in between must leave no copy proven
        for each in context.policies.systems.values():
            if each.address is not None and pin_name(each) == name:
                doubt(transaction, each.name, f"the host key {key.fingerprint} was trusted, and nobody has read there "
                                              "since")
    pin(context.known_hosts, name, key)
    with context.state.transaction() as transaction:
        if old:
            transaction.event("440013", system=system.name, detail=f"{old} by {key.fingerprint}")
        else:
            transaction.event("240010", system=system.name, fingerprint=key.fingerprint)
    return Result(command, Status.DONE, data)


def _judge(command: Command, system: model.System, key: PublicKey, pins: Pins, old: str) -> None:
    """Raise HostKey where the key may not be pinned by this sentence."""
    wanted = command.word("FINGERPRINT")
    if key in pins.revoked:
        raise HostKey(f"{system.name} shows the host key {key.fingerprint}, which is revoked", system=system.name)
    if wanted is not None and wanted != key.fingerprint:
        raise HostKey(f"{system.name} shows the host key {key.fingerprint}, not {wanted}; nothing is pinned",
                      system=system.name)
    if pins.keys and key not in pins.keys and not command.flag("REPLACE"):
        raise HostKey(f"{system.name} shows another host key than the pinned one.\n"
                      f"pinned: {old}\nshown:  {key.fingerprint}\n"
                      "Find out why it changed: another machine may be answering. If the new one is right:\n"
                      f"TRUST SYSTEM {system.name}, FINGERPRINT {key.fingerprint}, REPLACE", system=system.name)


def _ask(context: Context, system: model.System, shown: str, key: PublicKey, old: str) -> None:
    """Raise Refusal where a person says no, and Usage where nobody is there."""
    if context.ask is None:
        again = f"TRUST SYSTEM {system.name}, FINGERPRINT {key.fingerprint}{', REPLACE' if old else ''}"
        pinned = f" (pinned is {old})" if old else ""
        raise Usage(f"{system.name} shows the host key {key.fingerprint}{pinned}; compare it with the system's own, "
                    f"then {again}")
    question = f"pinned: {old}\nReplace it by the new one?" if old else "Trust it?"
    if not context.ask(f"{shown}\n{question}"):
        kept = f"{old} stays pinned" if old else "nothing is pinned"
        raise Refusal(f"{system.name}: the key is not trusted; {kept}", system=system.name)
