"""Which copies a verification reads, and in which order: pure functions of what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vtspolicy.errors import Damaged, Diverged, Missing
from vtspolicy.planning.plan import Copy

FOUND_BAD = (Damaged.reason, Diverged.reason, Missing.reason)
"""What a reading of a copy may have found instead of a proof."""


def last_look(copy: Copy) -> str:
    """When the copy's bytes were last judged, UTC; empty where they never were, or where it is in doubt which bytes."""
    if copy.doubted is not None:
        return ""
    found = copy.failed if copy.reason in FOUND_BAD else None
    return max(copy.verified or "", found or "")


def due(copies: Iterable[Copy], before: str | None) -> tuple[tuple[Copy, ...], tuple[Copy, ...]]:
    """The copies to be read, whose last look is the oldest first, and those that were judged since `before`."""
    ordered = sorted(copies, key=last_look)
    asked = tuple(copy for copy in ordered if before is None or last_look(copy) < before)
    return asked, tuple(ordered[len(asked):])


def within(copies: Sequence[Copy], limit: int | None) -> tuple[Copy, ...]:
    """The first of them, up to the one with which so many bytes are reached."""
    taken, count = list[Copy](), 0
    for copy in copies:
        if limit is not None and count >= limit:
            break
        taken.append(copy)
        count += copy.size
    return tuple(taken)
