"""VERIFY and REBUILD CATALOG: what lies on the targets is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.unit.service.world import SOURCE, START, TARGET, World


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
    assert said.json["data"]["counts"] == {"unread": 1, "verified": 1}
    assert [each["reason"] for each in said.json["errors"]] == ["source-read"]
    assert said.code == 2


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
    assert (said.code, said.json["data"]) == (0, {"copies": 1, "pools": [str(TARGET)], "kept": None})
    with world.state() as state:
        copies = state.copies(SOURCE, TARGET)
    assert {name: each.reason for name, each in copies.items()} == {"T1": None, "T2": "diverged", "T3": "missing"}
    copy = copies["T1"]
    old = before["T1"]
    assert (copy.source, copy.target, copy.digest, copy.size, copy.source_identity, copy.target_identity, copy.run,
            copy.durable, copy.copied, copy.verified) == (
                old.source, old.target, old.digest, old.size, old.source_identity, old.target_identity, old.run, True,
                old.copied, old.verified)
    assert world.states()["T1"] == "safe"
    assert world.say("plan", "scheme", "NIGHTLY", "--json").json["data"]["legs"][0]["counts"] == {
        "copy": 1, "compare": 0, "nothing": 1, "refuse": 1}


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
