"""A pool over SFTP: its directory, its work folder and the records in it."""

from __future__ import annotations

import stat
import time
from contextlib import suppress

from vtspolicy.errors import TargetWrite
from vtspolicy.policy.places import Pool, is_tape_name
from vtspolicy.systems import freezes, records
from vtspolicy.systems.contract import (
    POOL_FREEZE,
    VAULT_FREEZE,
    WORK_FOLDER,
    Freeze,
    Inventory,
    Promises,
    Record,
    Skipped,
    TapeFacts,
)
from vtspolicy.systems.files import FOREIGN_AGE, PART_SUFFIX, kind_of, legible
from vtspolicy.systems.sftp.files import facts_of, frozen_by, small_file
from vtspolicy.systems.sftp.packets import MKDIR, REMOVE, RENAME, Attributes, SftpStatus, attributes, text
from vtspolicy.systems.sftp.wire import SftpWire
from vtspolicy.systems.trial import probe_names


class SftpPool:
    """A pool whose directory is there. Every method raises SftpStatus where the server refuses."""

    def __init__(self, wire: SftpWire, promises: Promises, pool: Pool, path: str) -> None:
        self.wire = wire
        self.promises = promises
        self.pool = pool
        self.path = path
        self.work = f"{path}/{WORK_FOLDER}"

    def make_work_folder(self) -> None:
        """Make it where it is not there. Raise TargetWrite unless it is a directory then, and no link."""
        found = self.wire.lstat(self.work)
        if found is None:
            with suppress(SftpStatus):
                self.wire.request(MKDIR, text(self.work), attributes(mode=0o700))
            found = self.wire.lstat(self.work)
        if found is None or not stat.S_ISDIR(found.mode):
            raise TargetWrite(f"{self.pool}: {WORK_FOLDER} cannot be made or is no directory",
                              system=self.pool.system)

    def rename(self, old: str, new: str) -> None:
        """Rename, over an existing name where the server can."""
        if self.promises.atomic:
            self.wire.replace(old, new)
        else:
            self.wire.request(RENAME, text(old), text(new))

    def frozen(self) -> Freeze | None:
        """The pool's own freeze."""
        return frozen_by(self.wire, f"{self.work}/{POOL_FREEZE}")

    def check_thawed(self) -> None:
        """Raise Frozen where the vault or the pool is. Nobody can be kept from freezing right after this look."""
        vault = self.path.rpartition("/")[0]
        if (freeze := frozen_by(self.wire, f"{vault}/{VAULT_FREEZE}")) is not None:
            raise freezes.refusal(self.pool.of, freeze)
        if (freeze := self.frozen()) is not None:
            raise freezes.refusal(self.pool, freeze)

    def inventory(self) -> Inventory:
        """What lies in the pool now."""
        tapes: dict[str, TapeFacts] = {}
        skipped: list[Skipped] = []
        for name, entry in sorted(self.wire.listing(self.path), key=lambda each: each[0]):
            if name.startswith("."):
                continue
            if not stat.S_ISREG(entry.mode):
                skipped.append(Skipped(legible(name), kind_of(entry.mode)))
            elif not is_tape_name(name):
                skipped.append(Skipped(legible(name), "not a tape's name"))
            else:
                tapes[name] = facts_of(name, entry)
        free, work = self.wire.free(self.path), self.work_listing()
        frozen = self.frozen() if any(name == POOL_FREEZE for name, _ in work) else None
        return Inventory(tapes, tuple(skipped), free, _stale_parts(work), frozen)

    def work_listing(self) -> list[tuple[str, Attributes]]:
        """What lies in the work folder; nothing where it is none."""
        found = self.wire.lstat(self.work)
        if found is None or not stat.S_ISDIR(found.mode):
            return []
        return self.wire.listing(self.work)

    def records(self, tape: str) -> tuple[Record, ...]:
        """The records of a tape, newest first; none where they cannot be read."""
        return records.decode(small_file(self.wire, f"{self.work}/{records.file_name(tape)}", self.wire.block))

    def sweep(self, writer: str) -> int:
        """Remove the part files of the state `writer`; make the names that are there durable, where that can be."""
        count = 0
        for name, _ in self.work_listing():
            if name.startswith(f"{writer}.") and name.endswith(PART_SUFFIX):
                with suppress(SftpStatus):
                    self.wire.request(REMOVE, text(f"{self.work}/{name}"))
                    count += 1
        with suppress(SftpStatus):
            self.wire.request(REMOVE, text(f"{self.path}/{probe_names(writer)[1]}"))
        if self.promises.durable:
            self.wire.fsync_folder(self.path)
        return count


def _stale_parts(work: list[tuple[str, Attributes]]) -> tuple[str, ...]:
    """Part files that nobody has written to for seven days."""
    return tuple(sorted(
        legible(name) for name, entry in work
        if name.endswith(PART_SUFFIX) and entry.mtime is not None and time.time() - entry.mtime > FOREIGN_AGE))
