"""REBUILD CATALOG: what lies on the targets tells what was copied; a lost or damaged catalog is made anew from it."""

from __future__ import annotations

from collections.abc import Iterable

from vtspolicy import events
from vtspolicy.catalog.state import State
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import copy_of
from vtspolicy.policy.request import Leg
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.roads import Roads


def rebuild(command: Command, legs: Iterable[Leg], state: State, roads: Roads, kept: str | None) -> Result:
    """Fill an empty state from the records beside the copies. `kept` is the old file's new name."""
    errors, warnings, count, pools = list[Trouble](), list[str](), 0, list[str]()
    if kept is not None:
        with state.transaction() as transaction:
            transaction.event("431002", file=kept)
    for leg in legs:
        try:
            copies = _copies(leg, state, roads)
        except Failure as failure:
            errors.append(Trouble.of(failure))
            with state.transaction() as transaction:
                transaction.event(events.by_reason(failure.reason).id, system=failure.system or leg.target.system,
                                  verb=command.verb, policy="CATALOG", detail=failure.message, vault=leg.target.of,
                                  source=leg.source, target=leg.target, tape=leg.source)
            continue
        with state.transaction() as transaction:
            for copy in copies:
                transaction.save_copy(copy)
        count += len(copies)
        pools.append(str(leg.target))
    with state.transaction() as transaction:
        transaction.event("231001", source=", ".join(pools) or "nothing", count=count)
    status = (Status.PARTIAL if pools else Status.FAILED) if errors else Status.DONE
    return Result(command, status, {"copies": count, "pools": pools, "kept": kept}, tuple(errors), tuple(warnings))


def _copies(leg: Leg, state: State, roads: Roads) -> list[Copy]:
    """The copies of one leg whose record fits what lies there."""
    source, target = roads.to(leg.source.system), roads.to(leg.target.system)
    source_vault = source.vault(leg.source.of).identity
    for vault, facts in ((leg.source.of, source.vault(leg.source.of)), (leg.target.of, target.vault(leg.target.of))):
        if facts.identity is not None:
            with state.transaction() as transaction:
                transaction.remember_vault(vault, facts.identity)
    inventory = target.inventory(leg.target)
    found = []
    for name, records in target.records(leg.target, inventory.tapes).items():
        facts_there = inventory.tapes[name]
        for record in records:
            if record.identity.fits(facts_there.identity) and record.source_vault == source_vault and (
                    record.source.pool == leg.source.name):
                found.append(copy_of(record, leg.source, leg.target, facts_there))
                break
    return found
