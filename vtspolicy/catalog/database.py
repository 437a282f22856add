"""The state file as a database: made, inspected, opened, and its errors told in our own words."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import stat
import struct
from collections.abc import Iterator
from urllib.parse import quote

from vtspolicy.catalog.folder import (
    JOURNAL,
    LOCK_FILE,
    STATE_FILE,
    kept_name,
    locked,
    open_private,
    out_of_reach,
    sync_folder,
)
from vtspolicy.catalog.schema import APPLICATION_ID, HEADER_LENGTH, MAGIC, SCHEMA_VERSION, TABLES
from vtspolicy.catalog.statements import SAVE_HEAD
from vtspolicy.catalog.times import now
from vtspolicy.errors import Failure, Locked, StateUnusable

CHECKED_SIZE = 16 << 20
"""A state file up to this size, bytes, is checked page by page whenever it is opened (some 20 ms at most)."""
_REBUILD = "REBUILD CATALOG keeps it aside and makes a new one from the targets"


def create(folder: str, policies: str, wait: float) -> None:
    """Make the state file, unless another process just did. A kill at any point leaves none, or a whole one."""
    path = os.path.join(folder, STATE_FILE)
    new = path + ".new"
    try:
        with locked(os.path.join(folder, LOCK_FILE), wait):
            if os.path.lexists(path):
                return
            for rest in (new, new + JOURNAL):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(rest)
            if os.path.lexists(path + JOURNAL):     # it belongs to a file that was taken away; never apply it to ours
                os.rename(path + JOURNAL, kept_name(path) + JOURNAL)
            descriptor = open_private(new, os.O_RDWR | os.O_EXCL)
            try:
                _fill(new, policies)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.rename(new, path)
            sync_folder(folder)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StateUnusable(f"the state file {path} cannot be made: {why}") from None


def _fill(path: str, policies: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=MEMORY")    # no one else sees the file before its rename
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        for statement in TABLES:
            connection.execute(statement)
        connection.execute(SAVE_HEAD, (secrets.token_hex(8), os.path.realpath(policies), now()))
        connection.execute("COMMIT")


def inspect(path: str) -> int:
    """Look at the file's header without opening it as a database; its size. Raise StateUnusable where it is not ours.

    SQLite itself would write to a file that has a journal beside it, and take 0 bytes for an empty database.
    """
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode):
            raise StateUnusable(f"the state file {path} is not a regular file")
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            head = os.read(descriptor, HEADER_LENGTH)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StateUnusable(out_of_reach(path, error)) from None
    if found.st_size == 0:
        raise StateUnusable(f"the state file {path} is damaged: it has 0 bytes; {_REBUILD}")
    if len(head) < HEADER_LENGTH or not head.startswith(MAGIC):
        raise StateUnusable(f"the state file {path} is damaged, or no state file at all; {_REBUILD}")
    version, application = struct.unpack(">I", head[60:64])[0], struct.unpack(">I", head[68:72])[0]
    if application != APPLICATION_ID:
        raise StateUnusable(f"the state file {path} is a database of another program; {_REBUILD}")
    if version > SCHEMA_VERSION:
        raise StateUnusable(f"the state file {path} has schema {version}, made by a newer vtspolicy; this one knows "
                            f"up to {SCHEMA_VERSION}: upgrade it")
    if version < 1:
        raise StateUnusable(f"the state file {path} is damaged: it has no schema version; {_REBUILD}")
    return found.st_size


def connect(path: str, wait: float) -> sqlite3.Connection:
    """Open the inspected file for reading and writing, durable at each commit."""
    size = inspect(path)
    with told(path):
        connection = sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True, timeout=wait, isolation_level=None,
                                     check_same_thread=False)
        try:
            # TRUNCATE with FULL lost no acknowledged commit in replayed power losses; WAL before SQLite 3.51.3 can
            # corrupt the file.
            for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "foreign_keys=ON", "temp_store=MEMORY",
                           "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            if connection.execute("PRAGMA journal_mode=TRUNCATE").fetchall() != [("truncate",)]:
                raise StateUnusable(f"the state file {path} is open in another journal mode elsewhere")
            if size <= CHECKED_SIZE:
                verdict = connection.execute("PRAGMA quick_check(1)").fetchall()
                if verdict != [("ok",)]:
                    raise StateUnusable(f"the state file {path} is damaged; {_REBUILD}")
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def told(path: str) -> Iterator[None]:
    """Turn whatever SQLite complains about in the block into StateUnusable or Locked."""
    try:
        yield
    except sqlite3.ProgrammingError:    # our own fault, not the file's
        raise
    except sqlite3.Error as error:
        raise _failure(path, error) from error


@contextlib.contextmanager
def sensible(path: str) -> Iterator[None]:
    """Turn a row that cannot be what was stored into StateUnusable."""
    try:
        yield
    except (OverflowError, TypeError, LookupError, ValueError, AttributeError) as error:
        raise StateUnusable(f"the state file {path} is damaged: a row makes no sense ({error}); {_REBUILD}") from error


def is_broken(error: BaseException | None) -> bool:
    """Whether SQLite's complaint means that the file, or its disk, must not be written to any more: after a failed
    fsync a second one may lie."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _failure(path: str, error: sqlite3.Error) -> Failure:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Locked(f"the state file {path} is held by another process that does not end its transaction")
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return StateUnusable(f"the state file {path} was set aside or removed meanwhile")
    if code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StateUnusable(f"the state file {path} cannot be opened for writing")
    if code & 0xFF == sqlite3.SQLITE_FULL:
        return StateUnusable(f"the state file {path} cannot be written: its disk is full")
    if code & 0xFF == sqlite3.SQLITE_IOERR:
        return StateUnusable(f"the state file {path} cannot be read or written: {error}")
    return StateUnusable(f"the state file {path} is damaged: {error}; {_REBUILD}")
