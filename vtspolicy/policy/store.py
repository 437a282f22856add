"""The policy folder on the disk while it is changed: its lock, and files that appear, change and go in one step."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from vtspolicy.errors import Locked, Refusal
from vtspolicy.policy.folder import owner

LOCK = ".lock"
NEW = ".new-"
"""How the names of files begin that are not published yet. Hidden, so nobody takes one for a policy."""
PATIENCE = 5.0
"""How long to wait for another who changes the folder, seconds."""


@contextmanager
def locked(folder: str, *, make: bool = False) -> Iterator[None]:
    """Hold the folder's lock. It goes with the process, whatever ends that."""
    import fcntl
    import time

    with _refusing(folder):
        if make:
            _make_folder(folder)
        elif not os.path.isdir(folder):
            raise Refusal(f"{folder}: there is no such policy folder")
        lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
                    raise Locked(f"{folder} is being changed by process {holder}; try again") from None
                time.sleep(0.05)
        with _refusing(folder):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            for name in os.listdir(folder):
                if name.startswith(NEW):  # left by a process that was killed: nobody else works here now
                    os.unlink(os.path.join(folder, name))
        yield
    finally:
        os.close(lock)


def _make_folder(folder: str) -> None:
    """The folder and those above it, durable."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(os.path.abspath(folder))
    _make_folder(above)
    try:
        os.mkdir(folder, 0o755)
    except FileExistsError:
        return
    _sync(above)


def publish(folder: str, file: str, text: str, old: bytes | None) -> None:
    """Put the text in the file's place, in one step, with the old file's mode and owner."""
    path = os.path.join(folder, file)
    new = os.path.join(folder, f"{NEW}{os.getpid()}-{secrets.token_hex(4)}")
    with _refusing(path):
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.write(text.encode())
                target.flush()
                _like(path if old is not None else None, descriptor)
                os.fsync(descriptor)
            _same(path, old)
            os.rename(new, path)
        except BaseException:
            os.unlink(new)
            raise
    _made_durable(folder, path)


def remove(folder: str, file: str, old: bytes) -> None:
    """Remove the file, which must still hold what was read."""
    path = os.path.join(folder, file)
    _same(path, old)
    with _refusing(path):
        os.unlink(path)
    _made_durable(folder, path)


def _like(path: str | None, descriptor: int) -> None:
    """Give the new file the old one's owner and mode; without an old one, everybody may read it."""
    if path is None:
        os.fchmod(descriptor, 0o644)
        return
    status, ours = os.stat(path, follow_symlinks=False), os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (ours.st_uid, ours.st_gid):
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except PermissionError:
            raise Refusal(f"{path} belongs to {owner(status.st_uid)}; only they can change it") from None
    os.fchmod(descriptor, status.st_mode & 0o7777)


def _same(path: str, old: bytes | None) -> None:
    """Refuse where somebody changed the file, past the lock, since it was read."""
    try:
        with open(path, "rb") as file:
            now = file.read(len(old or b"") + 1)
    except FileNotFoundError:
        now = None
    if now != old:
        raise Refusal(f"{path} was changed by someone else at this moment; look at it and try again")


@contextmanager
def _refusing(path: str) -> Iterator[None]:
    """What the disk refuses, as our refusal."""
    try:
        yield
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {os.strerror(error.errno or 0)}; nothing was changed") from error


def _made_durable(folder: str, path: str) -> None:
    try:
        _sync(folder)
    except OSError as error:
        raise Refusal(f"{path} was changed, but the change may not survive a power failure: "
                      f"{os.strerror(error.errno or 0)}") from error


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
