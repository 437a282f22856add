"""SIGKILL of the far side at every call with which a publish changes something there, through a real sshd."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, Stage, old_of
from tests.support import journey, tally
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.support.sshd import SshServer
from tests.support.strace import Point
from tests.support.tapes import random_bytes
from vtspolicy.errors import Outage
from vtspolicy.policy import model

Make = Callable[..., CrashPoints]


class Scenario:
    """A publish that can be done again and again: before each try the stage is set, and new tapes wait here."""

    def __init__(self, sizes: dict[str, int], *, replaced: tuple[str, ...] = ()) -> None:
        self.sizes = sizes
        self.replaced = replaced
        self._tries = 0

    def set(self, stage: Stage) -> dict[str, bytes]:
        """The tapes that the next run shall bring there; those of `replaced` are there in an older form."""
        missing = [name for name in self.replaced if stage.there(name) is None]
        if len(self.replaced) < len(self.sizes) or missing:
            stage.forget()
            for name in self.sizes:
                (stage.near / journey.POOL / name).unlink(missing_ok=True)
            if self.replaced:
                self._write(stage, self.replaced)
                assert not stage.sender.run().failures
                stage.settle()
        return self._write(stage, tuple(self.sizes))

    def _write(self, stage: Stage, names: tuple[str, ...]) -> dict[str, bytes]:
        self._tries += 1
        return {name: stage.put(name, random_bytes(self.sizes[name] + self._tries % 7, self._tries * 100 + index))
                for index, name in enumerate(names)}


SCENARIOS = {
    "new": Scenario({"T00001": 50_000}),
    "replaced": Scenario({"T00001": 50_000}, replaced=("T00001",)),
    "large replaced": Scenario({"T00001": 2_300_000}, replaced=("T00001",)),
    "three": Scenario({"T00001": 20_000, "T00002": 1, "T00003": 40_000}, replaced=("T00002", "T00003")),
}


def proven_points(stage: Stage, scenario: Scenario) -> list[Point]:
    """The calls with which the far side changes something, as strace sees them too."""
    assert stage.crash is not None
    new = scenario.set(stage)
    stage.crash.arm(traced=True)
    report = stage.sender.run()
    assert report.done == set(new), [failure.message for failure in report.failures]
    stage.server.wait_idle()
    points = stage.crash.points()
    assert_same(points, stage.crash.traced_points())
    stage.crash.disarm()
    return points


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_the_tape_is_old_or_new_and_the_next_run_completes(kind: str, name: str, tmp_path: Path, sshd: SshServer,
                                                           crash_points: Make) -> None:
    stage = Stage(kind, tmp_path, sshd, crash=crash_points([tmp_path / "far"]))
    scenario = SCENARIOS[name]
    points = proven_points(stage, scenario)
    total = len(points)
    sure = sum(point.family != "write" for point in points)  # data comes in as many writes as it likes
    assert total >= 12
    assert stage.crash is not None
    killed = 0
    for number in tally.spread(total, tally.count(total, -(-total // 5))):
        new = scenario.set(stage)
        old = old_of(stage, new)
        stage.crash.arm(Strike(number))
        report = stage.sender.run()
        stage.settle()
        struck = stage.crash.count() >= number
        killed += struck
        stage.check(report, old, new)
        if struck:
            assert report.failures, f"killed at point {number}, and nothing was reported"
            assert all(isinstance(failure, Outage) for failure in report.failures), report.reasons
        stage.check_recovery(new)
    tally.tally(f"kills of the far side ({kind}, {name})", killed, at_least=sure if tally.TORTURE else sure // 10)


@pytest.mark.parametrize("name", ["new", "three"])
def test_killed_between_the_points_of_a_lost_catalog(name: str, tmp_path: Path, sshd: SshServer,
                                                     crash_points: Make) -> None:
    """The sender dies with the far side, and its memory with it: the records over there tell the rest."""
    stage = Stage("receiver", tmp_path, sshd, crash=crash_points([tmp_path / "far"]))
    scenario = SCENARIOS[name]
    total = len(proven_points(stage, scenario))
    assert stage.crash is not None
    for number in tally.spread(total, tally.count(total, -(-total // 5))):
        new = scenario.set(stage)
        stage.crash.arm(Strike(number))
        stage.sender.run()
        stage.sender.copies.clear()
        stage.check_recovery(new)


def test_killed_here_while_publishing_here(tmp_path: Path, crash_points: Make) -> None:
    """Both vaults on this machine: the whole program is killed at each call that changes the target."""
    near, far = tmp_path / "near", tmp_path / "far"
    journey.initialise(near, 1)
    journey.initialise(far, 2)
    sender = journey.Sender(near, model.System(name=journey.THERE, vaults={journey.VAULT: str(far)}))
    command = journey.command(journey.write_spec(tmp_path / "spec", sender))
    crash = crash_points([far])
    tape, live = near / journey.POOL / "T00001", far / journey.POOL / "T00001"
    for round_, state in enumerate(("new", "replaced")):
        tape.write_bytes(random_bytes(50_000, round_))
        total = len(crash.proven(command))
        for number in tally.spread(total, tally.count(total, -(-total // 2))):
            if state == "new":
                shutil.rmtree(far / journey.POOL)
                (far / journey.POOL).mkdir()
            old = live.read_bytes() if live.exists() else None
            new = random_bytes(50_000, 10 + number)
            tape.write_bytes(new)
            crash.run_killed(command, number)
            assert (live.read_bytes() if live.exists() else None) in (old, new)
            report = sender.run()
            assert not report.failures, [failure.message for failure in report.failures]
            assert live.read_bytes() == new
            assert not list((far / journey.POOL / ".vtspolicy").glob("*.part"))
            sender.copies.clear()
            tally.tally("kills of this side while it publishes here", 1, at_least=10)
