"""The tapes of an adoption that were not found equal, and were left alone."""

from __future__ import annotations

from collections.abc import Iterable

from vtspolicy.planning.adopting import kind_of
from vtspolicy.planning.plan import Action, Step
from vtspolicy.policy.request import Leg
from vtspolicy.service.run.gone import some

_SAID = {"differing": ("differs from the tape", "differ from the tapes"),
         "missing": ("is missing", "are missing"),
         "waiting": ("waits for the next run to be copied", "wait for the next run to be copied")}


class Alone:
    """Those of one leg, by the reason why."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {kind: [] for kind in _SAID}
        self.unrecorded = 0
        """Tapes that are equal, and of which the far side keeps no record."""

    def as_json(self) -> dict[str, list[str]]:
        """Their names in the envelope's data; nothing where there is none."""
        return dict(self.names) if any(self.names.values()) else {}

    def take(self, step: Step) -> None:
        """One of them."""
        self.names[kind_of(step)].append(step.tape)

    def warnings(self, leg: Leg) -> Iterable[str]:
        """What is to be said of them."""
        for kind, names in self.names.items():
            if names:
                head = names[0] if len(names) == 1 else f"{len(names)} tapes"
                tail = "" if len(names) == 1 else f": {some(names)}"
                yield f"{leg.source}: {head} {_SAID[kind][len(names) > 1]} on {leg.target}{tail}"
        if self.unrecorded:
            yield f"{leg.target}: {self.unrecorded} tapes are recorded here alone: {older(leg)}"


def older(leg: Leg) -> str:
    """Why the far side keeps no record."""
    return f"the vtspolicy on {leg.target.system} is older; upgrade it there"


def difference(step: Step) -> str:
    """Why a tape is not a copy, in words."""
    return step.why if step.action is Action.DIFFER else "its bytes are others"
