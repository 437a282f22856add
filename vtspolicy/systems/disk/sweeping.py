"""The part files of a pool on this machine: in its work folder, and where else its vault has them lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from vtspolicy.errors import Refusal, TargetWrite
from vtspolicy.systems.disk.beneath import PoolFolder
from vtspolicy.systems.files import PART_SUFFIX
from vtspolicy.systems.leftovers import Leftovers, counted, is_old
from vtspolicy.systems.trial import probe_names, removed


def leftovers(pool: PoolFolder) -> Leftovers:
    """The pool's part files. Raise OSError."""
    return counted((name, status.st_blocks * 512, status.st_ctime) for _, name, status in _parts(pool))


def sweep(pool: PoolFolder, writer: str) -> int:
    """Remove the part files of the state `writer`, and those of others that nobody is at work on any more; make the
    names that are there durable. Raise Refusal where the pool's part files cannot lie where they should, and
    TargetWrite."""
    count = 0
    try:
        pool.parts(create=False)
        for folder, name, status in list(_parts(pool)):
            with suppress(FileNotFoundError):
                if name.startswith(f"{writer}."):
                    os.unlink(name, dir_fd=folder)
                    count += 1
                elif is_old(name, status.st_ctime):
                    with suppress(PermissionError):
                        os.unlink(name, dir_fd=folder)
                        count += 1
        removed(lambda: os.unlink(probe_names(writer)[1], dir_fd=pool.fd))
        os.fsync(pool.fd)
    except OSError as error:
        raise TargetWrite(f"pool {pool.pool} cannot be swept: {error.strerror}", system=pool.pool.system) from None
    return count


def _parts(pool: PoolFolder) -> Iterator[tuple[int, str, os.stat_result]]:
    folders = [pool.work(create=False)]
    with suppress(Refusal):
        folders.append(pool.parts(create=False))
    for folder in dict.fromkeys(folders):
        for name in os.listdir(folder) if folder is not None else ():
            if name.endswith(PART_SUFFIX):
                with suppress(FileNotFoundError):
                    yield folder, name, os.stat(name, dir_fd=folder, follow_symlinks=False)  # type: ignore[misc]
