"""What became of one leg of a run, and the one word for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from vtspolicy.policy.request import Leg
from vtspolicy.service.result import Status, Trouble
from vtspolicy.service.run.alone import Alone
from vtspolicy.transfer.outcome import Result


@dataclass
class LegTally:
    """What became of one leg."""

    leg: Leg
    steps: int = 0
    """Tapes of its plan; 0 where it came to none."""
    counts: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    warnings: list[str] = field(default_factory=list)
    errors: list[Trouble] = field(default_factory=list)
    seconds: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    """How the tapes of its plan stand now, by state word."""
    gone: int = 0
    """Tapes that were copied and are gone from the source; nobody has accepted it."""
    accepted: int = 0
    """Those of which a person has."""
    alone: Alone = field(default_factory=Alone)
    """Those that an adoption found to be others."""

    def as_json(self) -> dict[str, object]:
        """The leg in the envelope's data."""
        return {"source": str(self.leg.source), "target": str(self.leg.target),
                **{str(each): self.counts[each] for each in Result}, "bytes": self.sent,
                "seconds": round(self.seconds, 3), "warnings": self.warnings, "states": dict(self.states),
                "gone": self.gone, "accepted": self.accepted, **self.alone.as_json(),
                "status": str(verdict(self.counts, self.errors, len(self.warnings))),
                "reason": self.errors[0].reason if self.errors else None}


def verdict(counts: Counter[str], errors: list[Trouble], warnings: int) -> Status:
    """The status of a run from what became of its tapes."""
    done = counts[Result.COPIED] + counts[Result.EQUAL] + counts[Result.TRUSTED]
    if any(each.reason == "bug" for each in errors):
        return Status.BUG
    if any(each.reason == "interrupted" for each in errors):
        return Status.STOPPED
    if errors and done:
        return Status.PARTIAL
    if errors:
        return Status.REFUSED if all(not each.retry for each in errors) else Status.FAILED
    if warnings:
        return Status.WARNINGS
    return Status.DONE if counts[Result.COPIED] + counts[Result.EQUAL] else Status.NOTHING
