"""The far side of reading: tapes that are open for a caller, sent piece by piece, as far as each was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from vtspolicy.errors import Failure, Refusal
from vtspolicy.policy.places import Tape
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.disk.opened import LocalReader
from vtspolicy.systems.facts import Hole, Piece, Progress, length_of
from vtspolicy.systems.metadata import extras_to_json
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.wire import Frame
from vtspolicy.systems.records import identity_to_json

MOST = 256
"""Tapes that one caller may have open, at most."""
_AHEAD = 64
"""Pieces that the request itself may ask for, at most."""


@dataclass
class _Loan:
    reader: LocalReader
    pieces: Iterator[Piece] | None
    """None behind the end."""


class Lending:
    """The tapes that are open, by their numbers. One that failed is closed; one that was read waits for its CLOSE."""

    def __init__(self, allowed: bool, send: Callable[..., None], progress: Progress) -> None:
        self._allowed = allowed
        self._send = send
        self._progress = progress
        self._open: dict[int, _Loan] = {}

    def open(self, local: Local, number: int, tape: Tape, asked: dict[str, Any]) -> None:
        """Open a tape, tell of it, and send the pieces that the request asks for. Raise Refusal, Missing or
        SourceUnreadable."""
        if not self._allowed:
            raise Refusal(f"{tape} is not sent: vtspolicy receive may not send tapes from there; its own command line "
                          "there needs --allow-read, which is in the line that ADD KEY system, READ prints",
                          tape=str(tape), system=tape.system)
        ahead = int(asked.get("ahead", 0))
        if number in self._open or len(self._open) >= MOST or not 0 <= ahead <= _AHEAD:
            raise Refusal("too much is asked for at once", tape=str(tape))
        reader = local.read(tape)
        self._open[number] = _Loan(reader, reader.pieces())
        self._send(wire.pack_json(Frame.ANSWER, number, {
            "identity": identity_to_json(reader.facts.identity), "mode": reader.facts.mode,
            "allocated": reader.facts.allocated, **extras_to_json(reader.extras)}))
        for _ in range(ahead):
            self.more(number)

    def more(self, number: int) -> None:
        """Send the next piece, or the end. Behind the end, and of a tape that failed, nothing is said any more.

        Raise SourceUnreadable or SourceChanged; the tape is closed then.
        """
        loan = self._open.get(number)
        if loan is None or loan.pieces is None:
            return
        try:
            piece = next(loan.pieces, None)
        except Failure:
            self.close(number)
            raise
        if piece is None:
            loan.pieces = None
            self._send(wire.pack(Frame.END, number))
            return
        self._progress(length_of(piece))
        if isinstance(piece, Hole):
            self._send(wire.pack_json(Frame.GAP, number, {"length": piece.length}))
        else:
            self._send(wire.HEADER.pack(len(piece), Frame.PIECE, number), piece)

    def check(self, number: int) -> None:
        """Say that file and name are what was opened. Raise SourceChanged or SourceUnreadable."""
        if number not in self._open:
            raise Refusal(f"tape {number} is not open")
        self._open[number].reader.check_unchanged()
        self._send(wire.pack(Frame.UNCHANGED, number))

    def close(self, number: int) -> None:
        """Give a tape back; harmless where it is not open."""
        opened = self._open.pop(number, None)
        if opened is not None:
            opened.reader.close()

    def end(self) -> None:
        """Give all back."""
        for number in list(self._open):
            self.close(number)
