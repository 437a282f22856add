"""A plan carried out in memory: what becomes of each tape, and of those beside one that fails."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit.transfer.faulty import NOW, SOURCE, TARGET, Part, Source, Target, known
from vtspolicy.errors import (
    Bug,
    Diverged,
    Failure,
    Held,
    Incomplete,
    Missing,
    NameClash,
    NoSpace,
    Outage,
    SourceChanged,
    Stopped,
    Unequal,
)
from vtspolicy.planning.plan import WINDOW_PARTS, Action, Copy, Plan, Step
from vtspolicy.policy.places import Tape
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Hole, Identity, Promises, Record
from vtspolicy.systems.layers import Pace
from vtspolicy.systems.memory import MemoryReader
from vtspolicy.systems.metadata import Metadata
from vtspolicy.transfer.carry_out import carry_out
from vtspolicy.transfer.journey import Journey
from vtspolicy.transfer.outcome import Outcome, Result


def journey(**more: Any) -> Journey:
    return Journey("RUN1", "wwww", "a" * 32, lambda: NOW, **more)


def step(source: Source, name: str, target: Target | None = None, **more: Any) -> Step:
    facts = source.facts(SOURCE.tape(name))
    there = target.facts(TARGET.tape(name)) if target is not None and target.find(TARGET.tape(name)) else None
    return Step(**{"action": Action.COPY, "tape": name, "why": "new", "size": facts.identity.size, "source": facts,
                   "target": there, **more})


def go(source: Source, target: Target, *steps: Step, **more: Any) -> list[Outcome]:
    found = list(carry_out(Plan(SOURCE, TARGET, steps), source, target, journey(**more)))
    assert source.open == 0, "a reader is left open"
    return found


def content(target: Target, name: str) -> bytes | None:
    file = target.find(TARGET.tape(name))
    return None if file is None else file.content


def test_a_new_tape_is_published_with_its_record(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"content", mode=0o604, mtime_ns=123)
    found, = go(source, target, step(source, "T1"))
    there = target.facts(TARGET.tape("T1"))
    assert (content(target, "T1"), there.mode, there.identity.mtime_ns) == (b"content", 0o604, 123)
    assert (found.result, found.failure, found.sent) == (Result.COPIED, None, 7)
    assert found.copy == Copy(
        SOURCE.tape("T1"), TARGET.tape("T1"), digest_of(b"content"), 7, source.facts(SOURCE.tape("T1")).identity,
        there.identity, copied=NOW, verified=NOW, durable=True, run="RUN1")
    record, = target.kept[TARGET.tape("T1")]
    assert record == Record(
        "T1", digest_of(b"content"), dataclasses.replace(there.identity, ctime_ns=None), SOURCE.tape("T1"), "a" * 32,
        source.facts(SOURCE.tape("T1")).identity, NOW, "RUN1", "wwww", 1, True)
    assert not target.parts


def test_a_target_that_cannot_promise_leaves_an_unproven_copy(source: Source, target: Target) -> None:
    target.promises = Promises("sftp", durable=False, atomic=True)
    source.put(SOURCE.tape("T1"), b"x")
    found, = go(source, target, step(source, "T1"))
    assert found.copy is not None
    assert (found.copy.durable, target.kept[TARGET.tape("T1")][0].durable) == (False, False)


@pytest.mark.usefixtures("both")
def test_an_unchanged_tape_is_trusted_without_a_read(source: Source, target: Target) -> None:
    target.rot(TARGET.tape("T1"), b"rot")
    row = known(source, target, reason="unreachable", failed="yesterday")
    found, = go(source, target, step(source, "T1", target, action=Action.NOTHING, known=row))
    assert (found.result, found.sent) == (Result.TRUSTED, 0)
    assert found.copy == dataclasses.replace(row, trusted=NOW, reason=None, failed=None)


@pytest.mark.usefixtures("both")
def test_equal_bytes_of_an_unknown_tape_become_a_verified_copy(source: Source, target: Target) -> None:
    found, = go(source, target, step(source, "T1", target, action=Action.COMPARE))
    assert found.result is Result.EQUAL
    assert found.copy == Copy(
        SOURCE.tape("T1"), TARGET.tape("T1"), digest_of(b"old"), 3, source.facts(SOURCE.tape("T1")).identity,
        target.facts(TARGET.tape("T1")).identity, copied=NOW, verified=NOW, durable=True, run="RUN1")
    assert target.made_durable == ["T1"], "who wrote it may not have"


@pytest.mark.usefixtures("both")
def test_of_a_known_copy_only_the_source_is_read(source: Source, target: Target) -> None:
    target.rot(TARGET.tape("T1"), b"rot")
    row = known(source, target, durable=True)
    found, = go(source, target, step(source, "T1", target, action=Action.COMPARE, known=row))
    assert (found.result, found.read) == (Result.EQUAL, False)
    assert found.copy is not None
    assert (found.copy.verified, found.copy.trusted, found.copy.copied, found.copy.durable) == (
        "then", NOW, "then", True)


@pytest.mark.usefixtures("both")
def test_a_known_copy_that_could_be_more_durable_than_it_is_is_read(source: Source, target: Target) -> None:
    given = step(source, "T1", target, action=Action.COMPARE, known=known(source, target, durable=False))
    found, = go(source, target, given)
    assert found.copy is not None
    assert (found.result, found.read, found.copy.durable, target.made_durable) == (Result.EQUAL, True, True, ["T1"])
    target.promises = dataclasses.replace(target.promises, durable=False)
    found, = go(source, target, given)
    assert found.copy is not None
    assert (found.result, found.read, found.copy.durable, target.made_durable) == (Result.EQUAL, False, False, ["T1"])


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(("bytes_there", "result"), [(b"old", Result.EQUAL), (b"rot", Result.COPIED)])
def test_a_known_copy_that_is_in_doubt_is_read_and_proven(source: Source, target: Target, bytes_there: bytes,
                                                          result: Result) -> None:
    target.rot(TARGET.tape("T1"), bytes_there)
    found, = go(source, target, step(source, "T1", target, action=Action.COMPARE, if_unequal=Action.COPY,
                                     known=known(source, target, doubted="since then")))
    assert (found.result, content(target, "T1")) == (result, b"old")
    assert found.copy is not None and (found.copy.verified, found.copy.doubted) == (NOW, None)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("changes", [{"reason": "diverged"}, {"target_identity": Identity(3, 99, 1, 1)}])
def test_a_copy_that_a_hand_was_seen_in_is_read(source: Source, target: Target, changes: dict[str, Any]) -> None:
    target.rot(TARGET.tape("T1"), b"rot")
    found, = go(source, target, step(source, "T1", target, action=Action.COMPARE, reason="diverged",
                                     known=known(source, target, **changes)))
    assert found.result is Result.REFUSED
    assert isinstance(found.failure, Diverged)


@pytest.mark.usefixtures("both")
def test_other_bytes_are_copied_or_refused_as_the_plan_says(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"new")
    given = step(source, "T1", target, action=Action.COMPARE, reason="diverged")
    found, = go(source, target, given)
    assert str(found.failure) == "here:/VAULT01/PAYROLL/T1: the target's tape holds other bytes, and was not copied " \
                                 "there by us; with REPLACE ! the source's would take its place"
    assert (found.result, content(target, "T1")) == (Result.REFUSED, b"old")
    found, = go(source, target, dataclasses.replace(given, if_unequal=Action.COPY))
    assert (found.result, content(target, "T1")) == (Result.COPIED, b"new")


@pytest.mark.parametrize(("reason", "kind"), [
    ("diverged", Diverged), ("held", Held), ("name-clash", NameClash), ("missing", Missing)])
def test_a_refused_step_becomes_its_failure(source: Source, target: Target, reason: str, kind: type[Failure]) -> None:
    found, = go(source, target, Step(Action.REFUSE, "T1", "because", reason=reason))
    cure = "; with REPLACE ! the source's would take its place" if reason == "diverged" else ""
    assert (found.result, type(found.failure), str(found.failure), found.copy) == (
        Result.REFUSED, kind, f"here:/VAULT01/PAYROLL/T1: because{cure}", None)


def test_a_refusal_and_a_failure_are_noted_with_what_was_known(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"x")
    found, = go(source, target, step(source, "T1", action=Action.REFUSE, reason="held"))
    assert found.copy == Copy(SOURCE.tape("T1"), TARGET.tape("T1"), reason="held", failed=NOW)
    row = Copy(SOURCE.tape("T1"), TARGET.tape("T1"), "d", verified="then")
    target.failing["begin", "T1"] = NoSpace("full")
    found, = go(source, target, step(source, "T1", known=row))
    assert found.copy == dataclasses.replace(row, reason="space", failed=NOW)


@pytest.mark.parametrize("reason", ["damaged", "diverged", "not-durable"])
def test_that_wrong_bytes_lie_there_outlives_a_repair_that_failed(source: Source, target: Target, reason: str) -> None:
    source.put(SOURCE.tape("T1"), b"x")
    row = Copy(SOURCE.tape("T1"), TARGET.tape("T1"), "d", reason=reason, failed="then")
    target.failing["begin", "T1"] = Outage("cut")
    found, = go(source, target, step(source, "T1", known=row))
    assert (found.result, found.copy) == (Result.FAILED, row)


@pytest.mark.parametrize("when", ["begin", "sealed", "commit", "committed"])
def test_one_tape_that_fails_stops_nobody_else(source: Source, target: Target, when: str) -> None:
    for name in ("T1", "T2", "T3"):
        source.put(SOURCE.tape(name), name.encode())
    target.failing[when, "T2"] = NoSpace("full", tape="T2")
    found = go(source, target, *(step(source, name) for name in ("T1", "T2", "T3")))
    assert {each.step.tape: each.result for each in found} == {
        "T1": Result.COPIED, "T2": Result.FAILED, "T3": Result.COPIED}
    assert [str(each.failure) for each in found if each.failure] == ["full"]
    assert not target.parts


@pytest.mark.parametrize("when", ["begin", "sealed", "commit", "committed"])
def test_a_fault_of_ours_with_one_tape_is_told_and_stops_nobody_else(source: Source, target: Target,
                                                                     when: str) -> None:
    for name in ("T1", "T2", "T3"):
        source.put(SOURCE.tape(name), name.encode())
    target.failing[when, "T2"] = ZeroDivisionError("by zero")
    found = go(source, target, *(step(source, name) for name in ("T1", "T2", "T3")))
    assert {each.step.tape: each.result for each in found} == {
        "T1": Result.COPIED, "T2": Result.FAILED, "T3": Result.COPIED}
    failure, = (each.failure for each in found if each.failure)
    assert (type(failure), str(failure)) == (Bug, "T2: vtspolicy has a fault: ZeroDivisionError: by zero")
    assert not target.parts


@pytest.mark.parametrize("when", ["begin", "sealed", "commit", "committed"])
def test_a_road_that_is_lost_ends_all_that_needs_it(source: Source, target: Target, when: str) -> None:
    for name in ("T1", "T2", "T3"):
        source.put(SOURCE.tape(name), name.encode())
    target.put(TARGET.tape("T4"), b"x")
    source.put(SOURCE.tape("T4"), b"x")
    row = Copy(SOURCE.tape("T4"), TARGET.tape("T4"), "d")
    target.failing[when, "T1"] = Outage("cut")
    found = go(source, target, *(step(source, name) for name in ("T1", "T2", "T3")),
               step(source, "T4", target, action=Action.NOTHING, known=row))
    results = {each.step.tape: each.result for each in found}
    assert results == {"T1": Result.FAILED, "T2": Result.FAILED, "T3": Result.FAILED, "T4": Result.TRUSTED}
    assert {each.failure for each in found if each.failure} == {target.failing[when, "T1"]}
    assert target.discards == [], "nobody talks over a lost road"
    assert [call for call in target.calls if call[1] != "T1" and call[0] == "committed"] == []


def test_a_source_that_changed_since_the_plan_is_not_sent(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"x")
    target.put(TARGET.tape("T1"), b"y")
    planned = [step(source, "T1", target), step(source, "T1", target, action=Action.COMPARE)]
    source.put(SOURCE.tape("T1"), b"y")
    for each in planned:
        found, = go(source, target, each)
        assert isinstance(found.failure, SourceChanged)
    assert target.calls == []


def test_a_source_that_changes_while_it_is_read_is_not_published(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"x")
    source.meanwhile = lambda tape: source.put(tape, b"y")
    found, = go(source, target, step(source, "T1"))
    assert isinstance(found.failure, SourceChanged)
    assert (content(target, "T1"), target.parts) == (None, set())


def test_a_source_that_goes_before_it_is_read_is_told(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"x")
    planned = step(source, "T1")
    del source.pools[SOURCE]["T1"]
    found, = go(source, target, planned)
    assert (found.result, type(found.failure)) == (Result.FAILED, Missing)


def test_a_far_side_that_lies_about_a_digest_publishes_nothing(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"x")
    target.lies.add("T1")
    found, = go(source, target, step(source, "T1"))
    assert isinstance(found.failure, Unequal)
    assert (content(target, "T1"), target.parts) == (None, set())


def test_a_target_that_changed_since_the_plan_is_refused(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"x")
    planned = step(source, "T1", target)
    target.put(TARGET.tape("T1"), b"y")
    found, = go(source, target, planned)
    assert (found.result, type(found.failure), content(target, "T1")) == (Result.REFUSED, Diverged, b"y")


def test_many_tapes_share_the_way_and_every_one_gets_its_outcome(source: Source, target: Target) -> None:
    names = [f"T{number:03}" for number in range(2 * WINDOW_PARTS + 5)]
    for name in names:
        source.put(SOURCE.tape(name), name.encode())
    found = go(source, target, *(step(source, name) for name in names))
    assert [each.step.tape for each in found] == names
    assert {each.result for each in found} == {Result.COPIED}
    first = target.calls[:2 * WINDOW_PARTS]
    assert [when for when, _ in first] == ["sealed", "commit"] * WINDOW_PARTS, "no answer is waited for in between"


def test_a_small_tape_is_published_before_a_large_one_behind_it_is_read(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"small")
    source.put(SOURCE.tape("T2"), bytes(5 << 20))
    there: list[bytes | None] = []
    found = go(source, target, step(source, "T1"), step(source, "T2"),
               progress=lambda count: there.append(content(target, "T1")) if count > 5 else None)
    assert [each.result for each in found] == [Result.COPIED, Result.COPIED]
    assert set(there) == {b"small"}


def test_a_stop_between_tapes_leaves_nothing_half_done(source: Source, target: Target) -> None:
    for name in ("T1", "T2"):
        source.put(SOURCE.tape(name), b"x")
    left = [3]

    def progress(count: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Stopped("stopped")

    with pytest.raises(Stopped):
        go(source, target, step(source, "T1"), step(source, "T2"), progress=progress)
    assert (content(target, "T1"), target.parts, source.open) == (None, set(), 0)


def test_a_stop_within_a_tape_says_nothing_against_it(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"x")

    def progress(count: int) -> None:
        if count:
            raise Stopped("stopped")

    with pytest.raises(Stopped):
        go(source, target, step(source, "T1"), progress=progress)
    assert target.parts == set()


def test_whoever_stops_listening_leaves_no_part(source: Source, target: Target) -> None:
    names = [f"T{number:03}" for number in range(WINDOW_PARTS)]
    for name in names:
        source.put(SOURCE.tape(name), b"x")
    outcomes = carry_out(Plan(SOURCE, TARGET, tuple(step(source, name) for name in names)), source, target, journey())
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    assert (target.parts, source.open) == (set(), 0)


def test_bytes_are_paced_and_told_but_holes_are_not_sent(source: Source, target: Target) -> None:
    class Holed(Source):
        def read(self, tape: Tape) -> MemoryReader:
            reader = super().read(tape)
            reader.pieces = lambda: iter([b"head", Hole(6)])  # type: ignore[method-assign]
            return reader

    holed, moved, slept = Holed(), list[int](), list[float]()
    holed.put(SOURCE.tape("T1"), b"head" + bytes(6))
    found, = go(holed, target, step(holed, "T1"), progress=moved.append,
                pace=Pace(4, now=lambda: 0.0, sleep=slept.append))
    assert (found.sent, content(target, "T1"), [each for each in moved if each], slept) == (
        4, b"head" + bytes(6), [4, 6], [1.0])


# ---- sets ------------------------------------------------------------------------------------------------------------


def a_set(source: Source, *companions: str) -> list[Step]:
    for name in (*companions, "T1"):
        source.put(SOURCE.tape(name), name.encode())
    return [*(step(source, name, accompanies="T1") for name in companions), step(source, "T1")]


def test_companions_are_published_before_their_tape_is_asked_for(source: Source, target: Target) -> None:
    steps = a_set(source, "T1.a", "T1.b")
    source.put(SOURCE.tape("T0"), b"on its own")
    found = go(source, target, step(source, "T0"), *steps)
    assert [each.result for each in found] == [Result.COPIED] * 4
    calls = [(when, name) for when, name in target.calls if when in ("commit", "committed")]
    assert calls.index(("commit", "T1")) > max(calls.index(("committed", name)) for name in ("T0", "T1.a", "T1.b"))


@pytest.mark.parametrize("when", ["begin", "sealed", "commit", "committed"])
def test_a_companion_that_fails_keeps_its_tape_back(source: Source, target: Target, when: str) -> None:
    steps = a_set(source, "T1.a", "T1.b")
    source.put(SOURCE.tape("T2"), b"another")
    target.failing[when, "T1.a"] = NoSpace("full")
    found = {each.step.tape: each for each in go(source, target, *steps, step(source, "T2"))}
    assert {name: each.result for name, each in found.items()} == {
        "T1.a": Result.FAILED, "T1.b": Result.COPIED, "T1": Result.FAILED, "T2": Result.COPIED}
    assert isinstance(found["T1"].failure, Incomplete)
    assert found["T1"].copy is None, "its own row is as it was"
    assert content(target, "T1") is None
    assert target.parts == set()


def test_a_companion_that_is_refused_keeps_its_tape_back(source: Source, target: Target) -> None:
    first, last = a_set(source, "T1.a")
    refused = dataclasses.replace(first, action=Action.REFUSE, reason="held", why="became empty")
    found = go(source, target, refused, last)
    assert [type(each.failure) for each in found] == [Held, Incomplete]
    assert content(target, "T1") is None


# ---- what is not read back, and what a copy has beside its bytes -----------------------------------------------------


class Unread(Part):
    def sealed(self) -> str:
        super().sealed()
        return ""


@pytest.mark.parametrize("read_back", [True, False])
def test_what_was_not_read_back_is_no_proof(source: Source, target: Target, monkeypatch: pytest.MonkeyPatch,
                                            read_back: bool) -> None:
    source.put(SOURCE.tape("T1"), b"content")
    monkeypatch.setattr(target, "begin", lambda tape, size, name: Unread(target, tape, name))
    found, = go(source, target, step(source, "T1"), read_back=read_back)
    if read_back:
        assert isinstance(found.failure, Unequal)
        return
    assert found.copy is not None
    assert (found.result, found.copy.verified, found.copy.digest) == (Result.COPIED, None, digest_of(b"content"))
    record, = target.kept[TARGET.tape("T1")]
    assert not record.proven


def test_owner_mode_and_attributes_go_with_the_tape(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"content", mode=0o604)
    source.dress(SOURCE.tape("T1"), Metadata(0, 0, None, {"user.volser": b"T1"}))
    go(source, target, step(source, "T1"), owner="vts:vts", mode=0o660)
    there = target.file(TARGET.tape("T1"))
    assert (there.owner, there.mode, there.attributes) == ("vts:vts", 0o660, {"user.volser": b"T1"})
