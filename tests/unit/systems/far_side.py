"""The receiver in this process: bytes in, frames out; and a channel that says what a test tells it to."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from vtspolicy.errors import Failure, Outage, Stalled
from vtspolicy.policy.places import Tape
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Identity, Record
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.far import Receiver
from vtspolicy.systems.receiver.wire import Frame
from vtspolicy.systems.records import identity_to_json, record_to_json

VAULT, POOL = "VAULT01", "PAYROLL"


class Told(NamedTuple):
    """A frame that the receiver sent."""

    kind: Frame
    number: int
    value: dict[str, Any]


def frame(kind: Frame | int, number: int, value: Mapping[str, Any] | bytes = b"") -> bytes:
    """A frame towards the receiver, of whatever kind."""
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    return wire.HEADER.pack(len(payload), int(kind), number) + payload


def hello(**changes: Any) -> bytes:
    """A sender's greeting."""
    return wire.MAGIC + frame(Frame.HELLO, 0, {"protocols": [1, 1], "program": "test", "system": "here", "stall": 60.0,
                                               **changes})


def request(number: int, operation: str, **more: Any) -> bytes:
    return frame(Frame.REQUEST, number, {"operation": operation, "vault": VAULT, "pool": POOL, **more})


def begin(number: int, tape: str = "T1", part: str | None = None) -> bytes:
    return frame(Frame.BEGIN, number, {"vault": VAULT, "pool": POOL, "tape": tape, "size": 0,
                                       "part": f"w.r.{number}.part" if part is None else part})


MTIME = 1_700_000_000_123_456_789
SEAL = {"mode": 0o640, "mtime_ns": MTIME}


def commit(number: int, content: bytes, tape: str = "T1", expected: Identity | None = None, **changes: Any) -> bytes:
    record = Record(tape, digest_of(content), Identity(0, 0), Tape("here", VAULT, "PAYROLL", tape), "a" * 32,
                    Identity(len(content), MTIME, 1, 2), "2026-11-22T01:30:00Z", "RUN1", "b" * 16, 0, True)
    return frame(Frame.COMMIT, number, {"record": {**record_to_json(record), **changes},
                                        "expected": None if expected is None else identity_to_json(expected)})


def publishing(number: int, content: bytes, tape: str = "T1", expected: Identity | None = None) -> bytes:
    return (begin(number, tape) + frame(Frame.DATA, number, content) + frame(Frame.SEAL, number, SEAL)
            + commit(number, content, tape, expected))


def serve(vaults: Mapping[str, str], content: bytes) -> tuple[int, bytes]:
    """All that a caller says, and then the end of the stream: the exit code, and all that the receiver says."""
    source, sink = os.memfd_create("caller"), os.memfd_create("answers")
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(source, view):]
        os.lseek(source, 0, os.SEEK_SET)
        code = Receiver(vaults, source, sink, "test").serve()
        return code, os.pread(sink, os.fstat(sink).st_size, 0)
    finally:
        os.close(source)
        os.close(sink)


def frames_of(content: bytes) -> list[Told]:
    """What the receiver said, behind its magic. Nothing but whole frames is allowed."""
    assert content.startswith(wire.MAGIC)
    at, found = len(wire.MAGIC), []
    while at < len(content):
        length, kind, number = wire.HEADER.unpack_from(content, at)
        payload = content[at + wire.HEADER.size:at + wire.HEADER.size + length]
        assert len(payload) == length
        found.append(Told(Frame(kind), number, json.loads(payload) if payload else {}))
        at += wire.HEADER.size + length
    return found


def new_threads(before: set[threading.Thread]) -> set[threading.Thread]:
    """The threads that were not there before, when those that are about to end have ended."""
    deadline = time.monotonic() + 10
    while (found := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


class Far:
    """A vault with a pool, and a receiver for it."""

    def __init__(self, root: Path) -> None:
        self.root = root / VAULT
        self.pool = self.root / POOL
        self.pool.mkdir(parents=True)
        self.code = -1

    def ask(self, *sent: bytes, greet: bytes | None = None) -> list[Told]:
        """What a caller hears who greets, says this and hangs up; without the receiver's own greeting."""
        self.code, said = serve({VAULT: str(self.root)}, (hello() if greet is None else greet) + b"".join(sent))
        first, *rest = frames_of(said)
        assert first.kind is Frame.HELLO
        return rest

    def parts(self) -> list[str]:
        return sorted(path.name for path in self.pool.glob(".vtspolicy/*.part"))


class FakeLink:
    """A link as a conversation needs it."""

    def __init__(self, channel: FakeChannel, system: str = "there", stall: float = 60.0) -> None:
        self.system = system
        self.stall = stall
        self.channel = channel
        self.closed = False
        self.command = ""
        self.lost: Outage | None = None

    def trouble(self) -> Outage | None:
        """Why the connection is no more; it may live though the channel ended."""
        return self.lost

    def run(self, command: str) -> FakeChannel:
        self.command = command
        return self.channel

    def subsystem(self, name: str) -> FakeChannel:
        return self.channel

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except Failure:
            raise
        except TimeoutError:
            raise Stalled(f"{self.system}: nothing came", system=self.system) from None
        except Exception as error:
            raise Outage(f"{self.system}: {error}", system=self.system) from None

    def check_alive(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class FakeChannel:
    """A channel on which each `recv` brings the next of these pieces; behind the last, the end of the stream."""

    def __init__(self, *pieces: bytes, ready: bool = False, errors: bytes = b"", packet: int = 32768) -> None:
        self.pieces = list(pieces)
        self.sent = bytearray()
        self.ready = ready
        """Whether all that is to come has arrived already."""
        self.errors = errors
        self.out_max_packet_size = packet

    def send(self, content: bytes) -> int:
        assert len(content) <= self.out_max_packet_size - 64
        self.sent += content
        return len(content)

    def recv(self, size: int) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def recv_ready(self) -> bool:
        return self.ready and bool(self.pieces)

    def recv_stderr_ready(self) -> bool:
        return bool(self.errors)

    def recv_stderr(self, size: int) -> bytes:
        said, self.errors = self.errors[:size], self.errors[size:]
        return said

    def close(self) -> None: ...
