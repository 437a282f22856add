"""What a Command means among the policies: which tapes are to be copied from where to where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vtspolicy.policy.places import Pool


@dataclass(frozen=True)
class Guard:
    """How far a change at the source may go before a person is asked."""

    at_most_gone: int = 5
    """Percent of the copied tapes that may be gone, where they are at least three."""
    shrunk_to: int = 10
    """Percent of its copy's size below which a tape is held; 0 holds none."""

    @classmethod
    def of(cls, given: Mapping[str, int | str]) -> Guard:
        """The guard that a policy holds, with the defaults of what it leaves open."""
        return cls(int(given.get("at-most-gone", cls.at_most_gone)), int(given.get("shrunk-to", cls.shrunk_to)))

    def strictest(self, other: Guard) -> Guard:
        """What both hold for too much, and what one of them does."""
        return Guard(min(self.at_most_gone, other.at_most_gone), max(self.shrunk_to, other.shrunk_to))

    def forbids(self, size: int, copied: int) -> bool:
        """Whether a tape of `size` bytes may not take the place of its copy of `copied` bytes unasked."""
        return copied > 0 and (size == 0 or size * 100 < copied * self.shrunk_to)


DEFAULT_GUARD = Guard()


@dataclass(frozen=True)
class Leg:
    """One source pool to one target pool."""

    source: Pool
    target: Pool
    tapes: tuple[str, ...] = ("*",)
    """Names or templates; a name that selects nothing is an error, a template that does is not."""
    rate: int | None = None
    """Bytes per second, at most."""
    guard: Guard = DEFAULT_GUARD
    verify: str = "read-back"
    """`sent`: over plain SFTP a copy is not read back."""


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
