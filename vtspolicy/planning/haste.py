"""When size and time of a file say nothing: a pure rule for sides that know neither ctime nor parts of a second.

Over plain SFTP a file's time of change is a whole second. Whoever reads it within that second may read it before the
last change of it, and two changes of one second look alike (git calls such an entry racy).
"""

from __future__ import annotations

from datetime import datetime

from vtspolicy.systems.facts import Identity

GRAIN = 2.0
"""Seconds: the last second of a file's clock, and one for the difference between two clocks."""
AHEAD = 3600.0
"""Seconds that a file's clock may be ahead of ours. A tape from farther in the future was not written just now."""


def is_hasty(identity: Identity, began: str) -> bool:
    """Whether a file was read so soon after its last change that another one would not show in its identity. `began`:
    when its reading began, UTC."""
    if identity.ctime_ns is not None:
        return False
    ahead = identity.mtime_ns // 10**9 - datetime.fromisoformat(began).timestamp()
    return -GRAIN < ahead < AHEAD
