"""INIT VAULT, TRUST VAULT and REBUILD CATALOG are killed at each call that changes a vault or the state.

Whatever the call was, nothing needs a hand: the next run, or the same sentence given again, brings everything in order,
and what was not proven is not called safe in between.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.test_killed_here import event_numbers
from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.support import tally
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.support.tapes import assert_equal, digests, random_bytes

Make = Callable[..., CrashPoints]
THERE = f"vts2:/{VAULT}"
OTHER_ID = "f" * 32


class Story:
    """A world with copies that is put back to how it was before each trial."""

    def __init__(self, world: World, words: list[str], prepare: Callable[[World], object], *, copied: bool = True,
                 put_back: tuple[str, ...] = ("state", "far")) -> None:
        self.world = world
        self.command = world.command(*words)
        self.sentence = words
        self._prepare = prepare
        for number in range(3):
            world.put(f"T0000{number}", random_bytes(20_000 + number, number))
        if copied:
            world.start()
        self._kept = world.folder / "kept"
        self._put_back = put_back
        for name in put_back:
            if (world.folder / name).exists():
                shutil.copytree(world.folder / name, self._kept / name)

    def set(self) -> None:
        """All that is put back is as it was; but tapes have other inodes than those of which state and records tell."""
        for name in self._put_back:
            shutil.rmtree(self.world.folder / name, ignore_errors=True)
            if (self._kept / name).exists():
                shutil.copytree(self._kept / name, self.world.folder / name)
        self._prepare(self.world)

    def leftovers(self) -> list[str]:
        """What lies in the vaults' roots beside pools and markers."""
        return sorted({name for root in (self.world.near, self.world.far) for name in os.listdir(root)}
                      - {POOL, ".vtspolicy-vault"})


def everywhere(story: Story, crash: CrashPoints, what: str, check: Callable[[], None]) -> None:
    """A kill at each point that counts, each followed by the check."""
    story.set()
    done = crash.run(story.command, traced=True, timeout=120)
    assert done.returncode == 0, done
    assert_same(crash.points(), crash.traced_points())
    check()
    story.set()
    assert crash.run(story.command).returncode == 0
    total = crash.count()
    assert total >= 10, crash.points()
    killed = 0
    points = tally.spread(total, tally.count(total, -(-total // 10)))
    for number in points:
        story.set()
        done = crash.run(story.command, Strike(number), timeout=120)
        struck = done.returncode == -signal.SIGKILL
        assert struck or (done.returncode == 0 and crash.count() < number), done
        killed += struck
        check()
    tally.tally(f"kills at {what}", killed, at_least=len(points) - 2)


def all_safe(world: World) -> None:
    """One run, and every copy is the source's, proven, and told once."""
    done = world.run("-", "--json", "--allow", "all",
                     stdin=f"START SCHEME {SCHEME}\nSTATUS SCHEME {SCHEME}\nINFO EVENT\n")
    run, status, events = (json.loads(line) for line in done.lines)
    assert run["code"] == 0, run
    assert_equal(digests(world.pool), digests(world.copies))
    assert {each["state"] for each in status["data"]["tapes"]} == {"safe"}
    assert world.parts() == []
    numbers, recorded = event_numbers(world), [each["number"] for each in events["data"]["events"]]
    assert numbers[-len(recorded):] == recorded == sorted(set(recorded)), "lines of an earlier state stay in front"


def no_marker(world: World) -> None:
    (world.far / ".vtspolicy-vault").unlink()


def other_marker(world: World) -> None:
    (world.far / ".vtspolicy-vault").write_text(OTHER_ID + "\n")


def test_the_first_id_of_a_vault(make_world: Callable[..., World], crash_points: Make) -> None:
    """The next run takes the id that is there, or INIT VAULT, given again, gives one."""
    world = make_world("local")
    story = Story(world, ["init", "vault", THERE], no_marker, copied=False)

    def check() -> None:
        if not (world.far / ".vtspolicy-vault").exists():
            assert world.run("start", "scheme", SCHEME, "--json").settle(2).reasons == ["identity"]
            world.run(*story.sentence).settle()
        else:
            assert world.run(*story.sentence, "--json").settle(2).reasons == ["identity"], "it has one already"
        assert story.leftovers() == []
        all_safe(world)

    everywhere(story, crash_points([world.state, world.far]), "INIT VAULT", check)


@pytest.mark.parametrize(("words", "prepare"), [
    (["init", "vault", THERE, "--replace", "--yes"], no_marker),
    (["init", "vault", THERE, "--replace", "--yes"], other_marker),
    (["trust", "vault", THERE, "--yes"], other_marker),
], ids=["another disk", "another id", "trust"])
def test_another_id_of_a_vault(words: list[str], prepare: Callable[[World], object],
                               make_world: Callable[..., World], crash_points: Make) -> None:
    """The same sentence again, and a run reads what is there before it calls it safe."""
    world = make_world("local")
    story = Story(world, words, prepare)

    def check() -> None:
        world.run(*words).settle()
        assert story.leftovers() == []
        assert set(world.states().values()) == {"unproven"}
        all_safe(world)

    everywhere(story, crash_points([world.state, world.far]), " ".join(words[:3]), check)


def test_rebuild(make_world: Callable[..., World], crash_points: Make) -> None:
    """Whatever it came to: the next run sends nothing again, and the same sentence gives the answers of before."""
    world = make_world("local")
    story = Story(world, ["rebuild", "catalog", "--yes"], lambda world: None, put_back=("state",))
    told = ("tape", "target", "state", "size", "copied", "verified", "digest", "durable", "run")

    def said(*sentences: str) -> list[dict[str, Any]]:
        """The data of each sentence; one program for all, because each start of it costs."""
        done = world.run("-", "--json", "--allow", "all", stdin="".join(f"{each}\n" for each in sentences)).settle()
        return [json.loads(line)["data"] for line in done.lines]

    def tapes(data: dict[str, Any]) -> list[dict[str, object]]:
        return [{key: each[key] for key in told} for each in data["tapes"]]

    status = f"STATUS SCHEME {SCHEME}"
    before = tapes(said(status)[0])
    assert [each["state"] for each in before] == ["safe"] * 3

    rounds = iter(range(10**6))

    def check() -> None:
        known = tapes(said(status)[0]) if world.state.exists() else []
        assert all(each["state"] in ("never", "safe") for each in known), known
        if next(rounds) % 2:
            run, after = said(f"START SCHEME {SCHEME}", status)
            leg, = run["legs"]
            assert (leg["copied"], leg["trusted"], leg["bytes"]) == (0, 3, 0)
            assert tapes(after) == before
        assert tapes(said("REBUILD CATALOG !", status)[1]) == before
        assert story.leftovers() == []
        all_safe(world)

    everywhere(story, crash_points([world.state, world.far]), "REBUILD CATALOG", check)
