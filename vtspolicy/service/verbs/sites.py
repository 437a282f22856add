"""The verbs about systems, vaults and the catalog."""

from __future__ import annotations

import os
from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Usage
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.verbs.selection import selected


def status_system(context: Context, command: Command) -> Result:
    from vtspolicy.service.systems_status import system_status

    shown: list[dict[str, Any]] = []
    failures: list[Failure] = []
    for name in selected(command.operands or ("*",), context.policies.systems, "system"):
        answer, hindrances = system_status(context.policies.systems[name], context.roads)
        shown.append(answer)
        failures += hindrances
    errors = tuple(map(Trouble.of, failures))
    return Result(command, Status.PARTIAL if errors else Status.DONE, {"systems": shown}, errors)


def trust(context: Context, command: Command) -> Result:
    from vtspolicy.service.trust import trust

    return trust(command, context.policies.system(command.operands[0]), context.known_hosts, context.state,
                 context.ask, context.stop)


def init_vault(context: Context, command: Command) -> Result:
    import secrets

    from vtspolicy.policy.places import Vault, parse_place

    try:
        place = context.policies.at_home(parse_place(command.operands[0]))
    except ValueError as error:
        raise Usage(f"{command.operands[0]}: {error}") from None
    if place.pool is not None or place.system is None:
        raise Usage(f"{command.operands[0]}: expected a vault, such as /VAULT01 or vts2:/VAULT01")
    vault, identity = Vault(place.system, place.vault), secrets.token_hex(16)
    context.roads.to(vault.system).initialise(vault, identity)
    with context.state.transaction() as transaction:
        transaction.remember_vault(vault, identity)
        transaction.event("222001", vault=vault, identity=identity)
    return Result(command, Status.DONE, {"vault": str(vault), "identity": identity})


def rebuild(context: Context, command: Command) -> Result:
    from vtspolicy.catalog.state import set_aside
    from vtspolicy.policy.selection import EVERYTHING, legs_of_path
    from vtspolicy.service.rebuild import rebuild

    legs = legs_of_path(context.policies, EVERYTHING, context.present_pools)
    lost = not os.path.lexists(context.state_folder)
    kept = None if lost else set_aside(context.state_folder)
    return rebuild(command, legs, context.state, context.roads, kept)
