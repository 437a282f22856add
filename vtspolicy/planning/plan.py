"""A plan and its steps, and what is known of earlier copies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vtspolicy.policy.places import Pool, Tape
from vtspolicy.systems.facts import Identity, Skipped, TapeFacts

WINDOW_PARTS = 64
"""Parts that are sent before the first of them is settled, at most: so small tapes share round trips and fsyncs."""
WINDOW_BYTES = 32 << 20
"""Bytes that are sent before the parts that hold them are settled."""


@dataclass(frozen=True)
class Copy:
    """What is known of one tape's copy on one target. A copy that was never made has no digest."""

    source: Tape
    target: Tape
    digest: str | None = None
    size: int = 0
    source_identity: Identity | None = None
    """The source's state that was copied."""
    target_identity: Identity | None = None
    """The target's state as it was published."""
    copied: str | None = None
    """When it was published. All times are UTC, RFC 3339."""
    verified: str | None = None
    """When the target's bytes were last read and their digest was right."""
    trusted: str | None = None
    """When it was last seen unchanged, by identity, without a read."""
    durable: bool = False
    run: str | None = None
    reason: str | None = None
    """The reason word of what last went wrong; None after a success."""
    failed: str | None = None
    """When that was."""
    doubted: str | None = None
    """Since when it is in doubt whether the target's vault is the one that it was copied to."""
    released: Identity | None = None
    """The source's state whose dangerous change a person let go."""
    accepted: str | None = None
    """When a person accepted that the tape is gone at the source."""
    hasty: bool = False
    """Whether one side, which tells whole seconds alone, was read so soon after its last change that another one would
    not show: such a copy is `unproven`, and the next run compares it."""

    def explains(self, target: TapeFacts) -> bool:
        """Whether the target's tape is, by identity, the one that was published, and no hand was seen in it since."""
        return (self.digest is not None and self.source_identity is not None and self.target_identity is not None
                and self.reason != "diverged" and self.target_identity.fits(target.identity))

    def wants_reading(self, target: TapeFacts) -> bool:
        """Whether nobody has read it and the next run is to: not where that would take the link (plain SFTP, which
        knows no ctime) and the policy was content with what was sent."""
        return self.verified is None and target.identity.ctime_ns is not None


class Action(StrEnum):
    """What a step does."""

    COPY = "copy"
    COMPARE = "compare"
    """Read both sides; record the copy if they are equal, else copy or refuse as the step says."""
    NOTHING = "nothing"
    REFUSE = "refuse"
    DIFFER = "differ"
    """Say that the target holds another tape, or none, and leave it so."""


@dataclass(frozen=True)
class Step:
    """One tape of a plan."""

    action: Action
    tape: str
    why: str
    """For people: `new`, `changed since 2026-11-22 01:30`, `unchanged`, or why it is refused."""
    size: int = 0
    source: TapeFacts | None = None
    target: TapeFacts | None = None
    """The target's tape as planned against; a publish finds it so or does not happen."""
    reason: str | None = None
    """For REFUSE: the reason word. For DIFFER: what is to be known of the copy from then on, if anything is."""
    if_unequal: Action = Action.REFUSE
    """For COMPARE: what follows when the bytes differ (COPY, REFUSE as diverged, or DIFFER)."""
    known: Copy | None = None
    """The copy that the catalog or the far side's record knows of."""
    digest: str | None = None
    """What the source's bytes must be, where somebody recorded it."""
    accompanies: str | None = None
    """For a companion: its tape, whose step comes later."""


@dataclass(frozen=True)
class Plan:
    """What would be done to bring one source pool's tapes to one target pool."""

    source: Pool
    target: Pool
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    gone: tuple[str, ...] = ()
    """Tapes that were copied before and are no longer at the source, which nobody has accepted. Copying never
    deletes."""
    accepted: tuple[str, ...] = ()
    """Those of which a person has accepted it."""
    copied: int = 0
    """How many of the selected tapes were copied before; the gone ones are among them, the accepted ones are not."""
    too_many_gone: bool = False
    """Whether the gone ones are more than the policy's guard takes for a matter of course."""
    back: tuple[Copy, ...] = ()
    """The copies of tapes that had been accepted as gone and are there again: without that acceptance."""
    new_pool: str | None = None
    """`yes` where the target pool is missing and would be made, `frozen` where it would be made and frozen, too."""

    @property
    def bytes_to_copy(self) -> int:
        """How many bytes the COPY steps will send, at most."""
        return sum(step.size for step in self.steps if step.action is Action.COPY)

    def having(self, action: Action) -> tuple[Step, ...]:
        """The steps with this action, in order."""
        return tuple(step for step in self.steps if step.action is action)
