"""REBUILD CATALOG gives the answers of before, as far as the records tell, whatever the policies look like."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.service.world import SYSTEM, World

TOLD = ("tape", "target", "state", "size", "changed", "copied", "digest", "durable", "run")
"""What STATUS tells of a tape that the records know, too."""


def status(world: World) -> list[dict[str, Any]]:
    tapes = world.say("status", "pool", "*", "--json").json["data"]["tapes"]
    assert tapes
    return [{key: each[key] for key in TOLD} for each in tapes]


def rebuilt(world: World, code: int = 0) -> dict[str, Any]:
    said = world.say("rebuild", "catalog", "--yes", "--json")
    assert said.code == code, said.out
    found: dict[str, Any] = said.json
    return found


def many(world: World) -> World:
    """Pools by a template to two systems, by a scheme that leaves one out, and one pool by AutoCopy."""
    (world.root / "third").mkdir()
    (world.root / "third" / ".vtspolicy-vault").write_text(f"{3:032x}\n")
    world.policy("third", SYSTEM.format(name="third", vault="VAULT03", path=world.root / "third"))
    world.policy("NIGHTLY", "kind: scheme\nname: NIGHTLY\nfrom: /VAULT01/*\nexcept: [SCRATCH]\n"
                            "to: ['there:/VAULT02/{pool}', 'third:/VAULT03/{pool}']\n")
    world.policy("LEDGER", "kind: autocopy\nname: LEDGER\npool: /VAULT01/LEDGER\nto: ['there:/VAULT02/{pool}']\n")
    for pool in ("PAYROLL", "LEDGER", "OLD", "SCRATCH"):
        for system in ("here", "there", "third"):
            (world.root / system / pool).mkdir(exist_ok=True)
        for number in range(3):
            path = world.root / "here" / pool / f"{pool[:3]}{number}"
            path.write_bytes(pool.encode() * (number + 1))
            os.utime(path, ns=(0, 1_700_000_000_000_000_000))
    assert world.say("start", "scheme", "NIGHTLY").code == 0
    return world


def test_templates_several_targets_and_autocopy(world: World) -> None:
    many(world)
    before = status(world)
    assert len(before) == 18
    assert {each["state"] for each in before} == {"safe"}
    shutil.rmtree(world.state_folder)
    assert rebuilt(world)["data"]["copies"] == 18
    assert status(world) == before
    plans = world.say("plan", "scheme", "NIGHTLY", "--json").json["data"]["legs"]
    assert [each["counts"]["nothing"] for each in plans] == [3] * 6


def test_a_source_pool_that_is_gone_is_not_forgotten(world: World) -> None:
    many(world)
    shutil.rmtree(world.root / "here" / "OLD")
    before = status(world)
    assert [each["state"] for each in before].count("unproven") == 6
    shutil.rmtree(world.state_folder)
    assert rebuilt(world)["data"]["copies"] == 18
    assert status(world) == before


def test_what_became_of_tapes_since(world: World) -> None:
    """Changed, emptied, gone at the source; edited, moved and gone on the target; known to the catalog by a run."""
    for number in range(8):
        world.tape(f"T{number}", b"content" * (number + 1))
    world.say("start", "scheme", "NIGHTLY")
    world.tape("T1", b"changed")
    (world.source / "T2").unlink()
    (world.target / "T3").write_bytes(b"theirs")
    (world.target / "T4").unlink()
    kept = os.stat(world.target / "T5")
    (world.target / "T5").write_bytes(b"CONTENT" * 6)
    os.utime(world.target / "T5", ns=(0, kept.st_mtime_ns))
    world.say("verify", "scheme", "NIGHTLY")
    before = {each["tape"][-2:]: each for each in status(world)}
    words = {"T0": "safe", "T1": "stale", "T2": "held", "T3": "diverged", "T4": "missing", "T5": "failed",
             "T6": "safe"}
    assert {name: before[name]["state"] for name in words} == words
    shutil.rmtree(world.state_folder)
    assert rebuilt(world)["data"]["copies"] == 5
    after = {each["tape"][-2:]: each for each in status(world)}
    assert after.keys() == before.keys()
    for name, each in after.items():
        assert {key: each[key] for key in TOLD} == {key: before[name][key] for key in TOLD}, name


@pytest.mark.parametrize("spoil", [Path.unlink, lambda proof: proof.write_bytes(proof.read_bytes()[:40]),
                                   lambda proof: proof.write_bytes(b"")], ids=["lost", "cut", "empty"])
def test_without_its_proof_a_copy_is_read_before_it_is_safe(world: World, spoil: Callable[[Path], object]) -> None:
    for name in ("T1", "T2"):
        world.tape(name, name.encode() * 10)
    world.say("start", "scheme", "NIGHTLY")
    spoil(world.target / ".vtspolicy" / "T1.proof")
    shutil.rmtree(world.state_folder)
    rebuilt(world)
    assert world.states() == {"T1": "unproven", "T2": "safe"}
    shutil.rmtree(world.state_folder)
    leg = world.say("start", "scheme", "NIGHTLY", "--json").json["data"]["legs"][0]
    assert (leg["copied"], leg["equal"], leg["trusted"]) == (0, 1, 1)
    assert world.states() == {"T1": "safe", "T2": "safe"}
    shutil.rmtree(world.state_folder)
    rebuilt(world)
    assert world.states() == {"T1": "safe", "T2": "safe"}, "whoever read it wrote the proof again"


def test_a_hand_that_puts_the_time_back_is_seen_without_a_catalog(world: World) -> None:
    world.tape("T1", b"payroll")
    world.say("start", "scheme", "NIGHTLY")
    path = world.target / "T1"
    kept = path.stat().st_mtime_ns
    path.write_bytes(b"PAYROLL")
    os.utime(path, ns=(kept, kept))
    shutil.rmtree(world.state_folder)
    rebuilt(world)
    assert world.states() == {"T1": "unproven"}
    shutil.rmtree(world.state_folder)
    assert world.say("start", "scheme", "NIGHTLY", "--json").json["data"]["legs"][0]["copied"] == 1
    assert (path.read_bytes(), world.states()) == (b"payroll", {"T1": "safe"})


def test_a_tape_without_a_record_that_differs_is_diverged(world: World) -> None:
    for name in ("T1", "T2", "T3"):
        world.tape(name, name.encode() * 10)
    (world.target / "T1").write_bytes(b"of another size")
    (world.target / "T2").write_bytes(b"x" * 20)
    (world.target / "X9").write_bytes(b"no source")
    assert rebuilt(world)["data"]["copies"] == 0
    assert world.states() == {"T1": "diverged", "T2": "never", "T3": "never"}
    said = world.say("start", "scheme", "NIGHTLY", "--json")
    assert [each["reason"] for each in said.json["errors"]] == ["diverged", "diverged"]
    assert (world.target / "T1").read_bytes() == b"of another size"
    assert world.states() == {"T1": "diverged", "T2": "diverged", "T3": "safe"}


def test_lost_records_make_nothing_safe(world: World) -> None:
    for name in ("T1", "T2"):
        world.tape(name, name.encode() * 10)
    world.say("start", "scheme", "NIGHTLY")
    shutil.rmtree(world.target / ".vtspolicy")
    shutil.rmtree(world.state_folder)
    assert rebuilt(world)["data"]["copies"] == 0
    assert world.states() == {"T1": "never", "T2": "never"}
    assert world.say("start", "scheme", "NIGHTLY", "--json").json["data"]["legs"][0]["equal"] == 2
    assert world.states() == {"T1": "safe", "T2": "safe"}


def test_a_target_that_was_restored_is_read_before_it_is_safe(world: World) -> None:
    """Files come back with their times and other inodes; one of them holds other bytes."""
    for name in ("T1", "T2"):
        world.tape(name, name.encode() * 10)
    world.say("start", "scheme", "NIGHTLY")
    shutil.copytree(world.root / "there", world.root / "backup")
    shutil.rmtree(world.root / "there")
    shutil.copytree(world.root / "backup", world.root / "there")
    path = world.target / "T1"
    times = path.stat().st_mtime_ns
    path.write_bytes(b"X" * 20)
    os.utime(path, ns=(times, times))
    shutil.rmtree(world.state_folder)
    rebuilt(world)
    assert world.states() == {"T1": "unproven", "T2": "unproven"}
    leg = world.say("start", "scheme", "NIGHTLY", "--json").json["data"]["legs"][0]
    assert (leg["copied"], leg["equal"]) == (1, 1)
    assert path.read_bytes() == b"T1" * 10
    assert world.states() == {"T1": "safe", "T2": "safe"}


def test_two_vaults_with_one_id_are_not_believed(world: World) -> None:
    many(world)
    (world.root / "third" / ".vtspolicy-vault").write_text(f"{2:032x}\n")
    shutil.rmtree(world.state_folder)
    said = rebuilt(world, 2)
    assert (said["status"], said["data"]["copies"]) == ("failed", 0)
    assert {each["reason"] for each in said["errors"]} == {"identity"}
    assert "INIT VAULT third:/VAULT03, REPLACE !" in " ".join(each["message"] for each in said["errors"])


def test_a_vault_that_is_not_there_keeps_nobody_else_from_being_rebuilt(world: World) -> None:
    many(world)
    (world.root / "third").rename(world.root / "unmounted")
    shutil.rmtree(world.state_folder)
    said = rebuilt(world, 2)
    assert (said["status"], said["data"]["copies"]) == ("partial", 9)
    (world.root / "unmounted").rename(world.root / "third")
    assert rebuilt(world)["data"]["copies"] == 18


@pytest.mark.parametrize("name", ["NIGHTLY", "here"])
def test_policies_that_cannot_be_read_leave_the_catalog_alone(world: World, name: str) -> None:
    world.tape("T1")
    world.say("start", "scheme", "NIGHTLY")
    before = world.database().read_bytes()
    world.policy(name, "kind: nonsense\n")
    assert world.say("rebuild", "catalog", "--yes").code == 2
    assert world.database().read_bytes() == before
    assert list(world.state_folder.glob("*.kept-*")) == []
