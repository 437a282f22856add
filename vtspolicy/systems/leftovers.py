"""Part files that may have been left behind: when they count as that, and how many of them a pool has."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from vtspolicy.systems.files import PART_SUFFIX

FOREIGN_AGE = 7 * 86400
"""Seconds after which part files of other states are left behind."""
RUN_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""What the ids of runs are written in; a part file is named for its run."""
_RUN_LENGTH = 12
_RANDOM = 20
"""Bits of a run's id that tell no time."""


@dataclass(frozen=True)
class Leftovers:
    """The part files of one pool, those on their way included."""

    parts: int
    size: int
    """Bytes of disk in use."""
    old: int
    """Those that nobody has touched for seven days."""


def begun(part_name: str) -> float | None:
    """When the run began that the part is named for, seconds since 1970; None where the name does not tell it."""
    run = part_name.split(".")[1] if part_name.count(".") > 1 else ""
    if len(run) != _RUN_LENGTH or any(digit not in RUN_DIGITS for digit in run):
        return None
    number = 0
    for digit in run:
        number = number << 5 | RUN_DIGITS.index(digit)
    return (number >> _RANDOM) / 100


def is_old(part_name: str, touched: float) -> bool:
    """Whether nobody can be at work on the part any more: it was touched long ago, and its run began before that.

    A part bears its source's time once it is sealed; so, where a system tells no other time, the run's counts, too.
    """
    limit = time.time() - FOREIGN_AGE
    return touched < limit and (begun(part_name) or 0) < limit


def counted(entries: Iterable[tuple[str, int, float]]) -> Leftovers:
    """The part files among the names, with their sizes and the times at which they were touched."""
    parts = [(name, size, touched) for name, size, touched in entries if name.endswith(PART_SUFFIX)]
    return Leftovers(len(parts), sum(size for _, size, _ in parts),
                     sum(is_old(name, touched) for name, _, touched in parts))
