"""A pool that is made over SFTP, perhaps frozen from its birth: beside its name, then renamed."""

from __future__ import annotations

import stat
import struct
from contextlib import suppress

from vtspolicy.errors import TargetWrite
from vtspolicy.policy.places import Pool
from vtspolicy.systems import freezes
from vtspolicy.systems.facts import NEW_POOL, POOL_FREEZE, WORK_FOLDER, Freeze, Promises
from vtspolicy.systems.files import PART_SUFFIX
from vtspolicy.systems.sftp.packets import (
    CREATE_FLAG,
    EXCLUSIVE_FLAG,
    MKDIR,
    REMOVE,
    RENAME,
    RMDIR,
    SETSTAT,
    WRITE,
    WRITE_FLAG,
    SftpStatus,
    attributes,
    text,
)
from vtspolicy.systems.sftp.wire import SftpWire


def make_pool(wire: SftpWire, promises: Promises, vault: str, pool: Pool, freeze: Freeze | None) -> None:
    """Make the pool in the vault at this path. Raise SftpStatus, and TargetWrite where the vault is no directory."""
    above = wire.lstat(vault + "/.")
    if above is None or not stat.S_ISDIR(above.mode):
        raise TargetWrite(f"vault {pool.of} is no directory", system=pool.system)
    new, final = f"{vault}/{NEW_POOL}{pool.name}", f"{vault}/{pool.name}"
    marker, work = f"{new}/{WORK_FOLDER}/{POOL_FREEZE}", f"{new}/{WORK_FOLDER}"
    if wire.lstat(final) is None:
        for kind, rest in ((REMOVE, marker), (RMDIR, work), (RMDIR, new)):  # of one that was cut off
            with suppress(SftpStatus):
                wire.request(kind, text(rest))
        wire.request(MKDIR, text(new), attributes(mode=0o700))
        if freeze is not None:
            wire.request(MKDIR, text(work), attributes(mode=0o700))
            _write(wire, promises, marker, freezes.encode(freeze))
            if promises.durable:
                wire.fsync_folder(work)
        if promises.durable:
            wire.fsync_folder(new)
        wire.request(SETSTAT, text(new), attributes(mode=above.mode & 0o2777))
        wire.request(RENAME, text(new), text(final))
    if promises.durable:
        wire.fsync_folder(vault or "/")


def put_marker(wire: SftpWire, promises: Promises, folder: str, name: str, content: bytes, *, replace: bool) -> None:
    """Make a marker: beside its name, then renamed, so that it is there whole or not at all. Raise SftpStatus, also
    where there is one and it is not to be replaced."""
    new, final = f"{folder}/{name}{PART_SUFFIX}", f"{folder}/{name}"
    with suppress(SftpStatus):
        wire.request(REMOVE, text(new))  # of one that was cut off
    _write(wire, promises, new, content)
    if replace and promises.atomic:
        wire.replace(new, final)
    else:
        if replace:
            wire.request(REMOVE, text(final))
        wire.request(RENAME, text(new), text(final))
    if promises.durable:
        wire.fsync_folder(folder or "/")


def _write(wire: SftpWire, promises: Promises, path: str, content: bytes) -> None:
    handle = wire.open(path, WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG, 0o644)
    wire.request(WRITE, text(handle), struct.pack(">Q", 0), text(content))
    if promises.durable:
        wire.fsync(handle)
    wire.close(handle)
