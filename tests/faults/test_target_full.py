"""The target is full: from the first byte, for a moment, or out of inodes. Nothing with a hole is ever published."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, Stage, old_of
from tests.support import processes, smallfs, tally
from tests.support.sshd import SshServer
from tests.support.tapes import random_bytes
from vtspolicy.errors import NoSpace

MIB = 1 << 20
SIZE = 2_500_000


@pytest.mark.parametrize("replaced", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_too_little_room_is_seen_before_anything_is_sent(kind: str, replaced: bool, tmp_path: Path,
                                                         sshd: SshServer) -> None:
    with smallfs.tmpfs(tmp_path / "far", size=12 * MIB) as disk:
        stage = Stage(kind, tmp_path, sshd)
        if replaced:
            stage.put("T00001", random_bytes(SIZE, 1))
            stage.check_recovery({"T00001": random_bytes(SIZE, 1)})
        new = {"T00001": stage.put("T00001", random_bytes(SIZE + 1, 2))}
        old = old_of(stage, new)
        disk.fill(leave=SIZE - 100_000)
        report = stage.sender.run()
        stage.check(report, old, new)
        assert isinstance(report.ended, NoSpace)
        assert report.outcomes == []
        disk.release()
        stage.check_recovery(new)


@pytest.mark.parametrize("leave", [0, 4096, 300_000, SIZE])
@pytest.mark.parametrize("replaced", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_full_while_the_data_comes(kind: str, replaced: bool, leave: int, tmp_path: Path, sshd: SshServer) -> None:
    """Someone else takes the room after the plan was made. SIZE bytes are just too few for tape and record."""
    with smallfs.tmpfs(tmp_path / "far", size=12 * MIB) as disk:
        stage = Stage(kind, tmp_path, sshd)
        if replaced:
            stage.put("T00001", random_bytes(SIZE, 1))
            stage.check_recovery({"T00001": random_bytes(SIZE, 1)})
        new = {"T00001": stage.put("T00001", random_bytes(SIZE, 2))}
        old = old_of(stage, new)
        report = stage.sender.run(before=lambda plan, target: disk.fill(leave=leave))
        stage.check(report, old, new)
        assert report.reasons == {"space"}, [failure.message for failure in report.failures]
        assert stage.parts() == []
        disk.release()
        stage.check_recovery(new)


@pytest.mark.parametrize("released_at", [1 * MIB, 2 * MIB])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_full_for_a_moment(kind: str, released_at: int, tmp_path: Path, sshd: SshServer) -> None:
    """The room comes back in mid-transfer: what was written after that must not hide what was lost before."""
    tries, failed = tally.count(20, 2), 0
    with smallfs.tmpfs(tmp_path / "far", size=12 * MIB) as disk:
        stage = Stage(kind, tmp_path, sshd)
        for number in range(tries):
            new = {"T00001": stage.put("T00001", random_bytes(SIZE, 10 + number))}
            old = old_of(stage, new)
            sent = 0

            def progress(count: int) -> None:
                nonlocal sent
                sent += count
                if sent >= released_at and disk.ballast.exists():
                    processes.until(lambda: disk.free < 4096, 20)
                    time.sleep(0.02 * (number % 5))  # noqa: B023  # called before the next turn
                    disk.release()

            report = stage.sender.run(before=lambda plan, target: disk.fill(leave=500_000 + 4096 * number),  # noqa: B023
                                      progress=progress)
            disk.release()
            stage.check(report, old, new)
            assert report.reasons <= {"space", "target-write"}
            failed += bool(report.failures)
            stage.check_recovery(new)
            tally.tally(f"full for a moment ({kind})", 1, at_least=tries)
    assert failed, "the disk was never full when it mattered"


@pytest.mark.parametrize("kind", FAR_ENDS)
def test_no_inode_is_left(kind: str, tmp_path: Path, sshd: SshServer) -> None:
    """Each file that a publish makes is once the one too many."""
    reasons = []
    for inodes in range(4, 12):  # the root, the marker, the pool, and one more at least
        folder = tmp_path / str(inodes)
        with smallfs.tmpfs(folder / "far", size=4 * MIB, inodes=inodes):
            stage = Stage(kind, folder, sshd)
            new = {"T00001": stage.put("T00001", random_bytes(10_000, inodes))}
            report = stage.sender.run()
            stage.check(report, {"T00001": None}, new)
            reasons += sorted(report.reasons)
            sshd.wait_idle()
            if not report.failures:
                break
    else:
        pytest.fail("it never succeeded")
    assert len(reasons) >= 2
    assert set(reasons) <= {"space", "target-write"}
