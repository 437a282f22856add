"""Tapes that are gone from their source: how they are told, and ACCEPT POOL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vtspolicy.catalog.times import now
from vtspolicy.command.command import Command
from vtspolicy.planning.plan import Plan
from vtspolicy.planning.sets import chosen
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status
from vtspolicy.service.run.release import look

NAMED = 3
"""Names that stand in a sentence; the rest are counted."""


def some(names: Iterable[str]) -> str:
    """`T00001, T00002, T00003 and 9 more`."""
    known = tuple(names)
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return ", ".join(known[:NAMED]) + more


def gone_text(plan: Plan) -> str:
    """What a run says of the tapes that are gone, and the sentence that ends it."""
    one = len(plan.gone) == 1
    if plan.too_many_gone:
        head = f"{len(plan.gone)} of {plan.copied} copied tapes are gone from their source: {some(plan.gone)}"
    elif one:
        head = f"{plan.gone[0]} is gone from its source"
    else:
        head = f"{len(plan.gone)} tapes are gone from their source: {some(plan.gone)}"
    return (f"{plan.source}: {head}; {'its copy is' if one else 'their copies are'} kept. ACCEPT POOL {plan.source} ! "
            "says that it is meant")


def accept(context: Context, command: Command, legs: Iterable[Leg]) -> Result:
    """Record that the tapes which are gone now are meant to be. Raise IdentityMismatch, Unknown or Outage where a
    source cannot be looked at, for then nobody knows what is gone."""
    accepted = list[dict[str, object]]()
    for leg in legs:
        names = _gone(context, leg)
        moment, copies = now(), context.state.copies(leg.source, leg.target)
        with context.state.transaction() as transaction:
            for name in names:
                by_now = transaction.copy_of(copies[name].source, copies[name].target) or copies[name]
                transaction.save_copy(replace(by_now, accepted=moment))
            if names:
                transaction.event("224020", count=len(names), source=leg.source, target=leg.target, detail=some(names))
        accepted.append({"source": str(leg.source), "target": str(leg.target), "tapes": list(names)})
    done = any(each["tapes"] for each in accepted)
    return Result(command, Status.DONE if done else Status.NOTHING, {"accepted": accepted})


def _gone(context: Context, leg: Leg) -> tuple[str, ...]:
    """The tapes of the leg that were copied, are gone, and are not accepted yet."""
    tapes, copies = look(context, leg.source), context.state.copies(leg.source, leg.target)
    companions = context.policies.system(leg.source.system).companions
    return tuple(name for name in sorted(chosen({*tapes, *copies}, leg.tapes, companions)) if name not in tapes
                 and copies[name].digest is not None and copies[name].accepted is None)
