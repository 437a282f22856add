"""Another vault under a name: refused, its copies in doubt, and the sentences that settle it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.unit.service.world import SOURCE, START, SYSTEM, TARGET, World
from vtspolicy.policy.places import Vault

MARKER = ".vtspolicy-vault"
THERE = "there:/VAULT02"


def copied(world: World, *names: str) -> World:
    for name in names or ("T1", "T2"):
        world.tape(name, name.encode() * 100)
    assert world.say(*START).code == 0
    return world


def marker(world: World, system: str = "there") -> Path:
    return world.root / system / MARKER


def leg(world: World, *words: str) -> dict[str, int]:
    said = world.say(*START, *words, "--json")
    assert said.code == 0, said.out
    found: dict[str, int] = said.json["data"]["legs"][0]
    return found


def doubted(world: World) -> dict[str, bool]:
    with world.state() as state:
        return {name: copy.doubted is not None for name, copy in state.copies(SOURCE, TARGET).items()}


@pytest.mark.parametrize("strike", [
    lambda path: path.write_text("f" * 32 + "\n"), lambda path: path.unlink(),
    lambda path: path.write_text("no id\n"), lambda path: path.write_text("")],
    ids=["other", "none", "damaged", "empty"])
@pytest.mark.parametrize("words", [START, ("verify", "scheme", "NIGHTLY"), ("status", "scheme", "NIGHTLY", "--ask")])
def test_who_meets_a_strange_vault_doubts_its_copies(world: World, strike: object, words: tuple[str, ...]) -> None:
    copied(world)
    right = marker(world).read_bytes()
    strike(marker(world))  # type: ignore[operator]
    before = {path.name: path.read_bytes() for path in world.target.iterdir() if path.is_file()}
    said = world.say(*words, "--json")
    assert said.code == 2
    assert {each["reason"] for each in said.json["errors"]} == {"identity"}
    assert doubted(world) == {"T1": True, "T2": True}
    assert world.states() == {"T1": "unproven", "T2": "unproven"}
    assert {path.name: path.read_bytes() for path in world.target.iterdir() if path.is_file()} == before
    assert world.events().count("422005") == 1
    world.say(*words)
    assert world.events().count("422005") == 1, "what is in doubt already is not told again"
    marker(world).write_bytes(right)
    assert world.states() == {"T1": "unproven", "T2": "unproven"}, "nobody has read them since"


def test_a_plan_of_a_strange_vault_is_refused_and_notes_nothing(world: World) -> None:
    copied(world)
    marker(world).write_text("f" * 32 + "\n")
    assert world.say("plan", "scheme", "NIGHTLY", "--json").json["errors"][0]["reason"] == "identity"
    assert doubted(world) == {"T1": False, "T2": False}


def test_a_doubted_copy_is_read_before_it_is_trusted(world: World) -> None:
    """The right disk is mounted again; one tape on it is not what it was, and nothing shows it."""
    copied(world)
    right = marker(world).read_bytes()
    marker(world).unlink()
    world.say(*START)
    marker(world).write_bytes(right)
    plan = world.say("plan", "scheme", "NIGHTLY", "--json").json["data"]["legs"][0]
    assert plan["counts"] == {"copy": 0, "compare": 2, "nothing": 0, "refuse": 0}
    assert "in doubt" in plan["steps"][0]["why"]
    found = leg(world)
    assert (found["copied"], found["equal"]) == (0, 2)
    assert world.states() == {"T1": "safe", "T2": "safe"}
    assert leg(world)["trusted"] == 2, "and trusted from then on"


def test_a_doubted_copy_that_rotted_is_sent_again(world: World) -> None:
    copied(world)
    right = marker(world).read_bytes()
    marker(world).unlink()
    world.say(*START)
    marker(world).write_bytes(right)
    with world.state() as state:
        copy = state.copies(SOURCE, TARGET)["T1"]
    assert copy.target_identity is not None
    with open(world.target / "T1", "r+b") as file:
        file.write(b"X")
    os.utime(world.target / "T1", ns=(0, copy.target_identity.mtime_ns))
    assert leg(world)["copied"] == 1
    assert (world.target / "T1").read_bytes() == b"T1" * 100
    assert world.states() == {"T1": "safe", "T2": "safe"}


def test_verify_proves_what_was_in_doubt(world: World) -> None:
    copied(world)
    right = marker(world).read_bytes()
    marker(world).unlink()
    world.say("verify", "scheme", "NIGHTLY")
    marker(world).write_bytes(right)
    said = world.say("verify", "scheme", "NIGHTLY", "--json")
    assert said.json["data"]["counts"] == {"verified": 2}
    assert doubted(world) == {"T1": False, "T2": False}
    assert world.states() == {"T1": "safe", "T2": "safe"}


def test_status_does_not_call_safe_what_another_source_disk_shows(world: World) -> None:
    copied(world)
    marker(world, "here").write_text("f" * 32 + "\n")
    said = world.say("status", "scheme", "NIGHTLY", "--json")
    assert said.code == 2
    assert [each["reason"] for each in said.json["errors"]] == ["identity"]
    assert {each["state"] for each in said.json["data"]["tapes"]} == {"unproven"}
    assert doubted(world) == {"T1": False, "T2": False}, "of the target nothing bad is known"


def test_status_system_shows_it(world: World) -> None:
    copied(world)
    marker(world).write_text("f" * 32 + "\n")
    said = world.say("status", "system", "there", "--json")
    assert said.json["data"]["systems"][0]["vaults"][0]["state"] == "identity"
    assert f"TRUST VAULT {THERE} !" in said.json["errors"][0]["message"]


# ---- TRUST VAULT ---------------------------------------------------------------------------------------------------


def test_another_disk_that_is_meant_is_trusted_and_its_tapes_are_not(world: World) -> None:
    """A new disk, to which the tapes were copied by hand; one of them badly."""
    copied(world)
    for path in world.target.iterdir():
        if path.is_file():
            kept, times = path.read_bytes(), path.stat().st_mtime_ns
            path.unlink()
            path.write_bytes(kept if path.name == "T1" else b"X" * len(kept))
            os.utime(path, ns=(times, times))
    shutil.rmtree(world.target / ".vtspolicy")
    marker(world).write_text("f" * 32 + "\n")
    refused = world.say(*START, "--json").json["errors"][0]["message"]
    assert refused.endswith(f"TRUST VAULT {THERE} !")
    said = world.say("-", stdin=f"TRUST VAULT {THERE}\n".encode())
    assert said.code == 2 and "if that is the right one" in said.err
    said = world.say("-", stdin=f"TRUST VAULT {THERE} !\n".encode())
    assert (said.code, said.out.splitlines()[0]) == (0, f"OK, vault {THERE} has the id {'f' * 32}")
    assert world.states() == {"T1": "unproven", "T2": "unproven"}
    found = leg(world)
    assert (found["copied"], world.states()) == (1, {"T1": "safe", "T2": "safe"})
    assert (world.target / "T2").read_bytes() == b"T2" * 100
    assert world.events().count("222006") == 1


def test_trusting_tells_how_many_copies_it_doubts(world: World) -> None:
    copied(world)
    marker(world).write_text("f" * 32 + "\n")
    said = world.say("trust", "vault", THERE, "--yes", "--json")
    assert said.json["data"] == {"vault": THERE, "identity": "f" * 32, "was": f"{2:032x}", "doubted": 2}
    assert world.say("trust", "vault", THERE, "--yes", "--json").json["status"] == "nothing"


def test_a_vault_without_an_id_cannot_be_trusted(world: World) -> None:
    copied(world)
    marker(world).unlink()
    said = world.say("trust", "vault", THERE, "--yes", "--json")
    assert (said.code, said.json["errors"][0]["reason"]) == (2, "identity")
    assert f"INIT VAULT {THERE}, REPLACE !" in said.json["errors"][0]["message"]


@pytest.mark.parametrize("word", ["/VAULT02/PAYROLL", "nonsense", "nowhere:/VAULT02"])
def test_only_a_vault_is_trusted(world: World, word: str) -> None:
    assert world.say("trust", "vault", word, "--yes").code == 2


# ---- clones --------------------------------------------------------------------------------------------------------


def with_third(world: World) -> World:
    """A third system, whose vault is a clone of `there`, tape for tape, and which NIGHTLY copies to as well."""
    shutil.copytree(world.root / "there", world.root / "third")
    world.policy("third", SYSTEM.format(name="third", vault="VAULT02", path=world.root / "third"))
    world.policy("NIGHTLY", "kind: scheme\nname: NIGHTLY\nfrom: /VAULT01/PAYROLL\n"
                            "to: [there:/VAULT02/PAYROLL, third:/VAULT02/PAYROLL]\n")
    return world


def test_a_clone_is_refused_and_the_original_goes_on(world: World) -> None:
    with_third(copied(world))
    said = world.say(*START, "--json")
    assert [each["reason"] for each in said.json["errors"]] == ["identity"]
    message = said.json["errors"][0]["message"]
    assert f"which is that of {THERE}" in message
    sentence = "INIT VAULT third:/VAULT02, REPLACE !"
    assert sentence in message
    assert world.say("trust", "vault", "third:/VAULT02", "--yes", "--json").json["errors"][0]["reason"] == "identity"
    assert world.say("init", "vault", "third:/VAULT02").code == 2
    assert world.say("init", "vault", "third:/VAULT02", "--replace").code == 2, "it needs a yes"
    assert world.say("-", stdin=f"{sentence}\n".encode()).code == 0
    assert marker(world, "third").read_bytes() != marker(world).read_bytes()
    found = world.say(*START, "--json").json["data"]["legs"]
    assert [each["target"] for each in found] == [str(TARGET), "third:/VAULT02/PAYROLL"]
    assert {each["copied"] for each in found} == {0}
    assert set(world.states().values()) == {"safe"}


def test_a_record_that_was_cloned_with_its_tape_proves_nothing(world: World) -> None:
    """A clone of the disk's blocks has the same inodes: only a look at the bytes tells."""
    copied(world)
    shutil.rmtree(world.root / "third", ignore_errors=True)
    (world.root / "there").rename(world.root / "third")  # the clone: same inodes
    shutil.copytree(world.root / "third", world.root / "there")  # the original, for our purpose
    with_fresh = world.root / "third" / "PAYROLL" / "T1"
    before = with_fresh.stat().st_mtime_ns
    with open(with_fresh, "r+b") as file:
        file.write(b"X")
    os.utime(with_fresh, ns=(before, before))
    world.policy("third", SYSTEM.format(name="third", vault="VAULT02", path=world.root / "third"))
    world.policy("NIGHTLY", "kind: scheme\nname: NIGHTLY\nfrom: /VAULT01/PAYROLL\nto: third:/VAULT02/PAYROLL\n")
    assert world.say(*START).code == 2
    assert world.say("init", "vault", "third:/VAULT02", "--replace", "--yes").code == 0
    assert leg(world)["copied"] == 1
    assert with_fresh.read_bytes() == b"T1" * 100


def test_a_system_that_got_another_name_is_no_clone(world: World) -> None:
    """Its vault is remembered under the old name, which no policy knows any more."""
    copied(world)
    (world.policies / "there.yaml").unlink()
    world.policy("site2", SYSTEM.format(name="site2", vault="VAULT02", path=world.root / "there"))
    world.policy("NIGHTLY", "kind: scheme\nname: NIGHTLY\nfrom: /VAULT01/PAYROLL\nto: site2:/VAULT02/PAYROLL\n")
    said = world.say(*START, "--json")
    assert said.code == 0, said.out
    assert said.json["data"]["legs"][0]["copied"] == 0


# ---- INIT VAULT ----------------------------------------------------------------------------------------------------


def test_an_empty_mount_point_does_not_become_a_vault_by_itself(world: World) -> None:
    copied(world)
    shutil.move(world.root / "there", world.root / "unmounted")
    (world.root / "there" / "PAYROLL").mkdir(parents=True)
    said = world.say("init", "vault", THERE, "--json")
    assert (said.code, said.json["errors"][0]["reason"]) == (2, "identity")
    assert "is its disk mounted?" in said.json["errors"][0]["message"]
    assert not marker(world).exists()
    sentence = f"INIT VAULT {THERE}, REPLACE !"
    assert sentence in said.json["errors"][0]["message"]
    assert world.say("-", stdin=f"{sentence}\n".encode()).code == 0
    assert world.states() == {"T1": "unproven", "T2": "unproven"}
    assert leg(world)["copied"] == 2
    assert world.states() == {"T1": "safe", "T2": "safe"}
    with world.state() as state:
        remembered = state.vault(Vault("there", "VAULT02"))
    assert remembered is not None
    assert remembered[0] == marker(world).read_text().strip() != f"{2:032x}"
