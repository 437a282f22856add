"""Both sides of reading, held against what the other one may say; bounded, whatever it is."""

from __future__ import annotations

import itertools
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.tally import count, seed, tally
from tests.unit.systems.far_side import POOL as FAR_POOL
from tests.unit.systems.far_side import VAULT, FakeChannel, FakeLink, Told, frame, hello, request
from tests.unit.systems.talking import HELLO, POOL, answer, remote, sent_frames
from vtspolicy.errors import Failure, Missing, Outage, Refusal, SourceChanged, VersionMismatch
from vtspolicy.policy.places import Vault
from vtspolicy.systems.facts import CHUNK, Hole, Piece
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.far import Receiver
from vtspolicy.systems.receiver.lending import MOST
from vtspolicy.systems.receiver.near import Remote, receive_command
from vtspolicy.systems.receiver.reading import AHEAD
from vtspolicy.systems.receiver.wire import Frame, pack

TAPE = POOL.tape("T1")


def opened(size: int) -> bytes:
    return answer({"identity": {"size": size, "mtime_ns": 7, "inode": 1, "ctime_ns": 2}, "mode": 0o640,
                   "allocated": 512})


def piece(content: bytes, number: int = 1) -> bytes:
    return pack(Frame.PIECE, number, content)


def gap(length: object, number: int = 1) -> bytes:
    return answer({"length": length}, number, Frame.GAP)


END = pack(Frame.END, 1)


def joined(pieces: Iterator[Piece]) -> bytes:
    return b"".join(bytes(each.length) if isinstance(each, Hole) else bytes(each) for each in pieces)


# ---- this side -------------------------------------------------------------------------------------------------------


def test_pieces_are_asked_for_as_they_are_used() -> None:
    there, channel = remote(opened(10), piece(b"head"), gap(2), piece(b"tail"), END, answer({}, 1, Frame.UNCHANGED))
    reader = there.read(TAPE)
    assert (reader.facts.name, reader.facts.identity.size, reader.facts.mode) == ("T1", 10, 0o640)
    assert joined(reader.pieces()) == b"head\0\0tail"
    reader.check_unchanged()
    reader.close()
    reader.close()
    kinds = [kind for kind, _, _ in sent_frames(channel)]
    assert kinds == [Frame.REQUEST, *[Frame.MORE] * 3, Frame.CHECK, Frame.CLOSE]


def test_a_slow_reader_is_sent_no_more_than_it_asked_for() -> None:
    there, channel = remote(opened(AHEAD * CHUNK * 3), *[piece(bytes(CHUNK))] * AHEAD * 3, END)
    pieces = there.read(TAPE).pieces()
    for taken in range(1, 6):
        next(pieces)
        assert sum(kind is Frame.MORE for kind, _, _ in sent_frames(channel)) == taken


@pytest.mark.parametrize(("said", "message"), [
    ([piece(b"12345"), piece(b"6"), END], "sends more than the tape holds"),
    ([gap(6), END], "sends more than the tape holds"),
    ([piece(b"1234"), END], "sends less than the tape holds"),
    ([END], "sends less than the tape holds"),
    ([piece(b""), END], "cannot be understood"),
    ([gap(0)], "cannot be understood"), ([gap(-1)], "cannot be understood"), ([gap("x")], "cannot be understood"),
    ([gap(1e300)], "more than"), ([gap(None)], "cannot be understood"), ([pack(Frame.GAP, 1, b"[]")], "understood"),
    ([piece(b"1", 0)], "cannot be understood"), ([piece(b"1", 2)], "cannot be understood"),
    ([wire.HEADER.pack(wire.LARGEST + 1, Frame.PIECE, 1)], "cannot be understood"),
    ([pack(Frame.MORE, 1)], "receiver ended early"),
    ([pack(Frame.UNCHANGED, 1)] * 2, "cannot be understood"),
    ([*[piece(b"1")] * (AHEAD + 1)], "cannot be understood"),
    ([piece(b"12345"), END, END], "cannot be understood"),
    ([wire.HEADER.pack(1, 77, 1) + b"x"], "cannot be understood"),
], ids=repr)
def test_what_cannot_be_a_tape_is_a_failure(said: list[bytes], message: str) -> None:
    there, _ = remote(b"".join((opened(5), *said)))
    with pytest.raises((VersionMismatch, Outage), match=message):
        reader = there.read(TAPE)
        joined(reader.pieces())
        reader.check_unchanged()


@pytest.mark.parametrize("facts", [{}, {"identity": 5}, {"identity": {"size": -1}, "mode": 1, "allocated": 1}])
def test_facts_that_are_none_are_a_failure(facts: dict[str, Any]) -> None:
    there, _ = remote(answer(facts))
    with pytest.raises(VersionMismatch):
        joined(there.read(TAPE).pieces())


def test_reasons_come_through() -> None:
    failed = answer({"reason": "source-changed", "message": "T1 changed", "tape": "T1"}, 1, Frame.FAILED)
    there, _ = remote(opened(9), piece(b"head"), failed)
    pieces = there.read(TAPE).pieces()
    assert next(pieces) == b"head"
    with pytest.raises(SourceChanged, match="T1 changed"):
        next(pieces)
    there, _ = remote(answer({"reason": "missing", "message": "T1 is not there", "tape": "T1"}, 1, Frame.FAILED))
    with pytest.raises(Missing):
        there.read(TAPE)


def test_an_older_receiver_is_to_be_upgraded() -> None:
    old = answer({"reason": "not-built", "message": "operation 'read' is not built here", "tape": None}, 1,
                 Frame.FAILED)
    there, _ = remote(old, answer({"identity": None, "pools": [], "free": 1}, 2))
    with pytest.raises(VersionMismatch, match="upgrade vtspolicy there") as caught:
        there.read(TAPE)
    assert (caught.value.reason, caught.value.system) == ("version", "there")
    assert there.vault(Vault("there", "VAULT01")).pools == ()


def test_what_was_asked_for_and_is_no_longer_wanted_is_passed_over() -> None:
    late = [piece(b"late")] * (AHEAD - 1) + [piece(b"later")]
    vault = answer({"identity": None, "pools": [], "free": 1}, 2)
    there, _ = remote(opened(100), piece(b"head"), b"".join(late), vault)
    reader = there.read(TAPE)
    assert next(reader.pieces()) == b"head"
    reader.close()
    assert there.vault(Vault("there", "VAULT01")).pools == ()
    assert there._talk.incoming == {}


class Endless(FakeChannel):
    """A far side that never stops saying the same."""

    def __init__(self, *first: bytes, again: bytes) -> None:
        super().__init__(*first)
        self.again = again

    def recv(self, size: int) -> bytes:
        return super().recv(size) if self.pieces else self.again * max(1, size // len(self.again))


@pytest.mark.parametrize("again", [
    piece(b"x" * 60_000), piece(b"x"), gap(1), END, pack(Frame.BUSY, 0, b'{"done": 1}'),
    answer({"reason": "space", "message": "x" * 60_000}, 1, Frame.FAILED),
], ids=["pieces", "bytes", "gaps", "ends", "busy", "failures"])
def test_a_flood_costs_bounded_memory(again: bytes) -> None:
    channel = Endless(HELLO, opened(1 << 20), again=again)
    link = FakeLink(channel, stall=0.1)
    there = Remote(link, "x", "test")  # type: ignore[arg-type]
    reader = there.read(TAPE)
    tracemalloc.start()
    try:
        with pytest.raises(Failure):
            for each in reader.pieces():
                del each
            reader.check_unchanged()
        assert tracemalloc.get_traced_memory()[1] < 12 * CHUNK
    finally:
        tracemalloc.stop()


# ---- the far side ----------------------------------------------------------------------------------------------------


class Lender:
    """A receiver that may send."""

    def __init__(self, root: Path, *, allow: bool = True) -> None:
        self.root = root / VAULT
        self.pool = self.root / FAR_POOL
        self.pool.mkdir(parents=True)
        self.allow = allow

    def ask(self, *sent: bytes) -> list[Told]:
        return [Told(Frame(kind), number, {"bytes": content} if kind == Frame.PIECE else told)
                for kind, number, content, told in self._frames(b"".join(sent))]

    def _frames(self, sent: bytes) -> Iterator[tuple[int, int, bytes, dict[str, Any]]]:
        import json
        import os

        source, sink = os.memfd_create("caller"), os.memfd_create("answers")
        try:
            os.write(source, hello() + sent)
            os.lseek(source, 0, os.SEEK_SET)
            Receiver({VAULT: str(self.root)}, source, sink, "test", allow_read=self.allow).serve()
            said = os.pread(sink, os.fstat(sink).st_size, 0)
        finally:
            os.close(source)
            os.close(sink)
        at = len(wire.MAGIC)
        for index in itertools.count():
            if at >= len(said):
                return
            length, kind, number = wire.HEADER.unpack_from(said, at)
            content = said[at + wire.HEADER.size:at + wire.HEADER.size + length]
            at += wire.HEADER.size + length
            if index:
                yield kind, number, content, json.loads(content) if content and kind != Frame.PIECE else {}


@pytest.fixture
def lender(tmp_path: Path) -> Lender:
    return Lender(tmp_path)


def read(number: int, ahead: object = 0, tape: str = "T1") -> bytes:
    return request(number, "read", tape=tape, ahead=ahead)


def more(number: int) -> bytes:
    return frame(Frame.MORE, number, {})


def shown(told: list[Told]) -> list[tuple[str, int]]:
    return [(each.kind.name, each.number) for each in told if each.kind is not Frame.BUSY]


def test_nothing_is_sent_that_was_not_asked_for(lender: Lender) -> None:
    (lender.pool / "T1").write_bytes(b"a" * CHUNK + b"b" * CHUNK + b"c")
    assert shown(lender.ask(read(1))) == [("ANSWER", 1)]
    assert shown(lender.ask(read(1), more(1))) == [("ANSWER", 1), ("PIECE", 1)]
    told = lender.ask(read(1, 2), more(1), more(1), more(1), more(1), frame(Frame.CHECK, 1, {}),
                      frame(Frame.CLOSE, 1, {}), more(1), frame(Frame.BYE, 0))
    assert shown(told) == [("ANSWER", 1), *[("PIECE", 1)] * 3, ("END", 1), ("UNCHANGED", 1), ("BYE", 0)]
    assert b"".join(each.value["bytes"] for each in told if each.kind is Frame.PIECE) == (
        lender.pool / "T1").read_bytes()


@pytest.mark.parametrize("ahead", [-1, 65, "x", None, 1e300, [1]])
def test_too_much_ahead_is_refused(lender: Lender, ahead: object) -> None:
    (lender.pool / "T1").write_bytes(b"x")
    assert shown(lender.ask(read(1, ahead), request(2, "vault"))) == [("FAILED", 1), ("ANSWER", 2)]


def test_so_many_tapes_are_open_at_most(lender: Lender) -> None:
    (lender.pool / "T1").write_bytes(b"x")
    told = lender.ask(*(read(number) for number in range(1, MOST + 3)), frame(Frame.CLOSE, 5, {}), read(999))
    assert shown(told) == [*(("ANSWER", number) for number in range(1, MOST + 1)), ("FAILED", MOST + 1),
                           ("FAILED", MOST + 2), ("ANSWER", 999)]


def test_without_the_grant_not_even_a_name_is_told(tmp_path: Path) -> None:
    lender = Lender(tmp_path, allow=False)
    (lender.pool / "T1").write_bytes(b"x")
    told = lender.ask(read(1, 8), read(2, 8, "T9"), more(1), frame(Frame.CHECK, 1, {}), frame(Frame.BYE, 0))
    assert shown(told) == [("FAILED", 1), ("FAILED", 2), ("FAILED", 1), ("BYE", 0)]
    for each in told[:2]:
        assert each.value["reason"] == Refusal.reason
        assert "--allow-read" in each.value["message"]


def test_a_caller_that_asks_for_the_grant_itself_gets_it_only_without_a_forced_command() -> None:
    assert receive_command("vtspolicy", {"V": "/v"}) == "vtspolicy receive --vault V=/v"
    assert receive_command("vtspolicy", {"V": "/v"}, reading=True).endswith(" --allow-read")


def test_broken_requests_to_read_harm_nobody(lender: Lender) -> None:
    """Whatever stands in the frames: an answer or a failure, in order, and the conversation goes on."""
    (lender.pool / "T1").write_bytes(b"x" * 3_000_000)
    tries, start = count(2000, 200), seed("broken requests to read")
    for number in range(start, start + tries):
        dice = random.Random(number)
        sent = [dice.choice((read(dice.randrange(4), dice.randrange(3)), more(dice.randrange(4)),
                             frame(Frame.CHECK, dice.randrange(4), {}), frame(Frame.CLOSE, dice.randrange(4), {}),
                             frame(Frame.MORE, dice.randrange(4), dice.randbytes(dice.randrange(20))),
                             frame(Frame.REQUEST, dice.randrange(4), dice.randbytes(dice.randrange(20)))))
                for _ in range(dice.randrange(1, 12))]
        told = lender.ask(*sent, frame(Frame.BYE, 0))
        assert told[-1].kind is Frame.BYE
        assert all(each.value["reason"] != "bug" for each in told if each.kind is Frame.FAILED)
    tally("broken conversations about reading", tries, at_least=tries)


