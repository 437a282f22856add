"""Proofs on this machine's disk: written after each publish and each reading of a tape that has a record."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from vtspolicy.errors import Failure
from vtspolicy.systems import damaged, proofs
from vtspolicy.systems.disk.beneath import PoolFolder
from vtspolicy.systems.facts import Record, TapeFacts
from vtspolicy.systems.files import PART_SUFFIX, identity_of, moment, write_all
from vtspolicy.systems.proofs import Proof


def proven_records(pool: PoolFolder, tape: str) -> tuple[Record, ...]:
    """The records of a tape, newest first, with what was last read of it."""
    kept = pool.records(tape)
    return proofs.proven(kept, _read(pool, tape)) if kept else kept


def prove(pool: PoolFolder, tape: str, proof: Proof) -> None:
    """Write a proof. One that cannot be written, or is lost, only has the tape read again."""
    with suppress(OSError):
        fd = os.open(proofs.file_name(tape), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
                     | os.O_CLOEXEC, 0o600, dir_fd=pool.work(create=True))
        try:
            write_all(fd, proofs.encode(proof))
        finally:
            os.close(fd)


def note(pool: PoolFolder, tape: str, digest: str, facts: TapeFacts) -> None:
    """Keep what a reading of the tape found, if it has a record and is still what was read."""
    if not pool.records(tape):
        return
    with suppress(OSError, Failure), pool.locked():
        status = pool.status(tape)
        if status is None or identity_of(status) != facts.identity:
            return
        read = Proof(digest, facts.identity, moment())
        kept = pool.records(tape)
        if (judged := proofs.judged(kept, read)) != kept:
            if any(each.damaged for each in judged):
                _list(pool, pool.damaged() | {tape})  # before the record, which a kill may leave as it was
            pool.save_records(tape, judged, f"{tape}.judged{PART_SUFFIX}")
            work = pool.work(create=True)
            assert work is not None
            os.fsync(work)
            if not any(each.damaged for each in judged):
                unlist(pool, [tape])
        if proofs.is_about(kept, read):
            os.fsync(pool.fd)  # whoever published it may have been killed before its name lasted
            prove(pool, tape, read)


def unlist(pool: PoolFolder, tapes: Iterable[str]) -> None:
    """These are damaged no more. The caller holds the pool's lock; what stays listed is only asked for in vain."""
    with suppress(OSError):
        listed = pool.damaged()
        if (left := listed.difference(tapes)) != listed:
            _list(pool, left)


def _list(pool: PoolFolder, names: frozenset[str]) -> None:
    """Write the list of damaged tapes, old or new at every instant. Raise OSError."""
    work = pool.work(create=True)
    assert work is not None
    if not names:
        os.unlink(damaged.FILE, dir_fd=work)
        return
    temporary = damaged.FILE + PART_SUFFIX
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=work)
    # Whoever may come here may read it, as the freezes.
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=work)
    try:
        os.fchmod(fd, 0o644)
        write_all(fd, damaged.encode(names))
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(temporary, damaged.FILE, src_dir_fd=work, dst_dir_fd=work)
    os.fsync(work)


def _read(pool: PoolFolder, tape: str) -> Proof | None:
    try:
        fd = os.open(proofs.file_name(tape), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                     dir_fd=pool.work(create=False))
    except OSError:
        return None
    try:
        return proofs.decode(os.read(fd, proofs.LARGEST))
    except OSError:
        return None
    finally:
        os.close(fd)
