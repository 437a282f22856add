"""Dangerous changes at the source: what is never replaced unasked, and what is said of tapes that are gone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.planning.test_planner import (
    DIGEST,
    EDITED,
    GROWN,
    HERE,
    OTHER,
    SOURCE,
    TARGET,
    THERE,
    TOUCHED,
    VAULT_ID,
    copy,
    facts,
    inventory,
    moved,
    record,
    step,
)
from vtspolicy.errors import EmptySource
from vtspolicy.planning import proofs
from vtspolicy.planning.guards import too_many_gone
from vtspolicy.planning.plan import Action, Copy, Plan, Step
from vtspolicy.planning.planner import Origin, Situation, make_plan
from vtspolicy.policy.places import Pool
from vtspolicy.policy.request import Guard
from vtspolicy.systems.facts import Identity

THEN = "2026-11-22T01:30:00.000Z"
SHRUNK = moved(HERE, size=9, ctime_ns=501)
OLD = Pool("here", "VAULT01", "OLD")
CLASH = "its name exists in there:/VAULT01/OTHER, too, and must not in there:/VAULT01/PAYROLL"
CURE = "Move one of the two to another name, or let both be: ADD SETTINGS SETTINGS, UNIQUE-NAMES no"


@pytest.mark.parametrize(("given", "action", "why"), [
    ({"there": THERE, "row": copy(), "here": SHRUNK}, Action.REFUSE, "shrank to 9 bytes; its copy holds 100"),
    ({"there": THERE, "records": (record(),), "here": SHRUNK}, Action.REFUSE, "shrank to 9 bytes; its copy holds 100"),
    ({"there": TOUCHED, "row": copy(), "here": SHRUNK}, Action.REFUSE, "shrank to 9 bytes; its copy holds 100"),
    ({"there": THERE, "row": copy(), "here": moved(SHRUNK, size=10)}, Action.COPY, "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(), "here": SHRUNK, "guard": Guard(shrunk_to=9)}, Action.COPY,
     "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(), "here": SHRUNK, "guard": Guard(shrunk_to=0)}, Action.COPY,
     "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(), "here": moved(SHRUNK, size=0), "guard": Guard(shrunk_to=0)}, Action.REFUSE,
     "is empty now; its copy holds 100 bytes"),
    ({"there": THERE, "row": copy(), "here": SHRUNK, "replace": True}, Action.REFUSE,
     "shrank to 9 bytes; its copy holds 100"),
    ({"there": GROWN, "row": copy(), "here": SHRUNK}, Action.REFUSE,
     "someone else changed the target's tape since it was copied"),
    # what a person let go
    ({"there": THERE, "row": copy(released=SHRUNK), "here": SHRUNK}, Action.COPY, "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(released=moved(HERE, size=0)), "here": moved(HERE, size=0)}, Action.COPY,
     "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(released=SHRUNK), "here": moved(SHRUNK, ctime_ns=502)}, Action.REFUSE,
     "shrank to 9 bytes; its copy holds 100"),
    ({"there": THERE, "row": copy(released=SHRUNK), "here": moved(SHRUNK, size=0)}, Action.REFUSE,
     "is empty now; its copy holds 100 bytes"),
    ({"there": GROWN, "row": copy(released=SHRUNK), "here": SHRUNK}, Action.REFUSE,
     "someone else changed the target's tape since it was copied"),
    # name clashes
    ({"elsewhere": {"T1": OTHER}}, Action.REFUSE, f"{CLASH}; no record says who wrote that one. {CURE}"),
    ({"elsewhere": {"T1": OTHER}, "origins": {"T1": Origin(OLD.tape("T1"), "2026-11-20T01:30:00Z", "RUN7", "c" * 16)}},
     Action.REFUSE, f"{CLASH}; that one was copied there from here:/VAULT01/OLD/T1 2026-11-20 01:30 by the vtspolicy "
                    f"whose state is cccccccccccccccc, run RUN7. {CURE}"),
    ({"elsewhere": {"T1": OTHER}, "origins": {"T1": Origin(OLD.tape("T1"), "2026-11-20T01:30:00Z", None)}},
     Action.REFUSE, f"{CLASH}; that one was copied there from here:/VAULT01/OLD/T1 2026-11-20 01:30 by this vtspolicy. "
                    f"{CURE}"),
    ({"there": THERE, "row": copy(), "elsewhere": {"T1": OTHER}, "replace": True}, Action.REFUSE,
     f"{CLASH}; no record says who wrote that one. {CURE}"),
])
def test_a_dangerous_change_gets_its_step(given: dict[str, Any], action: Action, why: str) -> None:
    found = step(**given)
    assert (found.action, found.why) == (action, why)


# ---- empty and shrunk -----------------------------------------------------------------------------------------------

SIZES = st.sampled_from([0, 1, 9, 10, 11, 50, 100, 101, 1000])
HERES = st.builds(Identity, SIZES, st.just(HERE.mtime_ns) | st.just(EDITED.mtime_ns), st.sampled_from([7, 8]),
                  st.sampled_from([500, 501]))
THERES = st.sampled_from([THERE, TOUCHED, EDITED]) | st.builds(Identity, SIZES, st.just(THERE.mtime_ns),
                                                               st.just(900), st.sampled_from([901, 902]))
GUARDS = st.builds(Guard, st.integers(0, 100), st.sampled_from([0, 1, 9, 10, 50, 100]))
ROWS = st.none() | st.builds(
    lambda here, there, digest, reason, released: copy(
        source_identity=here, target_identity=there, digest=digest, reason=reason, failed=reason and THEN,
        released=released, size=here.size),
    HERES, THERES, st.sampled_from([DIGEST, None]),
    st.sampled_from([None, "verify", "diverged", "held", "space", "target-write", "missing"]), st.none() | HERES)
RECORDS = st.just(()) | st.builds(
    lambda here, there: (record(source_identity=here, identity=dataclasses.replace(there, ctime_ns=None)),),
    HERES, THERES)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """One tape on both sides, and whatever may be known of it."""
    row, records = draw(ROWS), draw(RECORDS)
    return Situation(
        SOURCE, TARGET, inventory(facts(draw(HERES))), inventory(facts(draw(THERES))), {"T1": row} if row else {},
        {"T1": records} if records else {}, source_vault=VAULT_ID, guard=draw(GUARDS))


def may_replace(step: Step) -> bool:
    return step.action is Action.COPY or (step.action is Action.COMPARE and step.if_unequal is Action.COPY)


@given(situations())
def test_what_the_guard_protects_is_never_replaced_unasked(found: Situation) -> None:
    (planned,) = make_plan(found).steps
    source, target, row = found.source.tapes["T1"], found.target.tapes["T1"], found.copies.get("T1")
    if found.guard.forbids(source.identity.size, target.identity.size) and may_replace(planned):
        assert row is not None and row.released == source.identity
    if planned.reason == "held":
        assert found.guard.forbids(source.identity.size, target.identity.size)


@given(situations())
def test_a_release_lets_go_what_is_held_and_nothing_else(found: Situation) -> None:
    """A released tape gets the step that it would have with the guard off; a diverged one is not let go with it."""
    source = found.source.tapes["T1"].identity
    row = found.copies.get("T1", Copy(SOURCE.tape("T1"), TARGET.tape("T1")))
    released = dataclasses.replace(found, copies={"T1": dataclasses.replace(row, released=source)})
    (after,), (before,) = make_plan(released).steps, make_plan(found).steps
    assert after.reason != "held"
    if before.reason != "held":
        assert (after.action, after.reason, after.why) == (before.action, before.reason, before.why)


def test_a_release_survives_in_what_a_record_says() -> None:
    """The catalog does not explain the copy, the far side's record does: what fails then must not lose the release."""
    shrunk = moved(HERE, size=9, ctime_ns=501)
    row = copy(target_identity=Identity(1, 1), released=shrunk)
    (planned,) = make_plan(Situation(
        SOURCE, TARGET, inventory(facts(shrunk)), inventory(facts(THERE)), {"T1": row}, {"T1": (record(),)},
        source_vault=VAULT_ID)).steps
    assert planned.action is Action.COPY
    assert planned.known is not None and planned.known.released == shrunk


# ---- gone -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gone", "known", "percent", "too_many"), [
    (0, 0, 5, False), (2, 2, 5, False), (3, 3, 5, True), (3, 60, 5, False), (3, 59, 5, True), (5, 100, 5, False),
    (6, 100, 5, True), (100, 100, 100, False), (3, 1000, 0, True), (2, 1000, 0, False)])
def test_many_are_more_than_the_guard_allows_and_at_least_three(gone: int, known: int, percent: int,
                                                                 too_many: bool) -> None:
    assert too_many_gone(gone, known, percent) is too_many


def copies_of(*names: str, **changes: Any) -> dict[str, Copy]:
    return {name: copy(source=SOURCE.tape(name), target=TARGET.tape(name), **changes) for name in names}


def plan_of(here: list[str], copies: dict[str, Copy], **more: Any) -> Plan:
    return make_plan(Situation(
        SOURCE, TARGET, inventory(*(facts(HERE, name) for name in here)),
        inventory(*(facts(THERE, name) for name in copies)), copies, source_vault=VAULT_ID, **more))


def test_gone_tapes_stop_nobody() -> None:
    plan = plan_of(["T1"], copies_of("T1", "T2", "T3", "T4"))
    assert (plan.gone, plan.copied, plan.too_many_gone) == (("T2", "T3", "T4"), 4, True)
    assert [(each.tape, each.action) for each in plan.steps] == [("T1", Action.NOTHING)]
    assert not plan_of(["T1"], copies_of("T1", "T2", "T3", "T4"), guard=Guard(at_most_gone=75)).too_many_gone


def test_what_is_accepted_is_silent_and_does_not_count() -> None:
    plan = plan_of(["T1"], {**copies_of("T1", "T5"), **copies_of("T2", "T3", "T4", accepted=THEN)})
    assert (plan.gone, plan.accepted) == (("T5",), ("T2", "T3", "T4"))
    assert (plan.copied, plan.too_many_gone, plan.back) == (2, False, ())


def test_a_tape_that_comes_back_clears_its_acceptance() -> None:
    plan = plan_of(["T1"], copies_of("T1", accepted=THEN))
    assert plan.back == (copy(),)
    assert plan.steps[0].known == copy()
    assert (plan.gone, plan.accepted) == ((), ())


@given(st.sets(st.sampled_from("ABCDEFGH")), st.dictionaries(st.sampled_from("ABCDEFGH"), st.booleans()),
       st.integers(0, 100))
def test_every_copied_tape_is_there_or_gone_or_accepted(here: set[str], known: dict[str, bool], percent: int) -> None:
    copies = {name: copy(source=SOURCE.tape(name), target=TARGET.tape(name), accepted=THEN if accepted else None)
              for name, accepted in known.items()}
    if not here:
        with pytest.raises(EmptySource):
            plan_of([], copies)
        return
    plan = plan_of(sorted(here), copies, guard=Guard(at_most_gone=percent))
    assert {*plan.gone, *plan.accepted} == known.keys() - here
    assert not {*plan.gone} & {*plan.accepted}
    assert {each.tape for each in plan.steps} == here
    assert {each.source.name for each in plan.back} == {name for name in here if known.get(name)}


# ---- what is not there ----------------------------------------------------------------------------------------------


def test_what_is_not_there_is_told_with_the_nearest_name() -> None:
    with pytest.raises(EmptySource, match=r"PAZ00\* selects none of its 2 tapes; the nearest is PAY001$"):
        plan_of(["PAY001", "LOG001"], {}, tapes=("PAZ00*",))
    with pytest.raises(EmptySource, match=r"X\* selects none of its 4 tapes, which are A1, A2, A3 \.\.\.$"):
        plan_of(["A1", "A4", "A3", "A2"], {}, tapes=("X*",))
    plan = plan_of(["PAY001", "LOG001"], {}, tapes=("PAY01",))
    assert plan.steps[0].why == "is not in the source pool; the nearest is PAY001"
    assert plan_of(["LOG001"], {}, tapes=("XXXXX",)).steps[0].why == "is not in the source pool"


def test_a_name_that_clashes_is_refused_whatever_its_size() -> None:
    plan = plan_of(["T1"], {}, elsewhere={"T1": OTHER}, replace=True)
    assert plan.steps[0].reason == "name-clash"


# ---- the order of proofs --------------------------------------------------------------------------------------------

MOMENTS = st.none() | st.sampled_from([f"2026-11-{day:02d}T01:30:00.000Z" for day in range(1, 29)])
PROVEN = st.builds(
    lambda name, size, verified, failed, reason, doubted: copy(
        source=SOURCE.tape(name), size=size, verified=verified, failed=failed, reason=reason, doubted=doubted),
    st.text("ABC123", min_size=1), st.integers(0, 100), MOMENTS, MOMENTS,
    st.sampled_from([None, "verify", "missing", "unreachable"]), MOMENTS)


@given(st.lists(PROVEN), MOMENTS)
def test_the_oldest_proof_comes_first_and_what_was_looked_at_since_is_spared(copies: list[Copy],
                                                                             before: str | None) -> None:
    due, spared = proofs.due(copies, before)
    assert sorted(map(repr, copies)) == sorted(map(repr, (*due, *spared)))
    assert [proofs.last_look(each) for each in due] == sorted(proofs.last_look(each) for each in due)
    assert before is not None or not spared
    assert all(before is None or proofs.last_look(each) < before for each in due)
    assert all(before is not None and proofs.last_look(each) >= before and each.doubted is None for each in spared)


def test_a_look_that_found_damage_is_a_look_and_an_outage_is_none() -> None:
    later = "2026-11-23T01:30:00.000Z"
    assert proofs.last_look(copy(verified=THEN, reason="damaged", failed=later)) == later
    assert proofs.last_look(copy(verified=THEN, reason="unreachable", failed=later)) == THEN
    assert proofs.last_look(copy(verified=None)) == ""
    assert proofs.last_look(copy(verified=THEN, doubted=THEN)) == ""


@given(st.lists(PROVEN), st.none() | st.integers(1, 300))
def test_a_limit_ends_behind_the_tape_that_reaches_it(copies: list[Copy], limit: int | None) -> None:
    taken = proofs.within(copies, limit)
    assert list(taken) == copies[:len(taken)]
    if len(taken) < len(copies):
        assert limit is not None and sum(each.size for each in taken) >= limit
    if taken and limit is not None:
        assert sum(each.size for each in taken[:-1]) < limit
