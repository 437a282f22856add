"""The bar: on standard error, only where bytes are expected, and gone at the end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vtspolicy.report.progress import Bar, Quiet


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = Quiet()
    quiet.expect(5)
    quiet.moved(5)
    quiet.settled("T1", "copied")
    quiet.end()
    assert capsys.readouterr() == ("", "")


def test_a_bar_without_bytes_costs_nothing() -> None:
    program = ("import sys\n"
               "from vtspolicy.report.progress import Bar\n"
               "bar = Bar()\n"
               "bar.expect(0), bar.moved(0), bar.settled('T1', 'trusted'), bar.end()\n"
               "sys.exit('rich' in sys.modules)\n")
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_a_bar_counts_what_is_expected_and_is_taken_away() -> None:
    bar = Bar()
    bar.expect(100)
    bar.expect(50)
    bar.moved(30)
    bar.settled("T00001", "copied")
    assert bar._bar is not None
    task, = bar._bar.tasks
    assert (task.total, task.completed, task.description) == (150, 30, "1 done")
    bar.end()
    bar.end()
    bar.moved(1)
    assert bar._bar is None
