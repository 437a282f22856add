"""The console scripts: whatever goes wrong, the code is one of ours, and what is said is one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from vtspolicy import entry


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def main(arguments: list[str], program: str) -> int:
        raise error

    monkeypatch.setattr("vtspolicy.cli.main", main)


@pytest.mark.parametrize(("error", "line"), [
    (RuntimeError("it\nbroke \u00e4"), "*ERROR* vtspolicy has a fault: RuntimeError: it broke \\xe4 (890005)\n"),
    (KeyError("x"), "*ERROR* vtspolicy has a fault: KeyError: 'x' (890005)\n"),
    (SystemExit(1), "*ERROR* vtspolicy has a fault: SystemExit: 1 (890005)\n"),
    (MemoryError(), "*ERROR* vtspolicy has a fault: MemoryError:  (890005)\n"),
    (RecursionError("deep"), "*ERROR* vtspolicy has a fault: RecursionError: deep (890005)\n"),
])
def test_a_fault_of_ours_ends_5_with_one_line(
        error: BaseException, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(error, monkeypatch)
    assert entry._run([], "vtspolicy") == 5
    assert capsys.readouterr().err == line


def test_the_id_of_a_fault_is_that_of_the_table() -> None:
    from vtspolicy.events import by_reason

    assert by_reason("bug").id == "890005"


def test_ctrl_c_ends_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(KeyboardInterrupt(), monkeypatch)
    assert entry._run([], "vtspolicy") == 3
    assert capsys.readouterr().err == ""


def test_a_standard_error_that_is_closed_hides_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(RuntimeError("x"), monkeypatch)
    monkeypatch.setattr(sys, "stderr", None)
    assert entry._run([], "vtspolicy") == 5


@pytest.mark.parametrize(("program", "way"), [("vtspolicy", "receive"), ("VTSPolicy", "sentence")])
def test_receive_is_a_word_of_the_one_script_only(
        program: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[object] = []

    def receive(words: list[str]) -> int:
        went.append(("receive", words))
        return 0

    def main(words: list[str], name: str) -> int:
        went.append(("sentence", words))
        return 0

    monkeypatch.setattr("vtspolicy.receive.main", receive)
    monkeypatch.setattr("vtspolicy.cli.main", main)
    assert entry._run(["receive", "x"], program) == 0
    assert went == [(way, ["x"] if way == "receive" else ["receive", "x"])]


def run(words: list[str], stdout: IO[str] | int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "vtspolicy", *words], text=True, timeout=60, check=False,
                          stdout=stdout, stderr=subprocess.PIPE)


def test_an_import_that_fails_ends_5(tmp_path: Path) -> None:
    program = ("import sys, builtins\n"
               "real = builtins.__import__\n"
               "def broken(name, *rest):\n"
               "    if name.startswith('vtspolicy.c'):\n"
               "        raise ImportError('a module is missing')\n"
               "    return real(name, *rest)\n"
               "from vtspolicy.entry import vtspolicy\n"
               "builtins.__import__ = broken\n"
               "vtspolicy()\n")
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (
        5, "*ERROR* vtspolicy has a fault: ImportError: a module is missing (890005)\n")


def test_a_full_standard_output_keeps_the_code() -> None:
    with open("/dev/full", "w") as full:
        ended = run(["help"], full)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_closed_standard_output_keeps_the_code() -> None:
    program = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', 'vtspolicy', 'help'])"
    ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_usage_error_ends_2() -> None:
    ended = run(["launch"], subprocess.PIPE)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("*ERROR* No such command 'launch'")
