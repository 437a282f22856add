"""A file as pieces: data is read, holes are told, and none is so large that the work could not stop behind it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.tapes import random_bytes
from vtspolicy.systems.disk.extents import LARGEST_HOLE, pieces_of
from vtspolicy.systems.facts import CHUNK, Hole, length_of


@pytest.mark.parametrize("size", [0, 1, CHUNK, 3 * CHUNK + 5])
def test_data_comes_in_order_and_in_chunks(size: int, tmp_path: Path) -> None:
    path = tmp_path / "T00001"
    path.write_bytes(random_bytes(size, 1))
    with open(path, "rb") as file:
        pieces = list(pieces_of(file.fileno()))
    assert all(not isinstance(piece, Hole) and len(piece) <= CHUNK for piece in pieces)
    assert b"".join(bytes(piece) for piece in pieces if not isinstance(piece, Hole)) == path.read_bytes()


def test_holes_are_told_in_pieces_and_not_read(tmp_path: Path) -> None:
    size = 5 * LARGEST_HOLE + 3
    with open(tmp_path / "T00001", "wb+") as file:
        file.truncate(size)
        os.pwrite(file.fileno(), b"data", 2 * LARGEST_HOLE)
        pieces = list(pieces_of(file.fileno()))
    assert sum(map(length_of, pieces)) == size
    holes = [piece.length for piece in pieces if isinstance(piece, Hole)]
    assert len(holes) >= 5 and max(holes) == LARGEST_HOLE
    data = [bytes(piece) for piece in pieces if not isinstance(piece, Hole)]
    assert sum(map(len, data)) <= CHUNK
    assert b"".join(data).startswith(b"data")


def test_a_file_that_is_cut_meanwhile_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "T00001"
    path.write_bytes(random_bytes(3 * CHUNK, 1))
    with open(path, "rb") as file:
        pieces = pieces_of(file.fileno())
        first = next(pieces)
        os.truncate(path, CHUNK)
        assert [first, *pieces] == [path.read_bytes()]
