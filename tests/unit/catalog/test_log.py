"""The log files say each event once, whatever happens to them or to us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from freezegun import freeze_time

from tests.unit.catalog.conftest import SOURCE, TARGET
from vtspolicy.catalog import log as log_files
from vtspolicy.catalog.log import LogWriter, text_line
from vtspolicy.catalog.state import State, open_state, set_aside
from vtspolicy.catalog.times import zone_of

LOGS = ("event.log", "events.jsonl")


def record(state: State, *names: str) -> None:
    for name in names:
        with state.transaction(run="R1") as transaction:
            transaction.event("224007", tape=SOURCE.tape(name), target=TARGET, size=1000, seconds=0.1, digest="ab")


def path_of(state: State, log: str) -> Path:
    return Path(state.folder, "log", log)


def tapes(path: Path) -> list[str]:
    """The tapes whose events stand in a log file, in order; each line must be whole."""
    content = path.read_text("ascii")
    assert content == "" or content.endswith("\n")
    if path.name.startswith("events.jsonl"):
        return [json.loads(line)["tape"] for line in content.splitlines()]
    lines = [line.split("|") for line in content.splitlines()]
    assert all(len(line) == 9 for line in lines)
    return [line[8].split(" ")[1].rpartition("/")[2] for line in lines]


def all_tapes(state: State, log: str) -> list[str]:
    """The same over a log and what it was rotated to, oldest first."""
    found = sorted(path_of(state, log).parent.glob(log + "*"), reverse=True)
    return [tape for path in found for tape in tapes(path)]


@freeze_time("2026-07-01 22:30:00.5")
def test_a_line_has_the_documented_form_in_a_closed_file(state: State) -> None:
    record(state, "T00001")
    assert LogWriter(state, "Europe/Berlin").write() is None
    assert path_of(state, "event.log").read_text() == (
        "2026-07-02 00:30:00|INFO|224007|vts2|127.0.0.1|tapeserver01|operator|vtspolicy|Cartridge "
        "vts1:/VAULT01/PAYROLL/T00001 verified on vts2:/VAULT01/PAYROLL, 1000 bytes in 0.1 s, digest ab\n")
    line, = path_of(state, "events.jsonl").read_text().splitlines()
    assert json.loads(line) == state.events()[0].as_json()
    assert json.loads(line)["time"] == "2026-07-01T22:30:00.500Z"
    assert path_of(state, "event.log").parent.stat().st_mode & 0o777 == 0o700
    assert {path_of(state, log).stat().st_mode & 0o777 for log in LOGS} == {0o600}


def test_no_field_is_longer_than_documented_and_the_end_stays(state: State) -> None:
    with state.transaction() as transaction:
        transaction.event("624014", tape=SOURCE.tape("T" * 63), target=TARGET, system="system" * 5, detail="d" * 400)
    event = replace(state.events()[0], address="2001:db8:1111:2222::1", server="s" * 60, user="u|\n" * 20,
                    program="p" * 50)
    line = text_line(replace(event, user=r"u\x7c\x0a" * 20), zone_of("UTC"))
    fields = line.split("|")
    assert len(line) <= 255
    limits = (19, 8, 6, 7, 15, 15, 15, 15, 177)
    assert all(len(field) <= limit for field, limit in zip(fields, limits, strict=True))
    assert line.endswith("rc=space")
    short = text_line(replace(state.events()[0], system="vts2"), zone_of("UTC"))
    assert len(short) <= 255
    assert len(short.split("|")[8]) > 160


def test_what_is_not_printable_is_escaped(state: State) -> None:
    with state.transaction() as transaction:
        transaction.event("432004", system="vts2", detail="\x1b]0;owned\x07\nline|two é")
    LogWriter(state).write()
    line, = path_of(state, "event.log").read_text().splitlines()
    assert line.endswith(r"hello, \x1b]0;owned\x07\x0aline\x7ctwo \xc3\xa9")
    told, = path_of(state, "events.jsonl").read_text("ascii").splitlines()
    assert json.loads(told)["fields"]["detail"] == "\x1b]0;owned\x07\nline|two é"


def test_each_event_stands_once_however_often_is_written(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "_BATCH", 3)
    names = [f"T{number}" for number in range(10)]
    writer = LogWriter(state)
    assert writer.write() is None
    assert not path_of(state, "event.log").exists()
    record(state, *names[:8])
    writer.write()
    writer.write()
    record(state, *names[8:])
    LogWriter(state).write()
    for log in LOGS:
        assert tapes(path_of(state, log)) == names


def rename(path: Path) -> None:
    path.rename(path.with_name(path.name + ".1"))


def rename_and_make(path: Path) -> None:
    rename(path)
    path.touch(0o600)


def rename_twice(path: Path) -> None:
    path.rename(path.with_name(path.name + ".2"))
    path.with_name(path.name + ".1").touch()


@pytest.mark.parametrize("rotate", [rename, rename_and_make, rename_twice])
def test_a_rotation_by_rename_neither_loses_nor_doubles(state: State, rotate: Callable[[Path], None]) -> None:
    writer = LogWriter(state)
    record(state, "T1", "T2")
    writer.write()
    for log in LOGS:
        rotate(path_of(state, log))
    record(state, "T3")
    writer.write()
    for log in LOGS:
        assert tapes(path_of(state, log)) == ["T3"]
        assert all_tapes(state, log) == ["T1", "T2", "T3"]


@pytest.mark.parametrize("lines_kept", [0, 1])
def test_a_file_that_became_shorter_goes_on_at_its_end(state: State, lines_kept: int) -> None:
    writer = LogWriter(state)
    record(state, "T1", "T2")
    writer.write()
    for log in LOGS:
        path = path_of(state, log)
        os.truncate(path, lines_kept * (path.read_text().index("\n") + 1))
    record(state, "T3")
    writer.write()
    for log in LOGS:
        assert tapes(path_of(state, log)) == ["T1"] * lines_kept + ["T3"]


def test_a_deleted_file_starts_anew(state: State) -> None:
    writer = LogWriter(state)
    record(state, "T1")
    writer.write()
    for log in LOGS:
        path_of(state, log).unlink()
    record(state, "T2")
    writer.write()
    for log in LOGS:
        assert tapes(path_of(state, log)) == ["T2"]


@pytest.mark.parametrize("rotate", [None, rename, rename_and_make])
@pytest.mark.parametrize("part", [0.3, 0.999, 1.0])
@pytest.mark.parametrize("first", [True, False], ids=["new file", "old file"])
def test_what_a_kill_leaves_behind_the_cursor_is_not_doubled(
        state: State, rotate: Callable[[Path], None] | None, part: float, first: bool,
        monkeypatch: pytest.MonkeyPatch) -> None:
    before = [] if first else ["T1", "T2"]
    writer = LogWriter(state)
    record(state, *before)
    writer.write()
    record(state, "T3", "T4")

    class KilledError(BaseException):
        """Stands for a SIGKILL: no handler of ours sees it."""

    def killed_append(descriptor: int, position: int, data: bytes) -> None:
        os.write(descriptor, data[:int(len(data) * part)])
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(log_files, "_append", killed_append)
        with pytest.raises(KilledError):
            writer.write()
    if rotate is not None:
        rotate(path_of(state, "event.log"))
    record(state, "T5")
    assert LogWriter(state).write() is None
    for log in LOGS:
        assert all_tapes(state, log) == [*before, "T3", "T4", "T5"]


KILLED_BETWEEN = """
import os, signal, sys
from vtspolicy.catalog.log import LogWriter
from vtspolicy.catalog.state import open_state
from vtspolicy.catalog.transaction import Transaction
saves = 0
whole = Transaction.save_log_cursor
def killed(self, log, cursor):
    global saves
    saves += 1
    if saves == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    whole(self, log, cursor)
Transaction.save_log_cursor = killed
LogWriter(open_state(sys.argv[1], sys.argv[2])).write()
"""


@pytest.mark.parametrize("save", [1, 2, 3, 4])
def test_a_real_kill_at_each_commit_of_the_cursor(state: State, policies: str, save: int) -> None:
    record(state, "T1", "T2", "T3")
    result = subprocess.run([sys.executable, "-c", KILLED_BETWEEN, state.folder, policies, str(save)], check=False)
    assert result.returncode == -signal.SIGKILL
    record(state, "T4")
    assert LogWriter(state).write() is None
    for log in LOGS:
        assert tapes(path_of(state, log)) == ["T1", "T2", "T3", "T4"]


def test_lines_that_an_older_state_does_not_know_are_kept(state: State, policies: str) -> None:
    record(state, "T1")
    LogWriter(state).write()
    backup = Path(state.path).read_bytes()
    record(state, "T2")
    LogWriter(state).write()
    state.close()
    Path(state.path).write_bytes(backup)
    with open_state(state.folder, policies) as restored:
        record(restored, "T3")
        LogWriter(restored).write()
        for log in LOGS:
            assert tapes(path_of(restored, log)) == ["T1", "T2", "T3"]


def test_a_new_state_goes_on_behind_the_old_ones_lines(state: State, policies: str) -> None:
    record(state, "T1")
    LogWriter(state).write()
    set_aside(state.folder)
    with open_state(state.folder, policies) as new:
        record(new, "T2")
        LogWriter(new).write()
        for log in LOGS:
            assert tapes(path_of(new, log)) == ["T1", "T2"]


def test_a_log_that_cannot_be_written_is_told_once_and_caught_up_later(state: State) -> None:
    writer = LogWriter(state)
    path_of(state, "event.log").parent.mkdir(mode=0o700)
    path_of(state, "event.log").mkdir()
    record(state, "T1")
    assert "event.log: Is a directory" in (writer.write() or "")
    record(state, "T2")
    assert writer.write() is None
    assert tapes(path_of(state, "events.jsonl")) == ["T1", "T2"]
    path_of(state, "event.log").rmdir()
    assert writer.write() is None
    assert tapes(path_of(state, "event.log")) == ["T1", "T2"]
    record(state, "T3")
    path_of(state, "event.log").unlink()
    path_of(state, "event.log").symlink_to("/dev/null")
    assert writer.write() is not None


def test_a_full_disk_leaves_no_half_line(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LogWriter(state)
    record(state, "T1")
    writer.write()
    record(state, "T2")
    whole = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 50:
            return whole(descriptor, data[:50])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert "No space left on device" in (writer.write() or "")
    for log in LOGS:
        assert tapes(path_of(state, log)) == ["T1"]
    assert writer.write() is None
    for log in LOGS:
        assert tapes(path_of(state, log)) == ["T1", "T2"]


def test_a_log_folder_out_of_reach_is_told(state: State) -> None:
    Path(state.folder, "log").write_text("")
    record(state, "T1")
    assert os.path.join(state.folder, "log") in (LogWriter(state).write() or "")


def test_another_process_that_holds_the_log_is_named(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "_PATIENCE", 0.1)
    record(state, "T1")
    folder = Path(state.folder, "log")
    folder.mkdir(mode=0o700)
    with log_files.locked(str(folder / ".lock"), 1.0):
        assert f"held by process {os.getpid()}" in (LogWriter(state).write() or "")
