"""What a machine keeps for others, told from its own records: its policies name its own system and vaults alone."""

from __future__ import annotations

import copy
import os
from typing import Any

import pytest

from tests.unit.service.world import START, SYSTEM, World

PATH = "/VAULT02/PAYROLL"
FROM, TO = "here:/VAULT01/PAYROLL", f"there:{PATH}"


def on_the_target(world: World) -> World:
    """The same, seen from the target; the source is gone."""
    own = copy.copy(world)
    own.policies, own.state_folder = world.root / "their policies", world.root / "their state"
    own.policies.mkdir()
    own.policy("there", SYSTEM.format(name="there", vault="VAULT02", path=world.root / "there"))
    (world.root / "here").rename(world.root / "lost")
    return own


@pytest.fixture
def there(world: World) -> World:
    """Five tapes were copied."""
    for number in range(5):
        world.tape(f"T0000{number}", bytes([number]) * 1000)
    assert world.say(*START).code == 0
    return on_the_target(world)


def envelope(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    said = world.say(*words, "--json")
    assert said.code == code, said
    return said.json


def states(world: World, *words: str, code: int = 0) -> dict[str, str]:
    """The state word of each tape that STATUS shows."""
    tapes = envelope(world, "status", *words, code=code)["data"]["tapes"]
    return {each["tape"].rpartition("/")[2]: each["state"] for each in tapes}


@pytest.mark.parametrize("place", ["*", "/VAULT02/PAY*", "there:/*/PAYROLL", FROM, "here:/*/PAY*"])
def test_pools_are_selected_here_and_at_their_source(there: World, place: str) -> None:
    assert states(there, "pool", place) == {f"T0000{number}": "unproven" for number in range(5)}
    assert envelope(there, "status", "pool", place, "--ask")["data"]["summary"] == (
        envelope(there, "status", "pool", place)["data"]["summary"])


@pytest.mark.parametrize("place", ["/VAULT02/*/T00003", f"{PATH}/*3", f"{FROM}/T?0003", f"{TO}/T00003"])
def test_so_are_tapes(there: World, place: str) -> None:
    assert states(there, "tape", place) == {"T00003": "unproven"}
    assert there.say("status", "tape", place, "--brief").out.endswith(" basis=from_the_records_here\n")
    assert envelope(there, "verify", "tape", place)["data"]["counts"] == {"verified": 1}


def test_the_pool_is_one_that_holds_copies(there: World) -> None:
    shown = there.say("status", "pool", PATH).out
    assert "5 tapes: 5 unproven; from the records here" in shown and "oldest proof 20" in shown
    assert "(holds copies)" in there.say("info", "pool").out
    assert there.say("info", "pool", "--uncovered").out == "every pool is named by a policy, or holds copies\n"


@pytest.mark.parametrize(("words", "instead"), [
    (("pool", "/VAULT02/PAYROL"), f"; the nearest is {PATH}"),
    (("pool", "/VAULT2/PAYROLL"), f"; the nearest is {PATH}"),
    (("pool", "here:/VAULT01/PAYROL"), f"; the nearest is {FROM}"),
    (("tape", f"{PATH}/T00009"), f"; the nearest is {PATH}/T0000"),
    (("pool", "/VAULT02/ZZZ"), f"; they tell of {TO}"),
])
def test_what_no_record_tells_of_is_said_with_the_nearest_name(there: World, words: tuple[str, str],
                                                             instead: str) -> None:
    for verb in ("status", "verify"):
        [error] = envelope(there, verb, *words, code=2)["errors"]
        assert error["reason"] == "unknown"
        assert error["message"].startswith(f"no record here tells of a copy of {words[1]}{instead}")


def test_hands_in_the_copies_show(there: World) -> None:
    (there.target / "T00001").unlink()
    (there.target / "T00002").write_bytes(b"a hand")
    os.utime(there.target / "T00003", (1_600_000_000, 1_600_000_000))
    expected = {"T00000": "unproven", "T00001": "missing", "T00002": "diverged", "T00003": "diverged",
                "T00004": "unproven"}
    assert states(there, "pool", PATH) == expected
    read = envelope(there, "verify", "pool", PATH, code=2)
    assert sorted(each["reason"] for each in read["errors"]) == ["diverged", "missing"]
    assert read["data"]["counts"] == {"verified": 3, "missing": 1, "diverged": 1}
    # T00003 was only touched: it was read, and its bytes are those of the copy.
    assert states(there, "pool", PATH) == {**expected, "T00003": "unproven"}
    os.utime(there.target / "T00003", (1_500_000_000, 1_500_000_000))
    assert states(there, "tape", f"{PATH}/T00003") == {"T00003": "diverged"}


def test_rot_that_was_found_is_not_forgotten(there: World) -> None:
    path = there.target / "T00001"
    before = path.stat()
    path.write_bytes(b"\xff" * 1000)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):
        found = envelope(there, "verify", "tape", f"{PATH}/T00001", code=2)
        assert [each["reason"] for each in found["errors"]] == ["damaged"]
        assert states(there, "tape", f"{PATH}/T00001") == {"T00001": "failed"}
    again = envelope(there, "verify", "pool", PATH, "--older", "1 h", code=1)  # told again, and not read again
    assert again["warnings"] == ["1 copies were found damaged, changed or missing before, and were not read again: "
                                 f"{TO}/T00001"]


def test_a_tape_whose_record_cannot_be_read_is_not_passed_over(there: World) -> None:
    work = there.target / ".vtspolicy"
    (work / "T00004.record").write_text('{"format": 1, "records": [{"tape"')
    (work / "T00003.record").unlink()
    warning = f"{TO}: no record that can be read tells of T00003, T00004"
    found = envelope(there, "status", "pool", PATH, code=1)
    assert (len(found["data"]["tapes"]), found["warnings"]) == (3, [warning])
    assert f"*WARNING* {warning}\n" in there.say("status", "pool", PATH).err
    assert states(there, "tape", f"{PATH}/T00001") == {"T00001": "unproven"}  # that one has its own
    assert envelope(there, "verify", "pool", "*", code=1)["warnings"] == [warning]
    for verb in ("status", "verify", "info"):
        [error] = envelope(there, verb, "tape", f"{PATH}/T00004", code=2)["errors"]
        assert error["message"] == f"{TO}: no record that can be read tells of T00004"
    for path in work.glob("*.record"):
        path.write_text("none of ours")
    found = envelope(there, "status", "pool", PATH, code=1)
    assert found["data"]["tapes"] == [] and "tells of T00000, T00001, T00002 and 2 more" in found["warnings"][0]
    assert envelope(there, "verify", "pool", PATH, code=2)["errors"][0]["reason"] == "unknown"


def test_two_sources_and_two_pools_are_told_apart(world: World) -> None:
    for folder in (world.root / "third" / "LEDGER", world.root / "there" / "LEDGER"):
        folder.mkdir(parents=True)
    (world.root / "third" / ".vtspolicy-vault").write_text(f"{3:032x}\n")
    (world.root / "third" / "LEDGER" / "L00001").write_bytes(b"ledger")
    world.policy("third", SYSTEM.format(name="third", vault="VAULT09", path=world.root / "third"))
    world.policy("L", "kind: scheme\nname: L\nfrom: third:/VAULT09/LEDGER\nto: there:/VAULT02/LEDGER\n")
    world.tape("T00001")
    assert [world.say("start", "scheme", name).code for name in ("NIGHTLY", "L")] == [0, 0]
    there = on_the_target(world)
    summary = envelope(there, "status", "pool", "*")["data"]["summary"]
    assert [(each["source"], each["target"], each["tapes"]) for each in summary] == [
        ("third:/VAULT09/LEDGER", "there:/VAULT02/LEDGER", 1), (FROM, TO, 1)]
    assert list(states(there, "pool", "third:/VAULT09/LEDGER")) == ["L00001"]
    assert list(states(there, "pool", FROM)) == ["T00001"]
    # A vault that is not mounted takes nothing else with it.
    there.policy("there", SYSTEM.format(name="there", vault="VAULT02", path=world.root / "there")
                 + f"  GONE: {world.root / 'unmounted'}\n")
    found = envelope(there, "status", "pool", "*", code=2)
    assert len(found["data"]["tapes"]) == 2 and [each["reason"] for each in found["errors"]] == ["unknown"]


def test_two_sources_in_one_pool_are_told_apart(world: World) -> None:
    world.tape("T00001")
    assert world.say(*START).code == 0
    record = world.target / ".vtspolicy" / "T00001.record"
    (world.target / "T00002").write_bytes(b"content")
    told = record.read_text().replace('"T00001"', '"T00002"').replace('"here"', '"fourth"')
    (record.parent / "T00002.record").write_text(told)
    there = on_the_target(world)
    found = envelope(there, "status", "pool", PATH)["data"]["tapes"]
    assert {each["tape"]: each["state"] for each in found} == {
        f"{FROM}/T00001": "unproven", "fourth:/VAULT01/PAYROLL/T00002": "diverged"}  # a forged record has no inode
