"""A pool over SFTP: its directory, its work folder and the records in it."""

from __future__ import annotations

import errno
import stat
import time
from contextlib import suppress

from vtspolicy.errors import Refusal, TargetWrite
from vtspolicy.policy.places import Pool, is_tape_name
from vtspolicy.systems import damaged, freezes, records
from vtspolicy.systems.facts import (
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
from vtspolicy.systems.files import PART_SUFFIX, kind_of, legible
from vtspolicy.systems.leftovers import Leftovers, counted, is_old
from vtspolicy.systems.sftp.files import facts_of, frozen_by, small_file
from vtspolicy.systems.sftp.packets import MKDIR, REMOVE, RENAME, Attributes, SftpStatus, attributes, text
from vtspolicy.systems.sftp.wire import SftpWire
from vtspolicy.systems.trial import probe_names

_NONE = ".vtspolicy-none"
"""A name that is nowhere."""


class SftpPool:
    """A pool whose directory is there. Every method raises SftpStatus where the server refuses."""

    def __init__(self, wire: SftpWire, promises: Promises, pool: Pool, path: str, staging: str | None = None) -> None:
        """`staging`: another directory where part files lie."""
        self.wire = wire
        self.promises = promises
        self.pool = pool
        self.path = path
        self.work = f"{path}/{WORK_FOLDER}"
        self.staging = staging
        self.parts = self.work if staging is None else f"{staging}/{pool.name}"
        """Where part files lie."""

    def make_work_folder(self) -> None:
        """Make it, and that of the parts, where it is not there. Raise TargetWrite unless it is a directory then, and
        no link."""
        for folder in dict.fromkeys((self.work, self.parts)):
            found = self.wire.lstat(folder)
            if found is None:
                with suppress(SftpStatus):
                    self.wire.request(MKDIR, text(folder), attributes(mode=0o700))
                found = self.wire.lstat(folder)
            if found is None or not stat.S_ISDIR(found.mode):
                what = WORK_FOLDER if folder == self.work else folder
                raise TargetWrite(f"{self.pool}: {what} cannot be made or is no directory", system=self.pool.system)

    def check_staging(self) -> None:
        """Raise Refusal where part files cannot lie where they should; asked with a name that is nowhere."""
        if self.staging is None:
            return
        why = None
        found = self.wire.lstat(f"{self.staging}/.")
        if found is None or not stat.S_ISDIR(found.mode):
            why = "no such directory"
        elif self.promises.atomic:
            try:
                self.rename(f"{self.staging}/{_NONE}", f"{self.path}/{_NONE}")
            except SftpStatus as error:
                why = None if error.errno == errno.ENOENT else (
                    f"nothing can be renamed from there into the pool ({error.strerror})")
        if why is not None:
            raise Refusal(f"part files of pool {self.pool} cannot lie in {self.staging}: {why}; its staging must be a "
                          "directory of the same file system", system=self.pool.system)

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
        return Inventory(tapes, tuple(skipped), self.wire.free(self.path), self.frozen(), damaged.decode(
            small_file(self.wire, f"{self.work}/{damaged.FILE}", damaged.LARGEST)))

    def work_listing(self) -> list[tuple[str, Attributes]]:
        """What lies in the work folder; nothing where it is none."""
        return self._listing(self.work)

    def _listing(self, folder: str) -> list[tuple[str, Attributes]]:
        found = self.wire.lstat(folder)
        if found is None or not stat.S_ISDIR(found.mode):
            return []
        return self.wire.listing(folder)

    def _parts(self) -> list[tuple[str, str, int, float]]:
        """Folder, name, size and time of each part file."""
        return [(folder, name, entry.size or 0, time.time() if entry.mtime is None else entry.mtime)
                for folder in dict.fromkeys((self.work, self.parts)) for name, entry in self._listing(folder)
                if name.endswith(PART_SUFFIX)]

    def leftovers(self) -> Leftovers:
        """The pool's part files."""
        return counted((name, size, touched) for _, name, size, touched in self._parts())

    def names_last(self) -> bool:
        """Make the names in the pool durable: a publish may have been cut off right behind its rename. False where the
        server cannot, or fails."""
        try:
            if self.promises.durable:
                self.wire.fsync_folder(self.path)
        except SftpStatus:
            return False
        return self.promises.durable

    def records(self, tape: str) -> tuple[Record, ...]:
        """The records of a tape, newest first; none where they cannot be read."""
        return records.decode_of(tape, small_file(self.wire, f"{self.work}/{records.file_name(tape)}",
                                            self.wire.block))

    def sweep(self, writer: str) -> int:
        """Remove the part files of the state `writer`, and those of others that nobody is at work on any more; make the
        names that are there durable, where that can be. Raise Refusal as `check_staging` does."""
        self.check_staging()
        count = 0
        for folder, name, _, touched in self._parts():
            if name.startswith(f"{writer}.") or is_old(name, touched):
                with suppress(SftpStatus):
                    self.wire.request(REMOVE, text(f"{folder}/{name}"))
                    count += 1
        with suppress(SftpStatus):
            self.wire.request(REMOVE, text(f"{self.path}/{probe_names(writer)[1]}"))
        if self.promises.durable:
            self.wire.fsync_folder(self.path)
        return count
