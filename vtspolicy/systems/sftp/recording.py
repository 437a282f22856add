"""The far side's own records over SFTP: small files in the pool's work folder, written by whoever sends."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace

from vtspolicy.errors import Diverged, TargetWrite
from vtspolicy.systems import proofs, records
from vtspolicy.systems.facts import Record, TapeFacts
from vtspolicy.systems.files import PART_SUFFIX, moment
from vtspolicy.systems.proofs import Proof
from vtspolicy.systems.sftp.files import facts_of
from vtspolicy.systems.sftp.packets import (
    CREATE_FLAG,
    EXCLUSIVE_FLAG,
    READ_FLAG,
    REMOVE,
    WRITE,
    WRITE_FLAG,
    SftpStatus,
    text,
)
from vtspolicy.systems.sftp.pool import SftpPool


def save_records(pool: SftpPool, tape: str, kept: tuple[Record, ...], temporary: str) -> None:
    """Write a tape's records, durably where that can be. Raise SftpStatus or TargetWrite."""
    wire, content = pool.wire, records.encode(kept)
    handle = wire.open(temporary, READ_FLAG | WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG, 0o600)
    try:
        wire.request(WRITE, text(handle), struct.pack(">Q", 0), text(content))
        if pool.promises.durable:
            wire.fsync(handle)
        if wire.beginning(handle, len(content) + 1) != content:
            raise TargetWrite(f"{pool.pool.tape(tape)}: its record there is not what was written",
                              tape=str(pool.pool.tape(tape)), system=pool.pool.system)
    finally:
        wire.close(handle)
    place = f"{pool.work}/{records.file_name(tape)}"
    if not pool.promises.atomic:
        with suppress(SftpStatus):
            wire.request(REMOVE, text(place))
    pool.rename(temporary, place)
    if pool.promises.durable:
        wire.fsync_folder(pool.work)


def proven_records(pool: SftpPool, tape: str, *, lasting: bool) -> tuple[Record, ...]:
    """The records of a tape, newest first. There is no ctime to be told, and so no proof beside them: what was read
    back when it was published, and was not found damaged, counts as verified then. Without `lasting` nobody knows
    whether the pool's names outlive a power loss."""
    return tuple(replace(each, verified=each.published if each.proven and each.damaged is None else None,
                         durable=each.durable and lasting)
                 for each in pool.records(tape))


def note(pool: SftpPool, tape: str, digest: str, facts: TapeFacts) -> None:
    """Keep in the tape's record whether its bytes were found to be others. What cannot be kept, the catalog knows."""
    with suppress(SftpStatus, TargetWrite):
        kept = pool.records(tape)
        judged = proofs.judged(kept, Proof(digest, facts.identity, moment()))
        if judged != kept:
            temporary = f"{pool.work}/{tape}.judged{PART_SUFFIX}"
            with suppress(SftpStatus):
                pool.wire.request(REMOVE, text(temporary))
            save_records(pool, tape, judged, temporary)


def adopt(pool: SftpPool, record: Record, read: Proof) -> None:
    """See `System.adopt`. Raise SftpStatus where the server refuses."""
    tape = pool.pool.tape(record.tape)
    live = pool.wire.lstat(f"{pool.path}/{tape.name}")
    if live is None or facts_of(tape.name, live).identity != read.identity:
        raise Diverged(f"{tape} changed since it was read", tape=str(tape), system=tape.system)
    pool.check_thawed()
    pool.make_work_folder()
    if pool.promises.durable:
        pool.wire.fsync_folder(pool.path)
    temporary = f"{pool.work}/{tape.name}.adopted{PART_SUFFIX}"
    with suppress(SftpStatus):
        pool.wire.request(REMOVE, text(temporary))
    save_records(pool, tape.name, records.adopting(record, read.identity, pool.records(tape.name)), temporary)
