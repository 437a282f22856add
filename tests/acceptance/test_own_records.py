"""The target speaks for itself: STATUS, INFO and VERIFY from the records beside its copies. It knows its own vaults
and nothing else, and the source is gone."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

from tests.acceptance.world import POOL, VAULT, World

PATH = f"/{VAULT}/{POOL}"
FROM, TO = f"vts1:{PATH}", f"vts2:{PATH}"


def on_the_target(world: World) -> World:
    """The target's own policies, which name its system and vaults alone, and its own state; the source is gone."""
    own = copy.copy(world)
    own.policies, own.state = world.folder / "their policies", world.folder / "their state"
    own.policies.mkdir()
    own.policy("vts2", "kind: system", "name: vts2", f"vaults: {{{VAULT}: {world.far}}}")
    world.near.rename(world.folder / "lost")
    return own


def told(there: World, *words: str) -> dict[str, dict[str, Any]]:
    """What STATUS says, by name of the tape."""
    tapes = there.run("status", *words, "--json").settle().json["data"]["tapes"]
    return {each["tape"].rpartition("/")[2]: each for each in tapes}


def test_the_target_needs_nobody_to_speak_of_its_copies(world: World) -> None:
    for number in range(3):
        world.put(f"T0000{number}", bytes([number]) * 1000)
    world.start()
    there = on_the_target(world)
    found = told(there, "pool", PATH)
    assert sorted(found) == ["T00000", "T00001", "T00002"]
    for name, each in found.items():  # whether the source has changed since, nobody here can know
        assert (each["state"], each["basis"], each["size"]) == ("unproven", "from the records here", 1000)
        assert (each["tape"], each["target"], each["durable"]) == (f"{FROM}/{name}", f"{TO}/{name}", True)
    (there.copies / ".vtspolicy" / "T00002.record").write_text("{")
    read = there.run("verify", "pool", PATH, "--json").settle(1).json
    assert read["data"]["counts"] == {"verified": 2}
    assert read["warnings"] == [f"{TO}: no record that can be read tells of T00002"]
    after = told(there, "tape", f"{PATH}/*1")
    assert list(after) == ["T00001"] and after["T00001"]["verified"] > found["T00001"]["copied"]
    assert after["T00001"]["state"] == "unproven"  # the copy is right; its source was not seen
    shown = there.run("info", "tape", f"{FROM}/T00001").settle().output
    assert f"{TO}/T00001" in shown and "1 tape: 1 unproven; from the records here" in shown


def test_damage_that_the_target_finds_itself_reaches_the_sender(make_world: Callable[..., World]) -> None:
    """Over plain SFTP, size and time are all that a look tells: the target's own VERIFY knows more."""
    world = make_world("sftp")
    world.put("T00001", b"a" * 5000)
    world.put("T00002", b"beside")
    world.start()
    rotten = world.copies / "T00001"
    found = rotten.stat()
    rotten.write_bytes(b"b" * 5000)
    os.utime(rotten, ns=(found.st_atime_ns, found.st_mtime_ns))
    there = on_the_target(world)
    there.run("verify", "pool", f"vts2:{PATH}").settle(2)
    (world.folder / "lost").rename(world.near)
    asked = world.run("status", "scheme", "NIGHTLY", "--ask", "--json").settle().json["data"]["tapes"]
    assert [(each["state"], each["reason"]) for each in asked] == [("failed", "damaged"), ("safe", None)]
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == b"a" * 5000
    asked = world.run("status", "scheme", "NIGHTLY", "--ask", "--json").settle().json["data"]["tapes"]
    assert {each["state"] for each in asked} == {"safe"}
    assert world.start().leg()["trusted"] == 2
