"""The counts that a session owes: printed, and a session that falls short fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import tally

TOP = Path(__file__).parents[3]


def session(folder: Path, body: str, **environment: str) -> tuple[int, str]:
    """Runs a test file of its own session under our conftest; exit code and output."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "test_it.py").write_text("from tests.support.tally import *\nfrom hypothesis import settings\n" + body)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder],
        env={**os.environ, "PYTHONPATH": str(TOP), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_enough_passes_and_is_printed(tmp_path: Path) -> None:
    body = "def test_it(): tally('kills', 40); tally('kills', 5, at_least=45); assert seed('cuts') == 9\n"
    code, output = session(tmp_path, body, VTSPOLICY_SEED="9")
    assert code == 0
    assert "kills: 45 (at least 45)\n" in output
    assert "seed of cuts: 9\n" in output


def test_too_few_fail_the_session(tmp_path: Path) -> None:
    code, output = session(tmp_path, "def test_it(): tally('kills', 44, at_least=45)\n")
    assert code == 1
    assert "1 passed" in output
    assert "kills: 44 (at least 45)  TOO FEW\n" in output


def test_torture_runs_the_full_counts(tmp_path: Path) -> None:
    body = "def test_it(torture): assert torture and count(100, 10) == 100 and settings().max_examples == 1000\n"
    assert session(tmp_path, body, VTSPOLICY_TORTURE="1")[0] == 0
    body = "def test_it(torture): assert not torture and count(100, 10) == 10 and settings().derandomize\n"
    assert session(tmp_path, body, VTSPOLICY_TORTURE="0")[0] == 0


def test_less_than_a_tenth_is_refused() -> None:
    with pytest.raises(ValueError, match="9 is less than a tenth of 100"):
        tally.count(100, 9)


@pytest.mark.parametrize(
    ("total", "wanted", "numbers"),
    [(3, 5, [1, 2, 3]), (10, 4, [1, 4, 7, 10]), (10, 1, [10]), (0, 3, []), (100, 2, [1, 100])],
)
def test_spread(total: int, wanted: int, numbers: list[int]) -> None:
    assert tally.spread(total, wanted) == numbers
