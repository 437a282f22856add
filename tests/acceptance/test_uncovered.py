"""A pool that no policy names is told of until somebody says that it is meant; and whoever is refused by name is told
a sentence that works as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.world import POOL, VAULT, World


def test_a_pool_that_nobody_named_is_told_of_until_it_is_meant(tmp_path: Path) -> None:
    world = World("local", tmp_path)
    (world.near / "SCRATCH").mkdir()
    world.put("S00001", b"scratch", pool="SCRATCH")
    world.put("T00001", b"payroll")
    warning = f"vts1:/{VAULT}/SCRATCH holds 1 tape, and no policy names it"
    done = world.run("status", "pool", "--json").settle(1)
    assert done.json["warnings"] == [warning]
    assert f"vts1:/{VAULT}/SCRATCH" in world.run("info", "pool", "*", "--uncovered").settle().output
    world.run(f'ADD UNPROTECTED SCRATCH, POOLS /{VAULT}/SCR*').settle(2)  # why?
    world.run(f'ADD UNPROTECTED SCRATCH, POOLS /{VAULT}/SCR*, NOTE "written anew each night"').settle()
    assert "WARNING" not in world.run("status", "pool").settle().errors
    assert "unprotected: written anew each night" in world.run("info", "pool").settle().output


def test_what_a_refusal_says_can_be_typed_as_it_stands(make_world: Callable[..., World]) -> None:
    world = make_world("receiver")
    (world.far / "ELSE").mkdir()
    world.put("T00001", b"payroll")
    world.policy("B", "kind: scheme", "name: B", f"from: /{VAULT}/{POOL}", f"to: vts2:/{VAULT}/ELSE")
    refused = world.run(f"VTSPolicy IDR '/{VAULT}/{POOL}'").settle(2)
    ways = re.findall(r"(VTSPolicy IDR '\w+') runs that scheme", refused.errors)
    assert ways == ["VTSPolicy IDR 'B'", "VTSPolicy IDR 'NIGHTLY'"]
    assert world.run(ways[0], "--json").settle().leg()["target"] == f"vts2:/{VAULT}/ELSE"
    clash = world.run(ways[1], "--json").settle(2)
    assert clash.reasons == ["name-clash"]
    cure = clash.json["errors"][0]["message"].rpartition("let both be: ")[2]
    world.run(cure).settle()
    assert world.run(ways[1], "--json").settle().leg()["copied"] == 1
