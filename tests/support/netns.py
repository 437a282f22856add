"""Two network namespaces joined by a cable that can go dead without a word: packets vanish, nobody is told. Needs root.

Side `a` is 198.18.X.1, side `b` 198.18.X.2 (a block kept for tests of networks, RFC 2544).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from tests.support.janitor import PREFIX
from tests.support.needs import need, need_root

Side = Literal["a", "b"]
SIDES: Final[tuple[Side, Side]] = ("a", "b")
CABLE: Final = "cable"


class Link:
    """The two namespaces. Commands run in one of them with `inside(side)` in front."""

    def __init__(self, number: int) -> None:
        self._net = f"198.18.{number % 256}"

    def name(self, side: Side) -> str:
        return f"{PREFIX}{os.getpid()}-{side}"

    def address(self, side: Side) -> str:
        return f"{self._net}.{SIDES.index(side) + 1}"

    def inside(self, side: Side) -> list[str]:
        """The words in front of a command that shall run on this side; it keeps the pid of the started process."""
        return [need("ip"), "netns", "exec", self.name(side)]

    def run(self, side: Side, command: Sequence[str], timeout: float = 30.0) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*self.inside(side), *command], capture_output=True, timeout=timeout, check=False)

    def drop(self, *, towards: Side | None = None) -> None:
        """From now on packets vanish on their way in: both ways, or only those towards one side."""
        for side in SIDES:
            if towards in (None, side):
                self._do([*self.inside(side), need("iptables"), "-I", "INPUT", "-i", CABLE, "-j", "DROP"])

    def restore(self) -> None:
        """Packets pass again."""
        for side in SIDES:
            self._do([*self.inside(side), need("iptables"), "-F", "INPUT"])

    def unplug(self, side: Side) -> None:
        """Takes this side's end of the cable out."""
        self._do([need("ip"), "-n", self.name(side), "link", "set", CABLE, "down"])

    def plug(self, side: Side) -> None:
        """Puts it in again."""
        self._do([need("ip"), "-n", self.name(side), "link", "set", CABLE, "up"])

    def open(self) -> None:
        ip = need("ip")
        for side in SIDES:
            self._do([ip, "netns", "add", self.name(side)])
        ends = ["netns", self.name("a"), "type", "veth", "peer", "name", CABLE, "netns", self.name("b")]
        self._do([ip, "link", "add", "name", CABLE, *ends])
        for side in SIDES:
            self._do([ip, "-n", self.name(side), "address", "add", f"{self.address(side)}/30", "dev", CABLE])
            self._do([ip, "-n", self.name(side), "link", "set", CABLE, "up"])
            self._do([ip, "-n", self.name(side), "link", "set", "lo", "up"])

    def close(self) -> None:
        for side in SIDES:
            subprocess.run([need("ip"), "netns", "delete", self.name(side)], capture_output=True, check=False)

    @staticmethod
    def _do(command: Sequence[str]) -> None:
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended {done.returncode}: {done.stderr.decode().strip()}")


@contextmanager
def link() -> Iterator[Link]:
    """Two joined namespaces, removed at the end. One at a time in one process."""
    need_root("make a network namespace")
    need("iptables")
    joined = Link(os.getpid())
    try:
        joined.open()
        yield joined
    finally:
        joined.close()
