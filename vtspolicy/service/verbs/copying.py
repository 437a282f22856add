"""PLAN, START, RUN, IDR, VERIFY and STATUS of tapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vtspolicy.command.command import Command
from vtspolicy.errors import Unknown
from vtspolicy.policy.places import matches
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble

if TYPE_CHECKING:
    from vtspolicy.planning.plan import Copy
    from vtspolicy.policy.request import Leg


def run(context: Context, command: Command) -> Result:
    from vtspolicy.policy.resolver import resolve
    from vtspolicy.service.line import run

    return run(context, command, resolve(command, context.policies, context.pools_of))


def plan(context: Context, command: Command) -> Result:
    from vtspolicy.policy.resolver import resolve
    from vtspolicy.service.line import plan

    return plan(context, command, resolve(command, context.policies, context.pools_of))


def _legs(context: Context, command: Command) -> tuple[Leg, ...]:
    """The legs that VERIFY and STATUS are about."""
    from vtspolicy.policy.selection import select

    return select(command, context.policies, context.pools_of)


def verify(context: Context, command: Command) -> Result:
    from vtspolicy.service.verification import verify_copies

    copies: list[Copy] = []
    for leg in _legs(context, command):
        copies += [copy for name, copy in sorted(context.state.copies(leg.source, leg.target).items())
                   if any(matches(name, template) for template in leg.tapes)]
    return verify_copies(context, command, copies)


def status(context: Context, command: Command) -> Result:
    from vtspolicy.service.stand import standings, summary

    found, failures = standings(_legs(context, command), context.state, context.roads)
    if command.object == "TAPE" and not found and not failures:
        raise Unknown(f"{' '.join(command.operands)}: no such tape at the source, and no copy is known")
    data = {"tapes": [each.as_json() for each in found], "summary": summary(found)}
    errors = tuple(map(Trouble.of, failures))
    return Result(command, Status.PARTIAL if errors else Status.DONE, data, errors)
