"""What a run's copies do not keep of their sources beside the bytes: counted, and told once for the whole run."""

from __future__ import annotations

from vtspolicy.policy.places import Tape
from vtspolicy.systems.metadata import NOT_KEPT
from vtspolicy.transfer.outcome import Outcome


class NotKept:
    """How many tapes lost what, and the first of each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, Tape]] = {}

    def take(self, tape: Tape, outcome: Outcome) -> None:
        """What became of one tape."""
        for what in outcome.lost:
            count, first = self._found.get(what, (0, tape))
            self._found[what] = count + 1, first

    @property
    def text(self) -> str | None:
        """`not kept: ACLs of 3 tapes (first vts1:/VAULT01/PAYROLL/T00001)`; None where all is kept."""
        told = [f"{what} of {count} tape{'s' if count > 1 else ''} (first {first})"
                for what in NOT_KEPT if what in self._found for count, first in [self._found[what]]]
        return f"not kept: {'; '.join(told)}" if told else None
