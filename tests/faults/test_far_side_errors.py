"""Each call with which a publish changes something there fails once, writes short, or lies: never a false success."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, Stage, old_of
from tests.faults.test_far_side_killed import SCENARIOS, proven_points
from tests.support import journey, tally
from tests.support.crash import CrashPoints, Strike
from tests.support.sshd import SshServer
from tests.support.strace import Point
from tests.support.tapes import random_bytes
from vtspolicy.policy import model
from vtspolicy.transfer.outcome import Result

Make = Callable[..., CrashPoints]

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EACCES)
TOLD = {"space", "target-write", "not-durable"}
"""What an error over there may be called."""


def strikes(points: Sequence[Point]) -> list[Strike]:
    """All that may happen to these calls, but their death: errors, short writes, and lies about a write or rename.

    A lie about an fsync cannot be noticed by anybody.
    """
    found = []
    for number, point in enumerate(points, 1):
        found += [Strike(number, "fail", errno=each) for each in ERRORS]
        if point.family == "write":
            found += [Strike(number, "short", size=1), Strike(number, "lie")]
        if point.path.endswith("/T00001"):
            found.append(Strike(number, "lie"))
    return found


@pytest.mark.parametrize("name", ["new", "replaced"])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_an_error_there_is_told_and_the_next_run_completes(kind: str, name: str, tmp_path: Path, sshd: SshServer,
                                                           crash_points: Make) -> None:
    stage = Stage(kind, tmp_path, sshd, crash=crash_points([tmp_path / "far"]))
    scenario = SCENARIOS[name]
    points = proven_points(stage, scenario)
    every = strikes(points)
    assert stage.crash is not None
    chosen = tally.spread(len(every), tally.count(len(every), -(-len(every) // 9)))
    for strike in (every[index - 1] for index in chosen):
        new = scenario.set(stage)
        old = old_of(stage, new)
        stage.crash.arm(strike)
        report = stage.sender.run()
        stage.settle()
        print(strike, sorted(report.reasons), [failure.message for failure in report.failures])
        stage.check(report, old, new)
        assert report.reasons <= TOLD | ({"verify"} if strike.do == "lie" else set())
        struck = stage.crash.points()[strike.number - 1:strike.number]  # of this run: its writes may be cut otherwise
        stage.check_recovery(new, unproven=any(point.path.endswith(".proof") for point in struck))
        tally.tally(f"errors of the far side ({kind}, {name})", 1, at_least=len(every) // 10)


@pytest.mark.parametrize("name", ["new", "replaced"])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_name_that_may_not_last_is_sent_again(kind: str, name: str, tmp_path: Path, sshd: SshServer,
                                                crash_points: Make) -> None:
    """The last fsync fails, after the rename. A second one would report success, and prove nothing."""
    stage = Stage(kind, tmp_path, sshd, crash=crash_points([tmp_path / "far"], calls=["sync"]))
    points = proven_points(stage, SCENARIOS[name])
    publish = len(points) - (kind == "sftp")  # whoever asks for its records makes its names durable once more
    assert points[publish - 1] == points[-1] == Point("sync", str(stage.far / journey.POOL))
    assert stage.crash is not None
    new = SCENARIOS[name].set(stage)
    stage.crash.arm(Strike(publish, "fail", errno=errno.EIO))
    report = stage.sender.run()
    stage.settle()
    assert report.reasons == {"not-durable"}
    assert stage.there("T00001") == new["T00001"]
    report = stage.sender.run()
    assert report.having(Result.COPIED) == {"T00001"}
    stage.check_recovery(new)


def test_an_error_here_is_told_and_the_next_run_completes(tmp_path: Path, crash_points: Make) -> None:
    """Both vaults on this machine."""
    near, far = tmp_path / "near", tmp_path / "far"
    journey.initialise(near, 1)
    journey.initialise(far, 2)
    sender = journey.Sender(near, model.System(name=journey.THERE, vaults={journey.VAULT: str(far)}))
    command = journey.command(journey.write_spec(tmp_path / "spec", sender))
    crash = crash_points([far])
    tape, live = near / journey.POOL / "T00001", far / journey.POOL / "T00001"
    tape.write_bytes(b"first")
    crash.proven(command)
    tape.write_bytes(b"second")
    every = strikes(crash.proven(command))
    for index in tally.spread(len(every), tally.count(len(every), -(-len(every) // 9))):
        strike = every[index - 1]
        old, new = live.read_bytes(), random_bytes(50_000, index)
        tape.write_bytes(new)
        done = crash.run(command, strike)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
        assert live.read_bytes() in (old, new)
        if b'"done": ["T00001"]' in done.stdout:
            assert live.read_bytes() == new, f"a false success after {strike}"
        else:
            assert any(f'"{reason}"'.encode() in done.stdout for reason in (*TOLD, "verify")), done.stdout
        report = sender.run()
        assert not report.failures, [failure.message for failure in report.failures]
        assert live.read_bytes() == new
        sender.copies.clear()
        tally.tally("errors of this side while it publishes here", 1, at_least=len(every) // 10)
