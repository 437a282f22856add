"""What a target says now of the copies that the catalog knows of: asked for by STATUS with ASK. Nothing is read;
but what was seen to be another is not called proven afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from vtspolicy.catalog.state import State
from vtspolicy.catalog.times import now
from vtspolicy.errors import Failure, PoolGone
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import AT_FAULT, copy_of, is_ours, told_damaged
from vtspolicy.planning.states import seen_otherwise
from vtspolicy.policy.request import Leg
from vtspolicy.service.roads import Roads
from vtspolicy.service.sites.identity import identified
from vtspolicy.systems.facts import Record, TapeFacts


@dataclass(frozen=True)
class Found:
    """A target pool as it lies there now."""

    tapes: Mapping[str, TapeFacts]
    records: Mapping[str, tuple[Record, ...]]
    """Of the tapes that the catalog cannot explain, or that were found damaged there."""
    source_vault: str | None
    """The id of the source's vault; None where it is not known."""
    gone: Failure | None = None
    """The vault is the right one, and the pool is not in it: so its copies are missing."""

    def known(self, copy: Copy | None, leg: Leg, name: str) -> Copy | None:
        """The copy that lies there: the catalog's, or, where that is another, the one that a record tells of."""
        facts = self.tapes.get(name)
        if facts is not None and copy is not None and copy.explains(facts):
            return told_damaged(copy, facts, self.records.get(name, ()))
        if facts is None or self.source_vault is None:
            return copy
        for record in self.records.get(name, ()):
            if is_ours(record, leg.source, self.source_vault) and record.identity.fits(facts.identity):
                found = copy_of(record, leg.source, leg.target, facts)
                if copy is not None and copy.reason in AT_FAULT:  # its publish, as far as we know
                    return replace(found, reason=copy.reason, failed=copy.failed, durable=False)
                return found
        return copy


def look(leg: Leg, state: State, roads: Roads, copies: Mapping[str, Copy]) -> Found:
    """The leg's target pool. Raise Outage, IdentityMismatch where it is not the vault that it was, and Unknown."""
    there, source = roads.to(leg.target.system), state.vault(leg.source.of)
    facts, _ = identified(leg.target.of, state, roads)
    if leg.target.name not in facts.pools:
        is_lost = any(copy.digest is not None for copy in copies.values())
        to_be_made = roads.policy(leg.target.system).create_pool != "no"
        return Found({}, {}, None, None if to_be_made and not is_lost else
                     PoolGone(f"pool {leg.target} is not there", system=leg.target.system))
    inventory = there.inventory(leg.target)
    tapes = inventory.tapes
    unknown = sorted(name for name, facts in tapes.items() if name in inventory.damaged
                     or (copy := copies.get(name)) is None or not copy.explains(facts))
    return Found(tapes, there.records(leg.target, unknown) if unknown else {}, source and source[0])


def doubt_contradicted(found: Found, leg: Leg, copies: Iterable[Copy], state: State) -> None:
    """From now on the copies that were not found as the catalog has them, nor as a record tells, are no longer proven.
    A state that others use does not hinder the answer."""
    moment = now()
    other = [(copy, doubted) for copy in copies if found.known(copy, leg, copy.source.name) is copy
             and (doubted := seen_otherwise(copy, found.tapes.get(copy.source.name), moment)) is not None]
    if other:
        with suppress(Failure), state.transaction() as transaction:
            for copy, doubted in other:
                if transaction.copy_of(copy.source, copy.target) == copy:  # else somebody knows better by now
                    transaction.save_copy(doubted)
