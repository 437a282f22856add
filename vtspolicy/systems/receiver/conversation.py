"""The sender's side of the receiver's protocol: frames to and from `vtspolicy receive`, over one channel.

Whatever the far side sends, it costs bounded memory, and becomes an answer or a failure.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vtspolicy.errors import Failure, NoReceiver, Outage, Refusal, Stalled, VersionMismatch, leaves
from vtspolicy.systems.facts import CHUNK, Hole, Piece, length_of
from vtspolicy.systems.files import legible
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.wire import Frame
from vtspolicy.systems.ssh.link import Link
from vtspolicy.systems.ssh.stream import send_all

if TYPE_CHECKING:
    import paramiko

CHATTER = 1 << 16
"""Bytes before the receiver's magic that are looked through, at most."""
SHOWN = 160
"""Bytes of what answers in the receiver's stead that are shown, at most."""
PATIENCE = 10
"""How many stall times a far side may work without getting any further, such as in one long fsync."""


class Incoming:
    """A tape's pieces as they arrive: never more than were asked for."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        """Pieces that were asked for and are not here yet."""
        self.arrived: deque[Piece | None] = deque()
        """Those that are here; None is the end."""
        self.over = False
        """Whether nothing more is to come, because of its end or of a failure."""
        self.dropped = False
        """Whether nobody wants it any more; what is on its way is passed over."""

    def end(self) -> None:
        """What was asked for and is not here will not come."""
        self.wanted, self.over = 0, True

    def take(self, piece: Piece | None) -> None:
        """Raise ValueError for what was not asked for, and for what is no piece."""
        if not self.wanted or (piece is not None and length_of(piece) <= 0):
            raise ValueError("not a piece that was asked for")
        self.wanted -= 1
        if piece is None:
            self.end()
        if not self.dropped:
            self.arrived.append(piece)


class Conversation:
    """Frames to and from the receiver, over one channel."""

    def __init__(self, link: Link, channel: paramiko.Channel, program: str) -> None:
        self._link = link
        self._channel = channel
        self._received = bytearray()
        self._moved = time.monotonic()
        self._done = 0
        self._issued = 0
        self.chatter = ""
        self.incoming: dict[int, Incoming] = {}
        """The tapes that are being read, by their numbers."""
        self.answers: dict[tuple[Frame, int], dict[str, Any]] = {}
        self.failures: dict[int, Failure] = {}
        self._greet(program)

    def new_number(self) -> int:
        """The number of the next request or part."""
        self._issued += 1
        return self._issued

    def _greet(self, program: str) -> None:
        with suppress(Outage):  # it may have ended already; what it said says why
            self.send(wire.hello(program, system=self._link.system, stall=self._link.stall))
        deadline = time.monotonic() + PATIENCE * self._link.stall
        while (found := self._received.find(wire.MAGIC)) < 0:
            if len(self._received) > CHATTER or time.monotonic() > deadline or not self._receive():
                self._link.check_alive()
                raise NoReceiver(self._what_it_said(), system=self._link.system)
        self.chatter = legible(bytes(self._received[:found]).decode("utf-8", "replace")).strip()
        del self._received[: found + len(wire.MAGIC)]
        theirs = self.wait(Frame.HELLO, 0)
        self.program = legible(str(theirs.get("program", "?")), 40)
        try:
            self.protocol = wire.agree(theirs, self._link.system)
        except (KeyError, TypeError, ValueError):
            raise self._nonsense() from None

    def _what_it_said(self) -> str:
        said = bytes(self._received[:SHOWN])
        with self._link.translated():
            while self._channel.recv_stderr_ready() and len(said) < SHOWN:
                said += self._channel.recv_stderr(SHOWN)
        text = legible(said[:SHOWN].decode("utf-8", "replace").strip()) or "nothing"
        return f"{self._link.system} does not answer as vtspolicy receive; it said: {text}"

    def _nonsense(self) -> VersionMismatch:
        return VersionMismatch(f"{self._link.system} answers what cannot be understood", system=self._link.system)

    def send(self, content: bytes | memoryview) -> None:
        """Send it all. Raise Stalled where the far side takes nothing for the stall time."""
        send_all(self._link, self._channel, content)

    def _receive(self) -> bool:
        with self._link.translated():
            content = self._channel.recv(CHUNK)
        self._received += content
        return bool(content)

    def poll(self) -> None:
        """Take in what has arrived, without waiting; no more than a piece's worth, so that no flood can hold us up."""
        if self._channel.recv_ready():
            self._receive()
        self._sort()

    def _sort(self) -> None:
        """File every whole frame that has arrived under its kind and number."""
        while len(self._received) >= wire.HEADER.size:
            length, kind, number = wire.HEADER.unpack_from(self._received)
            if length > (wire.LARGEST_ANSWER if kind == Frame.ANSWER else wire.LARGEST) or number > self._issued:
                raise self._nonsense()
            end = wire.HEADER.size + length
            if len(self._received) < end:
                return
            payload = bytes(self._received[wire.HEADER.size:end])
            del self._received[:end]
            try:
                if kind == Frame.PIECE:
                    self._arrived(number, payload)
                else:
                    self._file(Frame(kind), number, wire.parse_object(payload) if payload else {})
            except (ValueError, KeyError, TypeError, OverflowError):
                raise self._nonsense() from None

    def _file(self, kind: Frame, number: int, value: dict[str, Any]) -> None:
        if kind == Frame.BUSY:
            done = int(value["done"])
            if done != self._done:
                self._done, self._moved = done, time.monotonic()
            return
        self._moved = time.monotonic()
        if kind in (Frame.GAP, Frame.END):
            self._arrived(number, Hole(int(value["length"])) if kind == Frame.GAP else None)
            return
        if (kind, number) in self.answers or number in self.failures:
            raise ValueError("answered twice")  # so that a flood of answers is not kept
        tape = self.incoming.get(number)
        if kind == Frame.FAILED:
            if tape is None or not tape.dropped:
                self.failures[number] = self._failure(value)
            if tape is not None:
                tape.end()
                self._forget(number, tape)
        else:
            self.answers[kind, number] = value

    def _arrived(self, number: int, piece: Piece | None) -> None:
        """The next piece of a tape, or its end. Raise KeyError or ValueError for what was not asked for."""
        self._moved = time.monotonic()
        tape = self.incoming[number]
        tape.take(piece)
        self._forget(number, tape)

    def _forget(self, number: int, tape: Incoming) -> None:
        if tape.dropped and not tape.wanted:
            del self.incoming[number]

    def ask_more(self, number: int) -> None:
        """Ask for one more piece of a tape, where there may be one."""
        tape = self.incoming[number]
        if not tape.over:
            tape.wanted += 1
            self.send(wire.pack_json(Frame.MORE, number, {}))

    def drop(self, number: int) -> None:
        """No more pieces of that tape are wanted; what is on its way is passed over."""
        tape = self.incoming.get(number)
        if tape is not None:
            tape.dropped = True
            tape.arrived.clear()
            self._forget(number, tape)
        self.failures.pop(number, None)

    def _failure(self, value: dict[str, Any]) -> Failure:
        kinds = {leaf.reason: leaf for leaf in reversed(leaves())}
        kind = kinds.get(str(value["reason"]), Refusal)
        tape = value.get("tape")
        return kind(legible(str(value["message"])), tape=legible(str(tape)) if tape else None,
                    system=self._link.system)

    def wait(self, kind: Frame, number: int) -> dict[str, Any]:
        """The answer, once it is there. Raise the failure that came in its stead."""
        self._wait(number, lambda: (kind, number) in self.answers)
        return self.answers.pop((kind, number))

    def next_piece(self, number: int) -> Piece | None:
        """The next piece of a tape that was asked for, once it is there, or None at its end. Raise as `wait` does."""
        tape = self.incoming[number]
        self._wait(number, lambda: bool(tape.arrived))
        return tape.arrived.popleft()

    def _wait(self, number: int, is_there: Callable[[], bool]) -> None:
        self._moved = time.monotonic()
        while True:
            self._sort()
            if is_there():
                return
            if number in self.failures:
                raise self.failures.pop(number)
            if time.monotonic() - self._moved > PATIENCE * self._link.stall:
                raise Stalled(f"{self._link.system} got no further for {PATIENCE * self._link.stall:g} s",
                              system=self._link.system)
            if not self._receive():
                raise self._link.trouble() or Outage(f"{self._link.system}: the receiver ended early",
                                                     system=self._link.system)
