"""Publishing over SFTP: the part file, and the last steps in which it becomes the tape."""

from __future__ import annotations

import errno
import stat
import struct
from contextlib import suppress
from dataclasses import replace

from vtspolicy.errors import (
    Diverged,
    Failure,
    Missing,
    NoSpace,
    NotDurable,
    SourceChanged,
    SourceUnreadable,
    TargetWrite,
)
from vtspolicy.policy.places import Tape
from vtspolicy.systems import records
from vtspolicy.systems.digest import Digester
from vtspolicy.systems.facts import Hole, Identity, Piece, Progress, Record, TapeFacts, length_of, no_progress
from vtspolicy.systems.files import PART_SUFFIX, kind_of
from vtspolicy.systems.metadata import ATTRIBUTES, Metadata
from vtspolicy.systems.sftp.files import IN_FLIGHT, SftpReader, facts_of
from vtspolicy.systems.sftp.owning import give_to
from vtspolicy.systems.sftp.packets import (
    CREATE_FLAG,
    EXCLUSIVE_FLAG,
    FSETSTAT,
    READ_FLAG,
    REMOVE,
    WRITE,
    WRITE_FLAG,
    SftpStatus,
    attributes,
    text,
)
from vtspolicy.systems.sftp.pool import SftpPool
from vtspolicy.systems.sftp.recording import save_records
from vtspolicy.systems.sftp.wire import Pipelined

_LATEST = 2**32 - 1
"""SFTP's last second (in 2106); its first is that of 1970. Times beyond cannot be kept."""


class SftpPart:
    """A part file over SFTP."""

    def __init__(self, pool: SftpPool, tape: Tape, part_name: str) -> None:
        """`check_part` has judged both names."""
        self._pool = pool
        self._wire = pool.wire
        self._tape = tape
        self._path = f"{pool.parts}/{part_name}"
        self._record_path = f"{pool.work}/{part_name.removesuffix(PART_SUFFIX)}.record{PART_SUFFIX}"
        self._size = 0
        self._pipeline = Pipelined(self._wire, IN_FLIGHT)
        self._digest = ""
        self.lost: tuple[str, ...] = ()
        self._result: TapeFacts | None = None
        self._open: bytes | None = None
        self._there = True
        try:
            pool.check_thawed()
            pool.make_work_folder()
            self._open = self._wire.open(self._path, READ_FLAG | WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG, 0o600)
        except SftpStatus as error:
            raise self._failure(error) from None

    @property
    def _handle(self) -> bytes:
        assert self._open is not None
        return self._open

    def _failure(self, error: SftpStatus) -> Failure:
        """SFTP has no word for a full disk: what is free tells."""
        with suppress(SftpStatus):
            free = self._wire.free(self._pool.path)
            if error.errno == errno.EIO and free is not None and free < IN_FLIGHT:
                return NoSpace(f"{self._tape}: the target is full", tape=str(self._tape), system=self._tape.system)
        return TargetWrite(f"{self._tape}: the target cannot store it: {error.strerror}", tape=str(self._tape),
                           system=self._tape.system)

    def write(self, piece: Piece) -> None:
        if isinstance(piece, Hole):
            self._size += piece.length
            return
        view = memoryview(piece)
        try:
            for start in range(0, len(view), self._wire.block):
                data = bytes(view[start:start + self._wire.block])
                number = self._wire.send(WRITE, text(self._handle), struct.pack(">Q", self._size), text(data))
                self._size += len(data)
                self._pipeline.add(number, len(data))
        except SftpStatus as error:
            raise self._failure(error) from None

    def seal(self, metadata: Metadata, progress: Progress = no_progress, *, read_back: bool = True) -> None:
        self.lost = (ATTRIBUTES,) if metadata.attributes else ()
        try:
            self._pipeline.drain()
            self._wire.request(FSETSTAT, text(self._handle), attributes(size=self._size))
            self._wire.request(FSETSTAT, text(self._handle), attributes(
                mode=metadata.mode & 0o777, mtime=min(max(metadata.mtime_ns // 10**9, 0), _LATEST)))
            if metadata.owner is not None:
                self._own(metadata.owner)
            if self._pool.promises.durable:
                self._wire.fsync(self._handle)
            self._wire.close(self._handle)
            self._open = None
        except SftpStatus as error:
            raise self._failure(error) from None
        try:
            self._digest = self._read_back(progress) if read_back else self._measured()
        except (Missing, SourceUnreadable, SourceChanged) as failure:
            raise TargetWrite(f"{failure.message} (read back from the part file)", tape=str(self._tape),
                              system=self._tape.system) from None

    def _read_back(self, progress: Progress) -> str:
        reader = SftpReader(self._wire, self._path, self._tape)
        try:
            self._check_size(reader)
            digester = Digester()
            for piece in reader.pieces():
                digester.update(piece)
                progress(length_of(piece))
            return digester.digest()
        finally:
            reader.close()

    def _own(self, owner: str) -> None:
        why = give_to(self._wire, self._handle, owner)
        if why is not None:
            raise TargetWrite(f"{self._tape}: owner {owner} cannot be set there: {why}; let the key log in as that "
                              "user, or leave owner out of the policy", tape=str(self._tape), system=self._tape.system)

    def _measured(self) -> str:
        """No digest, but as many bytes must lie there as were written. Raise Missing or SourceUnreadable."""
        reader = SftpReader(self._wire, self._path, self._tape)
        reader.close()
        self._check_size(reader)
        return ""

    def _check_size(self, reader: SftpReader) -> None:
        if reader.facts.identity.size != self._size:
            raise SourceUnreadable(f"{self._tape}: {reader.facts.identity.size} bytes lie there, {self._size} "
                                   "were written")

    def sealed(self) -> str:
        return self._digest

    def commit(self, record: Record, expected: Identity | None) -> None:
        target = f"{self._pool.path}/{self._tape.name}"
        try:
            live = self._wire.lstat(target)
            if live is not None and not stat.S_ISREG(live.mode):
                raise self._diverged(f"is {kind_of(live.mode)}")
            now = None if live is None else facts_of(self._tape.name, live).identity
            if (now is None) != (expected is None) or (now and expected and not now.fits(expected)):
                raise self._diverged("changed since the plan was made")
            part = self._wire.lstat(self._path)
            if part is None:
                raise TargetWrite(f"{self._tape}: the part file is gone", tape=str(self._tape))
            mine = facts_of(self._tape.name, part).identity
            # Where both look alike, a kill before the rename would leave the old tape with the new one's record.
            alike = now is not None and now.looks_like(mine)
            self._save_record(replace(record, proven=False) if alike else record, mine, now)
            if not self._pool.promises.atomic and live is not None:
                raise TargetWrite(f"{self._tape}: the server cannot replace a file in one step",
                                  tape=str(self._tape), system=self._tape.system)
            self._pool.check_thawed()
            self._pool.rename(self._path, target)
            self._there = False
            self._make_name_durable()
            if alike:
                self._save_record(record, mine, None)
            published = self._wire.lstat(target)
        except SftpStatus as error:
            raise self._failure(error) from None
        found = None if published is None else facts_of(self._tape.name, published)
        if found is None or not found.identity.fits(mine):
            if found is not None and not (expected is not None and found.identity.fits(expected)):
                raise self._diverged("was replaced by someone else at the same moment")
            raise TargetWrite(f"{self._tape} is not what was just published", tape=str(self._tape),
                              system=self._tape.system)
        self._result = found

    def _make_name_durable(self) -> None:
        if self._pool.promises.durable:
            try:
                self._wire.fsync_folder(self._pool.path)
            except SftpStatus as error:
                raise NotDurable(f"{self._tape}: the target's directory cannot be made durable: {error.strerror}",
                                 tape=str(self._tape), system=self._tape.system) from None

    def _diverged(self, why: str) -> Failure:
        return Diverged(f"{self._tape} {why}", tape=str(self._tape), system=self._tape.system)

    def _save_record(self, record: Record, mine: Identity, live: Identity | None) -> None:
        earlier = self._pool.records(self._tape.name)
        final = replace(record, identity=mine, version=records.next_version(earlier), damaged=None, verified=None)
        save_records(self._pool, self._tape.name, records.following(final, earlier, live), self._record_path)

    def committed(self) -> TapeFacts:
        assert self._result is not None
        return self._result

    def discard(self) -> None:
        if self._open is not None:
            with suppress(SftpStatus, EOFError):
                self._pipeline.drain()
            with suppress(SftpStatus):
                self._wire.close(self._handle)
            self._open = None
        if self._there:
            self._there = False
            for path in (self._path, self._record_path):
                with suppress(SftpStatus):
                    self._wire.request(REMOVE, text(path))
