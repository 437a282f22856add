"""The link, or the far program, goes silent without a word: noticed within the stall time, and nothing is lost."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, Stage, old_of
from tests.faults.test_connection_cut import SIZE, Offsets, measured
from tests.faults.test_far_side_killed import SCENARIOS, proven_points
from tests.support import journey, netns, processes, tally
from tests.support.crash import CrashPoints, Strike
from tests.support.proxy import DOWN, UP, Hole, Proxy, Way
from tests.support.signals import Running
from tests.support.sshd import SshServer, running
from tests.support.strace import Point
from tests.support.tapes import random_bytes
from vtspolicy.errors import Outage, Stalled
from vtspolicy.systems.layers import Pace

STALL = 1.2
SLACK = 2.0
"""Seconds that a busy machine may need besides."""
Make = Callable[..., CrashPoints]
WAYS: tuple[tuple[Way, bool], ...] = ((UP, True), (DOWN, True), (UP, False), (DOWN, False))


def holes(offsets: Offsets, where: str) -> list[Hole]:
    """Black holes in one stretch: both ways, only there, only back."""
    low: dict[Way, int] = {UP: 0, DOWN: 0}
    if where == "handshake":
        fractions = (0.0, 0.3, 0.6, 0.9)
        return [Hole(way, int(offsets.planned[way] * fraction), both) for fraction in fractions for way, both in WAYS]
    low, high = (offsets.planned, offsets.sent) if where == "data" else (offsets.sent, offsets.certain)
    return [Hole(way, low[way] + int((high[way] - low[way]) * 0.4), both) for way, both in WAYS]


@pytest.mark.parametrize("where", ["handshake", "data", "last answer"])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_black_hole_is_noticed(kind: str, where: str, tmp_path: Path, sshd: SshServer) -> None:
    stage = Stage(kind, tmp_path, sshd)
    every = holes(measured(stage), where)
    for index in tally.spread(len(every), tally.count(len(every), max(2, len(every) // 6))):
        new = {"T00001": stage.put("T00001", random_bytes(SIZE, 100 + index))}
        old = old_of(stage, new)
        stage.sender.there = stage.described(stall=STALL)
        with Proxy(sshd.port, [every[index - 1]]) as proxy:
            report = stage.through(proxy.port)
            assert proxy.connections[0].struck, every[index - 1]
            stage.check(report, old, new)
            assert report.failures, f"{every[index - 1]}, and nothing was reported"
            kind_of_failure = Outage if where == "handshake" else Stalled
            assert all(isinstance(failure, kind_of_failure) for failure in report.failures), (
                every[index - 1], [failure.message for failure in report.failures])
            assert report.seconds <= 1.5 * STALL + SLACK, (every[index - 1], report.seconds)
        stage.sender.there = stage.described()
        stage.check_recovery(new)
        tally.tally(f"black holes in the {where} ({kind})", 1, at_least=2)


@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_quiet_link_that_lives_is_not_given_up(kind: str, tmp_path: Path, sshd: SshServer) -> None:
    """A low rate leaves the link idle for longer than the stall time; keep-alives and their answers go over it."""
    stage = Stage(kind, tmp_path, sshd, stall=1.0)
    new = {"T00001": stage.put("T00001", random_bytes(100_000, 1))}
    report = stage.sender.run(pace=Pace(100_000 // 4))
    assert report.done == set(new), [failure.message for failure in report.failures]
    assert report.seconds > 3
    assert stage.there("T00001") == new["T00001"]


@pytest.mark.parametrize("kind", FAR_ENDS)
def test_packets_that_are_dropped_are_noticed(kind: str, tmp_path: Path) -> None:
    """Two machines, and a cable that goes dead: nobody acknowledges anything any more."""
    stall = 3.0
    with netns.link() as link:
        server = SshServer(tmp_path / "sshd", prefix=link.inside("b"), address=link.address("b"))
        with running(server):
            stage = Stage(kind, tmp_path, server, stall=stall)
            new = {"T00001": stage.put("T00001", random_bytes(12 << 20, 1))}
            spec = journey.write_spec(tmp_path / "spec", stage.sender, rate=4 << 20)
            command = [*link.inside("a"), *journey.command(spec)]
            with Running(command, cwd=Path.cwd()) as program:
                program.wait_for_file(stage.far, "**/*.part", 20)
                time.sleep(0.5)
                link.drop()
                began = time.monotonic()
                assert program.wait(30) == 0, program.errors
                seconds = time.monotonic() - began
            told = json.loads(program.output)
            assert told["failed"] == {"T00001": "stalled"}, told
            assert program.errors == ""
            assert seconds <= 1.5 * stall + SLACK
            assert stage.there("T00001") is None
            link.restore()
            spec = journey.write_spec(tmp_path / "spec", stage.sender)
            done = link.run("a", journey.command(spec))
            assert json.loads(done.stdout)["done"] == ["T00001"], (done.stdout, done.stderr)
            assert stage.there("T00001") == new["T00001"]
            assert stage.parts() == []


def stops(points: list[Point]) -> list[int]:
    """Where the far program is stopped: before the lock (its part made, written, fsynced), and at the tape's rename."""
    chosen = {("open", ".part"), ("write", ".part"), ("sync", ".part"), ("rename", "/T00001")}
    return [number for number, point in enumerate(points, 1)
            if any(point.family == family and point.path.endswith(tail) for family, tail in chosen)]


def wake(sleeping: list[int]) -> None:
    """Lets them go on; returns when they have ended, which they do since their caller is gone."""
    processes.kill(sleeping, signal.SIGCONT)
    assert processes.until(lambda: not any(processes.alive(pid) for pid in sleeping), 5)


@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_stopped_far_program_is_noticed_and_does_no_harm_when_it_wakes(kind: str, tmp_path: Path, sshd: SshServer,
                                                                         crash_points: Make) -> None:
    stage = Stage(kind, tmp_path, sshd, crash=crash_points([tmp_path / "far"]))
    scenario = SCENARIOS["replaced"]
    points = proven_points(stage, scenario)
    lock = next((number for number, point in enumerate(points, 1) if point.path.endswith("/lock")), len(points) + 1)
    assert stage.crash is not None
    every = stops(points)
    for number in (every[index - 1] for index in tally.spread(len(every), tally.count(len(every), 2))):
        new = scenario.set(stage)
        old = old_of(stage, new)
        stage.sender.there = stage.described(stall=STALL)
        stage.crash.arm(Strike(number, "stop"))
        report = stage.sender.run()
        stage.crash.disarm()
        stage.check(report, old, new)
        assert report.reasons == {"stalled"}, (points[number - 1], report.reasons)
        assert report.seconds <= 1.5 * STALL + SLACK
        stage.sender.there = stage.described()
        sleeping = stage.crash.pids()
        assert len(sleeping) == 1
        if number >= lock:  # it holds the pool's lock: nobody else publishes before it is gone
            wake(sleeping)
            stage.check(report, old, new)
            stage.check_recovery(new)
            continue
        new = {"T00001": stage.put("T00001", random_bytes(60_000, 1000 + number))}
        report = stage.sender.run()
        assert report.done == {"T00001"}, [failure.message for failure in report.failures]
        wake(sleeping)
        assert stage.there("T00001") == new["T00001"], f"woken at {points[number - 1]}, it published its old tape"
        stage.check_recovery(new)
        tally.tally(f"late wakers ({kind})", 1)
