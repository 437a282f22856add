"""Reading tapes, for every System; a receiver sends them only where its own words allow it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.systems import KINDS, World, world
from tests.support.sshd import SshServer
from vtspolicy.errors import Failure, Missing, Refusal, SourceChanged, SourceUnreadable, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import CHUNK, Hole, Piece

LARGE = 12 * CHUNK + 4321
"""More than is asked for ahead."""


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"read-{request.param}", sshd, "--allow-read") as found:
        yield found


@pytest.fixture(params=KINDS[1:])
def on_disk(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"read-{request.param}", sshd, "--allow-read") as found:
        yield found


@pytest.fixture
def receiver(tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world("receiver", tmp_path / "read-receiver", sshd, "--allow-read") as found:
        yield found


def joined(pieces: Iterator[Piece]) -> bytes:
    return b"".join(bytes(each.length) if isinstance(each, Hole) else bytes(each) for each in pieces)


def read_all(there: World, tape: Tape) -> bytes:
    reader = there.system.read(tape)
    try:
        content = joined(reader.pieces())
        reader.check_unchanged()
        return content
    finally:
        reader.close()


def answers(there: World) -> None:
    """That the system can be talked with as before."""
    assert there.system.vault(Vault(there.name, there.pool.vault)).pools == ("OTHER", "PAYROLL")


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, LARGE])
def test_a_tape_is_read_as_it_lies_there(there: World, size: int) -> None:
    tape, content = there.pool.tape("T00001"), os.urandom(size)
    there.put(tape, content)
    facts = there.system.inventory(there.pool).tapes["T00001"]
    reader = there.system.read(tape)
    assert reader.facts == facts
    assert joined(reader.pieces()) == content
    reader.check_unchanged()
    reader.close()
    reader.close()
    assert there.system.digest(tape) == (digest_of(content), facts)


def test_holes_come_as_holes_where_they_can(on_disk: World) -> None:
    path = on_disk.root / on_disk.pool.name / "T00001"
    with open(path, "wb") as file:
        file.write(b"head")
        file.truncate(5 << 30)
    reader = on_disk.system.read(on_disk.pool.tape("T00001"))
    if on_disk.kind == "sftp":  # it knows no holes; nobody waits for five GiB here
        assert bytes(next(iter(reader.pieces()))[:4]) == b"head"  # type: ignore[index]
        reader.close()
        return
    pieces = list(reader.pieces())
    reader.check_unchanged()
    reader.close()
    assert sum(each.length for each in pieces if isinstance(each, Hole)) > (5 << 30) - (1 << 20)
    assert sum(len(each) for each in pieces if not isinstance(each, Hole)) <= 1 << 20


def test_many_tapes_are_open_at_once_and_other_questions_are_answered(there: World) -> None:
    contents = {f"T{index:05}": os.urandom(index * 60_000) for index in range(40)}
    for name, content in contents.items():
        there.put(there.pool.tape(name), content)
    readers = {name: there.system.read(there.pool.tape(name)) for name in contents}
    first = {name: next(reader.pieces(), b"") for name, reader in readers.items() if name == "T00039"}
    assert bytes(first["T00039"]) == contents["T00039"][:len(bytes(first["T00039"]))]  # type: ignore[arg-type]
    answers(there)
    for name, reader in readers.items():
        if name != "T00039":
            assert joined(reader.pieces()) == contents[name]
    for reader in readers.values():
        reader.check_unchanged()
        reader.close()
    answers(there)


def test_a_reader_that_is_given_up_leaves_the_way_free(there: World) -> None:
    tape, content = there.pool.tape("T00001"), os.urandom(LARGE)
    there.put(tape, content)
    for taken in (0, 1, 5):
        reader = there.system.read(tape)
        pieces = reader.pieces()
        for _ in range(taken):
            next(pieces)
        reader.close()
        answers(there)
    assert read_all(there, tape) == content


def append(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def cut(path: Path) -> None:
    os.truncate(path, CHUNK)


def rename_over(path: Path) -> None:
    other = path.with_name(".other")
    other.write_bytes(os.urandom(LARGE + 1))
    os.rename(other, path)


def touch(path: Path) -> None:
    os.utime(path, ns=(0, 1_600_000_000_000_000_000))


@pytest.mark.parametrize("when", ["begun", "read"])
@pytest.mark.parametrize("what", [append, cut, rename_over, touch, Path.unlink], ids=lambda each: each.__name__)
def test_a_tape_that_changes_while_it_is_read_is_told(on_disk: World, what: Callable[[Path], None],
                                                      when: str) -> None:
    tape = on_disk.pool.tape("T00001")
    on_disk.put(tape, os.urandom(LARGE))
    reader = on_disk.system.read(tape)
    pieces = reader.pieces()
    next(pieces)
    if when == "read":
        joined(pieces)
    what(on_disk.root / tape.pool / tape.name)
    with pytest.raises(SourceChanged) as caught:
        joined(pieces)
        reader.check_unchanged()
    assert "T00001" in caught.value.message
    reader.close()
    answers(on_disk)


def test_what_is_not_there_or_is_no_tape_is_told(on_disk: World) -> None:
    pool = on_disk.root / on_disk.pool.name
    (on_disk.root / "secret").write_text("outside")
    (pool / "LINK").symlink_to(on_disk.root / "secret")
    (pool / "FOLDER").mkdir()
    os.mkfifo(pool / "FIFO")
    with pytest.raises(Missing):
        on_disk.system.read(on_disk.pool.tape("T00009"))
    for name in ("LINK", "FIFO", "FOLDER"):
        with pytest.raises((SourceUnreadable, Missing)):
            on_disk.system.read(on_disk.pool.tape(name))
    with pytest.raises(Unknown):
        on_disk.system.read(Pool(on_disk.name, "VAULT01", "NOPOOL").tape("T00001"))
    answers(on_disk)


@pytest.mark.parametrize("name", ["../T00001", "..", ".hidden", "a/b", "", "x" * 64, "T\n1"])
def test_names_that_lead_out_are_refused(receiver: World, name: str) -> None:
    (receiver.root / "T00001").write_text("outside")
    with pytest.raises((Refusal, SourceUnreadable, Missing)) as caught:
        receiver.system.read(receiver.pool.tape(name))
    assert "\n" not in caught.value.message
    answers(receiver)


def test_reading_neither_writes_nor_touches(on_disk: World) -> None:
    path = on_disk.root / on_disk.pool.name / "T00001"
    path.write_bytes(b"content")
    os.utime(path, ns=(1_000_000_000, 2_000_000_000))  # an atime so old that a reader would renew it
    before = path.stat()
    assert read_all(on_disk, on_disk.pool.tape("T00001")) == b"content"
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ctime_ns,
                                                                    before.st_ino)
    if on_disk.kind != "sftp":  # its server knows no other way to open a file
        assert after.st_atime_ns == before.st_atime_ns


def test_without_the_grant_nothing_is_sent(tmp_path: Path, sshd: SshServer) -> None:
    with world("receiver", tmp_path / "shut", sshd) as there:
        tape = there.pool.tape("T00001")
        there.put(tape, b"secret")
        with pytest.raises(Refusal, match="--allow-read") as caught:
            there.system.read(tape)
        assert (type(caught.value), caught.value.system) == (Refusal, "there")
        with pytest.raises(Failure, match="--allow-read"):
            there.system.read(there.pool.tape("T00009"))  # not even whether it is there
        assert there.system.digest(tape)[0] == digest_of(b"secret")
        answers(there)
