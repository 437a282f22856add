"""Events as rows: written in the transaction of what they report, asked for by INFO EVENT and by the log's writer."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vtspolicy.catalog.schema import LARGEST
from vtspolicy.catalog.statements import newest_events
from vtspolicy.catalog.times import parse_utc, utc_text
from vtspolicy.events import Message, Severity, printable, render
from vtspolicy.policy.places import Pool, Tape, Vault

FIELD_LENGTH = 2000
"""Longest value of one field that is kept, characters."""


@dataclass(frozen=True)
class Origin:
    """Who writes events, and on which machine: fields of the log line (VTS 8.3 Configuration Guide p.185)."""

    user: str
    server: str
    address: str = "127.0.0.1"
    """The client's, where the sentence came over the network."""
    program: str = "vtspolicy"
    pid: int = 0

    @classmethod
    def here(cls, environ: Mapping[str, str] = os.environ) -> Origin:
        """This process."""
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            user = str(os.getuid())
        address = environ.get("SSH_CONNECTION", "").split(" ")[0]
        return cls(printable(user), printable(os.uname().nodename.split(".")[0]),
                   printable(address)[:45] or "127.0.0.1", pid=os.getpid())


@dataclass(frozen=True)
class Event:
    """One event as it was recorded."""

    number: int
    """Its place in the log; grows by time of commit."""
    time: str
    """UTC, RFC 3339."""
    id: str
    reason: str | None
    system: str | None
    """The system concerned."""
    tape: str | None
    """The tape's name, without its pool."""
    run: str | None
    policy: str | None
    ref: str | None
    address: str
    server: str
    user: str
    program: str
    pid: int
    text: str
    fields: Mapping[str, Any]

    @property
    def severity(self) -> Severity:
        """What the id's first digit says."""
        return Severity(int(self.id[0]))

    def as_json(self) -> dict[str, Any]:
        """Everything, as a line of the JSON log and INFO EVENT show it."""
        shown: dict[str, Any] = {"number": self.number, "time": self.time, "severity": self.severity.name}
        for name in ("id", "reason", "system", "tape", "run", "policy", "ref", "address", "server", "user", "program",
                     "pid", "text"):
            shown[name] = getattr(self, name)
        shown["fields"] = dict(self.fields)
        return shown


@dataclass(frozen=True)
class EventFilter:
    """Which events are wanted; what is None selects all."""

    at_least: Severity | None = None
    """This severity and worse."""
    id: str | None = None
    tape: str | None = None
    """A tape's name, or its path with or without the system: `/VAULT01/PAYROLL/T00001`; as source or as target."""
    since: str | None = None
    """From this moment on; RFC 3339, UTC where it has no offset."""
    run: str | None = None
    ref: str | None = None
    limit: int | None = None
    """Only so many, the newest."""


@dataclass(frozen=True)
class LogCursor:
    """How far a log file is written."""

    event: int = 0
    """The number of the last event in it."""
    inode: str = ""
    position: int = 0
    """Behind that event's line, bytes."""


def cursor_of(row: tuple[Any, ...]) -> LogCursor:
    """The cursor that a row holds. Raise ValueError or TypeError where it cannot be what was stored."""
    event, inode, position = row
    return LogCursor(int(event), str(inode), int(position))


def row_of(message: Message, fields: Mapping[str, object], moment: str, origin: Origin) -> tuple[Any, ...]:
    """An event as ADD_EVENT takes it. The columns come from the fields of the same names; see `Transaction.event`."""
    kept = {name: _kept(value) for name, value in fields.items() if value is not None}
    tape = fields.get("tape")
    return (moment, message.id, message.reason or _word(fields.get("reason")), _system(fields),
            tape.name if isinstance(tape, Tape) else _word(tape), _word(fields.get("run")), _word(fields.get("policy")),
            _word(fields.get("ref")), origin.address, origin.server, origin.user, origin.program, origin.pid,
            render(message, kept), json.dumps(kept))


def _kept(value: object) -> object:
    """What JSON can hold, as it is; all else as text."""
    if isinstance(value, bool | int | float):
        return value
    return str(value)[:FIELD_LENGTH]


def _word(value: object) -> str | None:
    return None if value is None else printable(str(value)[:FIELD_LENGTH])


def _system(fields: Mapping[str, object]) -> str | None:
    """The system that is named, else the one of the target, the tape, the pool or the vault."""
    if fields.get("system") is not None:
        return _word(fields["system"])
    for name in ("target", "tape", "pool", "vault"):
        place = fields.get(name)
        if isinstance(place, Tape | Pool | Vault):
            return place.system
    return None


def event_of(row: tuple[Any, ...]) -> Event:
    """The event that a row holds. Raise ValueError or TypeError where it cannot be what was stored."""
    *columns, fields = row
    found = json.loads(fields)
    if not all(isinstance(column, str | int | None) for column in columns) or not isinstance(found, dict):
        raise TypeError("a column of an event has the wrong type")
    event = Event(*(*columns, found))
    Severity(int(event.id[0]))
    parse_utc(event.time)
    return event


def query(wanted: EventFilter) -> tuple[str, tuple[Any, ...]]:
    """The statement that selects these events, newest first, and its parameters. `matching` does the rest.

    Raise ValueError where `since` is no time.
    """
    terms: list[tuple[str, Any]] = [
        (f"{column} = ?", printable(value))
        for column, value in (("id", wanted.id), ("run", wanted.run), ("ref", wanted.ref),
                              ("tape", wanted.tape and wanted.tape.rpartition("/")[2]))
        if value is not None]
    if wanted.at_least is not None:
        terms.append(("id >= ?", f"{int(wanted.at_least)}00000"))
    if wanted.since is not None:
        terms.append(("time >= ?", utc_text(parse_utc(wanted.since))))
    limit = wanted.limit if "/" not in (wanted.tape or "") else None
    return newest_events(terms, None if limit is None else min(max(limit, 0), LARGEST))


def matching(events: Iterable[Event], wanted: EventFilter) -> tuple[Event, ...]:
    """Those that are wanted of what the statement gave, newest last."""
    path = wanted.tape if "/" in (wanted.tape or "") else None
    found = [event for event in events if path is None or _names(event, path)]
    if wanted.limit is not None:
        found = found[:max(wanted.limit, 0)]
    return tuple(reversed(found))


def _names(event: Event, path: str) -> bool:
    """Whether the event's tape, as source or as target, has this path."""
    places = [str(event.fields.get("tape", ""))]
    places.append(f"{event.fields.get('target', '')}/{event.tape}")
    return any(path in (place, place.partition(":")[2]) for place in places)
