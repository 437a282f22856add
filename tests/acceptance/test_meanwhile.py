"""What a person, or another disk, does during a run or a VERIFY is not lost when that records what it saw."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.acceptance.world import POOL, SCHEME, VAULT, World, make_vault
from tests.support.processes import until
from tests.support.signals import Running

PATH = f"/{VAULT}/{POOL}"
SIZE = 400_000
SLOWLY = f"VERIFY SCHEME {SCHEME}, RATE 400 KiB/s"


def copied(world: World, count: int = 4) -> World:
    for number in range(count):
        world.put(f"T0000{number}", bytes([65 + number]) * SIZE)
    world.start()
    return world


def another_disk(world: World) -> None:
    """It comes in the place of the target's, and is trusted: what was read until then says nothing of it."""
    world.far.rename(world.folder / "removed")
    make_vault(world.far, "9" * 32, POOL)
    for number in range(4):
        (world.copies / f"T0000{number}").write_bytes(b"?" * SIZE)
    world.run(f"TRUST VAULT vts2:/{VAULT} !").settle()


@pytest.mark.parametrize("kind", ["local", "receiver"])
def test_a_disk_that_is_exchanged_during_a_run_is_not_proven_by_it(make_world: Callable[..., World], kind: str) -> None:
    world = make_world(kind, scheme=["rate: 400 KiB/s"])
    for number in range(4):
        world.put(f"T0000{number}", bytes([65 + number]) * SIZE)
    with world.started() as running:
        assert until(lambda: bool(world.parts()), 30)
        another_disk(world)
        assert running.process.poll() is None, "it was too fast to be overtaken"
        running.process.wait(60)
    assert "safe" not in world.states().values()


def test_a_disk_that_is_exchanged_during_a_verify_is_not_proven_by_it(make_world: Callable[..., World]) -> None:
    world = copied(make_world("local"))
    with Running(world.command(SLOWLY), cwd=world.folder) as running:
        assert until(lambda: bool(world.events("224007")), 30)
        another_disk(world)
        assert running.process.poll() is None, "it was too fast to be overtaken"
        running.process.wait(60)
    assert set(world.states().values()) == {"unproven"}


@pytest.mark.parametrize("what", ["accept", "release"])
def test_what_a_person_says_during_a_verify_holds(make_world: Callable[..., World], what: str) -> None:
    world = copied(make_world("local"))
    if what == "accept":
        (world.pool / "T00003").unlink()
    else:
        world.put("T00003", b"tiny")
    world.run(f"VERIFY TAPE {PATH}/T00003").settle()    # its proof is the newest now, so it is read last
    with Running(world.command(SLOWLY), cwd=world.folder) as running:
        assert until(lambda: len(world.events("224007")) > 1, 30)
        world.run(f"ACCEPT POOL {PATH} !" if what == "accept" else f"RELEASE TAPE {PATH}/T00003 !").settle()
        assert running.process.poll() is None, "it was too fast to be overtaken"
        running.process.wait(60)
    leg = world.start().leg()
    assert (leg["accepted"], leg["copied"]) == ((1, 0) if what == "accept" else (0, 1))
