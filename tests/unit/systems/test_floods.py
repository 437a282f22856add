"""A far side that talks without end: it costs little, and holds nobody up."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from tests.unit.systems.far_side import FakeChannel, FakeLink
from tests.unit.systems.talking import HELLO, POOL, answer
from vtspolicy.errors import (
    NoReceiver,
    Refusal,
    VersionMismatch,
)
from vtspolicy.systems.receiver.conversation import Conversation
from vtspolicy.systems.receiver.near import Remote
from vtspolicy.systems.receiver.wire import Frame, pack_json


def _most_memory(act: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        with pytest.raises((VersionMismatch, NoReceiver, Refusal)):
            act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Flood(FakeChannel):
    """The same bytes again and again, as fast as anyone reads; it tells when it was read for too long."""

    def __init__(self, greeting: bytes, flood: bytes, most: int) -> None:
        super().__init__(greeting)
        self.flood = flood
        self.left = most

    def recv(self, size: int) -> bytes:
        if self.pieces:
            return super().recv(size)
        self.left -= 1
        assert self.left > 0, "it reads for ever"
        return self.flood

    def recv_ready(self) -> bool:
        return True


@pytest.mark.parametrize("flood", [
    answer({}, 1, Frame.SEALED), answer({"a": "x" * 100_000}, 0, Frame.HELLO),
    answer({"reason": "x", "message": "y" * 100_000}, 1, Frame.FAILED), b"x" * 100_000])
def test_a_flood_costs_little(flood: bytes) -> None:
    channel = Flood(HELLO, flood, most=2000)

    def act() -> None:
        there = Remote(FakeLink(channel), "x", "test")  # type: ignore[arg-type]
        part = there.begin(POOL.tape("T1"), 0, "w.part")
        for _ in range(100):
            part.write(b"x")
        part.sealed()

    assert _most_memory(act) < 20 << 20


def test_chatter_without_end_is_cut() -> None:
    channel = Flood(b"", b"x" * 10_000, most=100)
    assert _most_memory(lambda: Remote(FakeLink(channel), "x", "test")) < 4 << 20  # type: ignore[arg-type]


def test_a_write_takes_in_no_more_than_a_piece_at_a_time() -> None:
    busy = pack_json(Frame.BUSY, 0, {"done": 1})
    channel = Flood(HELLO, busy, most=1000)
    talk = Conversation(FakeLink(channel), channel, "test")  # type: ignore[arg-type]
    for _ in range(100):
        talk.poll()
    assert channel.left > 800
