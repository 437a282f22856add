"""Plain SFTP tells whole seconds: what was read within the second of its last change is looked at once more."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.test_far_source import turned
from tests.acceptance.world import POOL, SCHEME, World

TAPE = f"{POOL}/T00001"


def written(path: Path, content: bytes, second: int) -> None:
    path.write_bytes(content)
    os.utime(path, (second, second))


@pytest.mark.parametrize("far", ["source", "target"])
def test_two_changes_in_one_second(make_world: Callable[..., World], far: str) -> None:
    world = make_world("sftp")
    ours, theirs = world.pool / "T00001", world.copies / "T00001"
    if far == "source":
        turned(world)
        ours, theirs = theirs, ours
    second = int(time.time()) + 2
    written(ours, b"first", second)
    assert world.start().leg()["states"] == {"unproven": 1}
    assert world.states() == {TAPE: "unproven"}
    world.run("verify", "scheme", SCHEME).settle()
    shutil.rmtree(world.state)
    world.run("rebuild", "catalog", "--yes").settle()
    assert world.states() == {TAPE: "unproven"}, "neither a look at the copy nor its record proves it"
    changed, good = (ours, b"other") if far == "source" else (theirs, b"first")
    written(changed, b"other", second)  # unseen by size and time, on a side that tells no more
    leg = world.start().leg()
    assert leg["copied"] == 1
    assert (ours.read_bytes(), theirs.read_bytes()) == (good, good)
    while world.states() != {TAPE: "safe"}:
        assert time.time() < second + 20
        assert world.start().leg()["trusted"] == 0
    assert time.time() > second + 1
    assert world.start().leg()["trusted"] == 1


def test_a_publish_that_the_catalog_never_heard_of_is_not_taken_for_the_one_before(
        make_world: Callable[..., World]) -> None:
    """A was copied, then B of the same size and time, and a kill lost what the catalog knew of that; A is back now."""
    world, long_ago = make_world("sftp"), int(time.time()) - 1000
    ours = world.pool / "T00001"
    written(ours, b"a" * 5000, long_ago)
    world.start()
    shutil.copytree(world.state, world.folder / "before")
    written(ours, b"b" * 5000, long_ago)
    world.start()
    shutil.rmtree(world.state)
    shutil.copytree(world.folder / "before", world.state)
    written(ours, b"a" * 5000, long_ago)
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == b"a" * 5000
