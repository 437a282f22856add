"""The digest covers logical bytes: holes are zeros, however they are cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtspolicy.errors import SourceChanged
from vtspolicy.systems.digest import EMPTY, Digester, digest_by_reading, digest_of
from vtspolicy.systems.facts import CHUNK, Hole, Identity, Piece, TapeFacts
from vtspolicy.systems.metadata import NO_EXTRAS

PIECES = st.lists(st.one_of(st.binary(max_size=70), st.integers(1, 70).map(Hole)), max_size=6)


@given(PIECES)
def test_a_hole_is_as_good_as_its_zeros(pieces: list[Piece]) -> None:
    digester = Digester()
    for piece in pieces:
        digester.update(piece)
    assert digester.digest() == digest_of(b"".join(
        bytes(piece.length) if isinstance(piece, Hole) else bytes(piece) for piece in pieces))


@pytest.mark.parametrize("length", [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_long_holes_are_zeros_too(length: int) -> None:
    digester = Digester()
    digester.update(Hole(length))
    assert digester.digest() == digest_of(bytes(length))


def test_the_digests_are_those_of_blake3() -> None:
    assert EMPTY == "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert digest_of(b"") == EMPTY
    assert digest_of(b"abc") == "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"


class Tape:
    facts = TapeFacts("T1", Identity(3, 0), 0o600, 3)
    extras = NO_EXTRAS

    def __init__(self, changed: bool = False) -> None:
        self.closed = False
        self.changed = changed

    def pieces(self) -> Iterator[Piece]:
        yield b"a"
        yield Hole(2)

    def check_unchanged(self) -> None:
        if self.changed:
            raise SourceChanged("changed")

    def close(self) -> None:
        self.closed = True


def test_a_tape_is_read_told_and_closed() -> None:
    tape, moved = Tape(), list[int]()
    assert digest_by_reading(tape, moved.append) == (digest_of(b"a\0\0"), Tape.facts)
    assert (moved, tape.closed) == ([1, 2], True)


def test_a_tape_that_changed_has_no_digest() -> None:
    tape = Tape(changed=True)
    with pytest.raises(SourceChanged):
        digest_by_reading(tape, lambda count: None)
    assert tape.closed
