"""INFO POOL, the kind `unprotected`, and the warning of pools that nobody has thought of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.service.world import START, World

SCRATCH = "here:/VAULT01/SCRATCH"
WARNING = f"{SCRATCH} holds 1 tape, and no policy names it"
MEANT = 'ADD UNPROTECTED SCRATCH, POOLS /VAULT01/SCR*, NOTE "written anew each night"'


@pytest.fixture
def scratch(world: World) -> World:
    """Beside PAYROLL lies SCRATCH, with a tape."""
    world.tape("T00001")
    (world.root / "here" / "SCRATCH").mkdir()
    (world.root / "here" / "SCRATCH" / "S00001").write_bytes(b"scratch")
    return world


def pools(world: World, *words: str) -> dict[str, dict[str, Any]]:
    said = world.say("info", "pool", *words, "--json")
    assert said.code == 0, said
    return {each["pool"]: each for each in said.json["data"]["pools"]}


@pytest.mark.parametrize("words", [("pool",), ("pool", "*"), ("pool", "/*/*"), ("scheme",), ("scheme", "*"),
                                   ("tape", "*")])
def test_status_warns_of_pools_that_nobody_thought_of_until_somebody_says_it_is_meant(
        scratch: World, words: tuple[str, ...]) -> None:
    said = scratch.say("status", *words, "--json")
    assert (said.code, said.json["status"], said.json["warnings"]) == (1, "warnings", [WARNING])
    assert f"*WARNING* {WARNING}\n" in scratch.say("status", *words).err
    assert scratch.say(MEANT).code == 0
    assert (scratch.say("status", *words).code, scratch.say("status", *words).err) == (0, "")
    assert scratch.say("DELETE UNPROTECTED SCRATCH !").code == 0
    assert scratch.say("status", *words).code == 1


@pytest.mark.parametrize("words", [("scheme", "NIGHTLY"), ("pool", "/VAULT01/PAYROLL"),
                                   ("tape", "/VAULT01/PAYROLL/T00001")])
def test_a_status_of_something_else_does_not(scratch: World, words: tuple[str, ...]) -> None:
    assert (scratch.say("status", *words).code, scratch.say("status", *words).err) == (0, "")


def test_an_empty_pool_and_one_that_holds_copies_are_no_cause(world: World) -> None:
    world.tape("T00001")
    (world.root / "here" / "SCRATCH").mkdir()
    assert world.say(*START).code == 0
    assert world.say("status", "pool").code == 0
    assert list(pools(world, "--uncovered")) == [SCRATCH]  # though nobody is warned of it
    assert pools(world)["there:/VAULT02/PAYROLL"]["holds_copies"]
    (world.policies / "NIGHTLY.yaml").unlink()  # the records are there all the same
    assert list(pools(world, "--uncovered")) == ["here:/VAULT01/PAYROLL", SCRATCH]


def test_a_note_must_say_why(scratch: World) -> None:
    said = scratch.say("ADD UNPROTECTED SCRATCH, POOLS /VAULT01/SCR*")
    assert said.code == 2 and "expected a comma and NOTE text" in said.err
    said = scratch.say("ADD UNPROTECTED SCRATCH, POOLS /VAULT01/SCR*, NOTE \"\"")
    assert said.code == 2
    assert list(pools(scratch, "--uncovered")) == [SCRATCH]
    assert scratch.say(MEANT).code == 0
    said = scratch.say("ALTER UNPROTECTED SCRATCH, NOTE")
    assert said.code == 2 and "expected a value: an unprotected needs NOTE" in said.err
    assert scratch.say("ALTER UNPROTECTED SCRATCH, NOTE other").code == 0
    assert pools(scratch)[SCRATCH]["unprotected"] == "other"
    assert "unprotected: other" in scratch.say("info", "pool").out
    obey = scratch.say("info", "unprotected", "*", "--obeyform").out
    assert obey == "ADD UNPROTECTED SCRATCH, NOTE other, POOLS /VAULT01/SCR*\n"
    assert scratch.say("DELETE UNPROTECTED SCRATCH !").code == 0
    assert scratch.say(obey.strip()).code == 0
    assert scratch.say("info", "unprotected").out == "SCRATCH  other\n"


@pytest.mark.parametrize(("place", "meant"), [
    ("/VAULT01/SCRATCH", True), ("here:/VAULT01/*", True), ("/VAULT01/S?RATCH", True), ("/VAULT01/SCRATCHY", False),
    ("/VAULT01/PAYROLL", False)])
def test_templates_say_what_is_meant(scratch: World, place: str, meant: bool) -> None:
    assert scratch.say(f"ADD UNPROTECTED U, POOLS {place}, NOTE why").code == 0
    assert (list(pools(scratch, "--uncovered")) == []) == meant
    winner = pools(scratch)["here:/VAULT01/PAYROLL"]
    assert winner["policy"] == "scheme NIGHTLY"  # whatever else is said of it


def test_the_policy_that_wins_is_named(scratch: World) -> None:
    scratch.policy("ALL", "kind: scheme\nname: ALL\nfrom: /VAULT01/*\nto: 'there:/VAULT02/{pool}'\n")
    found = pools(scratch)
    assert (found[SCRATCH]["policy"], found[SCRATCH]["targets"]) == ("scheme ALL", ["there:/VAULT02/SCRATCH"])
    payroll = found["here:/VAULT01/PAYROLL"]
    assert (payroll["policy"], payroll["other policies"]) == ("scheme NIGHTLY", ["scheme ALL"])
    shown = scratch.say("info", "pool", "/VAULT01/PAYROLL", "--detail").out
    assert "Copied by ........ scheme NIGHTLY\n" in shown and "Also named by .... scheme ALL\n" in shown
    assert scratch.say("info", "pool", "/VAULT01/PAYROLL", "--brief").out.startswith(
        "POOL here:/VAULT01/PAYROLL covered=yes policy=scheme_NIGHTLY ")


def test_of_two_that_name_it_alike_neither_wins(scratch: World) -> None:
    scratch.policy("B", "kind: scheme\nname: B\nfrom: /VAULT01/PAYROLL\nto: there:/VAULT02/ELSE\n")
    found = pools(scratch)["here:/VAULT01/PAYROLL"]
    assert (found["policy"], found["other policies"]) == ("scheme B and scheme NIGHTLY", [])
    assert found["targets"] == ["there:/VAULT02/ELSE", "there:/VAULT02/PAYROLL"]
    said = scratch.say("idr", "/VAULT01/PAYROLL")
    assert said.code == 2 and "is covered by scheme B and scheme NIGHTLY; " in said.err


@pytest.mark.parametrize(("place", "near"), [
    ("/VAULT01/PAYROL", "; the nearest is /VAULT01/PAYROLL"), ("/VAULT1/PAYROLL", "; the nearest is /VAULT01/PAYROLL"),
    ("here:/VAULT01/PAYROL", "; the nearest is here:/VAULT01/PAYROLL"), ("/VAULT01/ZZZ*", "")])
def test_a_pool_that_is_not_there_is_refused_with_the_nearest(scratch: World, place: str, near: str) -> None:
    said = scratch.say("info", "pool", place, "--json")
    assert (said.code, said.json["errors"][0]["reason"]) == (2, "unknown")
    assert said.json["errors"][0]["message"] == f"{place} selects no pool of this machine{near}"
