"""What a target says now of the copies that the catalog knows of: asked for by STATUS with ASK. Nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vtspolicy.catalog.state import State
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import copy_of, is_ours
from vtspolicy.policy.request import Leg
from vtspolicy.service.identity import identified
from vtspolicy.service.roads import Roads
from vtspolicy.systems.contract import Record, TapeFacts


@dataclass(frozen=True)
class Found:
    """A target pool as it lies there now."""

    tapes: Mapping[str, TapeFacts]
    records: Mapping[str, tuple[Record, ...]]
    """Of the tapes that the catalog cannot explain."""
    source_vault: str | None
    """The id of the source's vault; None where it is not known."""

    def known(self, copy: Copy | None, leg: Leg, name: str) -> Copy | None:
        """The copy that lies there: the catalog's, or, where that is another, the one that a record tells of."""
        facts = self.tapes.get(name)
        if facts is None or (copy is not None and copy.explains(facts)) or self.source_vault is None:
            return copy
        for record in self.records.get(name, ()):
            if is_ours(record, leg.source, self.source_vault) and record.identity.fits(facts.identity):
                return copy_of(record, leg.source, leg.target, facts)
        return copy


def look(leg: Leg, state: State, roads: Roads, copies: Mapping[str, Copy]) -> Found:
    """The leg's target pool. Raise Outage, IdentityMismatch where it is not the vault that it was, and Unknown."""
    there, source = roads.to(leg.target.system), state.vault(leg.source.of)
    identified(leg.target.of, state, roads)
    tapes = there.inventory(leg.target).tapes
    unknown = sorted(name for name, facts in tapes.items()
                     if (copy := copies.get(name)) is None or not copy.explains(facts))
    return Found(tapes, there.records(leg.target, unknown) if unknown else {}, source and source[0])
