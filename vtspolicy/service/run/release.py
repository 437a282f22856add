"""RELEASE TAPE: a person lets a change go that looks like a loss; exactly the one that is there now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import nearest
from vtspolicy.errors import Unknown
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.sets import chosen
from vtspolicy.policy.places import Pool, has_wildcard
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status
from vtspolicy.service.sites.identity import identified
from vtspolicy.systems.facts import TapeFacts


def release(context: Context, command: Command, legs: Iterable[Leg]) -> Result:
    """Release every selected tape that is held. Raise Unknown for one that is not there, IdentityMismatch and Outage
    where the source cannot be looked at."""
    released, there, seen = list[dict[str, object]](), set[str](), False
    for leg in legs:
        tapes = look(context, leg.source)
        there |= tapes.keys()
        names = chosen(tapes, leg.tapes, context.policies.system(leg.source.system).companions)
        seen = seen or bool(names)
        released += _of_leg(context, leg, {name: tapes[name] for name in names})
    wanted = command.operands[0].rpartition("/")[2]
    if not seen and not has_wildcard(wanted):
        near = nearest(wanted, there)
        raise Unknown(f"{command.operands[0]} is not in the source pool" + (f"; the nearest is {near}" if near else ""))
    return Result(command, Status.DONE if released else Status.NOTHING, {"released": released})


def look(context: Context, pool: Pool) -> Mapping[str, TapeFacts]:
    """What lies in a source pool, in the vault that is known: an unmounted disk must not be taken for a decision."""
    identified(pool.of, context.state, context.roads)
    return context.roads.to(pool.system).inventory(pool).tapes


def _of_leg(context: Context, leg: Leg, tapes: Mapping[str, TapeFacts]) -> list[dict[str, object]]:
    copies = context.state.copies(leg.source, leg.target)
    held = [copies[name] for name in tapes if name in copies and _is_held(leg, copies[name], tapes[name])]
    with context.state.transaction() as transaction:
        for known in held:
            copy = transaction.copy_of(known.source, known.target) or known    # somebody may know more by now
            identity = tapes[copy.source.name].identity
            fresh = replace(copy, released=identity)
            transaction.save_copy(replace(fresh, reason=None, failed=None) if copy.reason == "held" else fresh)
            transaction.event("224012", tape=copy.source, target=leg.target,
                              detail=f"{identity.size} bytes over a copy of {copy.size}")
    return [{"tape": str(copy.source), "target": str(copy.target), "size": tapes[copy.source.name].identity.size,
             "copy": copy.size} for copy in held]


def _is_held(leg: Leg, copy: Copy, source: TapeFacts) -> bool:
    """Whether a run held the tape, or would by what the catalog knows, and nobody has let this very state go."""
    if copy.released == source.identity:
        return False
    return copy.reason == "held" or (copy.digest is not None and leg.guard.forbids(source.identity.size, copy.size))
