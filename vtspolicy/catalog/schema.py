"""The tables of the state file, and how one that cannot be trusted is known."""

from __future__ import annotations

APPLICATION_ID = 0x56545350
"""Marks the file as ours (`VTSP`), in SQLite's header at offset 68."""
SCHEMA_VERSION = 2
"""In SQLite's header at offset 60 (user_version)."""

MAGIC = b"SQLite format 3\x00"
HEADER_LENGTH = 100
LARGEST = 2**63 - 1
"""What a whole number in the file can be at most."""

FREEZE_TABLE = """CREATE TABLE freeze (
        system TEXT NOT NULL, vault TEXT NOT NULL, pool TEXT NOT NULL, since TEXT NOT NULL, by_whom TEXT NOT NULL,
        reason TEXT NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (system, vault, pool))"""
"""What other systems last said to be frozen; without a pool, the whole vault."""
TABLES = (
    "CREATE TABLE state (id TEXT NOT NULL PRIMARY KEY, policies TEXT NOT NULL, created TEXT NOT NULL)",
    # Inode and time numbers need up to 64 bits without sign: an identity is stored as its text.
    """CREATE TABLE copy (
        target_system TEXT NOT NULL, target_vault TEXT NOT NULL, target_pool TEXT NOT NULL, target_tape TEXT NOT NULL,
        source_system TEXT NOT NULL, source_vault TEXT NOT NULL, source_pool TEXT NOT NULL, source_tape TEXT NOT NULL,
        digest TEXT, size INTEGER NOT NULL, source_identity TEXT, target_identity TEXT,
        copied TEXT, verified TEXT, trusted TEXT, durable INTEGER NOT NULL, run TEXT, reason TEXT, failed TEXT,
        doubted TEXT, released TEXT, accepted TEXT, hasty INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (target_system, target_vault, target_pool, target_tape,
                     source_system, source_vault, source_pool, source_tape))""",
    "CREATE INDEX copy_source ON copy (source_system, source_vault, source_pool, source_tape)",
    """CREATE TABLE run (
        id TEXT NOT NULL PRIMARY KEY, verb TEXT NOT NULL, policy TEXT, ref TEXT, username TEXT NOT NULL,
        pid INTEGER NOT NULL, started TEXT NOT NULL, ended TEXT, status TEXT, counts TEXT NOT NULL)""",
    """CREATE TABLE vault (
        system TEXT NOT NULL, name TEXT NOT NULL, identity TEXT NOT NULL, first_seen TEXT NOT NULL,
        doubted TEXT, PRIMARY KEY (system, name))""",
    "CREATE TABLE far_end (system TEXT NOT NULL PRIMARY KEY, answered TEXT NOT NULL, seen TEXT NOT NULL)",
    FREEZE_TABLE,
    """CREATE TABLE event (
        number INTEGER NOT NULL PRIMARY KEY, time TEXT NOT NULL, id TEXT NOT NULL, reason TEXT, system TEXT,
        tape TEXT, run TEXT, policy TEXT, ref TEXT, address TEXT NOT NULL, server TEXT NOT NULL,
        username TEXT NOT NULL, program TEXT NOT NULL, pid INTEGER NOT NULL, text TEXT NOT NULL,
        fields TEXT NOT NULL)""",
    "CREATE INDEX event_run ON event (run)",
    "CREATE INDEX event_tape ON event (tape)",
    """CREATE TABLE log_cursor (
        log TEXT NOT NULL PRIMARY KEY, event INTEGER NOT NULL, inode TEXT NOT NULL, position INTEGER NOT NULL)""",
)
STEPS: dict[int, tuple[str, ...]] = {
    1: ("ALTER TABLE copy ADD COLUMN doubted TEXT", "ALTER TABLE copy ADD COLUMN released TEXT",
        "ALTER TABLE copy ADD COLUMN accepted TEXT",
        "ALTER TABLE copy ADD COLUMN hasty INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE vault ADD COLUMN doubted TEXT", FREEZE_TABLE),
}
"""What makes the next schema of an older one, by the older one's version."""


def whole(value: int, what: str) -> int:
    """The number, if it can be stored as a count. Raise ValueError where it is out of range."""
    if not 0 <= value <= LARGEST:
        raise ValueError(f"{what} {value} is out of range")
    return int(value)
