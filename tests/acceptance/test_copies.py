"""Real images and awkward sizes through a real sshd: what arrives is what was there, and only what must go goes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import POOL, SCHEME, World
from tests.support import tally, tapes
from tests.support.needs import need

SMALL = "SMALL"
LARGE = tally.count(1024, 128) * tapes.MIB
"""Bytes of the large tape."""


def large_tape(path: Path) -> Path:
    """A large tape without a hole, in which no two MiB are the same."""
    block = tapes.random_bytes(tapes.MIB, 13)
    with open(path, "wb") as file:
        for number in range(LARGE // tapes.MIB):
            file.write(number.to_bytes(8) + block[8:])
    return path


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory, hercules: str) -> Iterator[Path]:
    """A vault of two pools: real images and extreme sizes in one, 300 small tapes in the other."""
    root = tmp_path_factory.mktemp("vault")
    pool = root / POOL
    pool.mkdir()
    sets = [tapes.data_set("PAYROLL.MASTER", seed=1), tapes.data_set("PAYROLL.DETAIL", blocks=40, seed=2)]
    tapes.hercules_scratch(pool / "P00001", "P00001")
    tapes.hercules_scratch(pool / "P00002", "P00002", compressed=False)
    for number, compression in enumerate(("-z", "-b", "-d"), 3):
        tapes.hercules_image(pool / f"P0000{number}", f"P0000{number}", sets, compression=compression)
    tapes.simh_image(pool / "P00006", "P00006", sets)
    tapes.empty(pool / "P00010")
    tapes.one_byte(pool / "P00011")
    tapes.sparse_tape(pool / "P00012")
    large_tape(pool / "P00013")
    tapes.pool(root / SMALL, 300)
    for number, path in enumerate(sorted(pool.iterdir())):
        path.chmod((0o600, 0o640, 0o444, 0o660, 0o755)[number % 5])
        os.utime(path, ns=(0, 1_600_000_000_123_456_789 + number * 10**9))
    yield root
    for path in pool.iterdir():
        path.unlink()


@pytest.fixture(scope="session")
def sums(vault: Path) -> dict[str, str]:
    """The SHA-256 of each tape of the vault."""
    return tapes.digests(vault)


def assert_metadata(world: World) -> None:
    """Mode and time of last change came with every tape: to the nanosecond, over SFTP to the second."""
    unit = 10**9 if world.kind == "sftp" else 1
    for path in [path for pool in (POOL, SMALL) for path in (world.near / pool).iterdir()]:
        there = (world.far / path.parent.name / path.name).stat()
        here = path.stat()
        assert stat.S_IMODE(there.st_mode) == stat.S_IMODE(here.st_mode), path.name
        assert there.st_mtime_ns // unit == here.st_mtime_ns // unit, path.name


def opened(log: Path, world: World) -> set[str]:
    """The tapes that an strace log saw opened."""
    text = log.read_text(errors="replace")
    assert str(world.far) in text or POOL in text, "nothing was traced"
    return set(re.findall(r'"(?:[^"]*/)?([PT]\d{5})"', "\n".join(re.findall(r"open(?:at)?\(.*", text))))


def run_traced(world: World, log: Path) -> dict[str, int]:
    """A run with strace on the side of the copies; what it did, summed up over both pools."""
    strace = [need("strace"), "-f", "-s", "300", "-e", "trace=open,openat", "-o", str(log)]
    if world.kind == "local":
        done = world.start(prefix=strace)
    else:
        world.let_in(*strace)
        try:
            done = world.start()
        finally:
            world.let_in()
    return summed(done.json)


def summed(envelope: dict[str, object]) -> dict[str, int]:
    data = envelope["data"]
    assert isinstance(data, dict)
    return {key: sum(leg[key] for leg in data["legs"])
            for key in ("copied", "equal", "trusted", "refused", "failed", "bytes")}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["local", "sftp", "receiver"])
def test_every_tape_arrives_whole_and_only_changes_go(kind: str, vault: Path, sums: dict[str, str], tmp_path: Path,
                                                      make_world: Callable[..., World]) -> None:
    world = make_world(kind, near=vault, pools=(POOL, SMALL))
    first = world.start().json
    assert summed(first)["copied"] == len(sums) == 310
    assert first["status"] == "done"
    assert summed(first)["bytes"] < LARGE + (64 << 20), "holes were sent"

    idle = run_traced(world, tmp_path / "strace.log")
    assert idle == {"copied": 0, "equal": 0, "trusted": 310, "refused": 0, "failed": 0, "bytes": 0}
    assert opened(tmp_path / "strace.log", world) == set(), "bytes of the target were read"

    tapes.assert_equal(sums, tapes.digests(world.far))
    assert_metadata(world)
    assert (world.copies / "P00012").stat().st_blocks * 512 < 1 << 20, "the sparse tape grew"
    assert tapes.hercules_map(world.copies / "P00003") == tapes.hercules_map(vault / POOL / "P00003").replace(
        str(vault), str(world.far))
    assert set(world.states().values()) == {"safe"}

    changed, added = vault / SMALL / "T00007", vault / SMALL / "T00300"
    old = changed.read_bytes()
    try:
        tapes.random_tape(changed, 65536, 777)
        tapes.random_tape(added, 65536, 778)
        third = world.start().json
        assert summed(third) == {
            "copied": 2, "equal": 0, "trusted": 309, "refused": 0, "failed": 0, "bytes": 2 * 65536}
        copied = {each["tape"] for each in world.events("224004") if each["run"] == third["run"]}
        assert {str(tape).rpartition("/")[2] for tape in copied} == {"T00007", "T00300"}
        tapes.assert_equal(tapes.digests(vault / SMALL), tapes.digests(world.far / SMALL))
        assert_metadata(world)
        assert world.parts(POOL) == world.parts(SMALL) == []
    finally:
        changed.write_bytes(old)
        added.unlink()
        for path in world.copies.iterdir():
            if path.is_file():
                path.unlink()


@pytest.mark.parametrize("seconds", [-5, -2**40, 2**32 + 5])
def test_a_time_that_the_far_end_cannot_keep_hinders_no_copy(world: World, seconds: int) -> None:
    """SFTP has seconds from 1970 to 2106. The nearest is taken; the source's own time is in the record."""
    for number in range(3):
        world.put(f"T0000{number}", tapes.random_bytes(2000, number))
    os.utime(world.pool / "T00001", (seconds, seconds))
    assert world.start().leg()["copied"] == 3
    assert [world.copy(f"T0000{number}") for number in range(3)] == [
        tapes.random_bytes(2000, number) for number in range(3)]
    kept = min(max(seconds, 0), 2**32 - 1) if world.kind == "sftp" else (world.pool / "T00001").stat().st_mtime
    assert (world.copies / "T00001").stat().st_mtime == kept
    assert set(world.states().values()) == {"safe"}
    assert world.start().leg()["trusted"] == 3
    world.run("verify", "scheme", SCHEME).settle()
    assert world.run("status", "scheme", SCHEME).settle().errors == ""
