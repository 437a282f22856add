"""ADOPT POOL: tapes that others brought to the target are read on both sides; those that are equal become copies.

It is a run that sends nothing. So what holds for runs holds here: locks, identities, freezes, one row after the other,
and what was done before a kill need not be done again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import refuse
from vtspolicy.planning.adopting import adoption_of
from vtspolicy.planning.planner import selected
from vtspolicy.policy.coverage import in_force
from vtspolicy.policy.model import Scheme
from vtspolicy.policy.request import Leg, Request
from vtspolicy.policy.units import parse_rate
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result
from vtspolicy.service.run import line
from vtspolicy.service.run.prepare import Prepared, look_at


def adopt(context: Context, command: Command, legs: Iterable[Leg]) -> Result:
    """Carry it out. Raise Usage for a rate that cannot be read, and what hinders it before it begins."""
    request = Request(None, tuple(legs), ref=command.word("REF"))
    adoption = _Adoption()
    done = line.run(context, command, request, adoption.prepare, reading=_rate(command))
    return adoption.told(context, request, done)


def _rate(command: Command) -> int | None:
    word = command.word("RATE")
    try:
        return None if word is None else parse_rate(word)
    except ValueError as error:
        raise refuse(command, "RATE", str(error).removeprefix("expected "), word) from None


class _Adoption:
    """What is found beside what the line tells."""

    def __init__(self) -> None:
        self._extra: dict[Leg, list[str]] = {}

    def prepare(self, context: Context, leg: Leg, *, replace: bool, sweep: bool = False) -> Prepared:
        """See `line.Prepare`."""
        prepared, there = look_at(context, leg, replace=replace, sweep=sweep)
        ours = {step.tape for step in prepared.plan.steps}
        companions = context.policies.system(leg.source.system).companions
        self._extra[leg] = [name for name in selected(there, leg.tapes, companions) if name not in ours]
        return dataclasses.replace(prepared, plan=adoption_of(prepared.plan))

    def told(self, context: Context, request: Request, done: Result) -> Result:
        """The result, with what is to be known of an adoption."""
        legs = [self._leg(context, leg, data) for leg, data in zip(request.legs, done.data["legs"], strict=False)]
        return dataclasses.replace(done, data={**done.data, "legs": legs})

    def _leg(self, context: Context, leg: Leg, data: dict[str, Any]) -> dict[str, Any]:
        data = {"differing": [], "missing": [], "waiting": [], **data}
        next_sentences = []
        policies = in_force(context.policies, leg.source)
        scheme = next((each.name for each in policies if isinstance(each, Scheme)), None)
        path = f"/{leg.source.vault}/{leg.source.name}"
        if data["differing"]:
            what = f"SCHEME {scheme}" if scheme else f"IDR {path}, D {leg.target.system}"
            next_sentences.append(f"PLAN {what}, REPLACE shows what would replace those that differ")
        if data["missing"] or data["waiting"]:
            what = f"START SCHEME {scheme}" if scheme else f"VTSPolicy IDR '{path} d={leg.target.system}'"
            next_sentences.append(f"{what} copies what is missing there or changed since its copy")
        return {**data, "differs": len(data["differing"]), "extra": self._extra.get(leg, []), "next": next_sentences}
