"""A host that has its tape mapped, and stores into it while it is read: no system call of his tells of it."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import smallfs
from tests.support.tapes import random_bytes
from tests.unit.service.world import START, World

SIZE = 8 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with smallfs.on_disk(tmp_path / "disk", size=64 << 20) as path:
        yield path


def test_a_store_through_a_mapping_is_noticed(disk: Path, capsys: pytest.CaptureFixture[str],
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(disk / "world", capsys, monkeypatch)
    path = world.source / "T1"
    path.write_bytes(random_bytes(SIZE, 1))
    os.sync()
    usual, left = os.pread, [1]
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), SIZE) as tape:
        tape[100] = tape[100] ^ 1  # from now on the page can be stored to, and the times stand still
        time.sleep(0.1)

        def pread(fd: int, size: int, offset: int) -> bytes:
            if left and offset >= SIZE // 2 and os.path.samestat(os.fstat(fd), path.stat()):
                left.pop()
                tape[100] = tape[100] ^ 2
            return usual(fd, size, offset)

        monkeypatch.setattr(os, "pread", pread)
        said = world.say(*START, "--json")
        assert not left
        assert (said.code, [each["reason"] for each in said.json["errors"]]) == (2, ["source-changed"])
        assert not (world.target / "T1").exists()
    assert world.say(*START).code == 0
    assert (world.target / "T1").read_bytes() == path.read_bytes()
