"""A tape on its way to a system, and one that is being read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from vtspolicy.systems.facts import Identity, Piece, Progress, Record, TapeFacts, no_progress
from vtspolicy.systems.metadata import Extras, Metadata


class Part(Protocol):
    """A tape on its way: no reader of the pool sees it before `committed` returns."""

    def write(self, piece: Piece) -> None:
        """Append. Raise NoSpace or TargetWrite, now or at any later call."""

    @property
    def lost(self) -> tuple[str, ...]:
        """What of the metadata the system could not keep, of `metadata.NOT_KEPT`; known once it is sealed."""

    def seal(self, metadata: Metadata, progress: Progress = no_progress, *, read_back: bool = True) -> None:
        """Ask for: metadata set, fsync, digest of what lies there. A system that reads back here tells. Without
        `read_back` nothing is read where that would go over the link."""

    def sealed(self) -> str:
        """The digest of the bytes that lie there, read again after the fsync; empty where they were not to be read.
        Raise TargetWrite where the owner that was asked for cannot be set."""

    def commit(self, record: Record, expected: Identity | None) -> None:
        """Ask for: record, rename over, fsync of the directory - if the live name is still as `expected` (None: not
        there), and neither pool nor vault is frozen, which is looked at last. The system fills in `record.identity`
        and `record.version`."""

    def committed(self) -> TapeFacts:
        """The published tape. Raise Diverged where the live name was no longer as expected, and Frozen where nothing
        may be published; no tape is changed then."""

    def discard(self) -> None:
        """Remove the part file. Harmless after `committed`, or twice."""


class Reader(Protocol):
    """A tape that is being read: opened without following links."""

    facts: TapeFacts
    extras: Extras

    def pieces(self) -> Iterator[Piece]:
        """The whole tape in order. Raise SourceUnreadable or SourceChanged."""

    def check_unchanged(self) -> None:
        """Raise SourceChanged if the tape, or what its name stands for, is not what was opened."""

    def close(self) -> None: ...
