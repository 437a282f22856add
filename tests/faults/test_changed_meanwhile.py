"""Source or target is changed by someone else in mid-copy: what was read is not published, what is there is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, POOL, Stage
from tests.support import tally
from tests.support.sshd import SshServer
from tests.support.tapes import random_bytes
from vtspolicy.errors import Diverged, SourceChanged
from vtspolicy.planning.plan import Plan
from vtspolicy.systems.contract import System

SIZE = 20 << 20
"""Twenty pieces: each is 5 %. More than is read ahead, so that the later changes meet a reader at work."""


def append(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def truncate(path: Path) -> None:
    os.truncate(path, SIZE // 2)


def edit(at: int) -> Callable[[Path], None]:
    """A same-size edit with the time of last change put back."""

    def change(path: Path) -> None:
        before = path.stat()
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = path.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)

    return change


def rename_over(path: Path) -> None:
    before = path.stat()
    other = path.with_name(".other")
    other.write_bytes(random_bytes(SIZE, 99))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.rename(other, path)


def grow_and_shrink(path: Path) -> None:
    append(path)
    os.truncate(path, SIZE)


CHANGES: dict[str, Callable[[Path], None]] = {
    "append": append, "truncate": truncate, "edit at the begin": edit(5), "edit at the end": edit(SIZE - 5),
    "rename over": rename_over, "unlink": Path.unlink, "grow and shrink": grow_and_shrink,
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_source_that_changes_is_not_published(kind: str, what: str, tmp_path: Path, sshd: SshServer) -> None:
    stage = Stage(kind, tmp_path, sshd)
    first = stage.put("T00001", b"the old tape")
    stage.check_recovery({"T00001": first})
    old = {"T00001": stage.there("T00001")}
    source = stage.near / POOL / "T00001"
    for step in tally.spread(20, tally.count(20, 3)):
        stage.put("T00001", random_bytes(SIZE, step))
        sent = 0

        def progress(count: int) -> None:
            nonlocal sent
            before, sent = sent, sent + count
            if before < step * SIZE // 20 <= sent:  # noqa: B023  # called before the next turn
                CHANGES[what](source)

        report = stage.sender.run(progress=progress)
        assert [type(failure) for failure in report.failures] == [SourceChanged], (
            step, [failure.message for failure in report.failures])
        stage.check(report, old, {"T00001": b"never"})
        assert stage.parts() == []
        tally.tally(f"sources changed in mid-copy ({kind})", 1, at_least=20)
    new = stage.put("T00001", random_bytes(SIZE, 50))
    stage.check_recovery({"T00001": new})


@pytest.mark.parametrize("what", ["edit at the begin", "append", "unlink"])
def test_the_other_tapes_of_the_pool_are_copied(what: str, tmp_path: Path, sshd: SshServer) -> None:
    """One of many small tapes, which are sent together, changes after it was sent."""
    stage = Stage("receiver", tmp_path, sshd)
    new = {f"T{index:05}": stage.put(f"T{index:05}", random_bytes(3000, index)) for index in range(30)}
    settled = 0

    def progress(count: int) -> None:
        nonlocal settled
        settled += count > 0
        if settled == 20 and count:
            CHANGES[what](stage.near / POOL / "T00007")

    report = stage.sender.run(progress=progress)
    assert [type(failure) for failure in report.failures] == [SourceChanged]
    assert report.done == set(new) - {"T00007"}
    assert stage.there("T00007") is None
    new["T00007"] = stage.put("T00007", b"quiet now")
    stage.check_recovery(new)


def replaced(live: Path) -> None:
    other = live.with_name(".other")
    other.write_bytes(b"someone else's tape")
    os.rename(other, live)


def written_into(live: Path) -> None:
    with open(live, "ab") as file:
        file.write(b"!")


@pytest.mark.parametrize("what", [replaced, written_into, Path.unlink], ids=["replaced", "written into", "removed"])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_target_that_changed_since_the_plan_is_not_overwritten(kind: str, what: Callable[[Path], None],
                                                                 tmp_path: Path, sshd: SshServer) -> None:
    stage = Stage(kind, tmp_path, sshd)
    stage.check_recovery({"T00001": stage.put("T00001", b"the first tape")})
    new = stage.put("T00001", b"the second tape")
    live = stage.far / POOL / "T00001"

    def meanwhile(plan: Plan, target: System) -> None:
        del plan, target
        what(live)

    report = stage.sender.run(before=meanwhile)
    assert [type(failure) for failure in report.failures] == [Diverged], report.failures
    theirs = stage.there("T00001")
    assert theirs != new
    assert stage.parts() == []
    again = stage.sender.run()
    if theirs is not None:
        assert again.reasons == {"diverged"}
        assert stage.there("T00001") == theirs
        assert not stage.sender.run(replace=True).failures
    stage.check_recovery({"T00001": new})


@pytest.mark.parametrize("content", [b"theirs", b""], ids=["with data", "empty"])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_tape_that_someone_else_made_since_the_plan_is_not_overwritten(kind: str, content: bytes, tmp_path: Path,
                                                                         sshd: SshServer) -> None:
    stage = Stage(kind, tmp_path, sshd)
    new = stage.put("T00001", b"our tape")
    live = stage.far / POOL / "T00001"

    def meanwhile(plan: Plan, target: System) -> None:
        del plan, target
        live.write_bytes(content)

    report = stage.sender.run(before=meanwhile)
    assert [type(failure) for failure in report.failures] == [Diverged], report.failures
    assert stage.there("T00001") == content
    assert stage.sender.run().reasons == {"diverged"}
    assert not stage.sender.run(replace=True).failures
    stage.check_recovery({"T00001": new})
