"""Publishing on a local file system: the part file, and the last steps in which it becomes the tape.

Used by this machine as a target, and by the receiver on the far side.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, replace

from vtspolicy.errors import Diverged, Failure, NotDurable, TargetWrite
from vtspolicy.policy.places import Tape
from vtspolicy.systems import records
from vtspolicy.systems.digest import Digester
from vtspolicy.systems.disk.beneath import PoolFolder
from vtspolicy.systems.disk.dressing import dress
from vtspolicy.systems.disk.extents import pieces_of
from vtspolicy.systems.disk.proving import prove, unlist
from vtspolicy.systems.facts import Hole, Identity, Piece, Progress, Record, TapeFacts, length_of, no_progress
from vtspolicy.systems.files import PART_SUFFIX, check_part, facts_of, identity_of, kind_of, write_all, write_failure
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.proofs import Proof


class PartFile:
    """A part file, in the pool's work folder or the vault's staging: the tape's file system, so the rename is one
    step."""

    def __init__(self, pool: PoolFolder, tape: str, part_name: str) -> None:
        check_part(tape, part_name)
        self.tape: Tape = pool.pool.tape(tape)
        try:
            pool.check_thawed()
        except OSError as error:
            raise write_failure(error, str(self.tape)) from None
        self._pool = pool
        self._name = part_name
        self._size = 0
        try:
            self._work, self._parts = pool.work(create=True), pool.parts(create=True)
            self._fd = os.open(part_name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600,
                               dir_fd=self._parts)
        except OSError as error:
            raise write_failure(error, str(self.tape)) from None
        self._there = True
        self.lost: tuple[str, ...] = ()
        """What of the metadata could not be kept; known once it is sealed."""
        pool.users += 1

    def write(self, piece: Piece) -> None:
        """Append a piece. Raise NoSpace or TargetWrite."""
        try:
            if isinstance(piece, Hole):
                self._size += piece.length
                os.lseek(self._fd, self._size, os.SEEK_SET)
            else:
                write_all(self._fd, piece)
                self._size += len(piece)
        except OSError as error:
            raise write_failure(error, str(self.tape)) from None

    def seal(self, metadata: Metadata, progress: Progress = no_progress) -> str:
        """Give it its metadata, fsync, and read back: the digest of the bytes that lie there."""
        try:
            os.ftruncate(self._fd, self._size)
            self.lost = dress(self._fd, metadata)
            os.fsync(self._fd)
            digester = Digester()
            for piece in pieces_of(self._fd):
                digester.update(piece)
                progress(length_of(piece))
            return digester.digest()
        except TargetWrite as failure:
            raise TargetWrite(f"{self.tape}: {failure.message}", tape=str(self.tape), system=self.tape.system) from None
        except OSError as error:
            raise write_failure(error, str(self.tape)) from None

    @property
    def identity(self) -> Identity:
        """The part's own, which a rename keeps, but for its ctime."""
        return replace(identity_of(os.fstat(self._fd)), ctime_ns=None)

    def rename(self) -> None:
        """Become the tape."""
        os.rename(self._name, self.tape.name, src_dir_fd=self._parts, dst_dir_fd=self._pool.fd)
        self._there = False

    @property
    def record_temporary(self) -> str:
        """Where the tape's next record is written before it takes its name."""
        return self._name.removesuffix(PART_SUFFIX) + ".record" + PART_SUFFIX

    def discard(self) -> None:
        """Remove the part file if it is still one, and give its descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._pool.users -= 1
        if self._there:
            self._there = False
            for name, folder in ((self._name, self._parts), (self.record_temporary, self._work)):
                with suppress(OSError):
                    os.unlink(name, dir_fd=folder)


@dataclass(frozen=True)
class Publishing:
    """A sealed part that is to become its tape, if the live name is still as expected."""

    part: PartFile
    record: Record
    expected: Identity | None


def publish(pool: PoolFolder, batch: list[Publishing]) -> list[TapeFacts | Failure]:
    """Record, rename, make durable: each of the batch, one directory fsync for all; a failure stops only its own.

    The records are durable before the first rename, the renames before this returns. Whether pool or vault is frozen
    is looked at last: FREEZE returns when this lock is free, so nothing is renamed after it.
    """
    results: list[TapeFacts | Failure | None] = [None] * len(batch)
    with pool.locked():
        for index, each in enumerate(batch):
            try:
                _check_live(pool, each)
                _save_record(pool, each)
            except (OSError, Failure) as error:
                results[index] = _as_failure(error, each)
        _fsync_all(pool, results, batch, work=True)
        _check_thawed(pool, results, batch)
        for index, each in enumerate(batch):
            if results[index] is None:
                try:
                    each.part.rename()
                except OSError as error:
                    results[index] = _as_failure(error, each)
        _fsync_all(pool, results, batch, work=False)
        for result, each in zip(results, batch, strict=True):
            if isinstance(result, NotDurable):
                with suppress(OSError, Failure):  # it failed before; what can still be said is said
                    _save_record(pool, each, durable=False)
        unlist(pool, (each.part.tape.name for result, each in zip(results, batch, strict=True) if result is None))
        return [result or _published(pool, each) for result, each in zip(results, batch, strict=True)]


def _check_thawed(pool: PoolFolder, results: list[TapeFacts | Failure | None], batch: list[Publishing]) -> None:
    try:
        pool.check_thawed()
    except (OSError, Failure) as error:
        for index, each in enumerate(batch):
            results[index] = results[index] or _as_failure(error, each)


def _check_live(pool: PoolFolder, each: Publishing) -> None:
    tape = each.part.tape
    status = pool.status(tape.name)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise Diverged(f"{tape} is {kind_of(status.st_mode)}", tape=str(tape), system=tape.system)
    live = None if status is None else identity_of(status)
    if (live is None) != (each.expected is None) or (live and each.expected and not live.fits(each.expected)):
        raise Diverged(f"{tape} changed since the plan was made", tape=str(tape), system=tape.system)


def _save_record(pool: PoolFolder, each: Publishing, *, durable: bool = True) -> None:
    name = each.part.tape.name
    earlier = pool.records(name)
    status = pool.status(name)
    record = replace(each.record, identity=each.part.identity, version=records.next_version(earlier), damaged=None,
                     verified=None,
                     durable=each.record.durable and durable)
    kept = records.following(record, earlier, None if status is None else identity_of(status))
    pool.save_records(name, kept, each.part.record_temporary)


def _fsync_all(pool: PoolFolder, results: list[TapeFacts | Failure | None], batch: list[Publishing], *,
               work: bool) -> None:
    """One fsync serves all; where it fails, none of them may be called durable (an fsync is never tried again)."""
    try:
        fd = pool.work(create=True) if work else pool.fd
        assert fd is not None
        os.fsync(fd)
    except OSError as error:
        for index, each in enumerate(batch):
            if results[index] is None:
                results[index] = _as_failure(error, each) if work else NotDurable(
                    f"{each.part.tape}: the target's directory cannot be made durable: {error.strerror}",
                    tape=str(each.part.tape), system=each.part.tape.system)


def _published(pool: PoolFolder, each: Publishing) -> TapeFacts | Failure:
    facts = _facts(pool, each)
    if isinstance(facts, TapeFacts) and each.record.proven:
        prove(pool, facts.name, Proof(each.record.digest, facts.identity, each.record.published))
    return facts


def _facts(pool: PoolFolder, each: Publishing) -> TapeFacts | Failure:
    """What the live name holds now, which must be the part: nobody's word is taken for the rename."""
    try:
        tape, status = each.part.tape, pool.status(each.part.tape.name)
        if status is not None and identity_of(status).fits(each.part.identity):
            return facts_of(tape.name, status)
        if status is not None and not (each.expected is not None and identity_of(status).fits(each.expected)):
            return Diverged(f"{tape} was replaced by someone else at the same moment", tape=str(tape))
        return TargetWrite(f"{tape} is not what was just published", tape=str(tape))
    except OSError as error:
        return _as_failure(error, each)


def _as_failure(error: OSError | Failure, each: Publishing) -> Failure:
    if isinstance(error, Failure):
        return error
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EPERM):
        return TargetWrite(f"{each.part.tape} cannot be replaced: {error.strerror}", tape=str(each.part.tape))
    return write_failure(error, str(each.part.tape))
