"""What the planner decides, case by case, in its own words."""

from __future__ import annotations

import dataclasses
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from vtspolicy.errors import EmptySource
from vtspolicy.planning.plan import Action, Copy, Plan, Step
from vtspolicy.planning.planner import Situation, copy_of, is_ours, make_plan, selected, unexplained
from vtspolicy.policy.places import Pool, Tape
from vtspolicy.systems.facts import Identity, Inventory, Record, Skipped, TapeFacts

SOURCE, TARGET = Pool("here", "VAULT01", "PAYROLL"), Pool("there", "VAULT01", "PAYROLL")
OTHER = Pool("there", "VAULT01", "OTHER")
VAULT_ID = "a" * 32
DIGEST = "blake3:" + "1" * 64
S = 10**9

HERE = Identity(100, 50 * S, 7, 500)
"""The source, as it was copied."""
THERE = Identity(100, 50 * S, 900, 901)
"""The target, as it was published."""


def facts(identity: Identity, name: str = "T1") -> TapeFacts:
    return TapeFacts(name, identity, 0o640, identity.size)


def inventory(*tapes: TapeFacts, **more: Any) -> Inventory:
    return Inventory({each.name: each for each in tapes}, **more)


def copy(**changes: Any) -> Copy:
    return dataclasses.replace(
        Copy(SOURCE.tape("T1"), TARGET.tape("T1"), DIGEST, 100, HERE, THERE, "2026-11-22T01:30:00.000Z",
             "2026-11-22T01:30:00.000Z", durable=True, run="RUN1"), **changes)


def record(**changes: Any) -> Record:
    return dataclasses.replace(
        Record("T1", DIGEST, THERE, SOURCE.tape("T1"), VAULT_ID, HERE, "2026-11-21T01:30:00Z", "RUN0", "b" * 16, 1,
               True, verified="2026-11-21T01:30:00Z"), **changes)


UNPROVEN = {"identity": Identity(THERE.size, THERE.mtime_ns, THERE.inode), "verified": None}
"""A record without a proof beside it."""
UNREAD = "nothing tells that its copy was read since somebody could touch it"


def situation(here: Identity | None = HERE, there: Identity | None = None, row: Copy | None = None,
              records: tuple[Record, ...] = (), **more: Any) -> Situation:
    return Situation(
        SOURCE, TARGET, inventory(*([facts(here)] if here else [])), inventory(*([facts(there)] if there else [])),
        {"T1": row} if row else {}, {"T1": records} if records else {}, source_vault=VAULT_ID, **more)


def step(*given: Any, **more: Any) -> Step:
    plan = make_plan(situation(*given, **more))
    assert len(plan.steps) == 1
    return plan.steps[0]


def moved(identity: Identity, **changes: Any) -> Identity:
    return dataclasses.replace(identity, **changes)


TOUCHED = moved(THERE, ctime_ns=999)
EDITED = moved(THERE, mtime_ns=60 * S, ctime_ns=999)
GROWN = moved(EDITED, size=101)


@pytest.mark.parametrize(("given", "action", "why"), [
    # nothing there
    ({}, Action.COPY, "new"),
    ({"row": copy(digest=None, copied=None, reason="space")}, Action.COPY, "new"),
    ({"row": copy()}, Action.COPY, "gone from the target since 2026-11-22 01:30"),
    ({"here": moved(HERE, size=0), "row": copy()}, Action.COPY, "gone from the target since 2026-11-22 01:30"),
    # known from the catalog
    ({"there": THERE, "row": copy()}, Action.NOTHING, "unchanged"),
    ({"there": THERE, "row": copy(reason="unreachable")}, Action.NOTHING, "unchanged"),
    ({"there": THERE, "row": copy(), "here": moved(HERE, size=101)}, Action.COPY,
     "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(), "here": moved(HERE, mtime_ns=50 * S + 1)}, Action.COPY,
     "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(), "here": moved(HERE, ctime_ns=501)}, Action.COMPARE,
     "same size and time, touched since its copy"),
    ({"there": THERE, "row": copy(), "here": moved(HERE, inode=8)}, Action.COMPARE,
     "same size and time, touched since its copy"),
    ({"there": THERE, "row": copy(reason="verify", failed="2026-11-22T02:00:00.000Z")}, Action.COPY,
     "verification failed 2026-11-22 02:00"),
    ({"there": THERE, "row": copy(reason="not-durable", failed="2026-11-22T02:00:00.000Z", durable=False)}, Action.COPY,
     "an fsync of the target's disk failed 2026-11-22 02:00"),
    ({"there": THERE, "row": copy(reason="target-write")}, Action.NOTHING, "unchanged"),
    ({"there": THERE, "row": copy(durable=False)}, Action.COMPARE, "its copy was not made durable"),
    ({"there": THERE, "row": copy(durable=False), "provable": False}, Action.NOTHING, "unchanged"),
    ({"there": THERE, "row": copy(copied=None), "here": moved(HERE, size=10)}, Action.COPY, "changed since then"),
    # known from the far side's record
    ({"there": THERE, "records": (record(),)}, Action.NOTHING, "unchanged"),
    ({"there": THERE, "records": (record(), record(identity=Identity(1, 1, 1), version=2))}, Action.NOTHING,
     "unchanged"),
    ({"there": THERE, "records": (record(),), "here": moved(HERE, size=50)}, Action.COPY,
     "changed since 2026-11-21 01:30"),
    ({"there": EDITED, "records": (record(identity=EDITED, source_identity=HERE),),
      "row": copy()}, Action.NOTHING, "unchanged"),
    ({"there": EDITED, "records": (record(identity=EDITED),),
      "row": copy(reason="target-write", failed="2026-11-22T02:00:00.000Z")}, Action.COPY,
     "an fsync of the target's disk failed 2026-11-22 02:00"),
    ({"there": EDITED, "records": (record(identity=EDITED),),
      "row": copy(digest=None, target_identity=None, reason="space")}, Action.COPY,
     "an fsync of the target's disk failed then"),
    # a record without a proof, and one whose tape was found damaged
    ({"there": THERE, "records": (record(**UNPROVEN),)}, Action.COMPARE, UNREAD),
    ({"there": THERE, "row": copy(verified=None)}, Action.COMPARE, UNREAD),
    ({"there": moved(THERE, ctime_ns=None), "row": copy(verified=None)}, Action.NOTHING, "unchanged"),
    ({"there": THERE, "records": (record(**UNPROVEN, damaged="2026-11-22T02:00:00Z"),)}, Action.COPY,
     "verification failed 2026-11-22 02:00"),
    ({"there": TOUCHED, "records": (record(),)}, Action.COMPARE, "the copy was touched since it was published"),
    # of one publish the catalog knows more than the record: the ctime
    ({"there": TOUCHED, "records": (record(),), "row": copy()}, Action.COMPARE,
     "the copy was touched since it was published"),
    # touched, with its time put back
    ({"there": TOUCHED, "row": copy()}, Action.COMPARE, "the copy was touched since it was published"),
    ({"there": moved(THERE, inode=1), "records": (record(),)}, Action.COMPARE,
     "the copy was touched since it was published"),
    # not by us
    ({"there": EDITED}, Action.COMPARE, "already there, not known to be ours"),
    ({"there": EDITED, "row": copy()}, Action.COMPARE, "already there, not known to be ours"),
    ({"there": GROWN}, Action.REFUSE, "the target has another tape of this name, which was not copied by us"),
    ({"there": GROWN, "row": copy()}, Action.REFUSE, "someone else changed the target's tape since it was copied"),
    ({"there": GROWN, "records": (record(),)}, Action.REFUSE,
     "someone else changed the target's tape since it was copied"),
    ({"there": GROWN, "records": (record(source_vault="c" * 32, source=Tape("far", "VAULT09", "P", "T1"),
                                         identity=GROWN),)}, Action.REFUSE,
     "the target's tape was copied there from far:/VAULT09/P/T1"),
    ({"there": GROWN, "replace": True}, Action.COPY, "replaces a tape that someone else changed"),
    # the source's own file
    ({"there": HERE}, Action.REFUSE,
     "its copy is the source's own file (a hard link, or the same directory by two paths)"),
    ({"there": HERE, "replace": True}, Action.REFUSE,
     "its copy is the source's own file (a hard link, or the same directory by two paths)"),
    ({"here": Identity(100, 50 * S), "there": Identity(100, 50 * S)}, Action.COMPARE,
     "already there, not known to be ours"),
    # the guards
    ({"there": THERE, "row": copy(), "here": moved(HERE, size=0)}, Action.REFUSE,
     "is empty now; its copy holds 100 bytes"),
    ({"there": GROWN, "here": moved(HERE, size=0)}, Action.REFUSE, "is empty now; its copy holds 101 bytes"),
    ({"there": THERE, "row": copy(), "here": moved(HERE, size=0), "replace": True}, Action.REFUSE,
     "is empty now; its copy holds 100 bytes"),
    ({"there": moved(THERE, size=0), "here": moved(HERE, size=0)}, Action.COMPARE,
     "already there, not known to be ours"),
])
def test_a_tape_gets_its_step(given: dict[str, Any], action: Action, why: str) -> None:
    found = step(**given)
    assert (found.action, found.why) == (action, why)


@pytest.mark.parametrize(("mode", "action", "why"), [
    (None, Action.COPY, "its mode is 0640 now"), (0o660, Action.COMPARE, "same size and time, touched since its copy")])
def test_a_mode_that_changed_is_sent_unless_the_policy_says_it(mode: int | None, action: Action, why: str) -> None:
    given = situation(moved(HERE, ctime_ns=501), THERE, copy(), mode=mode)
    there = inventory(dataclasses.replace(facts(THERE), mode=0o660))
    (planned,) = make_plan(dataclasses.replace(given, target=there)).steps
    assert (planned.action, planned.why) == (action, why)


DOUBTED = "2026-11-23T01:30:00.000Z"
IN_DOUBT = "the target's identity was in doubt 2026-11-23 01:30"


@pytest.mark.parametrize(("given", "action", "why"), [
    ({"there": THERE, "row": copy(doubted=DOUBTED)}, Action.COMPARE, IN_DOUBT),
    ({"there": THERE, "row": copy(doubted=DOUBTED), "here": moved(HERE, size=99)}, Action.COPY,
     "changed since 2026-11-22 01:30"),
    ({"there": THERE, "row": copy(doubted=DOUBTED), "here": moved(HERE, ctime_ns=501)}, Action.COMPARE,
     "same size and time, touched since its copy"),
    ({"there": None, "row": copy(doubted=DOUBTED)}, Action.COPY, "gone from the target since 2026-11-22 01:30"),
    # known by a record alone: one that lay there when the vault was in doubt may have come with it
    ({"there": THERE, "records": (record(),), "doubted": DOUBTED}, Action.COMPARE, IN_DOUBT),
    ({"there": THERE, "records": (record(published="2026-11-23T01:31:00Z"),), "doubted": DOUBTED}, Action.NOTHING,
     "unchanged"),
    ({"there": moved(THERE, inode=901), "row": copy(doubted=DOUBTED), "doubted": DOUBTED,
      "records": (record(identity=moved(THERE, inode=901)),)}, Action.COMPARE, IN_DOUBT),
    # proven since: the vault's doubt is over for it
    ({"there": THERE, "row": copy(verified="2026-11-24T01:30:00.000Z"), "doubted": DOUBTED}, Action.NOTHING,
     "unchanged"),
])
def test_what_is_in_doubt_is_read_before_it_is_trusted(given: dict[str, Any], action: Action, why: str) -> None:
    found = step(**given)
    assert (found.action, found.why) == (action, why)
    if action is Action.COMPARE:
        assert found.if_unequal is Action.COPY
        assert found.known is not None
        assert found.known.doubted == DOUBTED


def test_reasons_tell_times_in_the_zone() -> None:
    found = step(there=THERE, row=copy(), here=moved(HERE, size=99), zone=ZoneInfo("Europe/Berlin"))
    assert found.why == "changed since 2026-11-22 02:30"


@pytest.mark.parametrize(("given", "reason"), [
    ({"there": GROWN}, "diverged"),
    ({"there": THERE, "here": moved(HERE, size=0)}, "held"),
    ({"elsewhere": {"T1": OTHER}}, "name-clash"),
])
def test_a_refusal_has_its_word(given: dict[str, Any], reason: str) -> None:
    assert step(**given).reason == reason


@pytest.mark.parametrize(("given", "then"), [
    ({"there": EDITED}, Action.REFUSE),
    ({"there": EDITED, "replace": True}, Action.COPY),
    ({"there": TOUCHED, "row": copy()}, Action.COPY),
    ({"there": TOUCHED, "row": copy(reason="verify")}, Action.COPY),
    ({"there": THERE, "row": copy(), "here": moved(HERE, ctime_ns=501)}, Action.COPY),
])
def test_a_comparison_knows_what_follows_where_the_bytes_differ(given: dict[str, Any], then: Action) -> None:
    found = step(**given)
    assert (found.action, found.if_unequal) == (Action.COMPARE, then)


def test_what_verify_called_diverged_is_not_trusted_when_its_time_is_put_back() -> None:
    """Over SFTP nothing but size and second tell: a hand can put both back."""
    coarse = Identity(100, 50 * S)
    row = copy(target_identity=coarse, reason="diverged")
    found = step(there=coarse, row=row, records=(record(),))
    assert (found.action, found.if_unequal) == (Action.COMPARE, Action.REFUSE)
    assert found.known is row
    assert not row.explains(facts(coarse))


def test_records_are_asked_for_where_the_catalog_does_not_explain_a_tape() -> None:
    assert unexplained(situation(there=THERE, row=copy())) == ()
    assert unexplained(situation(there=THERE, row=copy(reason="diverged"))) == ("T1",)
    assert unexplained(situation(there=TOUCHED, row=copy())) == ("T1",)
    assert unexplained(situation(there=THERE)) == ("T1",)
    assert unexplained(situation(there=THERE, row=copy(digest=None))) == ("T1",)
    assert unexplained(situation(there=THERE, row=copy(source_identity=None))) == ("T1",)
    assert unexplained(situation(there=None, row=copy())) == ()
    assert unexplained(situation(here=None, there=THERE)) == (), "it is not at the source"


def test_a_record_is_ours_by_vault_pool_and_tape_whatever_the_system_was_called() -> None:
    assert is_ours(record(source=Tape("renamed", "V", "PAYROLL", "T1")), SOURCE, VAULT_ID)
    assert not is_ours(record(source_vault="c" * 32), SOURCE, VAULT_ID)
    assert not is_ours(record(source=Tape("here", "VAULT01", "OTHER", "T1")), SOURCE, VAULT_ID)
    assert not is_ours(record(source=Tape("here", "VAULT01", "PAYROLL", "T2")), SOURCE, VAULT_ID)


def test_a_copy_out_of_a_record_has_present_names() -> None:
    found = copy_of(record(source=Tape("old", "V", "PAYROLL", "T1"), durable=False), SOURCE, TARGET, facts(THERE))
    assert found == Copy(
        SOURCE.tape("T1"), TARGET.tape("T1"), DIGEST, 100, HERE, THERE, copied="2026-11-21T01:30:00Z",
        verified="2026-11-21T01:30:00Z", durable=False, run="RUN0")


def pool_of(*names: str, **more: Any) -> Situation:
    return Situation(SOURCE, TARGET, inventory(*(facts(HERE, name) for name in names)), inventory(),
                     source_vault=VAULT_ID, **more)


def test_templates_select_in_order_and_once() -> None:
    pool = inventory(*(facts(HERE, name) for name in ("B2", "A1", "A2")))
    assert selected(pool, ("A*", "*2")) == ("A1", "A2", "B2")
    assert selected(pool, ("a*",)) == ()


def test_a_name_that_is_not_there_is_refused_and_the_others_are_copied() -> None:
    plan = make_plan(pool_of("T1", tapes=("T1", "T9", "X*")))
    assert [(each.action, each.tape, each.reason) for each in plan.steps] == [
        (Action.COPY, "T1", None), (Action.REFUSE, "T9", "missing")]
    assert plan.steps[1].why == "is not in the source pool"


def test_what_is_gone_is_told_and_nothing_follows_from_it() -> None:
    gone = {"T7": copy(digest=None), **{name: copy() for name in ("T8", "T9", "X1")}}
    plan = make_plan(pool_of("T1", tapes=("T*", "T9"), copies=gone))
    assert plan.gone == ("T8",), "T9 is asked for by name, T7 was never copied, X1 is not selected"
    assert [each.tape for each in plan.steps] == ["T1", "T9"]


def test_an_empty_pool_and_templates_that_select_nothing_are_refused() -> None:
    with pytest.raises(EmptySource, match=r"^pool here:/VAULT01/PAYROLL holds no tape$"):
        make_plan(pool_of())
    with pytest.raises(EmptySource, match=r"^pool here:/VAULT01/PAYROLL: X\*, Y\? selects none of its 2 tapes, "
                                         r"which are T1, T2$"):
        make_plan(pool_of("T1", "T2", tapes=("X*", "Y?")))


def test_warnings_and_what_was_skipped_are_handed_on() -> None:
    skipped = Skipped("LINK", "a symbolic link")
    given = dataclasses.replace(pool_of(warnings=("pool x cannot be listed",)),
                                source=inventory(facts(HERE), skipped=(skipped,)))
    plan = make_plan(given)
    assert (plan.warnings, plan.skipped) == (("pool x cannot be listed",), (skipped,))


def test_a_plan_counts_what_it_will_send() -> None:
    steps = (Step(Action.COPY, "T1", "new", 5), Step(Action.COMPARE, "T2", "?", 7), Step(Action.COPY, "T3", "new", 6))
    plan = Plan(SOURCE, TARGET, steps)
    assert plan.bytes_to_copy == 11
    assert [each.tape for each in plan.having(Action.COPY)] == ["T1", "T3"]


def test_reasons_tell_times_in_the_zone_of_the_people() -> None:
    """A copy of 01:30 UTC was made at 02:30 in Berlin's winter, and at 20:30 of the day before in New York."""
    from zoneinfo import ZoneInfo

    for zone, shown in (("Europe/Berlin", "2026-11-22 02:30"), ("America/New_York", "2026-11-21 20:30")):
        planned = step(GROWN, THERE, copy(), zone=ZoneInfo(zone))
        assert planned.why == f"changed since {shown}"
