"""The status of a run from what became of its tapes."""

from __future__ import annotations

from collections import Counter

import pytest

from vtspolicy.service.result import Status, Trouble
from vtspolicy.service.run.reckoning import verdict
from vtspolicy.transfer.outcome import Result

FULL, CUT = Trouble("space", "full", retry=True), Trouble("unreachable", "cut", retry=True)
HELD, STOP, BUG = Trouble("held", "x"), Trouble("interrupted", "x", retry=True), Trouble("bug", "x")


@pytest.mark.parametrize(("counts", "errors", "warnings", "status"), [
    ({}, [], 0, Status.NOTHING),
    ({Result.TRUSTED: 9}, [], 0, Status.NOTHING),
    ({Result.TRUSTED: 9}, [], 1, Status.WARNINGS),
    ({Result.COPIED: 1, Result.TRUSTED: 9}, [], 0, Status.DONE),
    ({Result.EQUAL: 1}, [], 0, Status.DONE),
    ({Result.COPIED: 1}, [], 2, Status.WARNINGS),
    ({Result.COPIED: 1, Result.FAILED: 1}, [FULL], 0, Status.PARTIAL),
    ({Result.TRUSTED: 1, Result.REFUSED: 1}, [HELD], 5, Status.PARTIAL),
    ({Result.EQUAL: 1}, [CUT], 0, Status.PARTIAL),
    ({Result.FAILED: 2}, [FULL, FULL], 0, Status.FAILED),
    ({Result.REFUSED: 1}, [HELD], 0, Status.REFUSED),
    ({Result.REFUSED: 1, Result.FAILED: 1}, [HELD, CUT], 0, Status.FAILED),
    ({}, [HELD], 0, Status.REFUSED),
    ({}, [CUT], 0, Status.FAILED),
    ({Result.COPIED: 1}, [STOP], 0, Status.STOPPED),
    ({}, [CUT, STOP], 1, Status.STOPPED),
    ({Result.COPIED: 1}, [STOP, BUG], 0, Status.BUG),
])
def test_a_run_has_its_status(counts: dict[Result, int], errors: list[Trouble], warnings: int, status: Status) -> None:
    assert verdict(Counter({str(each): number for each, number in counts.items()}), errors, warnings) is status
