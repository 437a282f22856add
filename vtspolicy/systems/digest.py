"""The digest of a tape: BLAKE3 over its logical bytes, holes read as zeros. Written as `blake3:<64 hex digits>`."""

from __future__ import annotations

from blake3 import blake3

from vtspolicy.systems.contract import CHUNK, Hole, Piece, Progress, Reader, TapeFacts, length_of

_ZEROS = bytes(CHUNK)


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


def digest_by_reading(reader: Reader, progress: Progress) -> tuple[str, TapeFacts]:
    """The digest and the facts of a whole tape, unchanged while it was read. The reader is closed, whatever happens.

    Raise what the reader raises.
    """
    try:
        digester = Digester()
        for piece in reader.pieces():
            digester.update(piece)
            progress(length_of(piece))
        reader.check_unchanged()
        return digester.digest(), reader.facts
    finally:
        reader.close()
