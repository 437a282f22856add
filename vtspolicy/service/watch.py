"""Who is told how far a run is."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """A bar on a terminal, or nobody."""

    def expect(self, count: int) -> None:
        """So many more bytes are going to be read or sent."""

    def moved(self, count: int) -> None:
        """So many more bytes are read or sent."""

    def settled(self, tape: str, result: str) -> None:
        """A tape's fate is certain."""
