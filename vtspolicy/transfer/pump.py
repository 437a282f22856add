"""Reads and hashes a tape ahead of whoever sends it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from vtspolicy.systems.digest import Digester
from vtspolicy.systems.facts import CHUNK, Piece
from vtspolicy.systems.parts import Reader

AHEAD = 8
"""Pieces that are read before they are asked for, at most."""


class Pump:
    """A tape's pieces in order, with its digest once they are all taken.

    Reading and hashing run in a thread of their own, because both leave the interpreter free for the sender; a tape
    of one piece is not worth one.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._digester = Digester()
        self._stopped = threading.Event()

    def digest(self) -> str:
        """The digest of what was read."""
        return self._digester.digest()

    def pieces(self) -> Iterator[Piece]:
        """The pieces. Whatever the reader raises is raised here."""
        if self._reader.facts.identity.size <= CHUNK:
            for piece in self._reader.pieces():
                self._digester.update(piece)
                yield piece
            return
        ready: queue.Queue[Piece | BaseException | None] = queue.Queue(AHEAD)
        thread = threading.Thread(target=self._fill, args=(ready,), name="pump", daemon=True)
        thread.start()
        try:
            while (piece_or := ready.get()) is not None:
                if isinstance(piece_or, BaseException):
                    raise piece_or
                yield piece_or
        finally:
            self._stopped.set()
            while thread.is_alive():
                try:
                    ready.get(timeout=0.05)
                except queue.Empty:
                    thread.join(timeout=0.05)

    def _fill(self, ready: queue.Queue[Piece | BaseException | None]) -> None:
        try:
            for piece in self._reader.pieces():
                if self._stopped.is_set():
                    return
                self._digester.update(piece)
                ready.put(piece)
            ready.put(None)
        except BaseException as error:  # handed to the sender, which raises it
            ready.put(error)
