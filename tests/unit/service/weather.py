"""What a machine may do to its programs: an fsync that fails, a kill; and what would outlast a loss of power."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from vtspolicy.catalog.state import State
from vtspolicy.catalog.transaction import Transaction
from vtspolicy.systems.disk import opened


class Killed(BaseException):
    """The program is no more; nothing that it would still do happens."""


class Weather:
    """While it lasts, it knows what of one pool was made durable. Use it with `with`."""

    def __init__(self, pool: Path) -> None:
        self._pool = pool
        self._patch = pytest.MonkeyPatch()
        self._bytes: dict[int, bytes] = {}
        """By inode: what the file held when it was last fsynced."""
        self._names: dict[tuple[int, str], int] = {}
        """The names, in the directory of that inode, with their inodes when it was last fsynced."""
        self._lost: set[tuple[str, int]] = set()
        """Names, or contents (under an empty name), whose fsync failed: no later one brings them back."""
        self._in_question: set[tuple[str, int]] = set()
        """Names with their inodes that an fsync of the folder that failed may have been about."""
        self._kill_in: int | None = None
        self._fail_in: int | None = None
        self._dead = False

    def __enter__(self) -> Self:
        self._patch.setattr(os, "fsync", self._fsync)
        self._patch.setattr(os, "fdatasync", self._fsync)
        self._patch.setattr(opened, "_TICK", 0.0)  # this test waits itself, where it is needed
        for name in ("rename", "unlink", "ftruncate"):
            self._patch.setattr(os, name, self._counted(getattr(os, name)))
        usual = State.transaction

        @contextmanager
        def transaction(state: State, **words: str | None) -> Iterator[Transaction]:
            self.point()
            with usual(state, **words) as found:
                yield found

        self._patch.setattr(State, "transaction", transaction)
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()

    @contextmanager
    def bad(self, *, kill: int | None = None, fail: int | None = None) -> Iterator[None]:
        """Meanwhile the program is killed before the call of this number that changes anything, and the fsync of this
        number in the pool fails; 0 is the first."""
        self._kill_in, self._fail_in = kill, fail
        try:
            yield
        finally:
            self._kill_in = self._fail_in = None
            self._dead = False

    def point(self) -> None:
        """The program is about to change something."""
        if threading.current_thread() is not threading.main_thread():
            return
        if self._kill_in is not None:
            self._dead = self._dead or self._kill_in == 0
            self._kill_in -= 1
        if self._dead:
            raise Killed

    def _counted(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            self.point()
            return usual(*words, **more)

        return call

    def _fsync(self, fd: int) -> None:
        self.point()
        path, found = os.readlink(f"/proc/self/fd/{fd}"), os.fstat(fd)
        if not path.startswith(str(self._pool)):
            return
        if self._fail_in is not None:
            self._fail_in -= 1
            if self._fail_in == -1:
                self._lose(path, found)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        if stat.S_ISREG(found.st_mode) and ("", found.st_ino) not in self._lost:
            self._bytes[found.st_ino] = Path(f"/proc/self/fd/{fd}").read_bytes()
        elif path == str(self._pool):
            self._names = {each: inode for each, inode in self._names.items() if each[0] != found.st_ino}
            self._names |= {(found.st_ino, name): inode for name, inode in self._present().items()
                            if (name, inode) not in self._lost}

    def _lose(self, path: str, found: os.stat_result) -> None:
        if stat.S_ISREG(found.st_mode):
            if self._bytes.get(found.st_ino) != Path(path).read_bytes():
                self._lost.add(("", found.st_ino))
        elif path == str(self._pool):
            self._in_question |= {(name, inode) for name, inode in self._present().items()
                                  if self._names.get((found.st_ino, name)) != inode}

    def _present(self) -> dict[str, int]:
        return {each.name: each.inode() for each in os.scandir(self._pool) if not each.name.startswith(".")}

    def forgive(self) -> None:
        """Nobody remembers any more which fsync failed: from now on the next one counts."""
        self._lost.clear()

    def blame(self, names: Iterable[str]) -> None:
        """Where the folder's fsync failed, it was about these names; the others were not in question."""
        blamed = set(names)
        for name, inode in self._in_question:
            if name in blamed:
                self._lost.add((name, inode))
                self._names = {each: found for each, found in self._names.items() if (each[1], found) != (name, inode)}
        self._in_question.clear()

    def inode(self, name: str) -> int | None:
        """That of the file under this name."""
        path = self._pool / name
        return path.stat().st_ino if path.exists() else None

    def written(self, path: Path) -> None:
        """Somebody wrote to the file since: an fsync brings that to the disk, too."""
        self._lost.discard(("", path.stat().st_ino))

    def sync(self, path: Path) -> None:
        """Somebody makes a file of the pool last."""
        self._bytes[path.stat().st_ino] = path.read_bytes()
        self._names[self._pool.stat().st_ino, path.name] = path.stat().st_ino

    def lasting(self, name: str) -> bool:
        """Whether these bytes would lie under this name after a loss of power."""
        path = self._pool / name
        inode, named = path.stat().st_ino, self._names.get((self._pool.stat().st_ino, name))
        return named == inode and self._bytes.get(inode) == path.read_bytes()
