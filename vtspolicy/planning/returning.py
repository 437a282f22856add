"""The plan of bringing one tape back from where it was copied to: a pure function of what both sides hold.

Nobody knows better than a person whether what lies here is worth keeping: a tape that is here is never replaced
unasked, whatever was recorded of it. Equal bytes are looked for first, because then there is nothing to bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vtspolicy.command.complaint import nearest
from vtspolicy.planning.plan import Action, Copy, Plan, Step
from vtspolicy.planning.proofs import FOUND_BAD
from vtspolicy.planning.states import TapeState, state_of
from vtspolicy.policy.places import Pool
from vtspolicy.systems.facts import Identity, Inventory, Record, TapeFacts


@dataclass(frozen=True)
class Return:
    """All that the plan depends on."""

    source_pool: Pool
    """Where the copy lies."""
    target_pool: Pool
    """Where it came from."""
    tape: str
    source: Inventory
    target: Inventory
    records: Sequence[Record] = ()
    """What the source's own records say of the tape, newest first."""
    clash: Pool | None = None
    """Another pool of this machine that has a tape of this name."""
    replace: bool = False
    known: Copy | None = None
    """What the catalog knows of the copy there."""


def recorded(records: Sequence[Record], lies_there: TapeFacts) -> Record | None:
    """The record of the tape that lies there: the one that fits it, else the newest, which says what should."""
    return next((each for each in records if each.identity.fits(lies_there.identity)), records[0] if records else None)


def plan_return(wanted: Return) -> Plan:
    """The plan: one step."""
    return Plan(wanted.source_pool, wanted.target_pool, (_step(wanted),),
                skipped=tuple(each for each in wanted.source.skipped if each.name == wanted.tape))


def _step(wanted: Return) -> Step:
    source, target = wanted.source.tapes.get(wanted.tape), wanted.target.tapes.get(wanted.tape)
    if source is None:
        near = nearest(wanted.tape, wanted.source.tapes)
        return Step(Action.REFUSE, wanted.tape, "is not there" + (f"; the nearest is {near}" if near else ""),
                    reason="missing")
    record = recorded(wanted.records, source)
    size, digest = source.identity.size, record.digest if record else _remembered(wanted.known, source)
    step = Step(Action.COPY, wanted.tape, "not here", size, source, target, digest=digest)
    if wanted.clash is not None:
        return replace(step, action=Action.REFUSE, reason="name-clash", why=f"its name exists in {wanted.clash}")
    if target is None:
        return step
    if target.identity.size == size:
        return replace(step, action=Action.COMPARE, why="one of the same size lies here", reason="diverged",
                       if_unequal=Action.COPY if wanted.replace else Action.REFUSE)
    if wanted.replace:
        return replace(step, why=f"replaces the one of {target.identity.size} bytes that lies here")
    return replace(step, action=Action.REFUSE, reason="diverged",
                   why=f"one of {target.identity.size} bytes lies here, that one has {size}; REPLACE would replace it")


def _remembered(known: Copy | None, lies_there: TapeFacts) -> str | None:
    """The digest that the catalog expects there, where no record tells: of the copy that lies there, or that was found
    to be another than it should be."""
    if known is None or not (known.explains(lies_there) or known.reason in FOUND_BAD):
        return None
    return known.digest


def restored(came: Copy, known: Copy | None, *, durable: bool) -> Copy:
    """What is known of the copy over there, now that the same bytes lie here: it is the copy of them, just read.

    `came` tells of what was brought here; `known` is what the catalog knew of the copy there. `durable`: whether the
    copy over there is known to be.
    """
    assert came.source_identity is not None and came.target_identity is not None
    there: Identity = came.source_identity
    return Copy(
        source=came.target, target=came.source, digest=came.digest, size=came.size,
        source_identity=came.target_identity, target_identity=there,
        copied=known.copied if known is not None and known.digest == came.digest else came.copied,
        verified=came.verified, durable=durable, run=came.run, hasty=came.hasty)


def state_brought(copy: Copy | None, before: TapeFacts | None, *, came: bool) -> TapeState:
    """How the tape that lies here stands on the system that it was to be brought from.

    `copy` is what is known of its copy there by now, `before` what lay here; `came`: whether that copy's bytes do now.
    """
    if not came or copy is None or copy.source_identity is None:
        return state_of(before, copy)
    return state_of(TapeFacts(copy.source.name, copy.source_identity, 0, 0), copy)
