"""ADD and ALTER warn of what is not there, write the policy all the same, and are silent with NOCHECK."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.service.world import World


def said(world: World, sentence: str, code: int) -> list[str]:
    """The warnings of a sentence."""
    done = world.say(sentence, "--json")
    assert done.code == code, done
    found: list[str] = done.json["warnings"]
    return found


@pytest.mark.parametrize(("sentence", "warnings"), [
    ("ADD SCHEME A, FROM /VAULT01/PAYROL, TO there:/VAULT02/PAYROL",
     ["pool here:/VAULT01/PAYROL is not there; the nearest is PAYROLL",
      "pool there:/VAULT02/PAYROL is not there; the nearest is PAYROLL; ALTER SYSTEM there, CREATE-POOL yes lets runs "
      "make it"]),
    ("ADD AUTOCOPY A, POOL /VAULT01/PAYROLL, TO there:/VAULT02/ZZZ", [
        "pool there:/VAULT02/ZZZ is not there; ALTER SYSTEM there, CREATE-POOL yes lets runs make it"]),
    ("ADD SCHEME A, FROM /VAULT01/PAYX*, TO there:/VAULT02/{pool}",
     ["scheme A: /VAULT01/PAYX* selects no pool of here:/VAULT01, which holds PAYROLL"]),
    ("ADD SCHEME A, FROM /VAULT01/PAYR*X, TO there:/VAULT02/{pool}",
     ["scheme A: /VAULT01/PAYR*X selects no pool of here:/VAULT01; the nearest is PAYROLL"]),
    ("ADD SYSTEM s, VAULTS (VAULT05=/nope/there, VAULT06=/tmp)", ["s: /nope/there (VAULT05) is no directory"]),
    ("ADD SCHEME A, FROM /VAULT01/PAYROLL, TO far:/VAULT02/PAYROLL",
     ["far: 127.0.0.1 port 1: Connection refused (not looked at: far:/VAULT02/PAYROLL)"]),
])
def test_what_is_not_there_is_a_warning_and_the_policy_is_written(world: World, sentence: str,
                                                                  warnings: list[str]) -> None:
    world.policy("far", "kind: system\nname: far\naddress: 127.0.0.1\nport: 1\nuser: x\n"
                        "vaults: {VAULT02: /srv/VAULT02}\n")
    _, kind, name, *_ = sentence.replace(",", "").split()
    assert said(world, f"{sentence}, NOCHECK", 0) == []
    assert world.say(f"DELETE {kind} {name} !").code == 0
    assert said(world, sentence, 1) == warnings
    assert name in world.say("info", kind.lower()).out
    assert said(world, f"ALTER {kind} {name}, NOTE later", 1) == warnings
    assert said(world, f"ALTER {kind} {name}, NOTE \"still later\", NOCHECK", 0) == []
    assert world.say(f"ALTER {kind} {name}, NOTE now").out.startswith(f"OK, {kind} {name} altered in ")
    told = [each for each in world.say("info", "event").out.splitlines() if "NOCHECK" in each]
    assert told == []  # it is no field


def test_a_pool_that_a_run_would_make_is_not_missed(world: World) -> None:
    path = world.policies / "there.yaml"
    path.write_text(path.read_text() + "create-pool: yes\n")
    (world.root / "here" / "NEW").mkdir()
    assert said(world, "ADD SCHEME A, FROM /VAULT01/NEW, TO there:/VAULT02/NEW", 0) == []


@pytest.mark.parametrize(("kind", "options"), [
    ("scheme", ("--from", "/VAULT01/NEW", "--to", "there:/VAULT02/NEW")),
    ("autocopy", ("--pool", "/VAULT01/NEW", "--to", "there:/VAULT02/NEW")),
    ("system", ("--vaults", "VAULT07=/nope")),
])
def test_the_shell_has_the_word_too(world: World, kind: str, options: tuple[str, ...]) -> None:
    assert world.say("add", kind, "A", *options, "--nocheck").err == ""
    assert world.say("alter", kind, "A", "--note", "x").code == 1
    assert world.say("alter", kind, "A", "--note", "y", "--nocheck").code == 0


@pytest.mark.parametrize("more", [{}, {"settings": "kind: settings\nname: SITE\nzone: UTC\n"}])
def test_the_cure_of_a_name_clash_can_be_typed(world: World, more: dict[str, Any]) -> None:
    for name, text in more.items():
        world.policy(name, text)
    world.tape("T00001")
    assert world.say("start", "scheme", "NIGHTLY").code == 0
    for root in ("here", "there"):
        (world.root / root / "LEDGER").mkdir()
    (world.root / "here" / "LEDGER" / "T00001").write_bytes(b"ledger")
    assert world.say("ADD SCHEME L, FROM /VAULT01/LEDGER, TO there:/VAULT02/LEDGER").code == 0
    [error] = world.say("start", "scheme", "L", "--json").json["errors"]
    assert error["reason"] == "name-clash"
    for words in ("its name exists in there:/VAULT02/PAYROLL, too, and must not in there:/VAULT02/LEDGER",
                  "copied there from here:/VAULT01/PAYROLL/T00001 20", "by this vtspolicy, run "):
        assert words in error["message"]
    cure = error["message"].rpartition("let both be: ")[2]
    assert cure == ("ALTER SETTINGS SITE" if more else "ADD SETTINGS SETTINGS") + ", UNIQUE-NAMES no"
    assert world.say(cure).code == 0
    assert world.say("start", "scheme", "L").code == 0
    assert (world.root / "there" / "LEDGER" / "T00001").read_bytes() == b"ledger"


def test_the_other_cure_is_to_move_one_of_the_two(world: World) -> None:
    world.tape("T00001")
    (world.root / "there" / "OLD").mkdir()
    old = world.root / "there" / "OLD" / "T00001"
    old.write_bytes(b"of somebody")
    [error] = world.say("start", "scheme", "NIGHTLY", "--json").json["errors"]
    assert "no record says who wrote that one. Move one of the two to another name" in error["message"]
    old.rename(old.with_name("T00001OLD"))
    assert world.say("start", "scheme", "NIGHTLY").code == 0
    assert world.states() == {"T00001": "safe"}


def test_nothing_to_do_says_what_was_looked_at(world: World) -> None:
    for number in range(12):
        world.tape(f"T{number:05}", b"%d" % number)
    assert world.say("start", "scheme", "NIGHTLY").code == 0
    assert "nothing to do: 12 tapes, all safe" in world.say("plan", "scheme", "NIGHTLY").out
    (world.source / "T00003").unlink()
    said = world.say("plan", "scheme", "NIGHTLY").out
    assert "nothing to do: 12 tapes, 1 not safe: 1 held" in said and "copy kept: T00003" in said


@pytest.mark.parametrize(("scheme", "reason", "message"), [
    ("tapes: 'X*'", "empty", "pool here:/VAULT01/PAYROLL: X* selects none of its 2 tapes, which are T00001, T00002"),
    ("tapes: T0001", "missing", "here:/VAULT01/PAYROLL/T0001: is not in the source pool; the nearest is T00001"),
    ("from: /VAULT01/PAYROL", "empty", "pool here:/VAULT01/PAYROL: No such file or directory; the nearest is "
                                         "PAYROLL"),
    ("from: /VAULT01/PAYX*\nto: 'there:/VAULT02/{pool}'", "empty",
     "scheme NIGHTLY: /VAULT01/PAYX* selects no pool of here:/VAULT01, which holds PAYROLL"),
])
def test_what_selects_nothing_is_refused_with_what_is_there(world: World, scheme: str, reason: str,
                                                            message: str) -> None:
    world.tape("T00001")
    world.tape("T00002")
    fields = {"from": "/VAULT01/PAYROLL", "to": "there:/VAULT02/PAYROLL",
              **dict(line.split(": ", 1) for line in scheme.splitlines())}
    world.policy("NIGHTLY", "kind: scheme\nname: NIGHTLY\n" + "".join(f"{key}: {fields[key]}\n" for key in fields))
    for verb in ("start", "plan"):
        said = world.say(verb, "scheme", "NIGHTLY", "--json")
        found = [(each["reason"], each["message"]) for each in said.json["errors"]]
        if reason == "missing" and verb == "plan":
            continue  # it stands in the plan itself
        assert (said.code, found) == (2, [(reason, message)])


@pytest.mark.parametrize(("pool", "near"), [("ZZZ", ""), ("PAYROL", "; the nearest is PAYROLL")])
def test_a_target_pool_that_is_missing_is_told_with_what_makes_it(world: World, pool: str, near: str) -> None:
    world.tape("T00001")
    world.policy("NIGHTLY", f"kind: scheme\nname: NIGHTLY\nfrom: /VAULT01/PAYROLL\nto: there:/VAULT02/{pool}\n")
    told = f"pool there:/VAULT02/{pool}: No such file or directory{near}. Make the directory there, or have runs "
    for verb in ("start", "plan"):
        said = world.say(verb, "scheme", "NIGHTLY", "--json")
        assert (said.code, [each["message"] for each in said.json["errors"]]) == (
            2, [told + "make it: ALTER SYSTEM there, CREATE-POOL yes"])
