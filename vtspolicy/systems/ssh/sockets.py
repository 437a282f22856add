"""What an SSH connection runs over: a TCP socket of ours, or a channel of the jump host's connection."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from vtspolicy.errors import Outage

if TYPE_CHECKING:
    import paramiko


class WatchedSocket:
    """A socket that knows when a byte last came; paramiko sees an ordinary one.

    What is sent does not count: a link that swallows it looks alive for ever.
    """

    def __init__(self, plain: socket.socket | paramiko.Channel, quiet: Callable[[], None]) -> None:
        """`quiet` is called by the thread that reads, now and then while nothing comes."""
        self._plain = plain
        self._quiet = quiet
        self.heard = time.monotonic()

    def send(self, data: bytes) -> int:
        return self._plain.send(data)

    def sendable(self) -> bool:
        """Whether a send would be taken at once."""
        if not isinstance(self._plain, socket.socket):
            return self._plain.send_ready()
        poll = select.poll()
        poll.register(self._plain, select.POLLOUT)
        return bool(poll.poll(0))

    def recv(self, size: int) -> bytes:
        try:
            data = self._plain.recv(size)
        except TimeoutError:
            self._quiet()
            raise
        if data:
            self.heard = time.monotonic()
        return data

    def settimeout(self, seconds: float | None) -> None:
        self._plain.settimeout(seconds)

    def getpeername(self) -> object:
        return self._plain.getpeername()

    @property
    def _closed(self) -> bool:
        return self._plain.fileno() < 0 if isinstance(self._plain, socket.socket) else self._plain.closed

    def close(self) -> None:
        self._plain.close()


def connected(system: str, address: str, port: int, stall: float, limit: float) -> socket.socket:
    """A TCP connection, made within `limit` seconds. Raise Outage."""
    where = f"{address} port {port}"
    try:
        plain = socket.create_connection((address, port), timeout=limit)
    except TimeoutError:
        raise Outage(f"{system}: {where} does not answer", system=system) from None
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Outage(f"{system}: {where}: {why}", system=system) from None
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, int(stall * 1000)))
    return plain
