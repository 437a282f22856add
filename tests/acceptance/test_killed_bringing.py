"""COPY TAPE … FROM is killed at calls that change the state or the pool here: between publish and catalog.

What lies here is old or new, never mixed; STATUS never calls safe what is not there; and the same sentence again, or
the next run, brings everything in order.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

import pytest

from tests.acceptance.world import POOL, VAULT, World
from tests.support import tally
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.support.strace import Point
from tests.support.tapes import assert_equal, digests, random_bytes

FROM = ("copy", "tape", f"/{VAULT}/{POOL}/T00001", "--from", "vts2")
OLD, NEW = random_bytes(150_000, 1), random_bytes(140_000, 2)


def set_up(world: World, here: bytes | None) -> None:
    """The copy over there is OLD; here lies another tape, or none."""
    world.put("T00001", OLD)
    world.start("--replace")
    (world.pool / "T00001").unlink()
    if here is not None:
        world.put("T00001", here)


def published(points: Sequence[Point], world: World) -> int:
    """The number of the call that gives the tape its name here."""
    wanted = str(world.pool / "T00001")
    found = [number for number, point in enumerate(points, 1) if point.family == "rename" and (
        point.path.endswith(f" -> {wanted}"))]
    assert len(found) == 1, [str(point) for point in points]
    return found[0]


def check(world: World, here: bytes | None, number: int) -> None:
    path = world.pool / "T00001"
    found = path.read_bytes() if path.exists() else None
    assert found in (here, OLD)
    before = world.states()[f"{POOL}/T00001"]
    if found is None:
        assert before == "held"
    elif found == NEW:
        assert before == "stale"
    else:
        assert before in ("safe", "stale", "unproven")
    if found == OLD and number % 2:  # a run finds both equal, and sends nothing
        leg = world.start().leg()
        assert (leg["copied"], leg["equal"] + leg["trusted"], leg["bytes"]) == (0, 1, 0)
    else:
        leg = world.run(*FROM, "--replace", "--yes", "--json").settle().leg()
        assert leg["states"] == {"safe": 1}
        assert leg["copied"] + leg["equal"] == 1
    assert world.states() == {f"{POOL}/T00001": "safe"}
    assert_equal(digests(world.pool), digests(world.copies))
    assert world.copy("T00001") == OLD
    assert world.start().leg()["trusted"] == 1
    assert list((world.pool / ".vtspolicy").glob("*.part")) == []


@pytest.mark.parametrize("here", [None, NEW], ids=["lost", "replaced"])
def test_whatever_the_call_was(here: bytes | None, make_world: Callable[..., World],
                               crash_points: Callable[..., CrashPoints]) -> None:
    world = make_world("local")
    crash = crash_points([world.state, world.near])
    command = world.command(*FROM, "--replace", "--yes")
    set_up(world, here)
    done = crash.run(command, traced=True, timeout=120)
    assert done.returncode == 0, done
    assert_same(crash.points(), crash.traced_points())
    set_up(world, here)
    assert crash.run(command).returncode == 0
    points = crash.points()
    total, last = len(points), published(points, world)
    assert total >= 20, points
    few = {last, last + 1, (last + total) // 2, total - 1}  # between the rename and the last write of the catalog
    chosen = range(1, total + 1) if tally.TORTURE else sorted(few)
    killed = 0
    for number in chosen:
        set_up(world, here)
        done = crash.run(command, Strike(number), timeout=120)
        struck = done.returncode == -signal.SIGKILL
        assert struck or (done.returncode == 0 and crash.count() < number), done
        killed += struck
        check(world, here, number)
    assert killed >= len(chosen) - 1
