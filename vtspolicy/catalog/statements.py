"""Every question and every record, in SQL that SQLite and PostgreSQL both understand.

Statements are put together from the column names below, and from nothing that came from outside.
"""
# ruff: noqa: S608

from __future__ import annotations

from typing import Any

COPY_KEY = ("target_system", "target_vault", "target_pool", "target_tape",
            "source_system", "source_vault", "source_pool", "source_tape")
COPY = (*COPY_KEY, "digest", "size", "source_identity", "target_identity", "copied", "verified", "trusted", "durable",
        "run", "reason", "failed", "doubted", "released", "accepted", "hasty")
RUN = ("id", "verb", "policy", "ref", "username", "pid", "started", "ended", "status", "counts")
EVENT = ("number", "time", "id", "reason", "system", "tape", "run", "policy", "ref", "address", "server", "username",
         "program", "pid", "text", "fields")
CURSOR = ("log", "event", "inode", "position")


def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _replace(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    rest = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    return f"{_insert(table, columns)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {rest}"


def _select(table: str, columns: tuple[str, ...]) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"


SAVE_HEAD = _insert("state", ("id", "policies", "created"))
HEAD = _select("state", ("id", "policies", "created"))

SAVE_COPY = _replace("copy", COPY_KEY, COPY)
_COPIES = _select("copy", COPY)
_BY_KEY = f" ORDER BY {', '.join(COPY_KEY)}"
_TARGET = "target_system = ? AND target_vault = ? AND target_pool = ?"
_SOURCE = "source_system = ? AND source_vault = ? AND source_pool = ?"
ALL_COPIES = _COPIES + _BY_KEY
COPIES_OF_POOLS = f"{_COPIES} WHERE {_TARGET} AND {_SOURCE}{_BY_KEY}"
COPY_OF_TAPES = f"{_COPIES} WHERE {_TARGET} AND target_tape = ? AND {_SOURCE} AND source_tape = ?"
COPIES_OF_POOL = f"{_COPIES} WHERE ({_TARGET}) OR ({_SOURCE}){_BY_KEY}"
COPIES_OF_TAPE = f"{_COPIES} WHERE ({_TARGET} AND target_tape = ?) OR ({_SOURCE} AND source_tape = ?){_BY_KEY}"
POOLS_COPIED_FROM = ("SELECT DISTINCT source_pool FROM copy WHERE source_system = ? AND source_vault = ?"
                     " AND digest IS NOT NULL ORDER BY source_pool")
COPIES_ON_SYSTEM = f"{_COPIES} WHERE target_system = ?{_BY_KEY}"
_DOUBT = "UPDATE copy SET doubted = ? WHERE digest IS NOT NULL AND doubted IS NULL AND target_system = ?"
DOUBT_ON_SYSTEM = _DOUBT
DOUBT_ON_VAULT = f"{_DOUBT} AND target_vault = ?"
DOUBT_SYSTEM = "UPDATE vault SET doubted = ? WHERE system = ?"
DOUBT_VAULT = f"{DOUBT_SYSTEM} AND name = ?"
DOUBTED = _select("vault", ("doubted",)) + " WHERE system = ? AND name = ?"

START_RUN = _insert("run", RUN)
END_RUN = "UPDATE run SET ended = ?, status = ?, counts = ? WHERE id = ?"
_RUNS = _select("run", RUN)
RUN_OF_ID = f"{_RUNS} WHERE id = ?"
NEWEST_RUNS = f"{_RUNS} ORDER BY id DESC LIMIT ?"
UNFINISHED_RUNS = f"{_RUNS} WHERE ended IS NULL ORDER BY id"

SAVE_VAULT = (_replace("vault", ("system", "name"), ("system", "name", "identity", "first_seen"))
              + " WHERE vault.identity <> excluded.identity")
VAULTS = _select("vault", ("system", "name", "identity")) + " ORDER BY system, name"
VAULT = _select("vault", ("identity", "first_seen")) + " WHERE system = ? AND name = ?"

SAVE_FAR_END = _replace("far_end", ("system",), ("system", "answered", "seen"))
FAR_END = _select("far_end", ("answered",)) + " WHERE system = ?"

_PLACE = ("system", "vault", "pool")
SAVE_FREEZE = _replace("freeze", _PLACE, (*_PLACE, "since", "by_whom", "reason", "seen"))
FORGET_FREEZE = "DELETE FROM freeze WHERE system = ? AND vault = ? AND pool = ?"
FREEZE = (_select("freeze", ("since", "by_whom", "reason", "seen"))
          + " WHERE system = ? AND vault = ? AND pool = ?")

ADD_EVENT = _insert("event", EVENT[1:])
_EVENTS = _select("event", EVENT)
EVENTS_AFTER = f"{_EVENTS} WHERE number > ? ORDER BY number LIMIT ?"
LAST_EVENT = "SELECT coalesce(max(number), 0) FROM event"

SAVE_CURSOR = _replace("log_cursor", ("log",), CURSOR)
LOG_CURSOR = _select("log_cursor", CURSOR[1:]) + " WHERE log = ?"


def newest_events(terms: list[tuple[str, Any]], limit: int | None) -> tuple[str, tuple[Any, ...]]:
    """The statement for the newest events that fulfil every term (`run = ?` and its value), and its parameters."""
    statement = _EVENTS
    values = [value for _, value in terms]
    if terms:
        statement += " WHERE " + " AND ".join(term for term, _ in terms)
    statement += " ORDER BY number DESC"
    if limit is not None:
        statement += " LIMIT ?"
        values.append(limit)
    return statement, tuple(values)
