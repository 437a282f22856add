"""Systems in memory that fail as a test tells them to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Pool, Tape
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Identity, Piece, Progress, Record, TapeFacts, no_progress
from vtspolicy.systems.memory import Memory, MemoryPart, MemoryReader

SOURCE, TARGET = Pool("here", "VAULT01", "PAYROLL"), Pool("there", "VAULT01", "PAYROLL")
NOW = "2026-11-22T01:30:00.000Z"


class Part(MemoryPart):
    """A part that fails as it is told."""

    def sealed(self) -> str:
        self._told("sealed")
        return "blake3:" + "0" * 64 if self._tape.name in self._target.lies else super().sealed()

    def commit(self, record: Record, expected: Identity | None) -> None:
        self._told("commit")
        super().commit(record, expected)

    def committed(self) -> TapeFacts:
        self._told("committed")
        return super().committed()

    def discard(self) -> None:
        self._target.discards.append(self._tape.name)
        super().discard()

    @property
    def _target(self) -> Target:
        assert isinstance(self._system, Target)
        return self._system

    def _told(self, when: str) -> None:
        self._target.calls.append((when, self._tape.name))
        failure = self._target.failing.get((when, self._tape.name))
        if failure is not None:
            raise failure


class Target(Memory):
    """A target that fails as it is told."""

    def __init__(self) -> None:
        super().__init__("there", [TARGET])
        self.failing: dict[tuple[str, str], Exception] = {}
        self.lies: set[str] = set()
        self.calls: list[tuple[str, str]] = []
        self.discards: list[str] = []
        self.made_durable: list[str] = []

    def begin(self, tape: Tape, size: int, part_name: str) -> Part:
        failure = self.failing.get(("begin", tape.name))
        if failure is not None:
            raise failure
        assert part_name.startswith("wwww.RUN1.")
        assert part_name.endswith(".part")
        return Part(self, tape, part_name)


    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False,
               rate: int | None = None) -> tuple[str, TapeFacts]:
        if durable:
            self.made_durable.append(tape.name)
        return super().digest(tape, progress)


class Source(Memory):
    """A source whose readers are counted."""

    def __init__(self) -> None:
        super().__init__("here", [SOURCE])
        self.open = 0
        self.meanwhile: Callable[[Tape], object] = lambda tape: None

    def read(self, tape: Tape) -> MemoryReader:
        system = self

        class Reader(MemoryReader):
            def pieces(self) -> Iterator[Piece]:
                yield from super().pieces()
                system.meanwhile(tape)

            def close(self) -> None:
                system.open -= 1

        reader = Reader(self, tape)
        self.open += 1
        return reader


def known(source: Source, target: Target, **changes: Any) -> Copy:
    return dataclasses.replace(
        Copy(SOURCE.tape("T1"), TARGET.tape("T1"), digest_of(b"old"), 3, source.facts(SOURCE.tape("T1")).identity,
             target.facts(TARGET.tape("T1")).identity, copied="then", verified="then", durable=False, run="RUN0"),
        **changes)
