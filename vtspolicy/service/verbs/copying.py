"""PLAN, START, RUN, IDR, VERIFY and STATUS of tapes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, Unknown
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble

if TYPE_CHECKING:
    from vtspolicy.planning.plan import Copy
    from vtspolicy.policy.request import Leg
    from vtspolicy.service.standing.kept import Keeping


def run(context: Context, command: Command) -> Result:
    from vtspolicy.policy.resolver import resolve
    from vtspolicy.service.run.line import run

    return run(context, command, resolve(command, context.policies, context.pools_of))


def plan(context: Context, command: Command) -> Result:
    from vtspolicy.policy.resolver import resolve
    from vtspolicy.service.run.line import plan

    planned = plan(context, command, resolve(command, context.policies, context.pools_of))
    if command.flag("CHECK") and any(leg["counts"]["refuse"] for leg in planned.data["legs"]):
        return replace(planned, exit_code=2)
    return planned


def bring_back(context: Context, command: Command) -> Result:
    from vtspolicy.policy.way_back import way_back
    from vtspolicy.service.run.bringing import bring_back

    return bring_back(context, command, way_back(command, context.policies))


def plan_back(context: Context, command: Command) -> Result:
    from vtspolicy.policy.way_back import way_back
    from vtspolicy.service.run.bringing import plan_back

    return plan_back(context, command, way_back(command, context.policies))


def _meant(context: Context, command: Command) -> tuple[tuple[Leg, ...], Keeping, list[Failure]]:
    """What VERIFY and STATUS are about: the policies' legs, what this machine keeps for others, and what could not be
    looked at. Raise Unknown where there is neither."""
    from vtspolicy.policy.places import parse_place
    from vtspolicy.policy.selection import EVERYTHING, select
    from vtspolicy.service.standing.kept import NOTHING_KEPT, kept_here, unknown_here
    from vtspolicy.service.standing.known import legs_known

    nobody: Failure | None = None
    legs: tuple[Leg, ...] = ()
    unreached: list[Failure] = []
    try:
        legs = select(command, context.policies, context.as_far_as_reached(unreached))
    except Unknown as unknown:
        legs = legs_known(context, command)
        nobody = None if legs else unreached[0] if unreached else unknown
    if command.verb == "VERIFY" and legs:
        unreached.clear()  # of what was never reached there is no copy
    if command.object == "SCHEME":
        if nobody is not None:
            raise nobody
        return legs, NOTHING_KEPT, unreached
    operand = command.operands[0] if command.operands else EVERYTHING
    wanted = None if operand == EVERYTHING else parse_place(operand, templates=True)
    keeping = kept_here(context.policies, context.state, context.roads, wanted, legs)
    to = command.word("TO")
    kept = tuple(each for each in keeping.kept if to in (None, each.leg.target.system))
    told_beside = bool(keeping.untold) and (command.verb, command.object) == ("STATUS", "POOL")
    if nobody is not None and not kept and not told_beside and not _frozen(context, command, ()):
        if isinstance(nobody, Unknown) and (keeping.untold or not context.policies.copying):
            nobody = unknown_here(operand, keeping, kept_here(context.policies, context.state, context.roads, None))
        raise nobody
    return legs, replace(keeping, kept=kept), [*keeping.failures, *unreached]


def _frozen(context: Context, command: Command, legs: tuple[Leg, ...]) -> list[dict[str, object]]:
    """What is frozen of what STATUS is about; VERIFY does not care."""
    from vtspolicy.service.standing.freezes import freezes_of, pools_meant

    if command.verb != "STATUS":
        return []
    return freezes_of(context, pools_meant(context, command, legs), ask=command.flag("ASK"))


def _leftovers(context: Context, command: Command, legs: tuple[Leg, ...]) -> list[dict[str, object]]:
    """Part files in the pools that STATUS of pools or schemes is about."""
    from vtspolicy.service.standing.freezes import pools_meant
    from vtspolicy.service.standing.leftovers import leftovers_of

    if command.object == "TAPE":
        return []
    return leftovers_of(context, pools_meant(context, command, legs), ask=command.flag("ASK"))


def verify(context: Context, command: Command) -> Result:
    from vtspolicy.planning.sets import chosen
    from vtspolicy.service.proof.verification import verify_copies

    legs, keeping, unread = _meant(context, command)
    if unread:
        raise unread[0]
    copies: list[Copy] = [copy for each in keeping.kept for copy in each.copies.values()]
    for leg in legs:
        known = context.state.copies(leg.source, leg.target)
        copies += [known[name] for name in chosen(known, leg.tapes, _companions(context, leg))]
    return verify_copies(context, command, copies, keeping.warnings)


def _companions(context: Context, leg: Leg) -> tuple[str, ...]:
    return context.policies.system(leg.source.system).companions


def adopt(context: Context, command: Command) -> Result:
    from vtspolicy.policy.selection import select
    from vtspolicy.service.run.adopting import adopt

    return adopt(context, command, select(command, context.policies, context.pools_of))


def release(context: Context, command: Command) -> Result:
    from vtspolicy.policy.selection import select
    from vtspolicy.service.run.release import release

    return release(context, command, select(command, context.policies, context.pools_of))


def accept(context: Context, command: Command) -> Result:
    from vtspolicy.policy.selection import select
    from vtspolicy.service.run.gone import accept

    return accept(context, command, select(command, context.policies, context.pools_of))


def info_tape(context: Context, command: Command) -> Result:
    """Everything that is known of tapes: as STATUS, DETAIL, and the far side is asked."""
    return status(context, replace(command, attributes={**command.attributes, "DETAIL": True}))


def status(context: Context, command: Command) -> Result:
    from vtspolicy.service.standing.stand import standings, standings_of_kept, summary

    legs, keeping, unread = _meant(context, command)
    found, failures = standings(legs, context.state, context.roads, ask=command.flag("ASK"))
    found += standings_of_kept(keeping.kept)
    failures += unread
    if command.object == "TAPE" and command.operands not in ((), ("*",)) and not found and not failures:
        raise Unknown(f"{' '.join(command.operands)}: no such tape at the source, and no copy is known")
    data = {"tapes": [each.as_json() for each in found], "summary": summary(found),
            "freezes": _frozen(context, command, legs), "leftovers": _leftovers(context, command, legs)}
    errors = tuple(dict.fromkeys(map(Trouble.of, failures)))    # one road may have failed several of them
    warnings = (*keeping.warnings, *_uncovered(context, command))
    if command.object == "SCHEME" and command.operands not in ((), ("*",)) and not found and not errors:
        warnings += (f"{' '.join(command.operands)}: no tape is selected; START would be refused, rc=empty",)
    return Result(command, Status.PARTIAL if errors else Status.WARNINGS if warnings else Status.DONE, data, errors,
                  warnings)


def _uncovered(context: Context, command: Command) -> tuple[str, ...]:
    """STATUS of everything, or of pools, warns of pools that nobody has thought of."""
    from vtspolicy.policy.places import parse_place
    from vtspolicy.service.standing.pools import warnings_of_uncovered

    operand = command.operands[0] if command.operands else "*"
    if operand != "*" and command.object != "POOL":
        return ()
    return warnings_of_uncovered(context, None if operand == "*" else parse_place(operand, templates=True))
