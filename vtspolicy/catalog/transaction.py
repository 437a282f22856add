"""What can be recorded; all of one transaction is committed together, or nothing of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from vtspolicy import events
from vtspolicy.catalog import copies, eventlog, runs, statements
from vtspolicy.catalog.eventlog import LogCursor, Origin
from vtspolicy.catalog.runs import Run
from vtspolicy.catalog.times import now
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.facts import Freeze


class Transaction:
    """Made by `State.transaction`. `run` and `ref` go into every event that does not name its own."""

    def __init__(self, connection: sqlite3.Connection, origin: Origin, run: str | None, ref: str | None) -> None:
        self._connection = connection
        self._origin = origin
        self._common = {"run": run, "ref": ref}

    def event(self, id: str, /, **fields: object) -> None:
        """Record an event. The fields fill the message's text, and all of them are kept.

        Fields of these names are also what INFO EVENT can be asked for: `run`, `ref`, `policy`, `tape` (a Tape),
        `system` (else that of `target`, `tape`, `pool` or `vault`), and `reason` for a message without a word of
        its own. Raise KeyError where no message has this id.
        """
        self._connection.execute(
            statements.ADD_EVENT, eventlog.row_of(events.message(id), {**self._common, **fields}, now(), self._origin))

    def copy_of(self, source: Tape, target: Tape) -> Copy | None:
        """What is known of the copy at this moment, which nobody else can change before the transaction ends."""
        row = self._connection.execute(
            statements.COPY_OF_TAPES, (*copies.tape_key(target), *copies.tape_key(source))).fetchone()
        return None if row is None else copies.copy_of(row)

    def save_copy(self, copy: Copy) -> None:
        """Record all that is known of a copy, instead of what was. Raise ValueError for a number out of range."""
        self._connection.execute(statements.SAVE_COPY, copies.row_of(copy))

    def save_read(self, copy: Copy, doubted: str | None) -> None:
        """The same for a copy that was read by work which, at its beginning, found the target's vault to have been in
        doubt at `doubted` (State.doubted): a doubt of since then stays, for another disk may have been read."""
        found = self._connection.execute(statements.DOUBTED, (copy.target.system, copy.target.vault)).fetchone()
        since = None if found is None else found[0]
        self.save_copy(copy if since in (None, doubted) else replace(copy, doubted=since))

    def remember_doubt(self, vault: Vault, since: str) -> None:
        """Record when it was last in doubt what a vault holds, and nothing about its copies."""
        self._connection.execute(statements.DOUBT_VAULT, (since, vault.system, vault.name))

    def doubt_copies(self, place: Vault | str) -> int:
        """Record that from now on it is in doubt what a vault, or a whole system, holds of its copies; how many were
        not in doubt before."""
        vaults, copies, key = ((statements.DOUBT_VAULT, statements.DOUBT_ON_VAULT, (place.system, place.name))
                               if isinstance(place, Vault) else
                               (statements.DOUBT_SYSTEM, statements.DOUBT_ON_SYSTEM, (place,)))
        moment = now()
        self._connection.execute(vaults, (moment, *key))
        return self._connection.execute(copies, (moment, *key)).rowcount

    def start_run(self, run: Run) -> None:
        """Record a run that begins; user, process and time are filled in where they are not given."""
        self._connection.execute(statements.START_RUN, runs.row_of(replace(
            run, user=run.user or self._origin.user, pid=run.pid or self._origin.pid, started=run.started or now())))

    def end_run(self, id: str, status: str, counts: Mapping[str, int]) -> None:
        """Record how a run ended."""
        self._connection.execute(statements.END_RUN, (now(), status, runs.counts_text(counts), id))

    def remember_vault(self, vault: Vault, identity: str) -> None:
        """Record a vault's id. The time of its first sight stays as long as the id does."""
        self._connection.execute(statements.SAVE_VAULT, (vault.system, vault.name, identity, now()))

    def remember_far_end(self, system: str, answered: str) -> None:
        """Record as what a system answered: `receiver` or `sftp`."""
        self._connection.execute(statements.SAVE_FAR_END, (system, answered, now()))

    def remember_freeze(self, place: Pool | Vault, freeze: Freeze | None) -> None:
        """Record what another system says of a place: that it is frozen, or that it is not."""
        key = copies.place_key(place)
        if freeze is None:
            self._connection.execute(statements.FORGET_FREEZE, key)
        else:
            self._connection.execute(statements.SAVE_FREEZE, (*key, freeze.since, freeze.by, freeze.reason, now()))

    def save_log_cursor(self, log: str, cursor: LogCursor) -> None:
        """Record how far a log file is written."""
        self._connection.execute(statements.SAVE_CURSOR, (log, cursor.event, cursor.inode, cursor.position))
