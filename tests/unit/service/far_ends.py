"""The second site's far ends, each in this process: this machine's own disk, the receiver, and plain SFTP."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tests.unit.systems.far_side import FakeLink
from tests.unit.systems.sftp_folder import SftpFolder
from vtspolicy.policy import model
from vtspolicy.systems.connect import connect
from vtspolicy.systems.contract import System
from vtspolicy.systems.receiver.far import Receiver
from vtspolicy.systems.receiver.near import Remote
from vtspolicy.systems.sftp.system import Sftp

KINDS = ("local", "receiver", "sftp")


class _Pipe:
    """A channel to a receiver that runs in a thread."""

    out_max_packet_size = 1 << 20

    def __init__(self, vaults: Mapping[str, str], mutating: Callable[[], None]) -> None:
        (source, self._sink), (self._source, sink) = os.pipe(), os.pipe()
        self._mutating = mutating
        receiver = Receiver(vaults, source, sink, "test", allow_read=True)

        def serve() -> None:
            try:
                receiver.serve()
            finally:
                os.close(source)
                os.close(sink)

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()

    def send(self, content: bytes) -> int:
        self._mutating()
        return os.write(self._sink, content)

    def recv(self, size: int) -> bytes:
        return os.read(self._source, size)

    def recv_ready(self) -> bool:
        return False

    def recv_stderr_ready(self) -> bool:
        return False

    def close(self) -> None:
        os.close(self._sink)
        self._thread.join(20)
        os.close(self._source)


class _Link(FakeLink):
    def close(self) -> None:
        if not self.closed:
            self.channel.close()
        super().close()


def connecting(kind: str, mutating: Callable[[], None]) -> Callable[..., System]:
    """What takes the place of `connect`. `mutating` is told before anything goes out to a receiver."""
    def reach(policy: model.System, *words: Any, **more: Any) -> System:
        if policy.address is None:
            return connect(policy, *words, **more)
        if kind == "sftp":
            return Sftp(_Link(SftpFolder(), policy.name), policy.vaults)  # type: ignore[arg-type]
        link = _Link(_Pipe(policy.vaults, mutating), policy.name)  # type: ignore[arg-type]
        return Remote(link, shlex.join(["vtspolicy", "receive"]), "test")  # type: ignore[arg-type]

    return reach


def is_asked(kind: str) -> bool:
    """Whether the far end is another machine to the policies."""
    return kind != "local"


