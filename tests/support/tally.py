"""How much the fault tests did: their counts and seeds, printed at the end of the session, and the numbers they owe.

`make torture` sets VTSPOLICY_TORTURE=1 and runs the full counts; otherwise at least a tenth of them runs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

TORTURE: Final = os.environ.get("VTSPOLICY_TORTURE") == "1"
BASE_SEED: Final = int(os.environ.get("VTSPOLICY_SEED", "1"))


@dataclass
class Score:
    """What one kind of trial reached, and the number below which the session fails."""

    number: int = 0
    at_least: int = 0

    @property
    def enough(self) -> bool:
        return self.number >= self.at_least


SCORES: Final[dict[str, Score]] = {}
SEEDS: Final[dict[str, int]] = {}


def count(full: int, part: int) -> int:
    """How many trials this session runs: `full` in torture, else `part`, which is at least a tenth of it."""
    if not 0 < part <= full:
        raise ValueError(f"0 < part <= full does not hold: {part}, {full}")
    if part * 10 < full:
        raise ValueError(f"{part} is less than a tenth of {full}")
    return full if TORTURE else part


def tally(what: str, number: int, *, at_least: int = 1) -> None:
    """Adds `number` trials of the kind `what`; the session fails when their sum ends below `at_least`."""
    score = SCORES.setdefault(what, Score())
    score.number += number
    score.at_least = max(score.at_least, at_least)


def seed(what: str) -> int:
    """The seed for `what`: fixed, moved by VTSPOLICY_SEED, and printed at the end."""
    return SEEDS.setdefault(what, BASE_SEED)


def spread(total: int, wanted: int) -> list[int]:
    """At most `wanted` numbers of 1..total, evenly apart, the first and the last among them."""
    if total <= wanted:
        return list(range(1, total + 1))
    if wanted <= 1:
        return [total][:wanted]
    return sorted({1 + round(i * (total - 1) / (wanted - 1)) for i in range(wanted)})


def told() -> dict[str, Any]:
    """All that was counted here, as one process tells another."""
    return {"scores": {what: [score.number, score.at_least] for what, score in SCORES.items()}, "seeds": dict(SEEDS)}


def take(what_was_told: dict[str, Any]) -> None:
    """Adds what another process of this session has counted."""
    for what, (number, at_least) in what_was_told["scores"].items():
        tally(what, number, at_least=at_least)
    SEEDS.update(what_was_told["seeds"])


def lines() -> list[str]:
    """The summary, one line for each count and seed; what fell short says so."""
    counts = [
        f"{what}: {score.number} (at least {score.at_least})" + ("" if score.enough else "  TOO FEW")
        for what, score in sorted(SCORES.items())
    ]
    return counts + [f"seed of {what}: {value}" for what, value in sorted(SEEDS.items())]


def too_few() -> list[str]:
    """The kinds of trial that stayed below their number."""
    return sorted(what for what, score in SCORES.items() if not score.enough)
