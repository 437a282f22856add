"""The processes of the demonstration: which run below one, how one is ended, and what signals mean meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def below(pid: int) -> Iterator[int]:
    """Every process below `pid` at this moment."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        fields = _stat(int(name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(name))
    waiting = children.get(pid, [])
    while waiting:
        each = waiting.pop()
        yield each
        waiting += children.get(each, [])


def lives(pid: int) -> bool:
    """Whether the process is there, and more than a zombie."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Ask a process of ours to end, and kill it where it does not within so many seconds."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stat(pid: int) -> list[str]:
    """State, parent and more of a process (proc(5)); empty when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


@contextmanager
def interruptible() -> Iterator[None]:
    """While this lasts, the first Ctrl-C, SIGTERM or SIGHUP is a KeyboardInterrupt, and those behind it are nothing."""
    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        be_left_alone()
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in _SIGNALS}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup
            signal.signal(each, handle)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def be_left_alone() -> None:
    """From now on no signal disturbs the clearing up."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
