"""How a failure, and a doubt, are told in the event log: one way for every verb."""

from __future__ import annotations

from vtspolicy.catalog.transaction import Transaction
from vtspolicy.errors import Failure
from vtspolicy.events import by_reason
from vtspolicy.policy.places import Pool, Tape, Vault


def tell_failure(transaction: Transaction, failure: Failure, *, verb: str, policy: str | None, source: Pool,
                 target: Pool, tape: Tape | None = None) -> None:
    """The event of the failure's reason, with everything that any reason's text names."""
    transaction.event(
        by_reason(failure.reason).id, verb=verb, policy=policy, source=source, target=target,
        tape=tape or failure.tape or source, system=failure.system or target.system, vault=target.of, pool=target,
        detail=failure.message)


def doubt(transaction: Transaction, place: Vault | str, why: str) -> int:
    """From now on the copies in the vault, or on the system, are no longer proven; how many were until now."""
    count = transaction.doubt_copies(place)
    if count:
        system = place.system if isinstance(place, Vault) else place
        transaction.event("422005", count=count, place=place, system=system, detail=why)
    return count
