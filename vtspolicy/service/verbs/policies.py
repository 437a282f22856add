"""ADD, ALTER, DELETE, INFO, CHECK and SAMPLE."""

from __future__ import annotations

from vtspolicy.command.command import Command
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.verbs.selection import selected


def administer(context: Context, command: Command) -> Result:
    from vtspolicy.service.administer import administer

    return administer(context, command)


def info(context: Context, command: Command) -> Result:
    from vtspolicy.service.shown import policy_data

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
