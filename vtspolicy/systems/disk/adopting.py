"""A tape that others brought to this machine's disk is given a record, as if it had been published here."""

from __future__ import annotations

import os

from vtspolicy.errors import Diverged
from vtspolicy.systems import records
from vtspolicy.systems.disk.beneath import PoolFolder
from vtspolicy.systems.disk.proving import prove, unlist
from vtspolicy.systems.facts import Record
from vtspolicy.systems.files import PART_SUFFIX, identity_of, write_failure
from vtspolicy.systems.proofs import Proof


def adopt(pool: PoolFolder, record: Record, read: Proof) -> None:
    """See `System.adopt`. Its name, and then the record, are durable when this returns; as in a publish, no one else
    publishes or freezes meanwhile."""
    tape = pool.pool.tape(record.tape)
    try:
        with pool.locked():
            status = pool.status(tape.name)
            if status is None or identity_of(status) != read.identity:
                raise Diverged(f"{tape} changed since it was read", tape=str(tape), system=tape.system)
            pool.check_thawed()
            os.fsync(pool.fd)
            kept = records.adopting(record, read.identity, pool.records(tape.name))
            pool.save_records(tape.name, kept, f"{tape.name}.adopted{PART_SUFFIX}")
            work = pool.work(create=True)
            assert work is not None
            os.fsync(work)
            unlist(pool, [tape.name])
            prove(pool, tape.name, read)
    except OSError as error:
        raise write_failure(error, str(tape)) from None
