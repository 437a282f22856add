"""REBUILD CATALOG: what lies on the targets tells what was copied; a lost or damaged catalog is made anew from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vtspolicy.catalog.state import State
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import copy_of, is_ours
from vtspolicy.policy.request import Leg
from vtspolicy.service.identities import identity_of
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.roads import Roads
from vtspolicy.service.telling import tell_failure


def rebuild(command: Command, legs: Iterable[Leg], state: State, roads: Roads, kept: str | None) -> Result:
    """Fill an empty state from the records beside the copies. `kept` is the old file's new name."""
    errors, count, pools = list[Trouble](), 0, list[str]()
    if kept is not None:
        with state.transaction() as transaction:
            transaction.event("431002", file=kept)
    for leg in legs:
        try:
            copies = _copies(leg, state, roads)
        except Failure as failure:
            errors.append(Trouble.of(failure))
            with state.transaction() as transaction:
                tell_failure(transaction, failure, verb=command.verb, policy="CATALOG", source=leg.source,
                             target=leg.target)
            continue
        with state.transaction() as transaction:
            for copy in copies:
                transaction.save_copy(copy)
        count += len(copies)
        pools.append(str(leg.target))
    with state.transaction() as transaction:
        transaction.event("231001", source=", ".join(pools) or "nothing", count=count)
    status = (Status.PARTIAL if pools else Status.FAILED) if errors else Status.DONE
    return Result(command, status, {"copies": count, "pools": pools, "kept": kept}, tuple(errors))


def _copies(leg: Leg, state: State, roads: Roads) -> list[Copy]:
    """The copies of one leg whose record fits what lies there. Raise IdentityMismatch where a vault has no id."""
    source, target = roads.to(leg.source.system), roads.to(leg.target.system)
    identities = {vault: identity_of(vault, system, state)
                  for system, vault in ((source, leg.source.of), (target, leg.target.of))}
    with state.transaction() as transaction:
        for vault, identity in identities.items():
            transaction.remember_vault(vault, identity)
    target.sweep(leg.target, state.id)  # makes the names durable that a killed run may have left
    tapes = target.inventory(leg.target).tapes
    found = []
    for name, records in target.records(leg.target, tapes).items():
        fitting = [record for record in records if is_ours(record, leg.source, identities[leg.source.of])
                   and record.identity.fits(tapes[name].identity)]
        if fitting:
            # What a VERIFY found since is lost with the catalog, and so is the ctime that shows a hand.
            found.append(replace(copy_of(fitting[0], leg.source, leg.target, tapes[name]), verified=None))
    return found
