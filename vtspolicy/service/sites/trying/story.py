"""TEST SYSTEM: the whole of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Unknown
from vtspolicy.policy import model
from vtspolicy.policy.places import Place, Vault
from vtspolicy.policy.policies import Policies, Site
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result
from vtspolicy.service.sites.trying import pace
from vtspolicy.service.sites.trying.road import left, way
from vtspolicy.service.sites.trying.steps import Steps
from vtspolicy.service.sites.trying.vaults import Visit, in_vaults
from vtspolicy.systems.connect import here
from vtspolicy.systems.contract import System


def test_system(context: Context, command: Command) -> Result:
    """Take every step that can be taken. Raise Unknown, or what keeps us from our own state."""
    system = context.policies.system(command.operands[0])
    steps, state = Steps(system.name), context.state
    there: System | None = None
    if system.address is None:
        there = here(system)
    else:
        with context.stop.at_once():
            there = way(system, context.known_hosts, context.policies.systems, state.far_end(system.name), steps,
                        reading=any(place.system == system.name for policy in context.policies.copying
                                    for place in policy.source))
    if there is not None:
        visit = Visit(there, system, state, *_used(context.policies, system))
        with context.stop.cutting(there.cut):
            try:
                _visit(visit, steps)
            except Failure as failure:
                context.stop.check()
                steps.fail("connection", failure)
                there.cut()
            finally:
                left(there)
    context.stop.check()
    return Result(command, steps.status, {"system": system.name, "address": system.address, "steps": steps.as_data()},
                  steps.errors)


def _visit(visit: Visit, steps: Steps) -> None:
    clock = in_vaults(visit, steps)
    if visit.system.address is not None:
        pace.pulse(visit.there, steps, clock)


def _used(policies: Policies, system: model.System) -> tuple[frozenset[Vault], frozenset[Vault]]:
    """The vaults in which we must be able to write: those that are targets, and of another system all that no policy
    names as a source; and those from which tapes are copied."""
    targets = _sites(policies, (place for policy in policies.copying for place in policy.to))
    sources = _sites(policies, (place for policy in policies.copying for place in policy.source))
    needed, read = set(), set()
    for vault in (Vault(system.name, name) for name in system.vaults):
        site = policies.site(vault)
        if site in targets or (system.address is not None and site not in sources):
            needed.add(vault)
        if site in sources:
            read.add(vault)
    return frozenset(needed), frozenset(read)


def _sites(policies: Policies, places: Iterable[Place]) -> set[Site]:
    """Where the vaults of these places lie; of those that are nowhere nothing is said."""
    found = set()
    for place in places:
        with suppress(Unknown):
            at_home = policies.at_home(place)
            found.add(policies.site(Vault(str(at_home.system), at_home.vault)))
    return found
