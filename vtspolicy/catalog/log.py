"""The event log as files: `event.log` for people and `events.jsonl` for programs, written from the event rows.

A cursor in the state says how far each file is written. Before a file is written to, what a killed process left
behind the cursor is cut off, so that each event stands in each log once: neither a kill nor a rotation by rename
loses or doubles a line. (A rotation that copies and truncates may lose what is written in between; rename instead.)
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from datetime import tzinfo

from vtspolicy.catalog.eventlog import Event, LogCursor
from vtspolicy.catalog.folder import locked, open_private, sync_folder
from vtspolicy.catalog.state import State
from vtspolicy.catalog.times import local_text, zone_of
from vtspolicy.errors import Failure
from vtspolicy.events import TEXT_LENGTH, shorten

LINE_LENGTH = 255
"""Longest line of the text log, characters (VTS 8.3 Configuration Guide p.185), as are the limits of its fields."""
_SYSTEM, _ADDRESS, _SERVER, _USER, _PROGRAM = 7, 15, 15, 15, 15

LOG_FOLDER = "log"
_BATCH = 500
_PATIENCE = 5.0
"""How long another process that writes the log is waited for, seconds; it writes our events, too."""


def text_line(event: Event, zone: tzinfo | None) -> str:
    """An event as a line of the text log: `timestamp|SEVERITY|id|system|address|server|user|program|text`."""
    head = "|".join((
        local_text(event.time, zone), event.severity.name, event.id, shorten(event.system or "", _SYSTEM),
        shorten(event.address, _ADDRESS), shorten(event.server, _SERVER), shorten(event.user, _USER),
        shorten(event.program, _PROGRAM), ""))
    return head + shorten(event.text, min(TEXT_LENGTH, LINE_LENGTH - len(head)))


def json_line(event: Event) -> str:
    """An event as a line of the JSON log: everything, times in UTC."""
    return json.dumps(event.as_json(), separators=(",", ":"))


class LogWriter:
    """Writes the events that are not in the files yet. Any process that has the state open may, at any time."""

    def __init__(self, state: State, zone: str | None = None) -> None:
        self._state = state
        self._folder = os.path.join(state.folder, LOG_FOLDER)
        moments = zone_of(zone)
        self._logs: tuple[tuple[str, Callable[[Event], str]], ...] = (
            ("event.log", lambda event: text_line(event, moments)), ("events.jsonl", json_line))
        self._told = False

    def write(self) -> str | None:
        """Bring both files up to date. What hinders it, in a sentence - but once, until it works again - or None.

        Nothing is lost meanwhile: the events are in the state, and a later call writes them.
        """
        trouble = self._trouble()
        if trouble is None:
            self._told = False
            return None
        known, self._told = self._told, True
        return None if known else trouble

    def _trouble(self) -> str | None:
        troubles: list[str] = []
        try:
            last = self._state.last_event()
            if all(self._state.log_cursor(name).event >= last for name, _ in self._logs):
                return None
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._folder, 0o700)
                self._give_folder()
            with locked(os.path.join(self._folder, ".lock"), _PATIENCE):
                for name, line in self._logs:
                    try:
                        self._catch_up(name, line)
                    except OSError as error:
                        troubles.append(f"{os.path.join(self._folder, name)}: {error.strerror}")
        except OSError as error:
            troubles.append(f"{self._folder}: {error.strerror}")
        except Failure as failure:
            troubles.append(failure.message)
        return "; ".join(troubles) or None

    def _give_folder(self) -> None:
        """What root makes belongs to the folder's owner."""
        if os.geteuid() == 0:
            above = os.stat(self._state.folder)
            os.chown(self._folder, above.st_uid, above.st_gid)

    def _catch_up(self, name: str, line: Callable[[Event], str]) -> None:
        cursor = self._state.log_cursor(name)
        events = self._state.events_after(cursor.event, _BATCH)
        if not events:
            return
        descriptor = open_private(os.path.join(self._folder, name), os.O_RDWR | os.O_APPEND)
        try:
            while events:
                data = "".join(line(event) + "\n" for event in events).encode("ascii")
                cursor = self._place(name, descriptor, cursor, data)
                _append(descriptor, cursor.position, data)
                cursor = LogCursor(events[-1].number, cursor.inode, cursor.position + len(data))
                self._save(name, cursor)
                events = self._state.events_after(cursor.event, _BATCH)
        finally:
            os.close(descriptor)

    def _place(self, name: str, descriptor: int, cursor: LogCursor, data: bytes) -> LogCursor:
        """Where the data is to be written: behind the cursor, or at the end of a file that is not the cursor's.

        Such a place is recorded before it is used, so that what a kill leaves there is known for ours.
        """
        if _cut(descriptor, cursor, data):
            return cursor
        self._cut_rotated(name, cursor, data)
        found = os.fstat(descriptor)
        start = LogCursor(cursor.event, str(found.st_ino), found.st_size)
        sync_folder(self._folder)
        self._save(name, start)
        return start

    def _cut_rotated(self, name: str, cursor: LogCursor, data: bytes) -> None:
        """The same for a file that was renamed between a killed process's append and its commit."""
        with os.scandir(self._folder) as entries:
            rotated = [entry.path for entry in entries
                       if entry.name.startswith(name + ".") and str(entry.inode()) == cursor.inode]
        for path in rotated:
            with contextlib.suppress(OSError):      # it may be rotated on while we look
                descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    if _cut(descriptor, cursor, data):
                        os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def _save(self, name: str, cursor: LogCursor) -> None:
        with self._state.transaction() as transaction:
            transaction.save_log_cursor(name, cursor)


def _cut(descriptor: int, cursor: LogCursor, data: bytes) -> bool:
    """Cut off what a killed process wrote behind the cursor of the data that is to come; False where the file is not
    the cursor's, or holds something else there (the state is an older one, put back), which stays."""
    found = os.fstat(descriptor)
    surplus = found.st_size - cursor.position
    if str(found.st_ino) != cursor.inode or surplus < 0:
        return False
    if surplus:
        if surplus > len(data) or os.pread(descriptor, surplus, cursor.position) != data[:surplus]:
            return False
        os.ftruncate(descriptor, cursor.position)
    return True


def _append(descriptor: int, position: int, data: bytes) -> None:
    """Write all of it, durably; where that cannot be, leave the file as it was."""
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest):]
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):      # what stays is cut off by the next call
            os.ftruncate(descriptor, position)
        raise
