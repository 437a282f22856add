"""A TCP proxy on loopback that spoils a connection at a chosen byte: cut, stopped, flipped, delayed; and counts.

`UP` is from the client to the server, `DOWN` the way back. An offset N means: N bytes passed unharmed, in this
direction of this connection. What happens depends on offsets alone, not on how the bytes came in pieces.
"""

from __future__ import annotations

import contextlib
import fcntl
import queue
import socket
import struct
import termios
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Final, Self

from tests.support.processes import until

PIECE: Final = 65536


class Way(Enum):
    UP = "client to server"
    DOWN = "server to client"


UP: Final = Way.UP
DOWN: Final = Way.DOWN


@dataclass(frozen=True)
class Cut:
    """After `at` bytes the connection ends on both sides, by reset, or by a normal close."""

    way: Way
    at: int
    reset: bool = True


@dataclass(frozen=True)
class Hole:
    """After `at` bytes nothing is forwarded any more; both sides stay connected, what they send is swallowed.

    The sender still sees its bytes acknowledged by TCP. For a link without acknowledgements see `netns`.
    """

    way: Way
    at: int
    both_ways: bool = True


@dataclass(frozen=True)
class Flip:
    """Byte number `at` (from 0) has the bits of `mask` turned."""

    way: Way
    at: int
    mask: int = 0x01


Fault = Cut | Hole | Flip


@dataclass
class Connection:
    """One connection through the proxy: what passed, and when. A record is (seconds since its begin, way, bytes)."""

    client: socket.socket
    server: socket.socket
    faults: Sequence[Fault]
    passed: dict[Way, int] = field(default_factory=lambda: {UP: 0, DOWN: 0})
    records: list[tuple[float, Way, int]] = field(default_factory=list)
    struck: list[Fault] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    dark: set[Way] = field(default_factory=set)
    ends: set[Way] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def source(self, way: Way) -> socket.socket:
        return self.client if way is UP else self.server

    def target(self, way: Way) -> socket.socket:
        return self.server if way is UP else self.client

    def reset(self) -> None:
        """Ends both sides by a reset, after the bytes that were already sent have arrived."""
        with self.lock:
            if self.over.is_set():
                return
            self.over.set()
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                until(partial(_all_arrived, side), 1.0, 0.001)
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it; tells the other end nothing
            side.close()

    def finish(self) -> None:
        """Tells both sides that nothing more comes; what they still send is swallowed until they close too."""
        self.dark.update((UP, DOWN))
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_WR)

    def ended(self, way: Way) -> None:
        """The source of this direction closed it: passes that on, and closes both sides after the second end."""
        if way not in self.dark:
            with contextlib.suppress(OSError):
                self.target(way).shutdown(socket.SHUT_WR)
        with self.lock:
            self.ends.add(way)
            if self.over.is_set() or len(self.ends) < 2:
                return
            self.over.set()
        self.client.close()
        self.server.close()


class Proxy:
    """`with Proxy(port) as proxy:` listens on `proxy.port` and forwards to 127.0.0.1:port.

    `faults` strike connection number `strikes` (from 0; None: each). `latency` is in seconds, per direction.
    """

    def __init__(
        self,
        target: int | tuple[str, int],
        faults: Sequence[Fault] = (),
        *,
        strikes: int | None = 0,
        latency: float = 0.0,
        record: bool = False,
    ) -> None:
        self.target = ("127.0.0.1", target) if isinstance(target, int) else target
        self.faults = tuple(faults)
        self.strikes = strikes
        self.latency = latency
        self.record = record
        self.connections: list[Connection] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._closed = threading.Event()
        self._spawn(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the proxy and all connections."""
        self.refuse()
        self.cut()
        for thread in list(self._threads):
            thread.join(5)

    def refuse(self) -> None:
        """Takes no more connections; the present ones go on."""
        if not self._closed.is_set():
            self._closed.set()
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def cut(self, *, reset: bool = True) -> None:
        """Ends all present connections now."""
        for connection in list(self.connections):
            if reset:
                connection.reset()
            else:
                connection.finish()

    def go_dark(self, *ways: Way) -> None:
        """Forwards nothing more of the present connections, in the given ways or in both."""
        for connection in list(self.connections):
            connection.dark.update(ways or (UP, DOWN))

    def passed(self, way: Way) -> int:
        """The bytes that were forwarded in this way, over all connections."""
        return sum(connection.passed[way] for connection in self.connections)

    def _spawn(self, target: object, *arguments: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, 10)
            except OSError:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
                continue
            server.settimeout(None)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            struck = self.strikes is None or self.strikes == len(self.connections)
            connection = Connection(client, server, self.faults if struck else ())
            self.connections.append(connection)
            for way in Way:
                self._spawn(self._pump, connection, way)

    def _pump(self, connection: Connection, way: Way) -> None:
        late: queue.Queue[tuple[float, bytes]] = queue.Queue()
        if self.latency:
            self._spawn(self._forward_late, connection, way, late)
        while not connection.over.is_set():
            try:
                piece = connection.source(way).recv(PIECE)
            except OSError:
                piece = b""
            if self.latency:
                late.put((time.monotonic() + self.latency, piece))
            else:
                self._forward(connection, way, piece)
            if not piece:
                return

    def _forward_late(self, connection: Connection, way: Way, late: queue.Queue[tuple[float, bytes]]) -> None:
        while not connection.over.is_set():
            try:
                due, piece = late.get(timeout=0.1)
            except queue.Empty:
                continue
            time.sleep(max(0.0, due - time.monotonic()))
            self._forward(connection, way, piece)
            if not piece:
                return

    def _forward(self, connection: Connection, way: Way, piece: bytes) -> None:
        """Sends one piece on, as far as the faults let it; an empty piece is the end of this direction."""
        if not piece:
            connection.ended(way)
            return
        offset = connection.passed[way]
        piece = self._flipped(connection, way, offset, piece)
        stops: list[Cut | Hole] = [
            fault
            for fault in connection.faults
            if not isinstance(fault, Flip)
            and fault.way is way
            and fault.at <= offset + len(piece)
            and fault not in connection.struck
        ]
        stop = min(stops, key=lambda fault: fault.at, default=None)
        if stop is not None:
            piece = piece[: max(0, stop.at - offset)]
        if piece and way not in connection.dark:
            try:
                connection.target(way).sendall(piece)
            except OSError:
                connection.reset()
                return
            connection.passed[way] += len(piece)
            if self.record:
                connection.records.append((time.monotonic() - connection.began, way, len(piece)))
        if stop is not None:
            connection.struck.append(stop)
            if isinstance(stop, Hole):
                connection.dark.update((UP, DOWN) if stop.both_ways else (way,))
            elif stop.reset:
                connection.reset()
            else:
                connection.finish()

    def _flipped(self, connection: Connection, way: Way, offset: int, piece: bytes) -> bytes:
        for fault in connection.faults:
            if isinstance(fault, Flip) and fault.way is way and offset <= fault.at < offset + len(piece):
                changed = bytearray(piece)
                changed[fault.at - offset] ^= fault.mask
                piece = bytes(changed)
                connection.struck.append(fault)
        return piece


def _all_arrived(side: socket.socket) -> bool:
    """True when the other end has acknowledged every byte."""
    return struct.unpack("i", fcntl.ioctl(side, termios.TIOCOUTQ, b"\0\0\0\0")) == (0,)
