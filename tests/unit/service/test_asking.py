"""STATUS as last known, and with ASK: what each was told from, and what a target that cannot answer changes."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from typing import Any

import pytest

from tests.unit.service.world import START, World

STATUS = ("status", "scheme", "NIGHTLY")
ASK = (*STATUS, "--ask")


@pytest.fixture
def copied(world: World) -> World:
    """Four tapes, all safe."""
    for number in range(4):
        world.tape(f"T0000{number}", bytes([number]) * 1000)
    assert world.say(*START).code == 0
    return world


def told(world: World, *words: str, code: int = 0) -> dict[str, tuple[str, str]]:
    """State and basis of each tape."""
    said = world.say(*words, "--json")
    assert said.code == code, said
    return {each["tape"].rpartition("/")[2]: (each["state"], each["basis"]) for each in said.json["data"]["tapes"]}


def every(state: str, basis: str, count: int = 4) -> dict[str, tuple[str, str]]:
    return {f"T0000{number}": (state, basis) for number in range(count)}


def summary(world: World, *words: str) -> dict[str, Any]:
    [found] = world.say(*words, "--json").json["data"]["summary"]
    assert isinstance(found, dict)
    return found


def test_without_ask_the_target_is_not_looked_at(copied: World) -> None:
    shutil.rmtree(copied.target)
    assert told(copied, *STATUS) == every("safe", "last known")
    assert "4 tapes: 4 safe; targets as last known" in copied.say(*STATUS).out


def test_asked_it_says_what_lies_there_now(copied: World) -> None:
    assert told(copied, *ASK) == every("safe", "asked now")
    (copied.target / "T00000").unlink()
    (copied.target / "T00001").write_bytes(b"a hand")
    now = (copied.target / "T00002").stat()
    os.link(copied.target / "T00002", copied.root / "link")  # a new ctime, and nothing else
    assert (copied.target / "T00002").stat().st_ctime_ns != now.st_ctime_ns
    assert told(copied, *STATUS) == every("safe", "last known")
    expected = {"T00000": "missing", "T00001": "diverged", "T00002": "unproven", "T00003": "safe"}
    assert {name: each[0] for name, each in told(copied, *ASK).items()} == expected
    assert "4 tapes: 1 diverged, 1 missing, 1 safe, 1 unproven; targets asked now" in copied.say(*ASK).out
    # Nobody asks now; but what was seen is not forgotten.
    assert told(copied, *STATUS) == {**every("unproven", "last known"), "T00003": ("safe", "last known")}
    detail = copied.say("status", "tape", "/VAULT01/PAYROLL/T00000", "--detail").out
    assert "\n  In doubt since ... 20" in detail
    assert "In doubt since" not in copied.say("info", "tape", "/VAULT01/PAYROLL/T00003").out


def test_a_pool_that_is_gone_over_there_is_missing_with_all_its_copies(copied: World) -> None:
    shutil.rmtree(copied.target)
    said = copied.say(*ASK, "--json")
    assert said.code == 2
    assert [(each["reason"], each["message"]) for each in said.json["errors"]] == [
        ("unknown", "pool there:/VAULT02/PAYROLL is not there")]
    assert told(copied, *ASK, code=2) == every("missing", "asked now")
    assert told(copied, *STATUS) == every("unproven", "last known")


def test_one_that_is_still_to_be_made_is_not_missed(world: World) -> None:
    world.tape("T00000")
    world.target.rmdir()
    assert told(world, *ASK, code=2) == every("never", "asked now", 1)
    path = world.policies / "there.yaml"
    path.write_text(path.read_text() + "create-pool: yes\n")
    assert told(world, *ASK) == every("never", "asked now", 1)


def test_a_strange_vault_is_no_answer(copied: World) -> None:
    (copied.root / "there" / ".vtspolicy-vault").write_text(f"{9:032x}\n")
    said = copied.say(*ASK, "--json")
    assert (said.code, [each["reason"] for each in said.json["errors"]]) == (2, ["identity"])
    assert told(copied, *ASK, code=2) == every("unproven", "last known")


def test_a_target_that_does_not_answer_keeps_what_was_known(copied: World) -> None:
    copied.policy("far", "kind: system\nname: far\naddress: 127.0.0.1\nport: 1\nuser: x\n"
                         "vaults: {VAULT02: /srv/VAULT02}\n")
    path = copied.policies / "NIGHTLY.yaml"
    path.write_text(path.read_text().replace("to: there:/VAULT02/PAYROLL",
                                             "to: [there:/VAULT02/PAYROLL, far:/VAULT02/PAYROLL]"))
    said = copied.say(*ASK, "--json")
    assert said.code == 2
    assert [(each["reason"], each["system"]) for each in said.json["errors"]] == [("unreachable", "far")]
    found = {(each["target"].partition(":")[0], each["state"], each["basis"]) for each in said.json["data"]["tapes"]}
    assert found == {("there", "safe", "asked now"), ("far", "never", "last known")}
    shown = copied.say(*ASK)
    assert "targets asked now" in shown.out and "targets as last known" in shown.out
    assert "*ERROR* far: 127.0.0.1 port 1: Connection refused" in shown.err
    assert copied.say(*STATUS).code == 0  # nobody was asked


def test_a_pools_line_says_since_when_it_is_exposed_and_how_old_its_proofs_are(copied: World) -> None:
    before = summary(copied, *STATUS)
    assert (before["states"], before["exposed_since"], before["tapes"]) == ({"safe": 4}, None, 4)
    with copied.state() as state:
        oldest = min(str(copy.verified) for copy in state.all_copies())
    assert before["oldest_proof"] == oldest
    assert "exposed since" not in copied.say(*STATUS).out
    for name, when in (("T00001", 1_700_000_500), ("T00009", 1_700_000_100)):
        copied.tape(name, b"newer bytes, enough of them to be no shrinking: " * 10)
        os.utime(copied.source / name, (when, when))
    after = summary(copied, *STATUS)
    assert after["states"] == {"safe": 3, "stale": 1, "never": 1}
    assert (after["exposed_since"], after["oldest_proof"]) == (1_700_000_100.0, oldest)
    assert "exposed since 2023-11-14 22:15" in copied.say(*STATUS).out


def test_a_copy_that_was_lost_is_exposed_since_its_last_proof(copied: World) -> None:
    (copied.target / "T00002").unlink()
    assert copied.say("verify", "scheme", "NIGHTLY").code == 2
    with copied.state() as state:
        proof = next(copy.verified for copy in state.all_copies() if copy.source.name == "T00002")
    line = summary(copied, *STATUS)
    assert line["states"] == {"safe": 3, "missing": 1}
    assert line["exposed_since"] == datetime.fromisoformat(str(proof)).timestamp()
