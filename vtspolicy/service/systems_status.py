"""STATUS SYSTEM: each system is asked how it is, now."""

from __future__ import annotations

from typing import Any

from vtspolicy.errors import Failure
from vtspolicy.policy import model
from vtspolicy.policy.places import Vault
from vtspolicy.service.roads import Roads


def system_status(system: model.System, roads: Roads) -> tuple[dict[str, Any], list[Failure]]:
    """What the system answers, and what hinders it."""
    shown: dict[str, Any] = {"system": system.name, "address": system.address, "answers": None, "vaults": []}
    try:
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
