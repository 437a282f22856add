"""Tapes that are read from over there, while something goes wrong: old or new, never mixed, and nothing is written
over there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.contract.systems import client_key, policy
from tests.support import tally
from tests.support.journey import HERE, POOL, THERE, VAULT, Report, Sender, initialise, needs_nothing
from tests.support.proxy import DOWN, UP, Cut, Hole, Proxy
from tests.support.sshd import SshServer
from tests.support.tapes import random_bytes
from vtspolicy.errors import Outage, SourceChanged, Stalled
from vtspolicy.policy import model

FAR_ENDS = ("receiver", "sftp")
SIZE = 20 << 20
"""More than is asked for ahead, and read ahead."""


class Stage:
    """A vault over there that is the source, one here that is the target, and who copies between them."""

    def __init__(self, kind: str, folder: Path, server: SshServer, stall: float = 20.0) -> None:
        self.kind, self.server, self.stall = kind, server, stall
        self._hours = 0
        self.far, self.near = folder / f"far-{kind}", folder / "near"
        initialise(self.far, 1)
        initialise(self.near, 2)
        self.key = client_key(kind, server, self.far, "--allow-read")
        self.taker = Sender(self.far, model.System(name=THERE, vaults={VAULT: str(self.near)}), server.known_hosts())
        self.taker.here = self.described()

    def described(self, port: int | None = None) -> model.System:
        return policy(self.kind, self.server, self.far, self.key, port=port, stall=self.stall, name=HERE)

    def through(self, port: int) -> Report:
        """Once through a proxy."""
        usual = self.taker.here, self.taker.known_hosts
        self.taker.here, self.taker.known_hosts = self.described(port), str(self.server.known_hosts(port=port))
        try:
            return self.taker.run()
        finally:
            self.taker.here, self.taker.known_hosts = usual

    def put(self, name: str, content: bytes) -> bytes:
        """A host writes a tape over there, hours ago: over SFTP one that changed just now is read again."""
        path = self.far / POOL / name
        path.write_bytes(content)
        self._hours += 1
        os.utime(path, (0, 1_600_000_000 + 3600 * self._hours))
        return content

    def here(self, name: str) -> bytes | None:
        path = self.near / POOL / name
        return path.read_bytes() if path.exists() else None

    def parts(self) -> list[str]:
        return sorted(path.name for path in (self.near / POOL).glob(".vtspolicy/*.part"))

    def check(self, report: Report, old: Mapping[str, bytes | None], new: Mapping[str, bytes]) -> None:
        """Old or new; what is called done is new; no part is left, also where the road broke."""
        for name, content in new.items():
            assert self.here(name) in (old.get(name), content), f"{name} is neither old nor new"
        for name in report.done:
            assert self.here(name) == new[name]
        assert report.done == set(new) or report.failures
        assert self.parts() == []
        assert sorted(path.name for path in (self.far / POOL).iterdir()) == sorted(new), "something was written there"
        for failure in report.failures:
            assert failure.reason != "bug", failure.message
            assert failure.message.isprintable() and len(failure.message) < 1000

    def check_recovery(self, new: Mapping[str, bytes]) -> None:
        self.server.wait_idle()
        report = self.taker.run()
        assert not report.failures, [failure.message for failure in report.failures]
        self.check(report, {}, new)
        assert needs_nothing(report.by_records)


@pytest.fixture(params=FAR_ENDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Stage:
    return Stage(request.param, tmp_path, sshd)


def at_byte(wanted: int, do: Callable[[], object]) -> Callable[[int], None]:
    """Does something once, when so many bytes were read."""
    seen = 0

    def progress(count: int) -> None:
        nonlocal seen
        before, seen = seen, seen + count
        if before < wanted <= seen:
            do()

    return progress


def test_the_far_side_killed_in_the_middle_of_reading(stage: Stage) -> None:
    old = {"T00001": stage.put("T00001", b"the old tape")}
    stage.check_recovery(old)
    for step in tally.spread(20, tally.count(20, 3)):
        new = {"T00001": stage.put("T00001", random_bytes(SIZE, step))}
        report = stage.taker.run(progress=at_byte(step * SIZE // 20, stage.server.kill_sessions))
        stage.check(report, old, new)
        assert all(isinstance(failure, Outage) for failure in report.failures), report.reasons
        if step < 8:  # later, all may be here already
            assert report.failures
        tally.tally(f"kills of the side that is read ({stage.kind})", 1, at_least=20 if tally.TORTURE else 3)
    stage.check_recovery(new)


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_the_link_cut_at_byte_offsets(stage: Stage, reset: bool) -> None:
    sizes = {"T00001": 50_000, "T00002": 3_000_000, "T00003": 1}
    old: dict[str, bytes | None] = dict.fromkeys(sizes)
    new = {name: stage.put(name, random_bytes(size, size)) for name, size in sizes.items()}
    total = sum(sizes.values())
    points = [*((UP, 1500 + 40 * number) for number in range(20)), *((DOWN, total * number // 40)
                                                                       for number in range(1, 41))]
    struck = 0
    for number in tally.spread(len(points), tally.count(len(points), 10)):
        way, at = points[number - 1]
        with Proxy(stage.server.port, [Cut(way, at, reset=reset)]) as proxy:
            report = stage.through(proxy.port)
        struck += bool(report.failures)
        stage.check(report, old, new)
        assert all(isinstance(failure, Outage) for failure in report.failures), report.reasons
        for name in report.done:
            old[name] = new[name]
        if report.done:
            for name in sizes:
                (stage.near / POOL / name).unlink(missing_ok=True)
            stage.taker.copies.clear()
            old = dict.fromkeys(sizes)
    tally.tally(f"cuts of the link while reading ({stage.kind})", struck, at_least=80 if tally.TORTURE else 8)
    stage.check_recovery(new)


def test_a_link_that_goes_dead_ends_at_the_stall_time(tmp_path: Path, sshd: SshServer) -> None:
    stage = Stage("receiver", tmp_path, sshd, stall=2.0)
    new = {"T00001": stage.put("T00001", random_bytes(SIZE, 1))}
    with Proxy(sshd.port, [Hole(DOWN, SIZE // 2)]) as proxy:
        began = time.monotonic()
        report = stage.through(proxy.port)
        assert time.monotonic() - began < 8
    assert [type(failure) for failure in report.failures] == [Stalled]
    stage.check(report, {"T00001": None}, new)
    stage.check_recovery(new)


def append(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def truncate(path: Path) -> None:
    os.truncate(path, SIZE // 2)


def edit(path: Path) -> None:
    """A same-size edit with the time of last change put back; only ctime tells."""
    before = path.stat()
    with open(path, "r+b") as file:
        file.write(b"edited")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename_over(path: Path) -> None:
    other = path.with_name(".other")
    other.write_bytes(random_bytes(SIZE, 99))
    os.utime(other, ns=(0, path.stat().st_mtime_ns + 5 * 10**9))  # SFTP sees whole seconds
    os.rename(other, path)


@pytest.mark.parametrize(("kind", "what"), [
    pytest.param(kind, what, id=f"{kind}-{what.__name__}") for kind in FAR_ENDS
    for what in (append, truncate, edit, rename_over, Path.unlink)
    if (kind, what) != ("sftp", edit)])  # SFTP knows no ctime: the manual says so
def test_a_tape_that_changes_over_there_does_not_arrive(kind: str, what: Callable[[Path], None], tmp_path: Path,
                                                        sshd: SshServer) -> None:
    stage = Stage(kind, tmp_path, sshd)
    stage.check_recovery({"T00001": stage.put("T00001", b"the old tape")})
    source = stage.far / POOL / "T00001"
    for step in tally.spread(20, tally.count(20, 2)):
        stage.put("T00001", random_bytes(SIZE, step))
        report = stage.taker.run(progress=at_byte(step * SIZE // 20, lambda: what(source)))
        assert [type(failure) for failure in report.failures] == [SourceChanged], report.failures
        assert stage.here("T00001") == b"the old tape"
        assert stage.parts() == []
        tally.tally(f"tapes changed while they were read over there ({kind})", 1, at_least=80 if tally.TORTURE else 8)
    stage.check_recovery({"T00001": stage.put("T00001", random_bytes(SIZE, 50))})


def test_many_small_tapes_of_which_one_changes(tmp_path: Path, sshd: SshServer) -> None:
    stage = Stage("receiver", tmp_path, sshd)
    new = {f"T{index:05}": stage.put(f"T{index:05}", random_bytes(3000 + index, index)) for index in range(40)}
    report = stage.taker.run(progress=at_byte(60_000, lambda: append(stage.far / POOL / "T00007")))
    assert [type(failure) for failure in report.failures] == [SourceChanged]
    assert report.done == set(new) - {"T00007"}
    assert stage.here("T00007") is None
    new["T00007"] = (stage.far / POOL / "T00007").read_bytes()
    stage.check_recovery(new)
