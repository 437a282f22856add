"""The receiver's protocol: what goes over the channel between a sender and `vtspolicy receive`.

Each side first sends the magic and a HELLO frame with the range of protocol versions it speaks; both use the highest
that both know. Then frames: payload length, kind, number, payload. Requests are answered by number; a part's number
names it in BEGIN, DATA, HOLE, SEAL, COMMIT and DISCARD. Frames are handled in order, so the sender need not wait for
one answer before the next frame. Nothing but BYE, answered by BYE, ends the stream in peace.

A tape that is read has the number of the request that opened it. Each MORE is answered by one PIECE or GAP, so that
nobody sends what was not asked for; behind the last of them stands END. What was asked for behind END or FAILED is not
answered. CHECK is answered by UNCHANGED; CLOSE by nothing.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from vtspolicy.errors import VersionMismatch

MAGIC = b"\r\nVTSPOLICY-WIRE\r\n"
"""Something that no shell's start-up files print."""
OLDEST, NEWEST = 1, 1
"""The protocol versions that this release speaks."""
HEADER = struct.Struct(">IBI")
LARGEST = 1 << 20
"""Bytes of payload in a frame towards the receiver, at most, and in a piece of a tape."""
LARGEST_ANSWER = 64 << 20
"""Bytes of payload in an answer, at most: the inventory of some 500,000 tapes."""


class Frame(IntEnum):
    """Kinds of frames. Towards the receiver below 64, from it above."""

    HELLO = 1
    REQUEST = 2
    BEGIN = 3
    DATA = 4
    HOLE = 5
    SEAL = 6
    COMMIT = 7
    DISCARD = 8
    BYE = 9
    MORE = 10
    CHECK = 11
    CLOSE = 12
    ANSWER = 64
    SEALED = 65
    COMMITTED = 66
    FAILED = 67
    BUSY = 68
    PIECE = 69
    GAP = 70
    END = 71
    UNCHANGED = 72


def pack(kind: Frame, number: int, payload: bytes = b"") -> bytes:
    """A whole frame."""
    return HEADER.pack(len(payload), kind, number) + payload


def pack_json(kind: Frame, number: int, value: Mapping[str, Any]) -> bytes:
    """A whole frame that holds a JSON object."""
    return pack(kind, number, json.dumps(value, separators=(",", ":")).encode())


def hello(program: str, **more: Any) -> bytes:
    """What each side says first."""
    return MAGIC + pack_json(Frame.HELLO, 0, {"protocols": [OLDEST, NEWEST], "program": program, **more})


def agree(theirs: Mapping[str, Any], who: str) -> int:
    """The highest protocol version that both sides speak. Raise VersionMismatch where there is none, and KeyError,
    TypeError or ValueError where `theirs` is no HELLO."""
    low, high = theirs["protocols"]
    if not isinstance(low, int) or not isinstance(high, int) or not 0 <= low <= high < 1000:
        raise ValueError("expected two protocol versions")
    best = min(high, NEWEST)
    if best < max(low, OLDEST):
        upgrade = "there" if high < OLDEST else "here"
        program = repr(str(theirs.get("program", "?"))[:40])
        raise VersionMismatch(f"{who} speaks protocol {low} to {high} (vtspolicy {program}), this "
                              f"side {OLDEST} to {NEWEST}: upgrade vtspolicy {upgrade}")
    return best


class FrameInput:
    """Frames from a file descriptor, with as few copies as can be: data is handed on as it arrives."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._view = memoryview(bytearray(1 << 20))
        self._start = 0
        self._end = 0

    def _have(self) -> int:
        return self._end - self._start

    def _fill(self) -> None:
        """Read anew, when all is taken. Raise EOFError where there is nothing more."""
        self._start, self._end = 0, os.readv(self._fd, [self._view])
        if self._end == 0:
            raise EOFError

    def take(self, count: int) -> memoryview:
        """From 1 to `count` bytes, valid until the next call."""
        if self._start == self._end:
            self._fill()
        count = min(count, self._have())
        self._start += count
        return self._view[self._start - count:self._start]

    def exactly(self, count: int) -> bytes:
        """So many bytes. Raise EOFError where the stream ends before."""
        content = bytearray()
        while len(content) < count:
            content += self.take(count - len(content))
        return bytes(content)

    def header(self) -> tuple[int, int, int]:
        """The next frame's payload length, kind and number."""
        length, kind, number = HEADER.unpack(self.exactly(HEADER.size))
        return length, kind, number

    def waiting(self) -> int | None:
        """The kind of the next frame if it has arrived whole, without reading more; else None."""
        if self._have() < HEADER.size:
            return None
        length, kind, _ = HEADER.unpack(self._view[self._start:self._start + HEADER.size])
        return kind if self._have() >= HEADER.size + length else None


def parse_object(payload: bytes) -> dict[str, Any]:
    """The JSON object of a frame. Raise ValueError or TypeError where it is none."""
    try:
        value = json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise TypeError("expected an object")
    return value
