"""VERIFY and REBUILD CATALOG: what lies on the targets is asked."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.service.world import SOURCE, START, TARGET, World
from vtspolicy.policy.places import Tape
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Progress, TapeFacts, no_progress


def test_verify_reads_nothing_from_another_disk_under_the_same_name(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    (world.root / "there" / ".vtspolicy-vault").write_text("f" * 32 + "\n")
    shutil.rmtree(world.target)
    world.target.mkdir()
    said = world.say("verify", "scheme", "NIGHTLY", "--json")
    data = said.json["data"]
    assert (said.code, said.json["status"], data["tapes"], data["counts"]) == (2, "failed", [], {"unread": 2})
    assert [each["reason"] for each in said.json["errors"]] == ["identity"], "told once, not for every tape"
    assert world.states() == {"T1": "unproven", "T2": "unproven"}, "nobody knows where the copies are"
    assert world.events()[-1] == "622001"


def test_verify_misses_a_copy_that_is_gone(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    (world.target / "T1").unlink()
    said = world.say("verify", "scheme", "NIGHTLY", "--json")
    assert [(each["tape"], each["result"]) for each in said.json["data"]["tapes"]] == [
        ("here:/VAULT01/PAYROLL/T1", "missing"), ("here:/VAULT01/PAYROLL/T2", "verified")]
    assert world.states() == {"T1": "missing", "T2": "safe"}
    assert "624018" in world.events()


def test_a_copy_that_cannot_be_read_is_told_and_the_others_are_verified(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    (world.target / "T1").unlink()
    (world.target / "T1").mkdir()
    said = world.say("verify", "scheme", "NIGHTLY", "--json")
    assert said.json["data"]["counts"] == {"damaged": 1, "verified": 1}
    assert [each["reason"] for each in said.json["errors"]] == ["damaged"]
    assert said.code == 2
    assert world.states() == {"T1": "failed", "T2": "safe"}


def test_a_link_in_place_of_a_copy_is_damage_and_is_not_followed(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    (world.target / "T1").unlink()
    (world.target / "T1").symlink_to("/dev/null")
    assert world.say("verify", "scheme", "NIGHTLY", "--json").json["data"]["counts"] == {"damaged": 1, "verified": 1}
    assert world.states() == {"T1": "failed", "T2": "safe"}
    said = world.say(*START, "--json")
    assert (said.code, [each["reason"] for each in said.json["errors"]]) == (2, ["diverged"])
    assert (world.target / "T1").is_symlink()
    (world.target / "T1").unlink()
    assert world.say(*START, "--json").json["data"]["legs"][0]["copied"] == 1
    assert world.states() == {"T1": "safe", "T2": "safe"}


def test_a_copy_on_a_bad_sector_is_damaged_and_is_repaired(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    usual, bad = os.pread, (world.target / "T1").stat().st_ino

    def pread(fd: int, size: int, offset: int) -> bytes:
        if os.fstat(fd).st_ino == bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return usual(fd, size, offset)

    monkeypatch.setattr(os, "pread", pread)
    said = world.say("verify", "scheme", "NIGHTLY", "--json")
    assert (said.code, said.json["data"]["counts"]) == (2, {"damaged": 1, "verified": 1})
    assert world.states() == {"T1": "failed", "T2": "safe"}
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert (leg["copied"], leg["trusted"]) == (1, 1)
    assert world.states() == {"T1": "safe", "T2": "safe"}


def test_the_copies_of_a_pool_that_is_gone_are_missing_to_verify(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    shutil.rmtree(world.target)
    said = world.say("verify", "scheme", "NIGHTLY", "--json")
    assert (said.code, [each["result"] for each in said.json["data"]["tapes"]]) == (2, ["missing", "missing"])
    assert world.states() == {"T1": "missing", "T2": "missing"}
    world.target.mkdir()
    assert world.say(*START, "--json").json["data"]["legs"][0]["copied"] == 2
    assert world.states() == {"T1": "safe", "T2": "safe"}


def test_the_copies_of_a_pool_that_is_gone_are_missing_to_a_run(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    world.tape("T3")
    shutil.rmtree(world.target)
    said = world.say(*START, "--json")
    assert (said.code, [each["reason"] for each in said.json["errors"]]) == (2, ["unknown"])
    assert world.states() == {"T1": "missing", "T2": "missing", "T3": "never"}
    world.target.mkdir()
    assert world.say(*START).code == 0
    assert set(world.states().values()) == {"safe"}


@pytest.mark.parametrize("when", ["before it is read", "after it was read"])
def test_a_copy_that_a_run_renews_meanwhile_stands_though_the_clock_was_set_back(
        world: World, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    world.tape("T1")
    usual = time.time_ns
    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: usual() + 3600 * 10**9)
        world.say(*START)
    world.tape("T1", b"content of today")
    read, runs = Local.digest, [[sys.executable, "-m", "vtspolicy", *START, "--policies", str(world.policies),
                                 "--state", str(world.state_folder)]]

    def digest(self: Local, tape: Tape, progress: Progress = no_progress, *, durable: bool = False,
               rate: int | None = None) -> tuple[str, TapeFacts]:
        if when.startswith("after"):
            found = read(self, tape, progress, durable=durable, rate=rate)
        if runs:
            subprocess.run(runs.pop(), check=True)
        return found if when.startswith("after") else read(self, tape, progress, durable=durable, rate=rate)

    monkeypatch.setattr(Local, "digest", digest)
    said = world.say("verify", "scheme", "NIGHTLY", "--json")
    with world.state() as state:
        first, second = sorted((each.started, each.id) for each in state.runs() if each.verb == "START")
        assert state.copies(SOURCE, TARGET)["T1"].size == len(b"content of today"), "the newer publish stands"
    assert second[1] != first[1]
    assert (said.code, said.json["data"]["counts"], world.states()) == (0, {"verified": 1}, {"T1": "safe"})
    assert "824007" not in world.events()
    assert world.say(*START, "--json").json["status"] == "nothing"


def test_verify_of_what_was_never_copied_is_refused(world: World) -> None:
    world.tape("T1")
    said = world.say("verify", "tape", "/VAULT01/PAYROLL/T1")
    assert (said.code, said.out) == (2, "")
    assert "/VAULT01/PAYROLL/T1: no copy is known that could be verified" in said.err


# ---- REBUILD -------------------------------------------------------------------------------------------------------


def test_a_lost_catalog_is_made_anew_from_the_targets(world: World) -> None:
    world.tape("T1"), world.tape("T2"), world.tape("T3")
    world.say(*START)
    (world.target / "T2").write_bytes(b"theirs")
    (world.target / "T3").unlink()
    (world.target / "X9").write_bytes(b"never ours")
    with world.state() as state:
        before = state.copies(SOURCE, TARGET)
    shutil.rmtree(world.state_folder)
    said = world.say("rebuild", "catalog", "--yes", "--json")
    assert (said.code, said.json["data"]) == (0, {"copies": 1, "proven": 1, "pools": [str(TARGET)], "kept": None})
    with world.state() as state:
        copies = state.copies(SOURCE, TARGET)
    assert {name: each.reason for name, each in copies.items()} == {"T1": None, "T2": "diverged", "T3": "missing"}
    copy = copies["T1"]
    old = before["T1"]
    assert (copy.source, copy.target, copy.digest, copy.size, copy.source_identity, copy.target_identity, copy.run,
            copy.durable) == (old.source, old.target, old.digest, old.size, old.source_identity, old.target_identity,
                              old.run, True)
    assert copy.verified == copy.copied, "the proof that lies there fits"
    assert world.states() == {"T1": "safe", "T2": "diverged", "T3": "missing"}
    assert world.say("plan", "scheme", "NIGHTLY", "--json").json["data"]["legs"][0]["counts"] == {
        "copy": 1, "compare": 0, "nothing": 1, "refuse": 1}


def test_damage_that_was_known_to_a_lost_catalog_is_known_again(world: World) -> None:
    world.tape("T1")
    world.say(*START)
    copy = world.target / "T1"
    before = copy.stat()
    with open(copy, "r+b") as file:
        file.write(b"C")
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    world.say("verify", "scheme", "NIGHTLY")
    assert world.states() == {"T1": "failed"}
    assert world.say("rebuild", "catalog", "--yes").code == 0
    assert world.states() == {"T1": "failed"}
    assert world.say(*START).code == 0
    assert (copy.read_bytes(), world.states()) == (b"content", {"T1": "safe"})


def test_a_damaged_state_is_kept_beside_the_new_one(world: World) -> None:
    world.tape("T1")
    world.say(*START)
    path = world.database()
    path.write_bytes(b"garbage" * 1000)
    assert world.say("status", "scheme", "NIGHTLY").code == 3
    said = world.say("rebuild", "catalog", "--yes", "--json")
    assert (said.code, said.json["data"]["copies"]) == (0, 1)
    assert Path(said.json["data"]["kept"]).read_bytes() == b"garbage" * 1000
    assert world.events()[:1] == ["431002"]


def test_a_catalog_is_not_rebuilt_from_a_vault_without_its_id(world: World) -> None:
    world.tape("T1")
    world.say(*START)
    (world.root / "here" / ".vtspolicy-vault").unlink()
    said = world.say("rebuild", "catalog", "--yes", "--json")
    assert (said.code, said.json["status"], said.json["errors"][0]["reason"]) == (2, "failed", "identity")


def test_rebuilding_needs_a_yes(world: World) -> None:
    said = world.say("rebuild", "catalog")
    assert (said.code, said.out) == (2, "")
    assert "needs a yes" in said.err
