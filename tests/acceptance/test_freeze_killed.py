"""FREEZE and THAW are killed at each call that changes the vault or the state of the system that holds it.

Whatever the call was: the place is frozen or it is not, whoever looks; the sentence given again does what it says; and
nothing is left that a hand would have to remove.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.test_killed_here import event_numbers
from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.support import tally
from tests.support.crash import CrashPoints, Strike, assert_same

Make = Callable[..., CrashPoints]
PLACES = {"pool": f"vts2:/{VAULT}/{POOL}", "vault": f"vts2:/{VAULT}"}


class Story:
    """A tape that is copied again and again, while its target is frozen and thawed."""

    def __init__(self, world: World, what: str) -> None:
        self.world = world
        self.what = what
        self.place = PLACES[what]
        self._round = 0

    @property
    def marker(self) -> Path:
        return self.world.far / ".vtspolicy-frozen" if self.what == "vault" else (
            self.world.copies / ".vtspolicy" / "frozen")

    def command(self, verb: str) -> list[str]:
        reason = ["--reason", "site two has taken over"] if verb == "freeze" else []
        return self.world.command(verb, self.what, self.place, *reason)

    def say(self, verb: str) -> str:
        return str(self.world.run(*self.command(verb)[5:], "--json").settle().json["status"])

    def change(self) -> bytes:
        """The host writes the tape anew."""
        self._round += 1
        content = b"round %d" % self._round
        self.world.put("T00001", content)
        return content

    def check(self, verb: str) -> None:
        """After a kill."""
        before = self.world.copy("T00001")
        frozen = self.marker.exists()
        self.change()
        again = f"{verb} {self.what} {self.place}\n"
        done = self.world.run("-", "--json", "--allow", "all", stdin=f"START SCHEME {SCHEME}\n{again}{again}")
        run, once, twice = (json.loads(line) for line in done.lines)
        assert [each["reason"] for each in run["errors"]] == (["frozen"] if frozen else [])
        assert (self.world.copy("T00001") == before) == frozen
        assert (once["code"], twice["status"]) == (0, "nothing")
        assert self.marker.exists() == (verb == "freeze")
        before, new = self.world.copy("T00001"), self.change()
        self.world.start(code=2 if verb == "freeze" else 0)
        assert self.world.copy("T00001") == (before if verb == "freeze" else new)
        rest = {".vtspolicy-vault", POOL, ".vtspolicy-frozen"}
        assert {path.name for path in self.world.far.iterdir()} <= rest
        assert {path.name for path in (self.world.copies / ".vtspolicy").iterdir()} <= {
            "frozen", "lock", "T00001.record", "T00001.proof"}
        numbers = event_numbers(self.world)
        assert numbers == sorted(set(numbers)), "an event stands twice in the log"


@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize("verb", ["freeze", "thaw"])
def test_given_again_it_does_what_it_says(what: str, verb: str, make_world: Callable[..., World], crash_points: Make,
                                          ) -> None:
    world = make_world("local")
    story, other = Story(world, what), "thaw" if verb == "freeze" else "freeze"
    story.change()
    world.start()
    crash = crash_points([world.far, world.state])
    story.say(other)
    done = crash.run(story.command(verb), cwd=world.folder, traced=True, timeout=120)
    assert done.returncode == 0, done
    assert_same(crash.points(), crash.traced_points())
    story.say(other)
    assert crash.run(story.command(verb), cwd=world.folder).returncode == 0
    points = crash.points()  # without strace, which makes it slow
    there = [number for number, point in enumerate(points, 1) if str(world.far) in point.path]
    other_points = [number for number in range(1, len(points) + 1) if number not in there]
    assert len(there) >= 2, points
    chosen = [*_some(there, -(-len(there) // 3)), *_some(other_points, -(-len(other_points) // 10))]
    killed = 0
    for number in sorted(chosen):
        story.say(other)
        done = crash.run(story.command(verb), Strike(number), cwd=world.folder, timeout=120)
        struck = done.returncode == -signal.SIGKILL
        assert struck or (done.returncode == 0 and crash.count() < number), done
        killed += struck
        story.check(verb)
    tally.tally(f"kills of {verb.upper()} {what.upper()}", killed,
                at_least=len(points) * 9 // 10 if tally.TORTURE else len(chosen) - 2)


def _some(points: list[int], part: int) -> list[int]:
    """All of the points in torture, else so many of them, evenly apart."""
    return [points[index - 1] for index in tally.spread(len(points), tally.count(len(points), part))]
