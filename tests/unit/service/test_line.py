"""The line from a sentence to the catalog, between two vaults of this machine."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest

from tests.unit.service.world import SCHEME, SOURCE, START, TARGET, World
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.service.run.locks import holding
from vtspolicy.systems.disk.local import Local, LocalReader
from vtspolicy.systems.facts import Inventory


def test_a_scheme_is_run_and_then_there_is_nothing_to_do(world: World) -> None:
    world.tape("T1"), world.tape("T2", b"")
    first = world.say(*START, "--json", "--ref", "PAY1")
    leg, = first.json["data"]["legs"]
    assert (first.code, first.json["status"], first.json["ref"]) == (0, "done", "PAY1")
    assert {key: leg[key] for key in ("source", "target", "copied", "equal", "trusted", "refused", "failed", "bytes",
                                      "warnings")} == {
        "source": str(SOURCE), "target": str(TARGET), "copied": 2, "equal": 0, "trusted": 0, "refused": 0,
        "failed": 0, "bytes": 7, "warnings": []}
    assert (world.target / "T1").read_bytes() == b"content"
    second = world.say(*START, "--json").json
    assert (second["status"], second["data"]["legs"][0]["trusted"]) == ("nothing", 2)
    assert world.states() == {"T1": "safe", "T2": "safe"}
    assert world.events() == ["224001", "224004", "224004", "224002", "224001", "224003"]
    with world.state() as state:
        assert [(each.verb, each.policy, each.ref, each.status, each.counts["done"]) for each in state.runs()] == [
            ("START", "NIGHTLY", "PAY1", "done", 2), ("START", "NIGHTLY", None, "nothing", 0)]
        assert state.vault(Vault("here", "VAULT01")) is not None


def test_a_plan_changes_nothing(world: World) -> None:
    world.tape("T1")
    said = world.say("plan", "scheme", "NIGHTLY", "--check", "--json")
    assert (said.code, said.json["status"], said.json["data"]["legs"][0]["counts"]) == (
        1, "planned", {"copy": 1, "compare": 0, "nothing": 0, "refuse": 0})
    assert list(world.target.iterdir()) == []
    assert world.say("plan", "scheme", "NIGHTLY").code == 0
    world.say(*START)
    assert world.say("plan", "scheme", "NIGHTLY", "--check").code == 0


def test_rot_is_found_told_and_repaired(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    copy = world.target / "T1"
    before = copy.stat()
    with open(copy, "r+b") as file:
        file.write(b"C")
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = world.say("verify", "scheme", "NIGHTLY", "--json")
    assert (found.code, found.json["status"], found.json["data"]["counts"]) == (
        2, "partial", {"verified": 1, "damaged": 1})
    assert found.json["errors"][0]["reason"] == "damaged"
    assert world.states() == {"T1": "failed", "T2": "safe"}
    assert world.say(*START).code == 0
    assert copy.read_bytes() == b"content"
    assert world.states() == {"T1": "safe", "T2": "safe"}
    assert [each for each in world.events() if each in ("824007", "224006")] == ["824007", "224006"]


def test_a_copy_that_someone_changed_is_refused_until_told_to_replace(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    (world.target / "T1").write_bytes(b"theirs!!")
    said = world.say(*START, "--json")
    assert (said.code, said.json["status"], [each["reason"] for each in said.json["errors"]]) == (
        2, "partial", ["diverged"])
    assert world.states() == {"T1": "diverged", "T2": "safe"}
    assert world.say(*START, "--replace").code == 2, "nobody said yes"
    assert (world.target / "T1").read_bytes() == b"theirs!!"
    assert world.say(*START, "--replace", "--yes").code == 0
    assert (world.target / "T1").read_bytes() == b"content"


def test_a_tape_that_became_empty_is_held(world: World) -> None:
    world.tape("T1")
    world.say(*START)
    world.tape("T1", b"")
    said = world.say(*START)
    assert (said.code, world.states()) == (2, {"T1": "held"})
    assert "is empty now; its copy holds 7 bytes" in said.err


def test_a_tape_that_is_gone_is_a_warning_and_its_copy_is_kept(world: World) -> None:
    world.tape("T1"), world.tape("T2")
    world.say(*START)
    (world.source / "T2").unlink()
    said = world.say(*START)
    assert (said.code, said.err) == (
        1, "*WARNING* here:/VAULT01/PAYROLL: T2 is gone from its source; its copy is kept. "
           "ACCEPT POOL here:/VAULT01/PAYROLL ! says that it is meant\n")
    assert (world.target / "T2").exists()
    assert world.states() == {"T1": "safe", "T2": "held"}


@pytest.mark.parametrize(("break_it", "reason", "words"), [
    (lambda world: shutil.rmtree(world.source), "empty", "pool here:/VAULT01/PAYROLL"),
    (lambda world: [path.unlink() for path in world.source.iterdir()], "empty", "holds no tape"),
    (lambda world: (world.root / "here" / ".vtspolicy-vault").unlink(), "identity", "is its disk mounted?"),
    (lambda world: (world.root / "there" / ".vtspolicy-vault").write_text("f" * 32 + "\n"), "identity",
     "another disk or machine answers under its name"),
    (lambda world: (world.root / "there" / ".vtspolicy-vault").write_text(f"{1:032x}\n"), "identity",
     "which is that of here:/VAULT01: one of them is a clone"),
    (lambda world: shutil.rmtree(world.root / "there"), "identity", "is its disk mounted?"),
], ids=["no-pool", "empty", "no-marker", "other-disk", "same", "no-vault"])
def test_what_is_not_as_it_was_is_refused_and_nothing_is_touched(
        world: World, break_it: object, reason: str, words: str) -> None:
    world.tape("T1")
    world.say(*START)
    before = (world.target / "T1").read_bytes()
    break_it(world)  # type: ignore[operator]
    said = world.say(*START, "--json")
    assert (said.code, said.json["status"], said.json["errors"][0]["reason"]) == (2, "refused", reason)
    assert words in said.json["errors"][0]["message"]
    if (world.root / "there").exists():
        assert (world.target / "T1").read_bytes() == before


def test_a_vault_copied_onto_itself_is_refused(world: World) -> None:
    (world.root / "there" / ".vtspolicy-vault").write_text(f"{1:032x}\n")
    world.tape("T1")
    said = world.say(*START)
    assert said.err == f"*ERROR* here:/VAULT01 and there:/VAULT02 are the same vault (id {1:032x}) (622001)\n"


def test_a_name_in_another_pool_of_the_target_is_refused_unless_the_settings_allow_it(world: World) -> None:
    world.tape("T1")
    (world.root / "there" / "OTHER").mkdir()
    (world.root / "there" / "OTHER" / "T1").write_text("x")
    said = world.say(*START, "--json")
    assert (said.code, said.json["errors"][0]["reason"]) == (2, "name-clash")
    world.policy("SETTINGS", "kind: settings\nname: SETTINGS\nunique-names: no\n")
    assert world.say(*START).code == 0


def test_a_pool_that_is_being_copied_to_is_locked(world: World) -> None:
    world.tape("T1")
    world.say("status", "scheme", "NIGHTLY")
    with holding(str(world.state_folder), [TARGET], "run R1 (OTHER)"):
        said = world.say(*START, "--json")
    assert (said.code, said.json["status"], said.json["errors"][0]["message"]) == (
        2, "refused", "there:/VAULT02/PAYROLL is being copied to by run R1 (OTHER)")
    assert said.json["errors"][0]["retry"] is True


def test_one_leg_that_fails_does_not_stop_the_other(world: World) -> None:
    world.policy("third", f"kind: system\nname: third\nvaults:\n  VAULT03: {world.root / 'nowhere'}\n")
    world.policy("NIGHTLY", SCHEME.replace("to: there", "to: [third:/VAULT03/PAYROLL, there").rstrip() + "]\n")
    world.tape("T1")
    said = world.say(*START, "--json")
    assert (said.code, said.json["status"]) == (2, "partial")
    assert [each["copied"] for each in said.json["data"]["legs"]] == [0, 1]


def test_status_of_a_source_that_cannot_be_looked_at_calls_nothing_gone(world: World) -> None:
    world.tape("T1")
    world.say(*START)
    shutil.rmtree(world.root / "here")
    said = world.say("status", "scheme", "NIGHTLY", "--json")
    assert (said.code, said.json["data"]["tapes"][0]["state"]) == (2, "unproven")
    assert said.json["data"]["tapes"][0]["basis"] == "last known"


# ---- what stands beside the line -------------------------------------------------------------------------------------


def test_a_vault_is_initialised_once(world: World) -> None:
    (world.root / "here" / ".vtspolicy-vault").unlink()
    said = world.say("init", "vault", "/VAULT01")
    identity = (world.root / "here" / ".vtspolicy-vault").read_text().strip()
    assert (said.code, said.out) == (0, f"OK, vault here:/VAULT01 has the id {identity}\n")
    assert world.say("init", "vault", "here:/VAULT01").code == 2
    assert world.say("init", "vault", "/VAULT01/PAYROLL").code == 2
    assert world.say("init", "vault", "nonsense").code == 2


def test_a_broken_policy_is_told_once_and_nothing_is_changed(world: World) -> None:
    world.policy("BAD", "kind: scheme\nname: BAD\n")
    said = world.say("add", "scheme", "NEW", "--from", "/VAULT01/X", "--to", "there:/VAULT02/X", "--json")
    assert said.code == 2
    assert len(said.out.splitlines()) == 1, "one envelope"
    assert not (world.policies / "NEW.yaml").exists()


def test_a_log_that_cannot_be_written_is_told_and_stops_nothing(world: World) -> None:
    world.tape("T1")
    world.say("status", "scheme", "NIGHTLY")
    log = world.state_folder / "log"
    shutil.rmtree(log, ignore_errors=True)
    log.write_text("in the way")
    said = world.say(*START)
    assert said.code == 0
    assert said.err.startswith("*WARNING* ")
    assert len(said.err.splitlines()) == 1
    assert (world.target / "T1").exists()


def test_a_fault_of_ours_with_one_tape_is_told_and_the_others_are_copied(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("T1", "T2", "T3"):
        world.tape(name)
    usual = Local.read

    def read(self: Local, tape: Tape) -> LocalReader:
        if tape.name == "T2":
            raise ZeroDivisionError("by zero")
        return usual(self, tape)

    monkeypatch.setattr(Local, "read", read)
    said = world.say(*START, "--json")
    assert (said.code, [(each["reason"], each["message"]) for each in said.json["errors"]]) == (
        5, [("bug", "T2: vtspolicy has a fault: ZeroDivisionError: by zero")])
    assert (said.json["code"], said.json["data"]["legs"][0]["copied"]) == (5, 2)
    assert world.states() == {"T1": "safe", "T2": "failed", "T3": "safe"}
    monkeypatch.undo()
    assert (world.say(*START).code, world.states()["T2"]) == (0, "safe")


@pytest.mark.parametrize("words", [START, ("plan", "scheme", "NIGHTLY"), ("status", "scheme", "NIGHTLY")])
def test_a_fault_of_ours_has_an_envelope(world: World, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    world.tape("T1")

    def inventory(self: Local, pool: Pool) -> Inventory:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(Local, "inventory", inventory)
    said = world.say(*words, "--json")
    assert len(said.out.splitlines()) == 1
    assert (said.code, said.json["code"], said.json["status"]) == (5, 5, "bug")
    assert [(each["reason"], each["message"]) for each in said.json["errors"]] == [
        ("bug", "vtspolicy has a fault: ZeroDivisionError: by zero")]
    assert "Traceback" not in said.err


def test_a_state_that_cannot_be_opened_ends_3(world: World) -> None:
    world.tape("T1")
    world.say(*START)
    path = world.database()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    said = world.say(*START, "--json")
    assert (said.code, said.json["errors"][0]["reason"]) == (3, "state")
