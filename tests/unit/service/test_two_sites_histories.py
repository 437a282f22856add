"""Whatever happens to two sites, nothing is called `safe` unless the bytes on the target are the present source's and
durable, and nothing that a hand put there is overwritten unasked."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.tally import count, seed, tally
from tests.unit.service.far_ends import KINDS
from tests.unit.service.happenings import Step, play, steps
from tests.unit.service.histories import TwoSites

TRIALS = count(full=5000, part=500) // len(KINDS)
STEPS = 30


def lived(kind: str, history: list[Step]) -> list[str]:
    """What became of the sentences of a history that begins with a first run."""
    shared = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="vtspolicy-", dir=shared if shared.is_dir() else None))
    try:
        with TwoSites(root, kind) as sites:
            try:
                play(sites, history)
            except BaseException as error:
                error.add_note("\n".join(sites.told))
                raise
            return sites.told
    finally:
        shutil.rmtree(root)


def _goes_wrong(kind: str, history: list[Step]) -> BaseException | None:
    try:
        lived(kind, history)
    except Exception as error:
        return error
    return None


def smallest(kind: str, history: list[Step]) -> list[Step]:
    """A history that goes wrong, without the steps that it does not need for that."""
    part = len(history) // 2
    while part:
        at = 0
        while at < len(history):
            shorter = history[:at] + history[at + part:]
            if _goes_wrong(kind, shorter) is not None:
                history = shorter
            else:
                at += part
        part //= 2
    return history


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_called_safe_that_is_not(kind: str) -> None:
    first = seed("histories of two sites") * 1_000_000
    for number in range(first, first + TRIALS):
        history = steps(random.Random(f"{kind} {number}"), STEPS)
        error = _goes_wrong(kind, history)
        if error is not None:
            least = smallest(kind, history)
            again = _goes_wrong(kind, least) or error
            again.add_note("\n".join((f"history {number} of {kind}; the least of it:", *map(str, least))))
            raise again
        tally("histories of two sites", 1, at_least=TRIALS * len(KINDS))
