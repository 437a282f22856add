"""The state: one file that knows what was copied, proven and told. Acknowledge nothing before its commit."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from vtspolicy.catalog import copies as copy_rows
from vtspolicy.catalog import database, eventlog, migration, runs, statements
from vtspolicy.catalog.eventlog import Event, EventFilter, LogCursor, Origin
from vtspolicy.catalog.folder import STATE_FILE, check_folder, find_state, set_aside
from vtspolicy.catalog.runs import Run
from vtspolicy.catalog.schema import LARGEST
from vtspolicy.catalog.transaction import Transaction
from vtspolicy.errors import StateOfOthers, StateUnusable
from vtspolicy.events import printable
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.facts import Freeze

__all__ = ["State", "find_state", "open_state", "set_aside"]

WAIT = 30.0
"""How long another process's transaction is waited for, seconds."""
_Row = TypeVar("_Row")


def open_state(folder: str, policies: str, *, create: bool = True, origin: Origin | None = None,
               wait: float = WAIT) -> State:
    """Open the state in a folder, for the policies of another; make it where it is not there and `create` allows.

    One of an older schema is migrated, and a copy of it kept beside it.
    Raise StateUnusable where it is damaged, foreign, newer than this program, made for another policy folder, or out
    of reach - it is left as it is, and never replaced by an empty one - and Locked where another process keeps it.
    """
    folder = os.path.abspath(folder)
    path = os.path.join(folder, STATE_FILE)
    check_folder(folder, create=create)
    if not os.path.lexists(path):
        if not create:
            raise StateUnusable(f"there is no state in {folder} yet")
        database.create(folder, policies, wait)
    connection = database.connect(path, wait)
    state = State(folder, connection, origin or Origin.here())
    try:
        state.read_head()
        if state.policies != os.path.realpath(policies):
            raise StateOfOthers(f"the state in {folder} belongs to the policies in {state.policies}, not to those in "
                                f"{os.path.realpath(policies)}; name another folder with --state")
        if not migration.is_current(connection, path):
            migration.migrate(connection, path, state.origin, wait)
    except BaseException:
        state.close()
        raise
    return state


class State:
    """An open state file. Threads may share it; each question fetches its rows and holds nothing afterwards."""

    id: str
    """16 hex digits, for ever the same: the writer of records and part files."""
    policies: str
    """The policy folder that it belongs to."""
    created: str

    def __init__(self, folder: str, connection: sqlite3.Connection, origin: Origin) -> None:
        self.folder = folder
        self.path = os.path.join(folder, STATE_FILE)
        self.origin = origin
        self._connection = connection
        self._lock = threading.RLock()
        self._broken: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def read_head(self) -> None:
        """Fetch what the file says of itself. Raise StateUnusable where it says nothing."""
        heads = self._read(statements.HEAD, (), lambda row: tuple(map(_text, row)))
        if len(heads) != 1:
            raise StateUnusable(f"the state file {self.path} is damaged: it does not say whose it is")
        self.id, self.policies, self.created = heads[0]

    # ---- recording ------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, run: str | None = None, ref: str | None = None) -> Iterator[Transaction]:
        """Record what the block says, durably and all together, when it ends; nothing of it if it raises.

        `run` and `ref` go into every event of the block. Raise StateUnusable or Locked.
        """
        with self._guarded():
            if self._connection.in_transaction:
                raise RuntimeError("a transaction is open already")
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield Transaction(self._connection, self.origin, run, ref)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.rollback()

    # ---- asking ---------------------------------------------------------------------------------------------------

    def copies(self, source: Pool, target: Pool) -> dict[str, Copy]:
        """What is known of the copies of one pool in another, by the name of the source tape."""
        found = self._copies(statements.COPIES_OF_POOLS, (*copy_rows.pool_key(target), *copy_rows.pool_key(source)))
        return {copy.source.name: copy for copy in found}

    def copies_of_tape(self, tape: Tape) -> tuple[Copy, ...]:
        """Every copy whose source or target is this tape."""
        return self._copies(statements.COPIES_OF_TAPE, copy_rows.tape_key(tape) * 2)

    def copies_of_pool(self, pool: Pool) -> tuple[Copy, ...]:
        """Every copy whose source or target is in this pool."""
        return self._copies(statements.COPIES_OF_POOL, copy_rows.pool_key(pool) * 2)

    def copies_on(self, system: str) -> tuple[Copy, ...]:
        """Every copy whose target is on this system."""
        return self._copies(statements.COPIES_ON_SYSTEM, (system,))

    def all_copies(self) -> tuple[Copy, ...]:
        """Every copy, ordered by target."""
        return self._copies(statements.ALL_COPIES, ())

    def pools_copied_from(self, vault: Vault) -> tuple[str, ...]:
        """The names of the vault's pools of which a copy was made."""
        return tuple(self._read(statements.POOLS_COPIED_FROM, (vault.system, vault.name), lambda row: _text(row[0])))

    def run(self, id: str) -> Run | None:
        """The run with this id."""
        return next(iter(self._read(statements.RUN_OF_ID, (printable(id),), runs.run_of)), None)

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        """The newest runs, newest last."""
        return tuple(reversed(self._read(statements.NEWEST_RUNS, (min(max(limit, 0), LARGEST),), runs.run_of)))

    def unfinished_runs(self) -> tuple[Run, ...]:
        """Runs whose end was not recorded: they go on, or their process was killed."""
        return tuple(self._read(statements.UNFINISHED_RUNS, (), runs.run_of))

    def vault(self, vault: Vault) -> tuple[str, str] | None:
        """The id that is remembered for a vault, and when it was first seen with it."""
        return next(iter(self._read(statements.VAULT, (vault.system, vault.name),
                                    lambda row: (_text(row[0]), _text(row[1])))), None)

    def doubted(self, vault: Vault) -> str | None:
        """When it was last in doubt which vault this is: what no VERIFY and no run has read since is not proven."""
        return next(iter(self._read(statements.DOUBTED, (vault.system, vault.name),
                                    lambda row: None if row[0] is None else _text(row[0]))), None)

    def vaults(self) -> dict[Vault, str]:
        """The ids of all vaults that are remembered."""
        return dict(self._read(statements.VAULTS, (), lambda row: (Vault(_text(row[0]), _text(row[1])), _text(row[2]))))

    def far_end(self, system: str) -> str | None:
        """As what the system last answered: `receiver`, `sftp`, or None where it never did."""
        return next(iter(self._read(statements.FAR_END, (system,), lambda row: _text(row[0]))), None)

    def freeze(self, place: Pool | Vault) -> tuple[Freeze, str] | None:
        """The freeze of another system's place as it was last seen, and when that was."""
        return next(iter(self._read(statements.FREEZE, copy_rows.place_key(place),
                                    lambda row: (Freeze(*map(_text, row[:3])), _text(row[3])))), None)

    def events(self, wanted: EventFilter | None = None) -> tuple[Event, ...]:
        """Events, newest last. Raise ValueError where the filter's `since` is no time."""
        wanted = wanted or EventFilter()
        return eventlog.matching(self._read(*eventlog.query(wanted), eventlog.event_of), wanted)

    def events_after(self, number: int, limit: int) -> tuple[Event, ...]:
        """The next events behind this number, oldest first."""
        return tuple(self._read(statements.EVENTS_AFTER, (number, limit), eventlog.event_of))

    def last_event(self) -> int:
        """The number of the newest event; 0 where there is none."""
        return self._read(statements.LAST_EVENT, (), lambda row: int(row[0]))[0]

    def log_cursor(self, log: str) -> LogCursor:
        """How far a log file is written."""
        return next(iter(self._read(statements.LOG_CURSOR, (log,), eventlog.cursor_of)), LogCursor())

    def _copies(self, statement: str, values: tuple[Any, ...]) -> tuple[Copy, ...]:
        return tuple(self._read(statement, values, copy_rows.copy_of))

    def _read(self, statement: str, values: tuple[Any, ...], convert: Callable[[tuple[Any, ...]], _Row]) -> list[_Row]:
        with self._guarded():
            rows = self._connection.execute(statement, values).fetchall()
        with database.sensible(self.path):
            return [convert(row) for row in rows]


    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """One thread at a time; nothing any more after the file or its disk proved broken."""
        with self._lock:
            if self._broken is not None:
                raise StateUnusable(self._broken)
            try:
                with database.told(self.path):
                    yield
            except StateUnusable as failure:
                if database.is_broken(failure.__cause__):
                    self._broken = failure.message
                raise


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a column that holds text does not")
    return value
