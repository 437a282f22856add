"""STATUS of tapes: how each stands on each target, from the source's disk and from what the catalog knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from vtspolicy.catalog.state import State
from vtspolicy.errors import Damaged, Diverged, Failure, Missing, NotDurable
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import selected
from vtspolicy.planning.states import TapeState, state_of
from vtspolicy.policy.places import matches
from vtspolicy.policy.request import Leg
from vtspolicy.service.roads import Roads
from vtspolicy.systems.contract import TapeFacts

LAST_KNOWN = "last known"
"""STATUS tells of the targets what the catalog knows; it asks the sources alone."""
_LOST = (Damaged.reason, Missing.reason, Diverged.reason, NotDurable.reason)


@dataclass(frozen=True)
class Standing:
    """One tape on one target."""

    leg: Leg
    tape: str
    state: TapeState
    source: TapeFacts | None
    """None where it is gone from the source, or the source cannot be looked at."""
    copy: Copy | None
    ref: str | None = None
    """The word that the caller gave the run which last dealt with the copy."""

    @property
    def exposed_since(self) -> float | None:
        """When the oldest bytes were written that are not safe on the target; seconds. A copy that was lost is missed
        since that was noticed, and its bytes since the last proof at the earliest."""
        if self.state is TapeState.SAFE:
            return None
        copy = self.copy
        if copy is not None and copy.failed is not None and copy.reason in _LOST:
            return datetime.fromisoformat(copy.verified or copy.failed).timestamp()
        return self.source.identity.mtime_ns / 1e9 if self.source is not None else None

    def as_json(self) -> dict[str, object]:
        """The tape in the envelope's data. Times are UTC; `changed` is the source's time of last change, seconds."""
        copy = self.copy
        return {
            "tape": str(self.leg.source.tape(self.tape)), "target": str(self.leg.target.tape(self.tape)),
            "state": str(self.state),
            "size": self.source.identity.size if self.source else copy.size if copy else None,
            "changed": self.source.identity.mtime_ns / 1e9 if self.source else None,
            "copied": copy and copy.copied, "verified": copy and copy.verified, "trusted": copy and copy.trusted,
            "digest": copy and copy.digest, "durable": copy is not None and copy.durable,
            "reason": copy and copy.reason, "failed": copy and copy.failed, "run": copy and copy.run, "ref": self.ref,
            "basis": LAST_KNOWN}


def standings(legs: Iterable[Leg], state: State, roads: Roads) -> tuple[list[Standing], list[Failure]]:
    """Every selected tape of every leg. A source that cannot be looked at is told, and its copies shown."""
    found: list[Standing] = []
    failures: list[Failure] = []
    refs: dict[str, str | None] = {}

    def ref_of(copy: Copy | None) -> str | None:
        if copy is None or copy.run is None:
            return None
        if copy.run not in refs:
            run = state.run(copy.run)
            refs[copy.run] = run.ref if run is not None else None
        return refs[copy.run]

    for leg in legs:
        copies = state.copies(leg.source, leg.target)
        tapes: dict[str, TapeFacts] = {}
        looked = True
        try:
            inventory = roads.to(leg.source.system).inventory(leg.source)
            tapes = {name: inventory.tapes[name] for name in selected(inventory, leg.tapes)}
        except Failure as failure:
            failures.append(failure)
            looked = False
        known = {name for name, copy in copies.items() if copy.digest is not None
                 and any(matches(name, template) for template in leg.tapes)}
        for name in sorted(tapes.keys() | known):
            source, copy = tapes.get(name), copies.get(name)
            found.append(Standing(leg, name, state_of(source, copy, looked=looked), source, copy, ref_of(copy)))
    return found, failures


def summary(found: Iterable[Standing]) -> list[dict[str, object]]:
    """For each leg: how many tapes in each state, the oldest proof, and since when something is exposed."""
    by_leg: dict[tuple[str, str], list[Standing]] = {}
    for each in found:
        by_leg.setdefault((str(each.leg.source), str(each.leg.target)), []).append(each)
    lines = []
    for (source, target), tapes in by_leg.items():
        counts = Counter(str(each.state) for each in tapes)
        proofs = [each.copy.verified for each in tapes if each.copy is not None and each.copy.verified is not None]
        exposed = [since for each in tapes if (since := each.exposed_since) is not None]
        lines.append({"source": source, "target": target, "tapes": len(tapes), "states": dict(counts),
                      "oldest_proof": min(proofs, default=None), "exposed_since": min(exposed, default=None),
                      "basis": LAST_KNOWN})
    return lines
