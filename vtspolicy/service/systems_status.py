"""STATUS SYSTEM: each system is asked how it is, now."""

from __future__ import annotations

from typing import Any

from vtspolicy.errors import Failure
from vtspolicy.policy import model
from vtspolicy.policy.places import Vault
from vtspolicy.service.roads import Roads


def system_status(system: model.System, roads: Roads, known_hosts: str) -> tuple[dict[str, Any], list[Failure]]:
    """What its policy says of the system, what it answers, and what hinders it."""
    shown: dict[str, Any] = {"system": system.name, "address": system.address, "answers": None, "vaults": [],
                             "port": None, "user": system.user, "far-end": None, "pinned": []}
    try:
        if system.address is not None:
            from vtspolicy.systems.ssh.hostkeys import host_name, pins_of

            shown |= {"port": system.port, "far-end": system.far_end}
            pins = pins_of(known_hosts, host_name(system.address, system.port))
            shown["pinned"] = [each.fingerprint for each in pins.keys]
        there = roads.to(system.name)
    except Failure as failure:
        return {**shown, "state": failure.reason}, [failure]
    failures: list[Failure] = []
    for name, path in system.vaults.items():
        vault = Vault(system.name, name)
        try:
            facts = there.vault(vault)
            shown["vaults"].append({"vault": name, "path": path, "identity": facts.identity,
                                    "pools": len(facts.pools), "free": facts.free,
                                    "state": "ok" if facts.identity else "no id"})
        except Failure as failure:
            failures.append(failure)
            shown["vaults"].append({"vault": name, "path": path, "identity": None, "pools": 0, "free": None,
                                    "state": failure.reason})
    promises = there.promises
    return {**shown, "answers": promises.far_end, "durable": promises.durable, "atomic": promises.atomic,
            "state": "ok" if not failures else failures[0].reason}, failures
