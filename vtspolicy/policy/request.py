"""What a Command means among the policies: which tapes are to be copied from where to where."""

from __future__ import annotations

from dataclasses import dataclass

from vtspolicy.policy.places import Pool


@dataclass(frozen=True)
class Leg:
    """One source pool to one target pool."""

    source: Pool
    target: Pool
    tapes: tuple[str, ...] = ("*",)
    """Names or templates; a name that selects nothing is an error, a template that does is not."""
    rate: int | None = None
    """Bytes per second, at most."""


@dataclass(frozen=True)
class Request:
    """A command resolved against the policies."""

    policy: str | None
    """The scheme or AutoCopy policy that covers it; None where the shell's `d=` said it all."""
    legs: tuple[Leg, ...]
    replace: bool = False
    """Replace what guards protect: diverged targets, copies whose source became empty."""
    ref: str | None = None
    """The caller's own word, at most 16 characters; every event, STATUS and result repeats it."""
