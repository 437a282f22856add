"""SFTP as it goes over the channel: every status looked at, and a server that talks nonsense is told so."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.systems.far_side import FakeChannel, FakeLink
from tests.unit.systems.sftp_server import ALL, names, packet, reply, status, wire
from vtspolicy.errors import Outage, SourceUnreadable, VersionMismatch
from vtspolicy.systems.facts import Identity, TapeFacts
from vtspolicy.systems.sftp import packets
from vtspolicy.systems.sftp import wire as sftp_wire
from vtspolicy.systems.sftp.files import facts_of
from vtspolicy.systems.sftp.packets import Answer, Attributes, SftpStatus, attributes, text
from vtspolicy.systems.sftp.wire import Pipelined, SftpWire

# ---- the greeting ----------------------------------------------------------------------------------------------------


def test_a_session_begins_with_its_version() -> None:
    there, channel = wire(extensions=ALL)
    assert bytes(channel.sent) == struct.pack(">IBI", 5, 1, 3)
    assert (there.extensions, there.block) == (set(ALL), sftp_wire.SAFE_BLOCK)


@pytest.mark.parametrize("said", [
    b"This service allows sftp connections only.\n", b"\0\0\0\0", b"\0\0\0\x01\x02", packet(101, b"\0\0\0\x03"),
    struct.pack(">I", 2**32 - 1) + b"x" * 100, packet(packets.VERSION, b"\0\0\0\x03" + struct.pack(">I", 99)),
])
def test_what_is_no_sftp_server_is_told(said: bytes) -> None:
    channel = FakeChannel(said, b"x" * 1000)
    with pytest.raises(VersionMismatch, match=r"does not speak SFTP|what is not SFTP"):
        SftpWire(FakeLink(channel), channel)  # type: ignore[arg-type]


def test_a_server_that_ends_at_once_is_an_outage() -> None:
    channel = FakeChannel()
    with pytest.raises(Outage, match="the SFTP server ended"):
        SftpWire(FakeLink(channel), channel)  # type: ignore[arg-type]


@pytest.mark.parametrize(("limits", "block"), [
    ((262144, 261120, 261120), 255 << 10), ((1 << 20, 1 << 20, 1 << 20), 255 << 10), ((0, 0, 0), 32600),
    ((0, 100_000, 90_000), 90_000), ((34000, 32768, 32768), 32768), ((34000, 5, 5), 32600)])
def test_the_servers_limits_make_the_block(limits: tuple[int, int, int], block: int) -> None:
    answer = reply(1, packets.EXTENDED_REPLY, struct.pack(">QQQQ", *limits, 0))
    there, _ = wire(answer, extensions=("limits@openssh.com",))
    assert there.block == block


# ---- attributes ------------------------------------------------------------------------------------------------------


@given(st.none() | st.integers(0, 2**64 - 1), st.none() | st.integers(0, 2**32 - 1),
       st.none() | st.integers(0, 2**32 - 1),
       st.none() | st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)))
def test_attributes_come_back(size: int | None, mode: int | None, mtime: int | None,
                              owner: tuple[int, int] | None) -> None:
    content = attributes(size=size, mode=mode, mtime=mtime, owner=owner)
    answer = Answer(packets.ATTRS, content, "there")
    assert answer.attributes() == Attributes(size, mode or 0, mtime, owner)
    assert not answer.left()


def test_extended_attributes_are_read_over() -> None:
    content = struct.pack(">I", 0x8000000F) + struct.pack(">QIIIII", 5, 10, 11, 0o100640, 7, 8) + struct.pack(
        ">I", 2) + text("a") + text("b") + text("c") + text("d") + text("behind")
    answer = Answer(packets.ATTRS, content, "there")
    assert answer.attributes() == Attributes(5, 0o100640, 8, (10, 11))
    assert answer.text() == b"behind"


@given(st.binary(max_size=60))
def test_any_bytes_are_attributes_or_no_sftp(content: bytes) -> None:
    try:
        Answer(packets.ATTRS, content, "there").attributes()
    except VersionMismatch as failure:
        assert str(failure) == "there answers what is not SFTP"


def test_facts_need_size_and_time() -> None:
    assert facts_of("T1", Attributes(5, 0o100640, 7)) == TapeFacts("T1", Identity(5, 7 * 10**9), 0o640, 5)
    for less in (Attributes(None, 0, 7), Attributes(5, 0, None)):
        with pytest.raises(SourceUnreadable, match=r"^T1: the server tells no size or time$"):
            facts_of("T1", less)


# ---- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "number", "words", "shown"), [
    (2, errno.ENOENT, "No such file", "No such file"), (3, errno.EACCES, "Permission denied", "Permission denied"),
    (4, errno.EIO, "Failure", "Failure"), (4, errno.EIO, "", "Failure"), (8, errno.EOPNOTSUPP, "no", "no"),
    (1, errno.EIO, "End of file", "End of file"), (99, errno.EIO, "a\x1b[2J\u00e4", "a\\x1b[2J\\xc3\\xa4"),
    (4, errno.EIO, "x" * 5000, "x" * 49 + ".." + "x" * 49)])
def test_a_refusal_is_an_error_with_its_words(code: int, number: int, words: str, shown: str) -> None:
    there, _ = wire(status(1, code, words))
    with pytest.raises(SftpStatus) as caught:
        there.close(b"handle")
    assert (caught.value.errno, caught.value.strerror) == (number, shown)


def test_a_status_without_words_is_one() -> None:
    there, _ = wire(reply(1, packets.STATUS, struct.pack(">I", 4)), reply(2, packets.STATUS, struct.pack(">I", 0)))
    with pytest.raises(SftpStatus):
        there.close(b"handle")
    there.close(b"handle")


def test_an_end_of_file_is_an_end_only_where_there_can_be_one() -> None:
    there, _ = wire(status(1, 1), status(2, 1))
    with pytest.raises(EOFError):
        there.request(packets.READ, text(b"h"), struct.pack(">QI", 0, 5))
    with pytest.raises(SftpStatus):
        there.request(packets.WRITE, text(b"h"))


@pytest.mark.parametrize("said", [
    reply(2, packets.ATTRS, attributes(size=5)), reply(1, packets.DATA, text(b"x")), reply(1, 250, b""),
    reply(1, packets.ATTRS, b"\0\0\0\x01"), reply(1, packets.ATTRS, b""), status(1, 0), packet(packets.ATTRS, b""),
    packet(packets.STATUS, b"\0\0\0\x01"), b"\0\0\0\0", struct.pack(">I", (1 << 20) + 1) + b"x" * 64,
    reply(1, packets.ATTRS, struct.pack(">I", 0x80000000) + struct.pack(">I", 2**32 - 1))])
def test_an_answer_to_something_else_is_no_sftp(said: bytes) -> None:
    there, _ = wire(said, b"x" * 100)
    with pytest.raises(VersionMismatch):
        there.lstat("/x")


def test_a_flood_of_answers_that_nobody_asked_for_is_not_kept() -> None:
    there, channel = wire(*(status(number, 0) for number in range(2, 1000)))
    with pytest.raises(VersionMismatch):
        there.lstat("/x")
    assert len(channel.pieces) >= 997


def test_answers_may_come_in_any_order_and_in_any_pieces() -> None:
    stream = reply(2, packets.DATA, text(b"two")) + reply(1, packets.DATA, text(b"one"))
    there, _ = wire(*(stream[at:at + 3] for at in range(0, len(stream), 3)))
    first, second = there.send(packets.READ), there.send(packets.READ)
    assert there.answer(first).text() == b"one"
    assert there.answer(second).text() == b"two"


def test_a_name_that_is_not_there_has_no_attributes_and_another_error_is_one() -> None:
    there, _ = wire(status(1, 2), status(2, 3, "Permission denied"), reply(3, packets.ATTRS, attributes(size=5)))
    assert there.lstat("/x") is None
    with pytest.raises(SftpStatus):
        there.lstat("/x")
    assert there.lstat("/x") == Attributes(5, 0, None)


def test_a_listing_is_read_to_its_end() -> None:
    there, _ = wire(reply(1, packets.HANDLE, text(b"h")), names(2, "a", "b"), names(3, "c"), status(4, 1),
                    status(5, 0))
    assert [name for name, _ in there.listing("/x")] == ["a", "b", "c"]


def test_a_listing_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp_wire, "MOST_ENTRIES", 10)
    monkeypatch.setattr(sftp_wire, "MOST_ANSWERS", 5)
    for portion in (("a",) * 4, ()):
        there, channel = wire(reply(1, packets.HANDLE, text(b"h")),
                              *(names(number, *portion) for number in range(2, 9)), status(9, 0))
        channel.pieces[-1] = status(4 + 1 if portion else 3, 0)
        with pytest.raises(VersionMismatch):
            there.listing("/x")


def test_free_room_is_blocks_times_their_size() -> None:
    answer = struct.pack(">QQQQQ", 1, 4096, 0, 0, 10) + bytes(48)
    there, _ = wire(reply(1, packets.EXTENDED_REPLY, answer), extensions=ALL)
    assert there.free("/x") == 40960
    assert wire()[0].free("/x") is None


def test_what_goes_out_fits_the_channels_packets() -> None:
    there, channel = wire(packet=2048)
    there.send(packets.WRITE, text(b"x" * 10_000))
    assert len(channel.sent) == 9 + 9 + 4 + 10_000


def test_requests_in_flight_are_bounded_and_every_status_counts() -> None:
    there, _ = wire(*(status(number, 0) for number in range(1, 5)), status(5, 4, "full"))
    pipeline = Pipelined(there, 100)
    assert pipeline.add(there.send(packets.WRITE), 60) == []
    assert len(pipeline.add(there.send(packets.WRITE), 60)) == 1
    assert len(pipeline.add(there.send(packets.WRITE), 150)) == 2
    pipeline.add(there.send(packets.WRITE), 10)
    pipeline.add(there.send(packets.WRITE), 10)
    with pytest.raises(SftpStatus, match="full"):
        pipeline.drain()
