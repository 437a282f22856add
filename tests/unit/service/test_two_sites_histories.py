"""Whatever happens to two sites, nothing is called `safe` unless the bytes on the target are the present source's and
durable, and nothing that a hand put there is overwritten unasked."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.tally import count, seed, spread, tally
from tests.unit.service.chances import ASK, RUN, steps
from tests.unit.service.far_ends import KINDS
from tests.unit.service.happenings import Step, play
from tests.unit.service.histories import TwoSites

TRIALS = count(full=1500, part=150) // len(KINDS)
STEPS = 30
POINTS = 30
"""Changes of a run with a tape to be copied, and some more; fewer of them are fsyncs."""
ONE: list[Step] = [("write", "here", "T1", b"aaaa"), ("say", RUN)]
VERIFY, ADOPT = ("say", "VERIFY SCHEME NIGHTLY"), ("say", "ADOPT POOL /VAULT01/PAYROLL")
BROUGHT = "COPY TAPE /VAULT01/PAYROLL/T1 FROM there"
HAND_OVER_RECORD: list[Step] = [
    ("write", "here", "T1", b"aaaa"), ("write", "here", "T2", b"bbbb"), ("say", RUN),
    ("spoil", "T1", "record", "other"), ("sneak", "there", "T1", b"cccc", True), ("say", RUN)]


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("history", [
    pytest.param([*ONE, ("restore", "there", "T1"), VERIFY], id="restored-then-verified"),
    pytest.param([*ONE, ("restore", "there", "T1"), ("failing", VERIFY[1], 0), ("say", RUN)], id="its-fsync-fails"),
    pytest.param([*ONE, ("restore", "there", "T1"), ("failing", VERIFY[1], 1), ("say", RUN)], id="then-its-names"),
    pytest.param([("write", "here", "T1", b""), ("carry", "T1"), ("say", BROUGHT)], id="equal-on-both-sides"),
    pytest.param([("write", "there", "T1", b"aaaa"), *[("failing", BROUGHT, number) for number in range(6)],
                  ("say", RUN)], id="brought-from-a-bad-disk"),
    pytest.param([*ONE, ("truncate", "there", "T1"), ("say", ASK)], id="seen-changed"),
    pytest.param([*ONE, ("restore", "there", "T1"), ("say", ASK)], id="seen-touched"),
    pytest.param([*ONE, ("delete", "there", "T1"), ("say", ASK)], id="seen-missing"),
    pytest.param([*ONE, ("delete", "there", "T1"), ADOPT], id="adoption-finds-it-missing"),
    pytest.param([*ONE, ("sneak", "there", "T1", b"bbbb", False), ADOPT], id="adoption-finds-it-damaged"),
    *[pytest.param([*ONE, ("write", "here", "T1", b"bbbb"), (how, RUN, point)], id=f"{how}-at-{point}")
      for how, points in (("killed", range(11, 17)), ("failing", range(2, 6))) for point in points],
    *[pytest.param([*ONE, ("sneak", "here", "T1", b"cccc", False), ("killed", RUN, point),
                    ("say", "REBUILD CATALOG !")], id=f"killed-at-{point}-and-rebuilt") for point in range(12, 20)],
    pytest.param(HAND_OVER_RECORD, id="record-of-another-tape"),
    *[pytest.param([("write", "here", "T2", b"cccc"), ("failing", RUN, point), ("spoil", "T2", "record", "other"),
                    ("say", "COPY TAPE /VAULT01/PAYROLL/T2 FROM there, REPLACE")], id=f"brought-after-{point}")
      for point in range(2, 6)],
])
def test_histories_that_once_went_wrong(kind: str, history: list[Step]) -> None:
    lived(kind, history)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["killed", "failing"])
def test_a_publish_that_is_cut_off_anywhere(kind: str, how: str) -> None:
    """A second version, and then the state is lost, too; a first one, and the target is asked."""
    for point in spread(POINTS, count(full=POINTS, part=6)):
        cut: list[Step] = [("write", "here", "T1", b"bbbb"), (how, RUN, point)]
        lived(kind, [*ONE, *cut, ("say", "REBUILD CATALOG !"), ("say", RUN)])
        lived(kind, [("write", "here", "T2", b"cccc"), (how, RUN, point), ("say", ASK), VERIFY, ("say", RUN)])
