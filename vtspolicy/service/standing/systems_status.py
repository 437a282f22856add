"""STATUS SYSTEM: each system is asked how it is, now."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from vtspolicy.catalog.state import State
from vtspolicy.catalog.times import now
from vtspolicy.errors import Failure, IdentityMismatch, NotBuilt
from vtspolicy.planning.states import Condition
from vtspolicy.policy import model
from vtspolicy.policy.places import Vault
from vtspolicy.service.roads import Roads
from vtspolicy.service.sites.identity import identified
from vtspolicy.service.standing.freezes import look
from vtspolicy.service.standing.freezes import shown as shown_freeze
from vtspolicy.service.standing.leftovers import leftovers_in


def system_status(system: model.System, roads: Roads, state: State, known_hosts: str,
                  ) -> tuple[dict[str, Any], list[Failure]]:
    """What its policy says of the system, what it answers, and what hinders it."""
    shown: dict[str, Any] = {"system": system.name, "address": system.address, "answers": None, "vaults": [],
                             "freezes": [], "leftovers": [], "port": None, "user": system.user, "far-end": None,
                             "pinned": []}
    if not system.vaults:
        return {**shown, "state": str(Condition.JUMP_HOST)}, []
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
    freezes: list[dict[str, Any]] = []
    for name, path in system.vaults.items():
        vault = Vault(system.name, name)
        try:
            facts, frozen = there.vault(vault), look(state, there, vault)
            condition = str(Condition.FROZEN if facts.frozen else Condition.OK if facts.identity else Condition.NO_ID)
            try:
                if facts.identity is not None or state.vault(vault) is not None:
                    identified(vault, state, roads)
            except IdentityMismatch as mismatch:
                condition = mismatch.reason
                failures.append(mismatch)
            shown["vaults"].append({"vault": name, "path": path, "identity": facts.identity,
                                    "pools": len(facts.pools), "free": facts.free, "state": condition})
            with suppress(NotBuilt):  # an older far side
                shown["leftovers"] += leftovers_in(there, vault)
            freezes += [shown_freeze(place, freeze, now(), last_known=False) for place, freeze in frozen.items()]
        except Failure as failure:
            failures.append(failure)
            shown["vaults"].append({"vault": name, "path": path, "identity": None, "pools": 0, "free": None,
                                    "state": failure.reason})
    promises = there.promises
    return {**shown, "answers": promises.far_end, "durable": promises.durable, "atomic": promises.atomic,
            "freezes": freezes, "state": failures[0].reason if failures else str(Condition.OK)}, failures
