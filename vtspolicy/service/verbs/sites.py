"""The verbs about systems, vaults and the catalog."""

from __future__ import annotations

from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.errors import Failure
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.verbs.selection import selected


def status_system(context: Context, command: Command) -> Result:
    from vtspolicy.service.standing.systems_status import system_status

    shown: list[dict[str, Any]] = []
    failures: list[Failure] = []
    for name in selected(command.operands or ("*",), context.policies.systems, "system"):
        answer, hindrances = system_status(context.policies.systems[name], context.roads, context.state,
                                           context.known_hosts)
        shown.append(answer)
        failures += hindrances
    errors = tuple(map(Trouble.of, failures))
    return Result(command, Status.PARTIAL if errors else Status.DONE, {
        "systems": shown, "freezes": [each for system in shown for each in system.pop("freezes")],
        "leftovers": [each for system in shown for each in system.pop("leftovers")]}, errors)


def trust(context: Context, command: Command) -> Result:
    from vtspolicy.service.sites.trust import trust

    return trust(context, command)


def add_key(context: Context, command: Command) -> Result:
    from vtspolicy.service.sites.keys import add_key

    return add_key(context, command)


def test_system(context: Context, command: Command) -> Result:
    from vtspolicy.service.sites.trying.story import test_system

    return test_system(context, command)


def init_vault(context: Context, command: Command) -> Result:
    from vtspolicy.service.sites.vaults import init_vault

    return init_vault(context, command)


def trust_vault(context: Context, command: Command) -> Result:
    from vtspolicy.service.sites.vaults import trust_vault

    return trust_vault(context, command)


def freeze(context: Context, command: Command) -> Result:
    from vtspolicy.service.sites.freezing import freeze

    return freeze(context, command)


def thaw(context: Context, command: Command) -> Result:
    from vtspolicy.service.sites.freezing import thaw

    return thaw(context, command)


def rebuild(context: Context, command: Command) -> Result:
    from vtspolicy.service.proof.rebuild import rebuild

    return rebuild(context, command)
