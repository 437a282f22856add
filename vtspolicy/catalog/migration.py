"""An older state file becomes one of the present schema, in one transaction, after a copy of it was set aside."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import struct

from vtspolicy.catalog import database
from vtspolicy.catalog.eventlog import Origin
from vtspolicy.catalog.folder import LOCK_FILE, locked, open_private, sync_folder
from vtspolicy.catalog.schema import HEADER_LENGTH, SCHEMA_VERSION, STEPS
from vtspolicy.catalog.transaction import Transaction
from vtspolicy.errors import StateUnusable

_BLOCK = 1 << 20


def is_current(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the open file has the present schema."""
    with database.told(path):
        return _version(connection) == SCHEMA_VERSION


def migrate(connection: sqlite3.Connection, path: str, origin: Origin, wait: float) -> None:
    """Bring the open file to the present schema; `state.db.vN` beside it is what it was before, durable first.

    A kill at any point leaves the old file or the new one, and the next start does the rest. Whoever wants the old
    program back puts `state.db.vN` in its place. Raise StateUnusable where the copy cannot be made, or Locked.
    """
    with locked(os.path.join(os.path.dirname(path), LOCK_FILE), wait), database.told(path):
        descriptor = _opened(path)
        try:
            # Nobody writes from here on, not even the old program; readers go on.
            connection.execute("BEGIN IMMEDIATE")
            version = _version(connection)
            if version < SCHEMA_VERSION:
                kept = f"{path}.v{version}"
                _set_aside(descriptor, version, path, kept)
                for step in range(version, SCHEMA_VERSION):
                    for statement in STEPS[step]:
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
                Transaction(connection, origin, None, None).event(
                    "231004", version=version, schema=SCHEMA_VERSION, file=kept)
                connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.rollback()
            # Not before: closing any descriptor of a file drops all locks that the process has on it (POSIX).
            os.close(descriptor)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchall()[0][0])


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise StateUnusable(f"the state file {path} cannot be set aside: {error.strerror}") from None


def _set_aside(descriptor: int, version: int, path: str, kept: str) -> None:
    """Copy the state file, mode and owner too, and make the copy durable before its name is there.

    An earlier copy of that name goes: the old program was put back since, and this file knows all that it knew.
    """
    new = kept + ".new"
    try:
        if struct.unpack(">I", os.pread(descriptor, HEADER_LENGTH, 0)[60:64])[0] != version:
            raise StateUnusable(f"the state file {path} was set aside or removed meanwhile")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        found = os.fstat(descriptor)
        copy = open_private(new, os.O_WRONLY | os.O_EXCL)
        try:
            at = 0
            while block := os.pread(descriptor, _BLOCK, at):
                at += os.write(copy, block)
            if os.geteuid() == 0:
                os.fchown(copy, found.st_uid, found.st_gid)
            os.fchmod(copy, stat.S_IMODE(found.st_mode))
            os.fsync(copy)
        finally:
            os.close(copy)
        os.rename(new, kept)
        sync_folder(os.path.dirname(path))
    except OSError as error:
        raise StateUnusable(f"the state file {path} cannot be set aside as {kept} before it is migrated: "
                            f"{error.strerror}") from None
