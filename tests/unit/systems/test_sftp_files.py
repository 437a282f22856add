"""Files and systems over SFTP against a server that may say anything."""

from __future__ import annotations

import random
import struct

import pytest

from tests.support.tally import count, seed, tally
from tests.unit.systems.far_side import FakeChannel, FakeLink
from tests.unit.systems.sftp_server import ALL, POOL, names, reply, status, version, wire
from vtspolicy.errors import Failure, Unknown
from vtspolicy.policy.places import Vault
from vtspolicy.systems.sftp import packets
from vtspolicy.systems.sftp.files import SftpReader, small_file
from vtspolicy.systems.sftp.packets import attributes, text
from vtspolicy.systems.sftp.system import Sftp


def opened(size: int, *said: bytes) -> SftpReader:
    """A reader of a tape of this size; what is said answers from request 4 on."""
    there, _ = wire(reply(1, packets.ATTRS, attributes(size=size, mode=0o100640, mtime=7)),
                    reply(2, packets.HANDLE, text(b"h")),
                    reply(3, packets.ATTRS, attributes(size=size, mode=0o100640, mtime=7)), *said)
    return SftpReader(there, "/x/T1", POOL.tape("T1"))


def test_a_short_answer_is_completed() -> None:
    reader = opened(5, reply(4, packets.DATA, text(b"ab")), reply(5, packets.DATA, text(b"c")),
                    reply(6, packets.DATA, text(b"de")))
    assert b"".join(bytes(piece) for piece in reader.pieces()) == b"abcde"  # type: ignore[arg-type]


@pytest.mark.parametrize(("said", "reason"), [
    (reply(4, packets.DATA, text(b"")), "source-read"), (reply(4, packets.DATA, text(b"x" * 6)), "source-read"),
    (status(4, 1), "source-changed"), (status(4, 4, "I/O error"), "source-read"),
    (reply(4, packets.DATA, text(b"abc")) + status(5, 1), "source-changed"),
    (reply(4, packets.HANDLE, text(b"abcde")), "version")])
def test_a_read_that_is_no_read_is_told(said: bytes, reason: str) -> None:
    with pytest.raises(Failure) as caught:
        list(opened(5, said).pieces())
    assert caught.value.reason == reason


def test_a_tape_that_changed_while_it_was_read_is_told() -> None:
    same = attributes(size=5, mode=0o100640, mtime=7)
    opened(5, reply(4, packets.ATTRS, same), reply(5, packets.ATTRS, same)).check_unchanged()
    for handle, name in ((attributes(size=5, mode=0o100640, mtime=8), same), (same, attributes(size=6, mtime=7))):
        with pytest.raises(Failure) as caught:
            opened(5, reply(4, packets.ATTRS, handle), reply(5, packets.ATTRS, name)).check_unchanged()
        assert caught.value.reason == "source-changed"
    with pytest.raises(Failure):
        opened(5, reply(4, packets.ATTRS, same), status(5, 2)).check_unchanged()


@pytest.mark.parametrize(("said", "content"), [
    ((reply(1, packets.HANDLE, text(b"h")), reply(2, packets.DATA, text(b"abc")), status(3, 0)), b"abc"),
    ((reply(1, packets.HANDLE, text(b"h")), status(2, 1), status(3, 0)), b""),
    ((reply(1, packets.HANDLE, text(b"h")), status(2, 4), status(3, 4)), b""),
    ((status(1, 2),), b""), ((status(1, 3),), b"")])
def test_a_small_file_is_its_beginning_or_nothing(said: tuple[bytes, ...], content: bytes) -> None:
    assert small_file(wire(*said)[0], "/x", 100) == content


def sftp(*said: bytes, extensions: tuple[str, ...] = ALL) -> Sftp:
    channel = FakeChannel(version(*extensions), *said)
    return Sftp(FakeLink(channel), {"VAULT01": "/srv/V/"})  # type: ignore[arg-type]


@pytest.mark.parametrize(("extensions", "durable", "atomic"), [
    (ALL, True, True), (("fsync@openssh.com",), True, False), (("posix-rename@openssh.com",), False, True),
    ((), False, False)])
def test_a_server_promises_what_its_extensions_can(extensions: tuple[str, ...], durable: bool, atomic: bool) -> None:
    promises = sftp(extensions=extensions).promises
    assert (promises.durable, promises.atomic, promises.provable) == (durable, atomic, durable and atomic)


@pytest.mark.parametrize(("said", "message"), [
    (status(1, 2), "pool there:/VAULT01/PAYROLL: no such directory"),
    (status(1, 3, "Permission denied"), "pool there:/VAULT01/PAYROLL: Permission denied"),
    (reply(1, packets.ATTRS, attributes(mode=0o100644)), "pool there:/VAULT01/PAYROLL: no such directory"),
    (reply(1, packets.ATTRS, attributes(mode=0o040755)) + status(2, 3, "Permission denied"),
     "pool there:/VAULT01/PAYROLL cannot be listed: Permission denied"),
])
def test_a_pool_that_cannot_be_had_is_unknown(said: bytes, message: str) -> None:
    with pytest.raises(Unknown) as caught:
        sftp(said).inventory(POOL)
    assert str(caught.value) == message


def test_a_vault_that_is_not_declared_is_unknown() -> None:
    with pytest.raises(Unknown, match=r"^there declares no vault VAULT09$"):
        sftp().vault(Vault("there", "VAULT09"))


def test_broken_streams_are_failures_and_nothing_else() -> None:
    trials, chance = count(full=20_000, part=2_000), random.Random(seed("broken SFTP answers"))
    folder, tape = attributes(size=1, mode=0o040755, mtime=1), attributes(size=5, mode=0o100640, mtime=7)
    answers = [
        version(*ALL), reply(1, packets.ATTRS, folder), reply(2, packets.HANDLE, text(b"h")), names(3, "T1", ".x"),
        status(4, 1), status(5, 0), reply(6, packets.EXTENDED_REPLY, struct.pack(">QQQQQ", 1, 4096, 0, 0, 10)),
        status(7, 2), status(8, 2), reply(9, packets.ATTRS, folder), reply(10, packets.ATTRS, tape),
        reply(11, packets.HANDLE, text(b"h")), reply(12, packets.ATTRS, tape), reply(13, packets.DATA, text(b"abcde")),
        reply(14, packets.ATTRS, tape), reply(15, packets.ATTRS, tape), status(16, 0),
        reply(17, packets.ATTRS, folder), status(18, 2)]
    whole, good = b"".join(answers), 0
    for trial in range(trials):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4) if trial else 0):
            where = chance.randrange(len(content))
            content[where:where + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        channel = FakeChannel(*(bytes(content[at:at + 40]) for at in range(0, len(content), 40)))
        try:
            there = Sftp(FakeLink(channel), {"VAULT01": "/srv/V"})  # type: ignore[arg-type]
            there.inventory(POOL)
            there.digest(POOL.tape("T1"))
            good += 1
        except Failure as failure:
            assert str(failure).isprintable()
    assert good >= 1, "the whole stream is right"
    tally("broken answers of an SFTP server", trials, at_least=trials)
