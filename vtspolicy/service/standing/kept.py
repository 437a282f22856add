"""What this machine keeps for others: copies whose sources no policy here names, told from its own records.

So the far side can speak when the near one is gone. Of the source it knows only what the record says; such a copy is
never more than `unproven`, whatever was read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vtspolicy.catalog.state import State
from vtspolicy.command.complaint import nearest_path
from vtspolicy.errors import Damaged, Failure, Unknown
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import copy_of
from vtspolicy.planning.sets import chosen_of, companions_in, told_companions
from vtspolicy.policy.places import Place, Pool, Vault, has_wildcard, matches
from vtspolicy.policy.policies import Policies
from vtspolicy.policy.request import Leg
from vtspolicy.service.roads import Roads
from vtspolicy.service.run.gone import some
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


@dataclass(frozen=True)
class Keeping:
    """What a look at the vaults of this machine found."""

    kept: tuple[Kept, ...]
    untold: Mapping[Pool, tuple[str, ...]]
    """Tapes that lie beside such copies, and have no record that can be read: nobody can say what they are."""
    failures: tuple[Failure, ...]
    """What could not be looked at."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each pool that holds tapes of which nothing is known."""
        return tuple(f"{pool}: no record that can be read tells of {some(names)}"
                     for pool, names in sorted(self.untold.items()))


NOTHING_KEPT = Keeping((), {}, ())


def kept_here(policies: Policies, state: State, roads: Roads, wanted: Place | None,
              told: Iterable[Leg] = ()) -> Keeping:
    """What the vaults of this machine keep.

    `wanted` is a path, here or at the copies' source, that may hold templates; None means all. The pools of the legs
    that are `told` anyway are left out, and so are those that a policy copies from here: their tapes are no copies.
    """
    told = tuple(told)
    ends = {(leg.source, leg.target) for leg in told}
    sources = {leg.source for leg in told}
    known = {leg.target for leg in told}
    from_there = wanted is not None and wanted.system is not None and not _is_here(policies, wanted.system)
    here = None if from_there else wanted
    found: list[Kept] = []
    untold: dict[Pool, tuple[str, ...]] = {}
    failures: list[Failure] = []
    for system in policies.systems.values():
        if system.address is not None or (here is not None and here.system not in (None, system.name)):
            continue
        there = roads.to(system.name)
        assert isinstance(there, Local)
        for vault in (Vault(system.name, name) for name in system.vaults):
            if here is not None and not matches(vault.name, here.vault):
                continue
            try:
                names = there.vault(vault).pools
            except Failure as failure:
                failures.append(failure)
                continue
            for pool in (Pool(vault.system, vault.name, name) for name in names):
                if pool in sources or (here is not None and not matches(pool.name, here.pool or "*")):
                    continue
                template = wanted.tape if wanted is not None and wanted.tape is not None else "*"
                try:
                    kept, nameless = _of_pool(there, pool, template, state, policies)
                except Failure as failure:
                    failures.append(failure)
                    continue
                found += [each for each in kept if (each.leg.source, each.leg.target) not in ends
                          and (not from_there or wanted is None or _is_from(each.leg.source, wanted))]
                if nameless and not from_there and pool not in known:
                    untold[pool] = nameless
    return Keeping(tuple(found), untold, tuple(failures))


def unknown_here(text: str, found: Keeping, everything: Keeping) -> Failure:
    """Why STATUS and VERIFY cannot speak of what a path names, on a machine that only keeps copies."""
    if found.warnings:
        return Unknown(found.warnings[0])
    if everything.failures:
        return everything.failures[0]
    pools = sorted({str(each.leg.target) for each in everything.kept})
    names = {name for each in everything.kept for pool in (each.leg.target, each.leg.source)
             for name in (str(pool), *(str(pool.tape(tape)) for tape in each.copies))}
    if ":" not in text:
        names = {name.partition(":")[2] for name in names if name.partition(":")[0] in {
            each.leg.target.system for each in everything.kept}}
    near = nearest_path(text, sorted(names))
    instead = f"; the nearest is {near}" if near else f"; they tell of {some(pools)}" if pools else ""
    return Unknown(f"no record here tells of a copy of {text}{instead}")


def _is_here(policies: Policies, system: str) -> bool:
    return system in policies.systems and policies.systems[system].address is None


def _is_from(source: Pool, wanted: Place) -> bool:
    return (source.system == wanted.system and matches(source.vault, wanted.vault)
            and matches(source.name, wanted.pool or "*"))


def _of_pool(there: Local, pool: Pool, template: str, state: State, policies: Policies,
             ) -> tuple[list[Kept], tuple[str, ...]]:
    """The copies in the pool that the template selects, and its tapes there of which nothing is known."""
    recorded = there.recorded(pool)
    if not recorded:
        return [], ()
    tapes = there.inventory(pool).tapes
    rows = {(copy.source, copy.target): copy for copy in state.copies_of_pool(pool)}
    by_source: dict[Pool, dict[str, Copy]] = {}
    accompanied: dict[str, str | None] = {}
    known = there.records(pool, _of_the_set({*recorded, *tapes}, template))
    for name, records in known.items():
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
    return kept, tuple(name for name in sorted(tapes) if name not in known and matches(name, template))


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
    if row is None or row.run != copy.run or tape is None or copy.reason == Damaged.reason:
        return copy
    return row if row.explains(tape) or (row.reason == "diverged" and copy.reason is None) else copy
