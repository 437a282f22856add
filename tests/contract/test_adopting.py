"""A tape that others brought to a system is given a record there: of what was read there, and of nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.systems import KINDS, World, world
from tests.contract.test_system import publish
from tests.support.sshd import SshServer
from vtspolicy.errors import Diverged, Frozen, Refusal
from vtspolicy.policy.places import Tape
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Identity, Record

NOW = "2026-11-22T01:30:00.000Z"


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"root-{request.param}-{tmp_path.name}", sshd) as found:
        yield found


def record(content: bytes, *, tape: str = "T00001", run: str = "RUN1") -> Record:
    return Record(tape, digest_of(content), Identity(0, 0), Tape("here", "VAULT01", "PAYROLL", tape), "a" * 32,
                  Identity(len(content), 1, 2, 3), NOW, run, "b" * 16, 0, durable=True)


def told(there: World, name: str = "T00001") -> tuple[Record, ...]:
    return there.system.records(there.pool, [name]).get(name, ())


def test_it_has_a_record_and_a_proof_as_if_it_had_been_published(there: World) -> None:
    tape = there.pool.tape("T00001")
    there.put(tape, b"brought")
    before = there.system.digest(tape, durable=True)[1]
    there.system.adopt(tape, record(b"brought"))
    found, = told(there)
    live = there.system.inventory(there.pool).tapes["T00001"].identity
    assert live == before.identity, "the tape itself is as it was"
    assert (found.identity, found.verified, found.damaged) == (live, NOW, None)
    assert (found.digest, found.version, found.source) == (digest_of(b"brought"), 1, record(b"").source)
    assert there.content(tape) == b"brought"
    assert there.parts(there.pool) == []


def test_twice_is_once_and_another_source_stays_known(there: World) -> None:
    tape = there.pool.tape("T00001")
    publish(there, tape, [b"first"])
    other, = told(there)
    for run in ("RUN1", "RUN2"):
        there.system.digest(tape, durable=True)
        there.system.adopt(tape, replace(record(b"first", run=run), source_vault="c" * 32))
    newest, earlier = told(there)
    assert (newest.run, newest.version) == ("RUN2", 3)
    assert (earlier.source_vault, earlier.run) == (other.source_vault, other.run)


@pytest.mark.parametrize("what", ["nothing", "another tape", "another digest", "another name"])
def test_only_what_was_read_here(there: World, what: str) -> None:
    tape, other = there.pool.tape("T00001"), there.pool.tape("T00002")
    for each in (tape, other):
        there.put(each, b"brought")
    if what != "nothing":
        there.system.digest(other if what == "another tape" else tape, durable=True)
    wanted = record(b"BROUGHT" if what == "another digest" else b"brought")
    with pytest.raises(Refusal):
        there.system.adopt(tape, replace(wanted, tape="T00002") if what == "another name" else wanted)
    assert told(there) == told(there, "T00002") == ()


def test_not_what_changed_since(there: World) -> None:
    tape = there.pool.tape("T00001")
    there.put(tape, b"brought")
    there.system.digest(tape, durable=True)
    there.put(tape, b"other bytes")
    with pytest.raises(Diverged):
        there.system.adopt(tape, record(b"brought"))
    if there.kind != "memory":
        os.unlink(there.root / tape.pool / tape.name)
        with pytest.raises(Diverged):
            there.system.adopt(tape, record(b"brought"))
    assert told(there) == ()


@pytest.mark.parametrize("which", ["pool", "vault"])
def test_nothing_is_written_where_it_is_frozen(there: World, which: str) -> None:
    tape = there.pool.tape("T00001")
    place = there.pool if which == "pool" else there.pool.of
    there.put(tape, b"brought")
    there.freeze(place)
    there.system.digest(tape, durable=True)
    with pytest.raises(Frozen):
        there.system.adopt(tape, record(b"brought"))
    assert told(there) == ()
    there.thaw(place)
    there.system.adopt(tape, record(b"brought"))
    assert len(told(there)) == 1
