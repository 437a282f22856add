"""The near side of reading: a tape that the receiver sends, piece by piece, as far as it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from vtspolicy.errors import Failure, VersionMismatch
from vtspolicy.policy.places import Tape
from vtspolicy.systems.facts import Piece, TapeFacts, length_of
from vtspolicy.systems.metadata import NO_EXTRAS, Extras
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.conversation import Conversation, Incoming
from vtspolicy.systems.receiver.wire import Frame

AHEAD = 8
"""Pieces that are asked for before they are needed: 8 MiB at most lie between the two sides."""


def ask_to_read(talk: Conversation, tape: Tape) -> tuple[int, dict[str, Any]]:
    """Open a tape over there, and ask for its first pieces at once; its number, and what is told of it."""
    number = talk.new_number()
    talk.incoming[number] = Incoming(AHEAD)
    talk.send(wire.pack_json(Frame.REQUEST, number, {
        "operation": "read", "vault": tape.vault, "pool": tape.pool, "tape": tape.name, "ahead": AHEAD}))
    try:
        return number, talk.wait(Frame.ANSWER, number)
    except Failure:
        talk.drop(number)
        raise


class RemoteReader:
    """A tape over there that is being read. The far side looks after what its name and its file are."""

    def __init__(self, talk: Conversation, number: int, tape: Tape, facts: TapeFacts,
                 extras: Extras = NO_EXTRAS) -> None:
        self.facts = facts
        self.extras = extras
        self._talk = talk
        self._number = number
        self._tape = tape
        self._closed = False

    def pieces(self) -> Iterator[Piece]:
        """The tape in order: never more, and not less, than its size is."""
        left = self.facts.identity.size
        while (piece := self._talk.next_piece(self._number)) is not None:
            left -= length_of(piece)
            if left < 0:
                raise self._nonsense("sends more than the tape holds")
            self._talk.ask_more(self._number)
            yield piece
        if left:
            raise self._nonsense("sends less than the tape holds")

    def _nonsense(self, what: str) -> VersionMismatch:
        return VersionMismatch(f"{self._tape.system} {what}", tape=str(self._tape), system=self._tape.system)

    def check_unchanged(self) -> None:
        self._talk.send(wire.pack_json(Frame.CHECK, self._number, {}))
        self._talk.wait(Frame.UNCHANGED, self._number)

    def close(self) -> None:
        """Give it back over there. Harmless twice, and where the road is lost."""
        if not self._closed:
            self._closed = True
            self._talk.drop(self._number)
            with suppress(Failure):
                self._talk.send(wire.pack_json(Frame.CLOSE, self._number, {}))
