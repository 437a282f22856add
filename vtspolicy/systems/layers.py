"""Behaviour that is wrapped round a part, whatever system it lies on."""

from __future__ import annotations

import time
from collections.abc import Callable

from vtspolicy.systems.facts import Hole, Piece

_BURST = 0.25
"""Seconds' worth of bytes that may go at once."""


class Pace:
    """Keeps a stream below a rate: a bucket that fills with time and is emptied by what is sent."""

    def __init__(self, rate: int, now: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._due = now()

    def spend(self, piece: Piece) -> None:
        """Wait until this piece may go. Holes cost nothing."""
        if isinstance(piece, Hole):
            return
        self._due = max(self._due, self._now() - _BURST) + len(piece) / self._rate
        early = self._due - self._now()
        if early > 0:
            self._sleep(early)
