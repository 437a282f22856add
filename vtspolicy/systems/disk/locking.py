"""Locks on open files and folders. They die with their holder; nothing of them needs a hand."""

from __future__ import annotations

import fcntl
import time

from vtspolicy.errors import Locked

PATIENCE = 60.0
"""Seconds. Holders keep these locks for moments, so one that has it for longer is stopped or hung."""


def wait_for(fd: int, message: str, system: str | None = None) -> None:
    """Take the lock of the open file. Raise Locked with the message where another keeps it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Locked(message, system=system) from None
            time.sleep(0.01)
