"""Numbers that no program of ours writes: what they stand beside is copied and told as ever."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable

from tests.acceptance.world import POOL, World


def test_a_time_beyond_2262_hides_nothing(make_world: Callable[..., World]) -> None:
    """As nanoseconds it needs more than 64 bits; ext4 and XFS have it, and so has a typing error of touch."""
    world = make_world("receiver")
    far_off = 9_300_000_000 * 10**9
    world.put("T00001", b"first")
    os.utime(world.pool / "T00001", ns=(0, far_off))
    os.utime(world.put_there("X00001", b"theirs"), ns=(0, far_off))
    world.put("T00002", b"second")
    assert world.start().leg()["copied"] == 2
    assert (world.copies / "T00001").stat().st_mtime_ns == far_off
    before = world.states()
    shutil.rmtree(world.state)
    world.run("rebuild", "catalog", "--yes").settle()
    assert world.states() == before == {f"{POOL}/T00001": "safe", f"{POOL}/T00002": "safe"}
    assert world.start().leg()["trusted"] == 2


def test_a_record_of_nonsense_hides_no_other(make_world: Callable[..., World]) -> None:
    world = make_world("receiver")
    world.put("T00001", b"first")
    world.put("T00002", b"second")
    world.start()
    path = world.copies / ".vtspolicy" / "T00001.record"
    found = json.loads(path.read_bytes())
    found["records"][0]["source"]["identity"]["size"] = -1
    path.write_text(json.dumps(found))
    assert world.run("rebuild", "catalog", "--yes", "--json").settle().json["data"]["copies"] == 1
    assert world.states() == {f"{POOL}/T00001": "never", f"{POOL}/T00002": "safe"}
    assert world.start().leg()["equal"] == 1
