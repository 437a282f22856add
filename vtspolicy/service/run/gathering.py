"""What became of a set, from what became of a tape and of its companions: they are counted as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from vtspolicy.planning.plan import Step
from vtspolicy.planning.sets import state_of_set
from vtspolicy.planning.states import TapeState, standing_of
from vtspolicy.transfer.outcome import Outcome, Result

_FOREMOST = (Result.FAILED, Result.REFUSED, Result.DIFFERS, Result.COPIED, Result.EQUAL, Result.TRUSTED)


class Gathering:
    """The outcomes of one plan. Each waits for the others of its set."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._missing = Counter(step.accompanies for step in steps if step.accompanies is not None)
        self._waiting: dict[str, list[tuple[Outcome, TapeState]]] = {}

    def take(self, outcome: Outcome) -> tuple[Result, TapeState] | None:
        """The set's result and state, once all of it is there."""
        step = outcome.step
        tape = step.accompanies or step.tape
        found = self._waiting.setdefault(tape, [])
        found.append((outcome, outcome.stands or standing_of(step, outcome.copy or step.known)))
        if len(found) <= self._missing[tape]:
            return None
        del self._waiting[tape]
        own = next(state for each, state in found if each.step.accompanies is None)
        return (min((each.result for each, _ in found), key=_FOREMOST.index),
                state_of_set(own, (state for each, state in found if each.step.accompanies is not None)))
