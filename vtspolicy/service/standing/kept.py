"""What this machine keeps for others: copies whose sources no policy here names, told from its own records.

So the far side can speak when the near one is gone. Of the source it knows only what the record says; such a copy is
never more than `unproven`, whatever was read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vtspolicy.catalog.state import State
from vtspolicy.errors import Failure
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import copy_of
from vtspolicy.planning.sets import chosen_of, companions_in, told_companions
from vtspolicy.policy.places import Place, Pool, Vault, has_wildcard, matches
from vtspolicy.policy.policies import Policies
from vtspolicy.policy.request import Leg
from vtspolicy.service.roads import Roads
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Record, TapeFacts


@dataclass(frozen=True)
class Kept:
    """The copies of one pool of another system that lie in a pool of this machine."""

    leg: Leg
    copies: Mapping[str, Copy]
    """By the name of the tape; those of a set stand together, companions first."""
    companions: Mapping[str, str] = field(default_factory=dict)
    """Those among them, each with its tape."""


def kept_here(policies: Policies, state: State, roads: Roads, wanted: Place | None,
              told: Iterable[Leg] = ()) -> tuple[tuple[Kept, ...], list[Failure]]:
    """What the vaults of this machine keep, and what could not be looked at.

    `wanted` is a path that may hold templates, None means all; the pools of the legs that are `told` anyway are left
    out, and so are those that a policy copies from here: their tapes are no copies.
    """
    ends = {(leg.source, leg.target) for leg in told}
    sources = {leg.source for leg in told}
    found: list[Kept] = []
    failures: list[Failure] = []
    for system in policies.systems.values():
        if system.address is not None or (wanted is not None and wanted.system not in (None, system.name)):
            continue
        there = roads.to(system.name)
        assert isinstance(there, Local)
        for vault in (Vault(system.name, name) for name in system.vaults):
            if wanted is not None and not matches(vault.name, wanted.vault):
                continue
            try:
                names = there.vault(vault).pools
            except Failure as failure:
                failures.append(failure)
                continue
            for pool in (Pool(vault.system, vault.name, name) for name in names):
                if pool in sources or (wanted is not None and not matches(pool.name, wanted.pool or "*")):
                    continue
                template = wanted.tape if wanted is not None and wanted.tape is not None else "*"
                found += [each for each in _of_pool(there, pool, template, state, policies)
                          if (each.leg.source, each.leg.target) not in ends]
    return tuple(found), failures


def _of_pool(there: Local, pool: Pool, template: str, state: State, policies: Policies) -> list[Kept]:
    tapes = there.inventory(pool).tapes
    rows = {(copy.source, copy.target): copy for copy in state.copies_of_pool(pool)}
    by_source: dict[Pool, dict[str, Copy]] = {}
    accompanied: dict[str, str | None] = {}
    for name, records in there.records(pool, _of_the_set(there.recorded(pool), template)).items():
        record, copy = _told(records, pool, tapes.get(name))
        by_source.setdefault(record.source.of, {})[name] = _latest(copy, rows.get((copy.source, copy.target)),
                                                                    tapes.get(name))
        accompanied[name] = record.accompanies
    kept = []
    for source, copies in sorted(by_source.items()):
        policy = policies.systems.get(source.system)  # where records are older than the words in it
        of = {**companions_in(copies, policy.companions if policy is not None else ()),
              **told_companions({name: accompanied[name] for name in copies})}
        of = {name: tape for name, tape in of.items() if tape not in of}
        chosen = {name: copies[name] for name in chosen_of(copies, (template,), of)}
        if chosen:
            kept.append(Kept(Leg(source, pool, (template,)), chosen, of))
    return kept


def _of_the_set(names: Iterable[str], template: str) -> list[str]:
    """The names whose records may matter: a companion's name holds that of its tape."""
    return sorted(name for name in names if has_wildcard(template) or template in name or name in template)


def _told(records: tuple[Record, ...], pool: Pool, tape: TapeFacts | None) -> tuple[Record, Copy]:
    """What the records say of the tape that lies there; where none fits it, what the newest says it should be."""
    fitting = next((each for each in records if tape is not None and each.identity.fits(tape.identity)), None)
    like = next((each for each in records if tape is not None and each.identity.looks_like(tape.identity)), None)
    record = fitting or like or records[0]
    facts = tape or TapeFacts(record.tape, record.identity, 0, 0)
    copy = replace(copy_of(record, record.source.of, pool, facts), target_identity=record.identity)
    if fitting is not None and tape is not None:
        return record, replace(copy, target_identity=tape.identity)
    if tape is not None and like is not None:  # touched, or restored: its bytes may be right
        return record, replace(copy, target_identity=tape.identity, verified=None)
    return record, replace(copy, reason="missing" if tape is None else "diverged")


def _latest(copy: Copy, row: Copy | None, tape: TapeFacts | None) -> Copy:
    """The record's word, or that of our own catalog where a VERIFY here looked at the very same publish since."""
    if row is None or row.run != copy.run or copy.reason is not None:
        return copy
    if row.reason == "diverged" or (tape is not None and row.explains(tape)):
        return row
    return copy
