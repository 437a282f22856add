"""What a run records: not over the word of somebody who looked meanwhile, in time, and under the right event."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.service.world import SOURCE, START, TARGET, World
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Tape
from vtspolicy.systems.disk.local import Local, LocalReader

LATER = "2030-01-01T00:00:00.000Z"


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Acts once, when the next run has made its plan and opens its first tape."""
    usual = Local.read
    left = [act]

    def read(self: Local, tape: Tape) -> LocalReader:
        if left:
            left.pop()()
        return usual(self, tape)

    monkeypatch.setattr(Local, "read", read)


def row(world: World, name: str) -> Copy:
    """What the catalog holds of a copy."""
    with world.state() as state:
        return state.copies(SOURCE, TARGET)[name]


def record(world: World, name: str, **changes: str | None) -> None:
    """Somebody else records what he found in a copy."""
    with world.state() as state, state.transaction() as transaction:
        transaction.save_copy(replace(state.copies(SOURCE, TARGET)[name], **changes))  # type: ignore[arg-type]


def test_a_copy_that_a_run_trusts_stays_damaged_if_it_was_found_so_meanwhile(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    world.tape("T1", b"content of today")
    meanwhile(monkeypatch, lambda: record(world, "T2", reason="damaged", failed=LATER))
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert (leg["copied"], leg["trusted"]) == (1, 1)
    assert (row(world, "T2").reason, row(world, "T2").failed) == ("damaged", LATER)
    assert world.states() == {"T1": "safe", "T2": "failed"}
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert (leg["copied"], leg["trusted"]) == (1, 1)
    assert world.states() == {"T1": "safe", "T2": "safe"}


@pytest.mark.parametrize(("found", "reason"), [
    ({"reason": "damaged", "failed": LATER}, "damaged"),
    ({"verified": LATER}, "source-changed"),
], ids=["damaged", "good"])
def test_a_failure_does_not_undo_what_was_found_in_the_copy_meanwhile(
        world: World, monkeypatch: pytest.MonkeyPatch, found: dict[str, str], reason: str) -> None:
    world.tape("T1")
    world.say(*START)
    world.tape("T1", b"content of today")

    def act() -> None:
        record(world, "T1", **found)
        world.tape("T1", b"changed since the plan was made")

    meanwhile(monkeypatch, act)
    said = world.say(*START, "--json")
    assert [each["reason"] for each in said.json["errors"]] == ["source-changed"]
    copy = row(world, "T1")
    assert copy.reason == reason
    assert {key: getattr(copy, key) for key in found} == found


def test_what_a_run_has_read_itself_counts_whatever_was_recorded_meanwhile(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tape("T1")
    world.say(*START)
    world.tape("T1", b"content of today")
    meanwhile(monkeypatch, lambda: record(world, "T1", reason="damaged", failed=LATER))
    assert world.say(*START).code == 0
    assert (row(world, "T1").reason, row(world, "T1").size, world.states()) == (None, 16, {"T1": "safe"})


def test_a_source_that_was_touched_is_told_as_that(world: World) -> None:
    path = world.tape("T1")
    world.say(*START)
    proof = row(world, "T1").verified
    moment = path.stat().st_mtime_ns
    os.utime(path, ns=(moment, moment))
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert (leg["equal"], leg["copied"]) == (1, 0)
    assert [each for each in world.events() if each in ("224005", "224008")] == ["224008"]
    assert row(world, "T1").verified == proof, "nobody read the copy"
    (world.target / "T1").rename(world.target / "T9")
    (world.target / "T1").write_bytes(b"content")
    world.say(*START)
    assert [each for each in world.events() if each in ("224005", "224008")] == ["224008", "224005"]


def test_a_mode_that_changed_is_copied(world: World) -> None:
    path = world.tape("T1")
    path.chmod(0o640)
    world.say(*START)
    path.chmod(0o600)
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert (leg["copied"], (world.target / "T1").stat().st_mode & 0o777) == (1, 0o600)
    assert world.say(*START, "--json").json["status"] == "nothing"


def test_a_copy_that_only_the_far_record_knew_is_told(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    before = (world.database(), world.database().read_bytes())
    world.tape("T1", b"content of today")
    world.say(*START)
    assert "224021" not in world.events(), "so far the catalog knew"
    before[0].write_bytes(before[1])  # as if the run had been killed before it recorded anything
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert (leg["copied"], leg["trusted"]) == (0, 2)
    assert world.events().count("224021") == 1
    world.say(*START)
    assert world.events().count("224021") == 1, "once is enough"


def test_the_sources_own_file_is_no_copy(world: World) -> None:
    path = world.tape("T1")
    world.tape("T2")
    os.link(path, world.target / "T1")
    for words in (START, (*START, "--replace", "--yes")):
        said = world.say(*words, "--json")
        assert (said.code, [each["reason"] for each in said.json["errors"]]) == (2, ["identity"])
    assert world.states() == {"T1": "failed", "T2": "safe"}
    assert path.stat().st_nlink == 2
