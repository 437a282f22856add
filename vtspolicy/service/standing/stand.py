"""STATUS of tapes: how each stands on each target, from the source's disk and from what the catalog knows.

With ASK the target is looked at, too; what this machine keeps for others is told from its own records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from vtspolicy.catalog.state import State
from vtspolicy.errors import Damaged, Diverged, Failure, IdentityMismatch, Missing, NotDurable
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.sets import chosen, companions_in, state_of_set
from vtspolicy.planning.states import TapeState, state_of, state_when_asked
from vtspolicy.policy.request import Leg
from vtspolicy.service.roads import Roads
from vtspolicy.service.sites.identity import doubt_strangers, look_known
from vtspolicy.service.standing.asking import Found, doubt_contradicted, look
from vtspolicy.service.standing.kept import Kept
from vtspolicy.systems.facts import TapeFacts

LAST_KNOWN = "last known"
"""STATUS tells of the targets what the catalog knows; it asks the sources alone."""
_LOST = (Damaged.reason, Missing.reason, Diverged.reason, NotDurable.reason)


class Basis(StrEnum):
    """What a state was told from."""

    KNOWN = "last known"
    """The catalog: the target was not asked."""
    ASKED = "asked now"
    RECORDS = "from the records here"
    """The records that lie beside the copies, on this machine; their source was not asked."""


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
    basis: Basis = Basis.KNOWN
    companions: tuple[Standing, ...] = ()
    """Those of the tape; its state is that of the set."""

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
            "doubted": copy and copy.doubted, "reason": copy and copy.reason, "failed": copy and copy.failed,
            "run": copy and copy.run, "ref": self.ref, "basis": str(self.basis), "accepted": self.accepted,
            "hasty": copy is not None and copy.hasty,
            "companions": {each.tape: str(each.state) for each in self.companions}}

    def with_companions(self, companions: Iterable[Standing]) -> Standing:
        """The standing of the set. A companion whose going was accepted belongs to it no more."""
        own = tuple(each for each in companions if each.accepted is None)
        return replace(self, state=state_of_set(self.state, (each.state for each in own)), companions=own)

    @property
    def accepted(self) -> str | None:
        """When a person accepted that it is gone; None where it is not gone, or nobody did."""
        return self.copy.accepted if self.copy is not None and self.source is None else None


def standings(legs: Iterable[Leg], state: State, roads: Roads, *, ask: bool = False,
              ) -> tuple[list[Standing], list[Failure]]:
    """Every selected tape of every leg. A source that cannot be looked at is told, and its copies shown; so is, with
    `ask`, a target that does not answer."""
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
        companions = roads.policy(leg.source.system).companions
        looked = True
        try:
            look_known(leg.source.of, state, roads)
            tapes = dict(roads.to(leg.source.system).inventory(leg.source).tapes)
        except Failure as failure:
            failures.append(failure)
            looked = False
        basis, there = Basis.KNOWN, Found({}, {}, None)
        if ask:
            try:
                there = look(leg, state, roads, copies)
                basis = Basis.ASKED
                failures += [] if there.gone is None else [there.gone]
                doubt_contradicted(there, leg, copies.values(), state)
            except Failure as failure:
                failures.append(failure)
                if isinstance(failure, IdentityMismatch):
                    doubt_strangers((leg.target.of,), state, roads)
                copies = state.copies(leg.source, leg.target)
        names = tapes.keys() | {name for name, copy in copies.items() if copy.digest is not None}
        of, belonging = companions_in(names, companions), dict[str, list[Standing]]()
        for name in chosen(names, leg.tapes, companions):
            source, copy = tapes.get(name), copies.get(name)
            word = state_of(source, copy, looked=looked)
            if basis is Basis.ASKED:
                copy = there.known(copy, leg, name)
                word = state_when_asked(state_of(source, copy, looked=looked), copy, there.tapes.get(name))
            standing = Standing(leg, name, word, source, copy, ref_of(copy), basis)
            if name in of:
                belonging.setdefault(of[name], []).append(standing)
            else:
                found.append(standing.with_companions(belonging.get(name, ())))
    return found, failures


def standings_of_kept(kept: Iterable[Kept]) -> list[Standing]:
    """The copies that this machine keeps for others; a tape stands with its companions."""
    found, belonging = list[Standing](), dict[str, list[Standing]]()
    for each in kept:
        belonging.clear()
        for name, copy in each.copies.items():  # companions first
            standing = Standing(each.leg, name, state_of(None, copy, looked=False), None, copy, None, Basis.RECORDS)
            if name in each.companions:
                belonging.setdefault(each.companions[name], []).append(standing)
            else:
                found.append(standing.with_companions(belonging.get(name, ())))
    return found


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
                      "basis": str(tapes[0].basis), "accepted": sum(each.accepted is not None for each in tapes)})
    return lines
