"""The markers of freezes on this machine's disk: in a pool's work folder or a vault's root, durable when told.

Nothing of a killed FREEZE or THAW needs a hand: a marker is there whole or not at all, and what was written beside it
goes when the sentence is given again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vtspolicy.systems import freezes
from vtspolicy.systems.disk import locking
from vtspolicy.systems.facts import Freeze
from vtspolicy.systems.files import PART_SUFFIX, write_all


def read(folder: int, name: str) -> Freeze | None:
    """The freeze that the marker `name` in the open folder stands for; None where there is no such name.

    Raise OSError where that cannot be found out.
    """
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError:
        if not _is_there(folder, name):
            return None
        return freezes.decode(b"")  # whatever it is
    try:
        return freezes.decode(os.read(fd, freezes.LARGEST))
    except OSError:
        return freezes.decode(b"")
    finally:
        os.close(fd)


def put(folder: int, name: str, freeze: Freeze) -> Freeze:
    """Make the marker, durably; the freeze in force, which is the earlier one where there was one. Raise OSError."""
    with alone(folder):
        temporary = name + PART_SUFFIX
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        found = read(folder, name)
        if found is None:
            write(folder, temporary, freeze)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            found = freeze
        os.fsync(folder)  # also for a marker whose maker was killed before it did so
        return found


def write(folder: int, name: str, freeze: Freeze) -> None:
    """Write a new marker file and make its bytes durable. Whoever may come here may read it."""
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)
    try:
        os.fchmod(fd, 0o644)
        write_all(fd, freezes.encode(freeze))
        os.fsync(fd)
    finally:
        os.close(fd)


def take(folder: int, name: str) -> Freeze | None:
    """Remove the marker, durably; the freeze that was in force, or None. Raise OSError."""
    with alone(folder):
        with suppress(FileNotFoundError):
            os.unlink(name + PART_SUFFIX, dir_fd=folder)
        found = read(folder, name)
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        os.fsync(folder)
        return found


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def alone(folder: int) -> Iterator[None]:
    """One at a time: the folder itself is the lock, so nothing is left of it. Raise Locked."""
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        locking.wait_for(fd, "another FREEZE or THAW has been at work there for a minute")
        yield
    finally:
        os.close(fd)
