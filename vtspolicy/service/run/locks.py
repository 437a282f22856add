"""One run at a time for one target pool. A lock dies with its holder; what it says is for people only."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from vtspolicy.errors import Locked, StateUnusable
from vtspolicy.policy.places import Pool
from vtspolicy.systems.files import allow_many_files

FOLDER = "locks"


@contextmanager
def holding(state_folder: str, pools: Iterable[Pool], holder: str) -> Iterator[None]:
    """Hold the locks of these target pools. Raise Locked, naming who has one; nothing is held then."""
    folder = os.path.join(state_folder, FOLDER)
    allow_many_files()
    with ExitStack() as stack:
        # In one order for everybody: two runs never wait for each other in a ring; and nobody waits at all.
        for pool in sorted(set(pools)):
            stack.callback(os.close, _take(folder, pool, holder))
        yield


def _take(folder: str, pool: Pool, holder: str) -> int:
    path = os.path.join(folder, f"{pool.system},{pool.vault},{pool.name}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateUnusable(f"lock {path}: {error.strerror}") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.pread(fd, 200, 0).decode("ascii", "replace").strip() or "another run"
        os.close(fd)
        raise Locked(f"{pool} is being copied to by {who}", system=pool.system) from None
    except OSError as error:
        os.close(fd)
        raise StateUnusable(f"lock {path}: {error.strerror}") from None
    with suppress(OSError):  # who holds it is only told; a full disk must not stop the work
        os.ftruncate(fd, 0)
        os.pwrite(fd, holder.encode("ascii", "replace"), 0)
    return fd
