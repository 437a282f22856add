"""What a system last read of a copy is told with its record: so much of a lost catalog lies beside the tape."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.systems import KINDS, World, world
from tests.contract.test_system import publish
from tests.support.sshd import SshServer
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Record, TapeFacts
from vtspolicy.systems.memory import Memory


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"root-{request.param}-{tmp_path.name}", sshd) as found:
        yield found


def told(there: World) -> Record:
    return there.system.records(there.pool, ["T00001"])["T00001"][0]


def rot(there: World, content: bytes) -> None:
    """Other bytes; size and time stay."""
    tape = there.pool.tape("T00001")
    if isinstance(there.system, Memory):
        there.system.rot(tape, content)
        return
    path = there.root / tape.pool / tape.name
    times = path.stat()
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_published_tape_is_proven_as_it_lies_there(there: World) -> None:
    tape = there.pool.tape("T00001")
    published = publish(there, tape, [b"first"])
    record = told(there)
    assert record.verified == record.published
    assert record.damaged is None
    assert record.identity == published.identity, "with its ctime, where there is one"
    publish(there, tape, [b"second"], published.identity, part="w.r.2.part")
    second, first = there.system.records(there.pool, ["T00001"])["T00001"]
    assert second.identity.fits(there.system.inventory(there.pool).tapes["T00001"].identity)
    assert second.identity.ctime_ns == there.system.inventory(there.pool).tapes["T00001"].identity.ctime_ns
    assert first.identity.ctime_ns is None


def test_whoever_reads_it_keeps_what_was_found(there: World) -> None:
    tape = there.pool.tape("T00001")
    facts: TapeFacts = publish(there, tape, [b"first"])
    assert there.system.digest(tape)[0] == digest_of(b"first")
    assert told(there).damaged is None
    rot(there, b"FIRST")
    assert told(there).damaged is None, "nobody has read it"
    there.system.digest(tape)
    damaged = told(there)
    assert damaged.damaged is not None
    assert damaged.verified is None
    there.system.digest(tape)
    assert told(there).damaged == damaged.damaged, "since then"
    listed = {"T00001"} if there.kind != "sftp" else set()  # whoever reads over SFTP has a catalog of his own
    assert there.system.inventory(there.pool).damaged == listed
    rot(there, b"first")
    there.system.digest(tape)
    assert there.system.inventory(there.pool).damaged == set()
    healed = told(there)
    assert healed.damaged is None
    assert healed.verified is not None
    now = there.system.inventory(there.pool).tapes["T00001"].identity
    assert healed.identity == now
    assert there.kind == "sftp" or there.kind == "memory" or now.ctime_ns != facts.identity.ctime_ns
    assert there.parts(there.pool) == []


def test_the_next_publish_forgets_the_damage(there: World) -> None:
    tape = there.pool.tape("T00001")
    facts = publish(there, tape, [b"first"])
    rot(there, b"FIRST")
    found = there.system.digest(tape)[1]
    publish(there, tape, [b"again"], found.identity, part="w.r.2.part")
    assert told(there).damaged is None
    assert there.system.inventory(there.pool).damaged == set()
    assert told(there).verified is not None
    assert facts.identity.size == 5


def test_reading_a_tape_without_a_record_leaves_nothing(there: World) -> None:
    there.put(there.pool.tape("T00009"), b"theirs")
    there.system.digest(there.pool.tape("T00009"))
    assert there.system.records(there.pool, ["T00009"]) == {}
    if there.kind != "memory":
        assert sorted(path.name for path in (there.root / there.pool.name).iterdir()) == ["T00009"]
