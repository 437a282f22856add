"""The state's folder: where it is, whose it is, and how files in it are made, locked and set aside."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from vtspolicy.errors import Locked, StateUnusable

SYSTEM_STATE = "/var/lib/vtspolicy"
STATE_FILE = "state.db"
LOCK_FILE = "state.lock"
JOURNAL = "-journal"
"""What SQLite appends to the name of a file for its rollback journal."""
_POLL = 0.02


def find_state(option: str | None, environ: Mapping[str, str]) -> str:
    """The state's folder: `--state`, else VTSPOLICY_STATE, else /var/lib/vtspolicy, else ~/.local/state/vtspolicy.

    /var/lib/vtspolicy is taken by root always, and by everybody where it exists: there the machine's state is, and a
    user who may not read it is told so, instead of getting an empty one of his own.
    """
    named = option or environ.get("VTSPOLICY_STATE")
    if named:
        return os.path.abspath(named)
    if os.geteuid() == 0 or os.path.lexists(SYSTEM_STATE):
        return SYSTEM_STATE
    home = environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir
    return os.path.join(os.path.abspath(home), ".local/state/vtspolicy")


def owner_name(number: int) -> str:
    """The name of a user, or his number where he has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def check_folder(folder: str, *, create: bool) -> None:
    """See that the folder is there, ours and closed to others; make it where `create` allows.

    Raise StateUnusable, naming the owner, where it is out of reach; it is never replaced by another.
    """
    try:
        found = os.stat(folder)
    except FileNotFoundError:
        if not create:
            raise StateUnusable(f"there is no state in {folder} yet") from None
        _make_folder(folder)
        return
    except OSError as error:
        raise StateUnusable(out_of_reach(folder, error)) from None
    if not stat.S_ISDIR(found.st_mode):
        raise StateUnusable(f"the state folder {folder} is not a directory")
    if os.geteuid() not in (0, found.st_uid):
        raise StateUnusable(f"the state folder {folder} belongs to {owner_name(found.st_uid)}; run as that user, "
                            "or name another folder with --state")
    if found.st_mode & 0o027:
        raise StateUnusable(f"the state folder {folder} has mode {found.st_mode & 0o7777:04o}, so that others can "
                            "reach it; chmod 0700 closes it")


def _make_folder(folder: str) -> None:
    try:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
            os.chmod(folder, 0o700)
            sync_folder(os.path.dirname(folder))
    except OSError as error:
        raise StateUnusable(f"the state folder {folder} cannot be made: {error.strerror}") from None


def out_of_reach(path: str, error: OSError) -> str:
    """What to tell about a path that cannot be had: who owns it, or the nearest thing above that can be seen."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return f"the state {path} is out of reach: {error.strerror}"
    for above in (path, *map(str, Path(path).parents)):
        with contextlib.suppress(OSError):
            return (f"the state {path} cannot be reached: {above} belongs to {owner_name(os.stat(above).st_uid)}; run "
                    "as that user, or name another folder with --state")
    return f"the state {path} cannot be reached: {error.strerror}"


def open_private(path: str, flags: int) -> int:
    """Open a file of the folder, mode 0600, following no link; what root makes is given to the folder's owner."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        try:
            folder = os.stat(os.path.dirname(path))
            if folder.st_uid != os.fstat(descriptor).st_uid:
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
        except OSError:
            os.close(descriptor)
            raise
    return descriptor


def sync_folder(folder: str) -> None:
    """Make the folder's names durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: str, wait: float) -> Iterator[None]:
    """Hold the lock file for the time of the block; the kernel frees it when the process dies.

    Raise Locked, naming the holder, where it is not free within `wait` seconds.
    """
    descriptor = open_private(path, os.O_RDWR)
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
                    raise Locked(f"{path} is held by process {holder}") from None
                time.sleep(_POLL)
        with contextlib.suppress(OSError):      # who holds it is only told; a full disk must not stop the work
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def set_aside(folder: str, wait: float = 30.0) -> str | None:
    """Rename the state file, whatever it holds, to `state.db.kept-<UTC time>`; its new path, None where none was.

    A process that still has it open notices at its next write, and ends. Raise StateUnusable or Locked.
    """
    check_folder(folder, create=False)
    path = os.path.join(folder, STATE_FILE)
    try:
        with locked(os.path.join(folder, LOCK_FILE), wait):
            if not os.path.lexists(path):
                return None
            kept = kept_name(path)
            os.rename(path, kept)
            # Second, so that a kill in between leaves a lone journal, which the next creation puts aside as well.
            if os.path.lexists(path + JOURNAL):
                os.rename(path + JOURNAL, kept + JOURNAL)
            sync_folder(folder)
            return kept
    except OSError as error:
        raise StateUnusable(f"the state file {path} cannot be set aside: {error.strerror}") from None


def kept_name(path: str) -> str:
    """A free name for the state file's keeping."""
    base = f"{path}.kept-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    name, number = base, 1
    while os.path.lexists(name) or os.path.lexists(name + JOURNAL):
        number += 1
        name = f"{base}-{number}"
    return name
