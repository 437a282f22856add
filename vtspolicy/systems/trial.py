"""What a trial in a pool or a vault comes to: a small file that is written, flushed, renamed over another, and removed,
as a publish does it. Nothing of it stays; what a kill leaves, the next trial or run there removes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from vtspolicy.errors import Refusal
from vtspolicy.policy.places import is_name
from vtspolicy.systems.files import PART_SUFFIX, legible

PROBE = ".vtspolicy-probe."
"""In front of the writer's id: the name that a trial's file takes by its rename. Hidden, so it is never a tape."""
CONTENT = b"A trial of vtspolicy, which removes it at once.\n"
DRESS = "owner and mode"
Step = tuple[str, Callable[[], None]]


@dataclass(frozen=True)
class Finding:
    """One right that was tried."""

    what: str
    """`write`, DRESS, `fsync`, `rename` or `remove`."""
    why_not: str | None
    """What hinders it; None where it can be done."""


@dataclass(frozen=True)
class Trial:
    """What was found, in order, up to the first thing that cannot be done."""

    findings: tuple[Finding, ...]
    clock: float | None = None
    """The system's time while it was tried, seconds since 1970; None where it was not told."""


def probe_names(writer: str) -> tuple[str, str]:
    """The names of a writer's probe: while it is a part, and after its rename. Raise Refusal."""
    if not is_name(writer):
        raise Refusal(f"{legible(writer)!r} is not a writer's id")
    return f"{writer}.probe{PART_SUFFIX}", PROBE + writer


def tried(steps: Iterable[Step]) -> tuple[Finding, ...]:
    """Take the steps, up to the first that raises OSError; each word once, with what hindered it."""
    found: dict[str, str | None] = {}
    for what, step in steps:
        try:
            found.setdefault(what, None)
            step()
        except OSError as error:
            found[what] = legible(error.strerror or str(error)) or "Failure"
            break
    return tuple(Finding(what, why_not) for what, why_not in found.items())


def removed(*removals: Callable[[], None]) -> None:
    """Remove what may be there."""
    for removal in removals:
        with suppress(OSError):
            removal()
