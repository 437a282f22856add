"""ADOPT POOL is killed at each call that changes the state or the target's pool, and the far side at each of its own.

Whatever the call was: no tape is touched, what is not equal is not called safe, and the same sentence goes on where it
stopped; nothing needs a hand.
"""

from __future__ import annotations

import json
import shlex
import shutil
import signal
from collections.abc import Callable

import pytest

from tests.acceptance.test_killed_here import event_numbers
from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.contract.systems import receive_words
from tests.support import tally
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.support.tapes import digests, random_bytes

Make = Callable[..., CrashPoints]
ADOPT = ("adopt", "pool", f"vts1:/{VAULT}/{POOL}")
EQUAL, OTHER = ("T00001", "T00002"), "T00000"


class Story:
    """Tapes that were shipped, before anything is known of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        for index, name in enumerate((OTHER, *EQUAL)):
            path = world.put(name, random_bytes(3000, index))
            shutil.copy2(path, world.copies / name)
        (world.copies / OTHER).write_bytes(random_bytes(3000, 99))
        self._shipped = digests(world.copies)

    def set(self) -> None:
        shutil.rmtree(self.world.state, ignore_errors=True)
        shutil.rmtree(self.world.copies / ".vtspolicy", ignore_errors=True)

    def check(self) -> None:
        """After a kill."""
        world = self.world
        if world.server is not None:
            world.server.wait_idle(20)
        sentence = f"ADOPT POOL vts1:/{VAULT}/{POOL}\n"
        asked = f"STATUS SCHEME {SCHEME}\n"
        done = world.run("-", "--json", "--allow", "all", stdin=f"{asked}{sentence}{asked}INFO EVENT\n")
        before, adopted, status, events = (json.loads(line) for line in done.lines)
        states = {each["tape"].rpartition("/")[2]: each["state"] for each in before["data"]["tapes"]}
        assert states[OTHER] in ("never", "failed", "diverged")
        assert {states[name] for name in EQUAL} <= {"never", "failed", "safe"}
        leg = adopted["data"]["legs"][0]
        assert (adopted["code"], leg["equal"] + leg["trusted"], leg["differing"]) == (1, len(EQUAL), [OTHER]), adopted
        known = sum(states[name] == "safe" for name in EQUAL)
        assert leg["trusted"] >= known, "what is known is not read again"
        states = {each["tape"].rpartition("/")[2]: each["state"] for each in status["data"]["tapes"]}
        assert states == {OTHER: "diverged", **dict.fromkeys(EQUAL, "safe")}
        assert digests(world.copies) == self._shipped, "no tape was touched"
        work = {path.name for path in (world.copies / ".vtspolicy").iterdir()}
        assert work == {"lock", *(f"{name}.{what}" for name in EQUAL for what in ("record", "proof"))}
        numbers = event_numbers(world)
        assert numbers == sorted(set(numbers)) == [each["number"] for each in events["data"]["events"]]


@pytest.mark.timeout(1200 if tally.TORTURE else 300)
def test_killed_here(make_world: Callable[..., World], crash_points: Make) -> None:
    world = make_world("local")
    story, crash = Story(world), crash_points([world.state, world.far])
    command = world.command(*ADOPT)
    done = crash.run(command, traced=True, timeout=120)
    assert done.returncode == 1, done
    assert_same(crash.points(), crash.traced_points())
    story.check()
    story.set()
    assert crash.run(command, cwd=world.folder).returncode == 1
    points = crash.points()  # without strace, which makes it slow
    assert sum(str(world.far) in point.path for point in points) >= 5 * len(EQUAL), points
    chosen = tally.spread(len(points), tally.count(len(points), -(-len(points) // 10)))
    killed = 0
    for number in chosen:
        story.set()
        done = crash.run(command, Strike(number), cwd=world.folder, timeout=120)
        struck = done.returncode == -signal.SIGKILL
        assert struck or (done.returncode == 1 and crash.count() < number), done
        killed += struck
        story.check()
    tally.tally("kills of ADOPT POOL, here", killed, at_least=len(chosen) - 2)


@pytest.mark.timeout(1200 if tally.TORTURE else 300)
def test_killed_over_there(make_world: Callable[..., World], crash_points: Make) -> None:
    """The receiver dies; its sender, whose run ends as unreachable, is given the sentence again."""
    world = make_world("receiver")
    story, crash = Story(world), crash_points([world.far])
    assert world.server is not None
    words = shlex.join(receive_words(world.far))
    world.server.authorize(world.key.name, command=str(crash.wrapper(words)))
    crash.arm(traced=True)
    world.run(*ADOPT).settle(1)
    world.server.wait_idle(20)
    points = crash.points()
    assert_same(points, crash.traced_points())
    assert len(points) >= 5 * len(EQUAL), points
    numbers = tally.spread(len(points), tally.count(len(points), -(-len(points) // 5)))
    killed = 0
    for number in numbers:
        story.set()
        crash.arm(Strike(number))
        done = world.run(*ADOPT, "--json")
        world.server.wait_idle(20)
        struck = crash.count() >= number
        crash.disarm()
        killed += struck
        assert done.code == (2 if struck else 1), (done.output, done.errors)
        assert set(done.reasons) <= {"unreachable"}
        story.check()
    tally.tally("kills of the receiver at ADOPT POOL", killed, at_least=len(numbers) - 2)
