"""ADD, ALTER, DELETE, INFO, CHECK and SAMPLE."""

from __future__ import annotations

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import nearest_path, refuse
from vtspolicy.errors import Unknown
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.verbs.selection import selected


def administer(context: Context, command: Command) -> Result:
    from vtspolicy.service.policies.administer import administer

    return administer(context, command)


def info(context: Context, command: Command) -> Result:
    from vtspolicy.service.run.shown import policy_data

    assert command.object is not None
    kind = command.object.lower()
    known = context.policies.of_kind(kind)
    names = selected(command.operands or ("*",), known, kind)
    return Result(command, Status.DONE, {"policies": [policy_data(known[name], context.policies) for name in names]})


def check(context: Context, command: Command) -> Result:
    from vtspolicy.policy.folder import check

    lines = check(context.folder)
    if not lines:
        return Result(command, Status.DONE, {"folder": context.folder, "errors": []})
    return Result(command, Status.REFUSED, {"folder": context.folder, "errors": list(lines)},
                  tuple(Trouble("policy", line) for line in lines))


def sample(context: Context, command: Command) -> Result:
    from vtspolicy.policy.model import KINDS
    from vtspolicy.policy.policies import unknown
    from vtspolicy.policy.sample import sample

    del context
    kind = command.operands[0].lower()
    if kind not in KINDS:
        raise unknown("kind", command.operands[0], KINDS)
    return Result(command, Status.DONE, {"text": sample(kind)})


def info_pool(context: Context, command: Command) -> Result:
    from vtspolicy.policy.places import parse_place
    from vtspolicy.service.standing.pools import named_pools

    operand = command.operands[0] if command.operands else "*"
    try:
        wanted = None if operand == "*" else parse_place(operand, templates=True)
    except ValueError as error:
        raise refuse(command, operand, str(error).removeprefix("expected ")) from None
    found, failures = named_pools(context, wanted)
    if not found and not failures and wanted is not None:
        there = {text for each in named_pools(context, None)[0]
                 for text in (str(each.pool), str(each.pool).partition(":")[2])}
        near = nearest_path(operand, sorted(there))
        raise Unknown(f"{operand} selects no pool of this machine" + (f"; the nearest is {near}" if near else ""))
    shown = [each.as_json() for each in found if not (command.flag("UNCOVERED") and each.covered)]
    errors = tuple(map(Trouble.of, failures))
    return Result(command, Status.PARTIAL if errors else Status.DONE, {"pools": shown}, errors)
