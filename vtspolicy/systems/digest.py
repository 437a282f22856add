"""The digest of a tape: BLAKE3 over its logical bytes, holes read as zeros. Written as `blake3:<64 hex digits>`."""

from __future__ import annotations

import time

from blake3 import blake3

from vtspolicy.systems.facts import CHUNK, Hole, Piece, Progress, TapeFacts, length_of
from vtspolicy.systems.layers import Pace
from vtspolicy.systems.parts import Reader

_ZEROS = bytes(CHUNK)
_NAP = 0.2
"""Seconds after which whoever keeps a pace looks whether it is to stop."""


class Digester:
    """Takes a tape's pieces in order and gives its digest."""

    def __init__(self) -> None:
        self._hash = blake3(max_threads=blake3.AUTO)

    def update(self, piece: Piece) -> None:
        """Add the next piece."""
        if isinstance(piece, Hole):
            left = piece.length
            while left:
                count = min(left, CHUNK)
                self._hash.update(_ZEROS[:count] if count < CHUNK else _ZEROS)
                left -= count
        else:
            self._hash.update(piece)

    def digest(self) -> str:
        """The digest of all pieces so far."""
        return "blake3:" + self._hash.hexdigest()


EMPTY = Digester().digest()
"""The digest of a tape of 0 bytes."""


def digest_of(content: bytes) -> str:
    """The digest of bytes at hand."""
    digester = Digester()
    digester.update(content)
    return digester.digest()


def digest_by_reading(reader: Reader, progress: Progress, rate: int | None = None) -> tuple[str, TapeFacts]:
    """The digest and the facts of a whole tape, unchanged while it was read, at no more than `rate` bytes per second.
    The reader is closed, whatever happens.

    Raise what the reader or `progress` raises; while the pace is kept, `progress` is called with 0.
    """
    def wait(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            progress(0)
            time.sleep(min(left, _NAP))

    try:
        digester, pace = Digester(), None if rate is None else Pace(rate, sleep=wait)
        for piece in reader.pieces():
            digester.update(piece)
            progress(length_of(piece))
            if pace is not None:
                pace.spend(piece)
        reader.check_unchanged()
        return digester.digest(), reader.facts
    finally:
        reader.close()
