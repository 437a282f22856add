"""What a lost catalog knew, as far as what lies on both sides and the far side's records tell: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vtspolicy.planning.plan import Copy
from vtspolicy.planning.planner import copy_of, is_ours
from vtspolicy.policy.places import Pool, matches
from vtspolicy.systems.facts import Record, TapeFacts

Records = Mapping[str, tuple[Record, ...]]


@dataclass(frozen=True)
class Found:
    """One pool and its target, as they lie there now."""

    source: Pool
    source_vault: str
    """The id of the source's vault."""
    target: Pool
    target_vault: str
    """The id of the target's vault."""
    tapes: Mapping[str, TapeFacts]
    """Of the source pool; none where it is gone."""
    there: Mapping[str, TapeFacts]
    """Of the target pool."""
    records: Records
    """Of the target pool, newest first."""
    brought: Records
    """Of the source pool: what was brought back from where it had been copied to."""


def copies_of(found: Found, templates: Iterable[str], moment: str) -> list[Copy]:
    """A row for each tape of which anything can be told. `moment` is now, UTC."""
    wanted = tuple(templates)
    rows = []
    for name in sorted(found.tapes.keys() | found.there.keys() | found.records.keys()):
        ours = [each for each in found.records.get(name, ()) if is_ours(each, found.source, found.source_vault)]
        if ours:
            rows.append(_recorded(found, ours, found.there.get(name), moment))
        elif any(matches(name, each) for each in wanted) and _differ(found.tapes.get(name), found.there.get(name)):
            rows.append(Copy(found.source.tape(name), found.target.tape(name), reason="diverged", failed=moment))
    return rows


def pools_from(records: Iterable[Record], source_vault: str) -> frozenset[str]:
    """The pools of a vault from which the records tell of copies; they need not be there any more."""
    return frozenset(each.source.pool for each in records if each.source_vault == source_vault)


def _recorded(found: Found, records: list[Record], there: TapeFacts | None, moment: str) -> Copy:
    """What the records of a tape tell, held against what lies under its name."""
    fitting = next((each for each in records if there is not None and each.identity.fits(there.identity)), None)
    if fitting is not None and there is not None:
        return _brought_back(found, copy_of(fitting, found.source, found.target, there), there)
    like = next((each for each in records if there is not None and each.identity.looks_like(there.identity)), None)
    record = like or records[0]
    copy = _as_published(found, record)
    if like is not None:    # restored, or moved to another disk, with its size and time: its bytes may be the same
        return replace(copy, doubted=moment)
    return replace(copy, reason="missing" if there is None else "diverged", failed=moment)


def _brought_back(found: Found, copy: Copy, there: TapeFacts) -> Copy:
    """The copy, or what it became when its bytes were brought back from there: the copy of what lies here since."""
    here = found.tapes.get(there.name)
    back = next((each for each in found.brought.get(there.name, ())
                 if here is not None and each.identity.fits(here.identity) and each.verified is not None
                 and each.digest == copy.digest and is_ours(each, found.target, found.target_vault)
                 and each.source_identity.fits(there.identity)), None)
    if back is None or back.damaged is not None:
        return copy
    return replace(copy, source_identity=back.identity, run=back.run, hasty=copy.hasty or back.hasty)


def _as_published(found: Found, record: Record) -> Copy:
    facts = TapeFacts(record.tape, record.identity, 0, 0)
    return copy_of(record, found.source, found.target, facts)


def _differ(source: TapeFacts | None, there: TapeFacts | None) -> bool:
    """Whether two tapes of one name cannot be the same. Of those of one size only a look at the bytes tells."""
    return source is not None and there is not None and source.identity.size != there.identity.size
