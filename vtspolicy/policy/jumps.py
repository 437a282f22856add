"""Jump hosts: which systems a road leads through, and what is wrong with such a road."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from vtspolicy.policy.model import System
from vtspolicy.policy.policies import Policies, unknown
from vtspolicy.policy.rules import Problem


def wrong_jumps(policies: Policies, broken: Collection[str] = ()) -> Iterator[tuple[System, Problem]]:
    """What is wrong with `via`, each time with the system that it is told of; of `broken` ones nothing is said."""
    for system in policies.systems.values():
        if system.via is None or system.via in broken:
            continue
        jump = policies.systems.get(system.via)
        if jump is None:
            yield system, Problem("via", None, unknown("system", system.via, policies.systems).message)
        elif jump.address is None:
            yield system, Problem("via", None, f"{jump.name} is this machine; a jump host has an address")
        elif system in (road := road_to(system, policies.systems)):
            names = " via ".join(each.name for each in (system, *reversed(road)))
            yield system, Problem("via", None, f"leads in a ring: {names}")


def road_to(system: System, systems: Mapping[str, System]) -> tuple[System, ...]:
    """The jump hosts on the way to a system, the first one first. One that leads in a ring ends where it closes."""
    found: list[System] = []
    jump = systems.get(system.via or "")
    while jump is not None and jump not in found:
        found.append(jump)
        jump = systems.get(jump.via or "")
    return tuple(reversed(found))
