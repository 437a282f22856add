"""Which tapes are to be copied, and why: a pure function of what both sides hold and what is known of earlier copies.

A copy is *known* when the target's tape is, by identity, the one that the catalog, or the far side's own record, says
was published from this source. A known copy of an unchanged source needs nothing, and nobody reads its bytes. What is
not known was changed by someone else, and is not overwritten unasked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from vtspolicy.command.complaint import nearest
from vtspolicy.errors import Damaged, IdentityMismatch, NoSpace, NotDurable, TargetWrite, Unequal
from vtspolicy.planning.guards import check_not_empty, too_many_gone
from vtspolicy.planning.haste import is_hasty
from vtspolicy.planning.plan import Action, Copy, Plan, Step
from vtspolicy.planning.sets import chosen, companions_in, lost_from
from vtspolicy.policy.places import Pool, Tape, has_wildcard
from vtspolicy.policy.request import DEFAULT_GUARD, Guard
from vtspolicy.systems.facts import Inventory, Record, TapeFacts

AT_FAULT = (TargetWrite.reason, NoSpace.reason, NotDurable.reason)
"""What a failed publish is called when the target's disk was at fault."""
_SENT_AGAIN = {Damaged.reason: "verification failed", Unequal.reason: "verification failed",
               NotDurable.reason: "an fsync of the target's disk failed"}
"""Why a known copy of an unchanged source is sent again."""


@dataclass(frozen=True)
class Origin:
    """Where a copy came from, when, and by whose hand."""

    source: Tape
    copied: str | None
    run: str | None
    writer: str | None = None
    """The id of the state that wrote it; None where it is our own."""


@dataclass(frozen=True)
class Situation:
    """All that a plan depends on."""

    source_pool: Pool
    target_pool: Pool
    source: Inventory
    target: Inventory
    copies: Mapping[str, Copy] = field(default_factory=dict)
    """What the catalog knows, by tape name."""
    records: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    """The far side's own records of the tapes that `unexplained` names."""
    elsewhere: Mapping[str, Pool] = field(default_factory=dict)
    """Names that exist in other pools of the target."""
    source_vault: str = ""
    """The id of the source's vault."""
    tapes: tuple[str, ...] = ("*",)
    replace: bool = False
    warnings: tuple[str, ...] = ()
    provable: bool = True
    """Whether the target can make a copy durable."""
    zone: tzinfo | None = UTC
    """The zone of the times in the reasons; None is the machine's."""
    guard: Guard = DEFAULT_GUARD
    doubted: str | None = None
    """When it was last in doubt which vault the target's is; UTC."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Of the names in `elsewhere`: who wrote the tape that lies there, as far as that is known."""
    companions: tuple[str, ...] = ()
    """Templates for the names of files that belong to a tape."""
    mode: int | None = None
    """The permission bits that the policy gives the copies; None means the source's."""
    let_both: str = "ADD SETTINGS SETTINGS, UNIQUE-NAMES no"
    """The sentence that lets tapes of one name lie in several pools of the target."""


def selected(inventory: Inventory, templates: Iterable[str], companions: Iterable[str] = ()) -> tuple[str, ...]:
    """The pool's tapes that the templates select, sorted, each behind its companions."""
    return chosen(inventory.tapes, templates, companions)


def unexplained(situation: Situation) -> tuple[str, ...]:
    """The target's tapes that the catalog cannot explain: their records must be asked for."""
    return tuple(
        name for name in selected(situation.source, situation.tapes, situation.companions)
        if (facts := situation.target.tapes.get(name)) is not None
        and (name in situation.target.damaged
             or not ((row := situation.copies.get(name)) is not None and row.explains(facts))))


def make_plan(situation: Situation) -> Plan:
    """The plan. Raise EmptySource where there is nothing to copy at all."""
    back = tuple(replace(copy, accepted=None) for name, copy in sorted(situation.copies.items())
                 if copy.accepted is not None and name in situation.source.tapes)
    situation = replace(situation, copies={**situation.copies, **{copy.source.name: copy for copy in back}})
    names = selected(situation.source, situation.tapes, situation.companions)
    of = companions_in(situation.source.tapes, situation.companions)
    absent = tuple(name for name in situation.tapes
                   if not has_wildcard(name) and name not in situation.source.tapes)
    if not absent:
        check_not_empty(situation.source_pool, situation.source, names, situation.tapes)
    steps = [replace(_step(situation, name), accompanies=of.get(name)) for name in names]
    steps += [Step(Action.REFUSE, name, _absent(name, situation.source), reason="missing") for name in absent]
    copies = {name: copy for name, copy in situation.copies.items() if copy.digest is not None}
    lost = {name: copies[name] for name in lost_from(situation.source.tapes, copies, situation.tapes,
                                                     situation.companions) if name not in absent}
    gone = tuple(name for name, copy in lost.items() if copy.accepted is None)
    copied = len(gone) + sum(name in copies and name not in of for name in names)
    return Plan(
        situation.source_pool, situation.target_pool, tuple(steps), situation.warnings, situation.source.skipped, gone,
        accepted=tuple(name for name, copy in lost.items() if copy.accepted is not None), back=back, copied=copied,
        too_many_gone=too_many_gone(len(gone), copied, situation.guard.at_most_gone))


def _absent(name: str, source: Inventory) -> str:
    near = nearest(name, source.tapes)
    return "is not in the source pool" + (f"; the nearest is {near}" if near else "")


def _step(situation: Situation, name: str) -> Step:
    """What is to be done about one tape: never a copy over one that the guard protects."""
    step = _wanted(situation, name)
    source, target = step.source, step.target
    copies = step.action is Action.COPY or (step.action is Action.COMPARE and step.if_unequal is Action.COPY)
    if not copies or source is None or target is None or _is_released(situation, name):
        return step
    if situation.guard.forbids(source.identity.size, target.identity.size):
        return _refuse(source, target, "held", f"shrank to {source.identity.size} bytes; its copy holds "
                       f"{target.identity.size}", step.known or situation.copies.get(name))
    return step


def _is_released(situation: Situation, name: str) -> bool:
    """Whether a person has let go exactly what the source is now."""
    row = situation.copies.get(name)
    return row is not None and row.released is not None and row.released == situation.source.tapes[name].identity


def _wanted(situation: Situation, name: str) -> Step:
    source = situation.source.tapes[name]
    target = situation.target.tapes.get(name)
    clash = situation.elsewhere.get(name)
    row = situation.copies.get(name)
    if clash is not None:
        return _refuse(source, target, "name-clash", _clash(situation, name, clash), row)
    if (source.identity.size == 0 and target is not None and target.identity.size > 0
            and not _is_released(situation, name)):
        return _refuse(source, target, "held", f"is empty now; its copy holds {target.identity.size} bytes", row)
    if target is None:
        lost = row is not None and row.digest is not None
        since = f"gone from the target since {_date(row.copied, situation.zone)}" if row and lost else "new"
        return _copy(source, None, since, row)
    known = _known(situation, name, target)
    if known is not None:
        if row is not None and known is not row and row.reason in AT_FAULT:
            # The tape was renamed into place, and then an fsync failed. A second fsync would lie: send it again.
            known = replace(known, reason=NotDurable.reason, failed=row.failed, durable=False)
        return _of_known(source, target, known, situation)
    return _of_unknown(situation, source, target, row)


def _clash(situation: Situation, name: str, clash: Pool) -> str:
    origin = situation.origins.get(name)
    if origin is None:
        who = "no record says who wrote that one"
    else:
        by = f"the vtspolicy whose state is {origin.writer}" if origin.writer else "this vtspolicy"
        who = (f"that one was copied there from {origin.source} {_date(origin.copied, situation.zone)} by {by}"
               + (f", run {origin.run}" if origin.run else ""))
    return (f"its name exists in {clash}, too, and must not in {situation.target_pool}; {who}. Move one of the two to "
            f"another name, or let both be: {situation.let_both}")


def _of_known(source: TapeFacts, target: TapeFacts, known: Copy, situation: Situation) -> Step:
    if known.reason in _SENT_AGAIN:
        return _copy(source, target, f"{_SENT_AGAIN[known.reason]} {_date(known.failed, situation.zone)}", known)
    assert known.source_identity is not None
    if not known.source_identity.looks_like(source.identity):
        return _copy(source, target, f"changed since {_date(known.copied, situation.zone)}", known)
    if not known.source_identity.fits(source.identity):
        if situation.mode is None and source.mode != target.mode:
            return _copy(source, target, f"its mode is {source.mode:04o} now", known)
        why = "same size and time, touched since its copy"
    elif known.doubted is not None:
        why = f"the target's identity was in doubt {_date(known.doubted, situation.zone)}"
    elif situation.provable and not known.durable:
        why = "its copy was not made durable"
    elif known.hasty:
        why = "it was read within a second of its last change"
    elif known.wants_reading(target):
        why = "nothing tells that its copy was read since somebody could touch it"
    else:
        return Step(Action.NOTHING, source.name, "unchanged", 0, source, target, known=known)
    return Step(Action.COMPARE, source.name, why, source.identity.size, source, target, if_unequal=Action.COPY,
                known=known)


def _of_unknown(situation: Situation, source: TapeFacts, target: TapeFacts, row: Copy | None) -> Step:
    """The target's tape is not, by identity, one that we published."""
    if source.identity == target.identity and None not in (source.identity.inode, source.identity.ctime_ns):
        return _refuse(source, target, IdentityMismatch.reason, "its copy is the source's own file (a hard link, or "
                       "the same directory by two paths)", row)
    records = situation.records.get(source.name, ())
    ours = [each for each in records if is_ours(each, situation.source_pool, situation.source_vault)]
    earlier = [each.identity for each in ours]
    if row is not None and row.target_identity is not None:
        earlier.append(row.target_identity)
    by_hand = row is not None and row.reason == "diverged"
    damaged = not by_hand and any(each.looks_like(target.identity) for each in earlier)
    if damaged or source.identity.size == target.identity.size:
        why = ("the copy was touched since it was published" if damaged
               else "already there, not known to be ours")
        return Step(Action.COMPARE, source.name, why, source.identity.size, source, target,
                    if_unequal=Action.COPY if damaged or situation.replace else Action.REFUSE, reason="diverged",
                    known=row)
    if situation.replace:
        return _copy(source, target, "replaces a tape that someone else changed", row)
    foreign = next((each for each in records if each not in ours and each.identity.fits(target.identity)), None)
    if foreign is not None:
        why = f"the target's tape was copied there from {foreign.source}"
    elif earlier:
        why = "someone else changed the target's tape since it was copied"
    else:
        why = "the target has another tape of this name, which was not copied by us"
    return _refuse(source, target, "diverged", why, row)


def _known(situation: Situation, name: str, target: TapeFacts) -> Copy | None:
    """The copy that the target's tape is: from the catalog, else from the far side's record.

    Of a publish that both know, the catalog knows more (the ctime, and what VERIFY found): then only it counts.
    """
    row = situation.copies.get(name)
    if row is not None and row.explains(target):
        return told_damaged(row, target, situation.records.get(name, ()))
    for record in situation.records.get(name, ()):
        in_catalog = row is not None and row.target_identity is not None and record.identity.fits(row.target_identity)
        if is_ours(record, situation.source_pool, situation.source_vault) and not in_catalog and (
                record.identity.fits(target.identity)):
            copy = copy_of(record, situation.source_pool, situation.target_pool, target)
            if row is None:
                # A record lies in the vault, and may have been cloned with it: it proves nothing that is in doubt.
                since = situation.doubted
                return replace(copy, doubted=since) if since is not None and record.published <= since else copy
            return replace(copy, released=row.released, doubted=row.doubted)
    return None


def told_damaged(row: Copy, target: TapeFacts, records: Iterable[Record]) -> Copy:
    """The copy that the catalog knows; found damaged, where the system that holds it found that, and says so."""
    since = next((each.damaged for each in records
                  if each.digest == row.digest and each.identity.fits(target.identity)), None)
    return row if since is None or row.reason is not None else replace(row, reason=Damaged.reason, failed=since)


def is_ours(record: Record, source_pool: Pool, source_vault: str) -> bool:
    """Whether the record tells of a copy from this very pool, whatever its system was called then."""
    return (record.source_vault == source_vault and record.source.pool == source_pool.name
            and record.source.name == record.tape)


def copy_of(record: Record, source_pool: Pool, target_pool: Pool, target: TapeFacts) -> Copy:
    """What a far side's record that fits the tape there tells of the copy. The pools have their present names."""
    return Copy(
        source=source_pool.tape(record.source.name), target=target_pool.tape(record.tape), digest=record.digest,
        size=record.source_identity.size, source_identity=record.source_identity, target_identity=target.identity,
        copied=record.published, verified=record.verified, durable=record.durable, run=record.run,
        reason=None if record.damaged is None else Damaged.reason, failed=record.damaged,
        hasty=record.hasty or (record.verified is not None and is_hasty(target.identity, record.published)))


def _copy(source: TapeFacts, target: TapeFacts | None, why: str, known: Copy | None) -> Step:
    return Step(Action.COPY, source.name, why, source.identity.size, source, target, known=known)


def _refuse(source: TapeFacts, target: TapeFacts | None, reason: str, why: str, known: Copy | None) -> Step:
    return Step(Action.REFUSE, source.name, why, source.identity.size, source, target, reason=reason, known=known)


def _date(time: str | None, zone: tzinfo | None) -> str:
    """A stored UTC time as people read it."""
    return datetime.fromisoformat(time).astimezone(zone).strftime("%Y-%m-%d %H:%M") if time else "then"
