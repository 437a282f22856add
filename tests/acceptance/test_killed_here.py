"""Our side is killed at each call that changes its state or, where both vaults are here, the target's pool.

Whatever the call was, the next run completes without a hand: all tapes equal, the catalog says so, and the event log
holds each event once.
"""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.acceptance.world import KINDS, SCHEME, World
from tests.support import tally
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.support.tapes import assert_equal, digests, random_bytes

Make = Callable[..., CrashPoints]


class Story:
    """A run that replaces a tape, adds one and leaves one alone, again and again."""

    def __init__(self, world: World, *, first: bool) -> None:
        self.world = world
        self.first = first
        """Whether each run is the first: without a state, and with nothing on the target."""
        self._round = 0

    def set(self) -> dict[str, tuple[bytes | None, bytes]]:
        """What the source holds before the next run: for each tape that is to be copied, old and new bytes."""
        self._round += 1
        if self.first:
            shutil.rmtree(self.world.state, ignore_errors=True)
            shutil.rmtree(self.world.copies)
            self.world.copies.mkdir()
        names = ("T00001", "T00003", f"T1{self._round:04d}") if self.first else ("T00001", f"T1{self._round:04d}")
        for path in self.world.pool.glob("T1*"):
            path.unlink()
            (self.world.copies / path.name).unlink(missing_ok=True)
        self.world.put("T00003", b"never changes") if self.first or self._round == 1 else None
        new = {name: random_bytes(150_000, self._round * 10 + index) for index, name in enumerate(names)}
        for name, content in new.items():
            self.world.put(name, content)
        return {name: (self.world.copy(name), content) for name, content in new.items()}


def event_numbers(world: World) -> list[int]:
    """The numbers of the events in the JSON log, whose lines must all be whole, as must be those of the text log."""
    log = world.state / "log"
    text = (log / "event.log").read_text()
    assert text.endswith("\n")
    for line in text.splitlines():
        assert line.count("|") >= 8 and len(line) <= 255, line
    lines = (log / "events.jsonl").read_text()
    assert lines.endswith("\n")
    numbers = [json.loads(line)["number"] for line in lines.splitlines()]
    assert len(text.splitlines()) == len(numbers)
    return numbers


def check_after_kill(world: World, tapes: dict[str, tuple[bytes | None, bytes]]) -> None:
    """Old or new, never mixed; then one more run brings everything in order."""
    for name, both in tapes.items():
        assert world.copy(name) in both, f"{name} is neither old nor new"
    if world.server is not None:
        world.server.wait_idle(20)
    sentences = f"START SCHEME {SCHEME}\nSTATUS SCHEME {SCHEME}\nINFO EVENT\n"
    done = world.run("-", "--json", "--allow", "all", stdin=sentences)
    run, status, events = (json.loads(line) for line in done.lines)
    # Tapes of earlier rounds that are gone from the source are told; nothing else may be said.
    assert run["code"] in (0, 1), (done.output, done.errors)
    assert all("gone from" in warning for warning in run["warnings"])
    assert_equal(digests(world.pool), digests(world.copies))
    assert world.parts() == []
    states = {each["tape"].rpartition("/")[2]: each["state"] for each in status["data"]["tapes"]}
    assert {name: states[name] for name in tapes} == dict.fromkeys(tapes, "safe")
    numbers = event_numbers(world)
    assert numbers == sorted(set(numbers)), "an event stands twice in the log"
    assert numbers == [each["number"] for each in events["data"]["events"]], "the log lacks events, or has too many"


def strike_everywhere(world: World, crash: CrashPoints, what: str, *, first: bool) -> None:
    story = Story(world, first=first)
    command = world.command("start", "scheme", SCHEME)
    story.set()
    if not first:
        world.run("start", "scheme", SCHEME)
        story.set()
    prove(crash, command)
    story.set()
    assert crash.run(command, cwd=world.folder).returncode in (0, 1)
    total = crash.count()  # without strace, which makes it slow, and so writes more often
    assert total >= 20, total
    killed = 0
    for number in tally.spread(total, tally.count(total, -(-total // 10))):
        tapes = story.set()
        done = crash.run(command, Strike(number), cwd=world.folder, timeout=120)
        struck = done.returncode == -signal.SIGKILL
        assert struck or (done.returncode in (0, 1) and crash.count() < number), done
        killed += struck
        check_after_kill(world, tapes)
    tally.tally(f"kills of this side ({what})", killed,
                at_least=total * 9 // 10 if tally.TORTURE else total // 10 - 1)


def prove(crash: CrashPoints, command: Sequence[str]) -> None:
    """The library sees the points of a whole run as strace does."""
    done = crash.run(command, traced=True, timeout=120)
    assert done.returncode in (0, 1), done
    assert_same(crash.points(), crash.traced_points())


ROUNDS = [(kind, which) for kind in KINDS for which in ("first", "later")
          if tally.TORTURE or kind == "local" or (kind, which) == ("receiver", "later")]
"""What is far makes little difference to our state: not every pair in every session."""


@pytest.mark.timeout(1200 if tally.TORTURE else 300)
@pytest.mark.parametrize(("kind", "which"), ROUNDS)
def test_the_next_run_completes(kind: str, which: str, make_world: Callable[..., World], crash_points: Make,
                                tmp_path: Path) -> None:
    world = make_world(kind, scheme=["guard: {at-most-gone: 100 %}"])  # each round takes tapes away
    roots = [world.state, world.far] if kind == "local" else [world.state]
    strike_everywhere(world, crash_points(roots), f"{kind}, {which} run", first=which == "first")
