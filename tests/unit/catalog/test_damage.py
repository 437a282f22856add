"""A state file that cannot be trusted is refused, or still answers right; it is never changed or replaced."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support import tally
from tests.unit.catalog.conftest import SOURCE, TARGET, a_copy
from vtspolicy.catalog import database
from vtspolicy.catalog.eventlog import EventFilter
from vtspolicy.catalog.runs import Run
from vtspolicy.catalog.schema import SCHEMA_VERSION
from vtspolicy.catalog.state import open_state
from vtspolicy.errors import Locked, StateUnusable
from vtspolicy.policy.places import Vault

PAGE = 4096
Answers = tuple[object, ...]


def fill(folder: str, policies: str) -> None:
    with open_state(folder, policies) as state:
        for number in range(30):
            with state.transaction(run="R1") as transaction:
                transaction.save_copy(a_copy(f"T{number:05}"))
                transaction.event("224004", tape=SOURCE.tape(f"T{number:05}"), target=TARGET, size=1000)
        with state.transaction() as transaction:
            transaction.start_run(Run("R1", "IDR"))
            transaction.remember_vault(Vault("vts2", "VAULT01"), "aa")
            transaction.remember_far_end("vts2", "receiver")


def ask(folder: str, policies: str) -> Answers:
    with open_state(folder, policies) as state:
        return (state.id, state.all_copies(), state.copies(SOURCE, TARGET), state.copies_on("vts2"),
                state.copies_of_tape(SOURCE.tape("T00007")), state.events(), state.events(EventFilter(run="R1")),
                state.events(EventFilter(tape="T00007")), state.runs(), state.run("R1"),
                state.vault(Vault("vts2", "VAULT01")), state.far_end("vts2"), state.log_cursor("event.log"))


def write(folder: str, policies: str) -> None:
    with open_state(folder, policies) as state, state.transaction() as transaction:
        transaction.save_copy(a_copy("T00007", size=7))
        transaction.event("224004", tape=SOURCE.tape("T00007"))


def zeros(content: bytes) -> bytes:
    return b""


def noise(content: bytes) -> bytes:
    return bytes((number * 167 + 13) % 256 for number in range(len(content)))


def short(content: bytes) -> bytes:
    return content[:60]


def cut(content: bytes) -> bytes:
    return content[:len(content) // 2 // PAGE * PAGE]


def text(content: bytes) -> bytes:
    return b"kind: scheme\nname: NIGHTLY\n" * 10


def newer(content: bytes) -> bytes:
    return content[:60] + (SCHEMA_VERSION + 1).to_bytes(4, "big") + content[64:]


def no_version(content: bytes) -> bytes:
    return content[:60] + bytes(4) + content[64:]


def other_application(content: bytes) -> bytes:
    return content[:68] + (0x0F055112).to_bytes(4, "big") + content[72:]


@pytest.mark.parametrize(("damage", "words"), [
    (zeros, "0 bytes"), (noise, "damaged"), (short, "damaged"), (cut, "damaged"), (text, "no state file"),
    (newer, f"schema {SCHEMA_VERSION + 1}, made by a newer vtspolicy.*upgrade"), (no_version, "no schema version"),
    (other_application, "another program")])
def test_it_is_refused_and_left_as_it_is(folder: str, policies: str, damage: Callable[[bytes], bytes],
                                         words: str) -> None:
    fill(folder, policies)
    path = Path(folder, "state.db")
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    there = sorted(os.listdir(folder))
    for _ in range(2):
        with pytest.raises(StateUnusable, match=words) as caught:
            open_state(folder, policies)
        assert str(path) in str(caught.value)
    assert path.read_bytes() == damaged
    assert sorted(os.listdir(folder)) == there


def test_a_database_of_another_program_is_refused(folder: str, policies: str) -> None:
    os.mkdir(folder, 0o700)
    path = os.path.join(folder, "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE copy (a TEXT)")
        connection.commit()
    with pytest.raises(StateUnusable, match="another program"):
        open_state(folder, policies)


def test_our_marks_without_our_tables_are_refused(folder: str, policies: str) -> None:
    os.mkdir(folder, 0o700)
    path = os.path.join(folder, "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id=0x56545350")
        connection.execute("PRAGMA user_version=1")
        connection.execute("CREATE TABLE copy (a TEXT)")
        connection.commit()
    with pytest.raises(StateUnusable, match="damaged"):
        open_state(folder, policies)


def test_what_is_no_file_is_refused(folder: str, policies: str, tmp_path: Path) -> None:
    fill(folder, policies)
    path = Path(folder, "state.db")
    path.rename(tmp_path / "real")
    path.symlink_to(tmp_path / "real")
    with pytest.raises(StateUnusable, match="not a regular file"):
        open_state(folder, policies)
    path.unlink()
    path.mkdir()
    with pytest.raises(StateUnusable, match="not a regular file"):
        open_state(folder, policies)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(StateUnusable, match="not a regular file"):
        open_state(folder, policies)


@pytest.mark.parametrize("checked", [True, False], ids=["small enough to be checked", "too large to be checked"])
@pytest.mark.parametrize("flip", [0xFF, 0x01], ids=["inverted", "low bits"])
def test_each_page_flipped(folder: str, policies: str, monkeypatch: pytest.MonkeyPatch, checked: bool,
                           flip: int) -> None:
    fill(folder, policies)
    path = Path(folder, "state.db")
    right = ask(folder, policies)
    good = path.read_bytes()
    if not checked:
        monkeypatch.setattr(database, "CHECKED_SIZE", 0)
    refused = 0
    for start in range(0, len(good), PAGE):
        page = bytes(byte ^ flip for byte in good[start:start + PAGE])
        damaged = good[:start] + page + good[start + PAGE:]
        path.write_bytes(damaged)
        try:
            assert ask(folder, policies) == right
        except StateUnusable:
            refused += 1
            assert path.read_bytes() == damaged
        with suppress(StateUnusable, Locked):
            write(folder, policies)
        path.write_bytes(good)
        Path(folder, "state.db-journal").unlink(missing_ok=True)
    assert refused > 0
    if checked:
        assert refused >= len(good) // PAGE - 1
    tally.tally("pages of the state flipped", len(good) // PAGE)


@pytest.mark.parametrize("statement", [
    "UPDATE copy SET size = 'many'", "UPDATE copy SET source_identity = '1 2 3'",
    "UPDATE copy SET source_identity = '1 2 x 4'", "UPDATE copy SET digest = x'00ff'",
    "UPDATE event SET fields = '{'", "UPDATE event SET fields = '[]'", "UPDATE event SET time = 'noon'",
    "UPDATE event SET id = 'x'", "UPDATE event SET text = x'ff'", "UPDATE run SET counts = 'x'",
    "UPDATE run SET counts = '[]'", "UPDATE vault SET identity = x'ff'", "UPDATE event SET tape = cast(x'ff' AS TEXT)",
    "DELETE FROM state"])
def test_a_row_that_makes_no_sense_is_no_traceback(folder: str, policies: str, statement: str) -> None:
    fill(folder, policies)
    with closing(sqlite3.connect(os.path.join(folder, "state.db"))) as connection:
        assert connection.execute(statement).rowcount > 0
        connection.commit()
    with pytest.raises(StateUnusable, match="damaged"):
        ask(folder, policies)
