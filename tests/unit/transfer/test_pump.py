"""The pump: a tape's pieces in order, read ahead, and no thread left whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from vtspolicy.errors import SourceUnreadable
from vtspolicy.systems.digest import EMPTY, digest_of
from vtspolicy.systems.facts import CHUNK, Hole, Identity, Piece, TapeFacts, length_of
from vtspolicy.systems.metadata import NO_EXTRAS
from vtspolicy.transfer.pump import AHEAD, Pump


class Tape:
    """A reader of given pieces; what is callable is called, to raise or to wait."""

    def __init__(self, *pieces: Piece | Callable[[], None]) -> None:
        self._pieces = pieces
        size = sum(length_of(each) for each in pieces if not callable(each))
        self.facts = TapeFacts("T1", Identity(size, 1), 0o600, size)
        self.extras = NO_EXTRAS
        self.given = 0

    def pieces(self) -> Iterator[Piece]:
        for each in self._pieces:
            if callable(each):
                each()
            else:
                self.given += 1
                yield each

    def check_unchanged(self) -> None: ...

    def close(self) -> None: ...


def unreadable() -> None:
    raise SourceUnreadable("broken")


def block(number: int) -> bytes:
    return bytes([number % 251]) * CHUNK


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "pump"]


@pytest.mark.parametrize("pieces", [
    (), (b"x",), (b"a", b"b" * 100), (Hole(5), b"x"),
    tuple(block(number) for number in range(3 * AHEAD)),
    (block(1), Hole(3 * CHUNK + 5), b"tail", Hole(1)),
], ids=["empty", "one", "two", "hole", "many", "holes"])
def test_pieces_come_in_order_with_their_digest(pieces: tuple[Piece, ...]) -> None:
    pump = Pump(Tape(*pieces))
    assert list(pump.pieces()) == list(pieces)
    assert pump.digest() == digest_of(b"".join(
        bytes(each.length) if isinstance(each, Hole) else bytes(each) for each in pieces))
    assert threads() == []


def test_nothing_read_has_the_digest_of_nothing() -> None:
    assert Pump(Tape()).digest() == EMPTY


@pytest.mark.parametrize("before", [0, 1, AHEAD + 3])
def test_what_the_reader_raises_is_raised_behind_the_pieces_before(before: int) -> None:
    tape = Tape(*(block(number) for number in range(before)), unreadable, block(0), block(0))
    taken = []
    with pytest.raises(SourceUnreadable, match=r"^broken$"):
        for piece in Pump(tape).pieces():
            taken.append(piece)
    assert taken == [block(number) for number in range(before)]
    assert threads() == []


@pytest.mark.parametrize("taken", [0, 1, AHEAD])
def test_who_stops_early_leaves_no_thread(taken: int) -> None:
    tape = Tape(*(block(number) for number in range(100)))
    pieces = Pump(tape).pieces()
    for _ in range(taken + 1):
        next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # it is a generator
    assert threads() == []
    assert tape.given <= taken + AHEAD + 3


def test_who_raises_while_the_reader_waits_leaves_no_thread() -> None:
    slow = Tape(block(0), lambda: time.sleep(0.2), unreadable, block(1))
    with pytest.raises(ZeroDivisionError):
        for _ in Pump(slow).pieces():
            raise ZeroDivisionError
    assert threads() == []
