"""Another directory for a vault's part files: on the vault's file system, so that the rename is one step, and beside
the vault, so that nothing that looks for cartridges in it finds them. Each pool has a folder of its own there.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from vtspolicy.errors import Refusal
from vtspolicy.policy.places import Pool

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NONE = ".vtspolicy-none"
"""A name that is nowhere."""


def opened(pool_fd: int, pool: Pool, path: str, *, create: bool) -> int | None:
    """The pool's folder in the directory at `path`, open; None where it is not there and need not be made.

    Raise Refusal where part files cannot lie there, and OSError.
    """
    base = _base(pool_fd, pool, path)
    try:
        if create:
            with suppress(FileExistsError):
                os.mkdir(pool.name, 0o700, dir_fd=base)
        return os.open(pool.name, _FOLDER | os.O_NOFOLLOW, dir_fd=base)
    except FileNotFoundError:
        if create:
            raise
        return None
    finally:
        os.close(base)


def remove(path: str, pool: Pool) -> None:
    """Remove the pool's folder there if it holds nothing."""
    with suppress(OSError):
        os.rmdir(os.path.join(path, pool.name))


def _base(pool_fd: int, pool: Pool, path: str) -> int:
    try:
        fd = os.open(path, _FOLDER)
    except OSError as error:
        raise _refused(pool, path, str(error.strerror)) from None
    try:
        if os.fstat(fd).st_dev != os.fstat(pool_fd).st_dev or _is_another_mount(fd, pool_fd):
            raise _refused(pool, path, "it is on another file system than the pool")
    except BaseException:
        os.close(fd)
        raise
    return fd


def _is_another_mount(fd: int, pool_fd: int) -> bool:
    """Whether nothing can be renamed from the one to the other; asked with a name that is nowhere."""
    try:
        os.rename(_NONE, _NONE, src_dir_fd=fd, dst_dir_fd=pool_fd)
    except OSError as error:
        return error.errno == errno.EXDEV
    return False


def _refused(pool: Pool, path: str, why: str) -> Refusal:
    return Refusal(f"part files of pool {pool} cannot lie in {path}: {why}; its staging must be a directory of the "
                   "same file system", system=pool.system)
