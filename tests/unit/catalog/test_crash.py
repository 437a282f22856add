"""Killed at any moment, nothing acknowledged is lost; two writers never hinder each other for long."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import tally
from tests.unit.catalog.conftest import SOURCE, TARGET, a_copy
from vtspolicy.catalog.log import LogWriter
from vtspolicy.catalog.state import open_state
from vtspolicy.errors import Locked

WRITER = """
import os, sys
from vtspolicy.catalog.log import LogWriter
from vtspolicy.catalog.state import open_state
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Pool
folder, policies, name, most = sys.argv[1:5]
source, target = Pool("vts1", "VAULT01", "PAYROLL"), Pool("vts2", "VAULT01", "PAYROLL")
with open_state(folder, policies) as state:
    log = LogWriter(state)
    os.write(1, b"open\\n")
    for number in range(int(most)):
        tape = f"{name}.{number}"
        with state.transaction(run=name) as transaction:
            transaction.save_copy(Copy(source.tape(tape), target.tape(tape), digest="ab", size=number))
            transaction.event("224007", tape=source.tape(tape), target=target)
        os.write(1, tape.encode() + b"\\n")
        if number % 7 == 0:
            log.write()
"""

CREATOR = """
import sys
from vtspolicy.catalog.state import open_state
with open_state(sys.argv[1], sys.argv[2]) as state:
    print(state.id)
"""

STOPPED = """
import os, signal, sys
from tests.unit.catalog.conftest import a_copy
from vtspolicy.catalog.state import open_state
with open_state(sys.argv[1], sys.argv[2]) as state:
    with state.transaction() as transaction:
        transaction.save_copy(a_copy("T1"))
    with state.transaction() as transaction:
        transaction.save_copy(a_copy("T2"))
        os.write(1, b"in it\\n")
        os.kill(os.getpid(), signal.SIGSTOP)
"""


def start(folder: str, policies: str, name: str, most: int = 10**6) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, folder, policies, name, str(most)], stdout=subprocess.PIPE)


def check(folder: str, policies: str, acknowledged: set[str]) -> None:
    """Everything acknowledged is there, each copy with its event, and each event once in each log."""
    with open_state(folder, policies) as state:
        copies = set(state.copies(SOURCE, TARGET))
        assert acknowledged <= copies
        assert sorted(event.tape or "" for event in state.events()) == sorted(copies)
        assert LogWriter(state).write() is None
        texts = [f"{event.number},{event.tape}" for event in state.events()]
        for log in ("event.log", "events.jsonl"):
            assert len(Path(folder, "log", log).read_text().splitlines()) == len(texts), log
    with closing(sqlite3.connect(os.path.join(folder, "state.db"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_two_processes_write_at_once(folder: str, policies: str) -> None:
    writers = [start(folder, policies, name, 100) for name in ("A", "B")]
    acknowledged = set()
    for writer in writers:
        out, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0
        acknowledged |= set(out.decode().split()) - {"open"}
    assert len(acknowledged) == 200
    check(folder, policies, acknowledged)


def test_a_storm_of_kills_loses_nothing_that_was_acknowledged(folder: str, policies: str) -> None:
    """Two writers at once; every now and then one is killed, and another goes on with the same files."""
    chance = random.Random(tally.seed("storm of kills on the state"))
    kills = tally.count(100, 10)
    acknowledged: set[str] = set()
    other = start(folder, policies, "other")
    try:
        for number in range(kills):
            writer = start(folder, policies, f"K{number}")
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"open\n"
            time.sleep(chance.uniform(0, 0.12))
            writer.kill()
            out, _ = writer.communicate()
            assert writer.returncode == -signal.SIGKILL
            acknowledged |= {line for line in out.decode().split("\n")[:-1] if line}
    finally:
        other.kill()
        out, _ = other.communicate()
    acknowledged |= {line for line in out.decode().split("\n")[:-1] if line} - {"open"}
    assert len(acknowledged) > kills
    check(folder, policies, acknowledged)
    tally.tally("kills in the storm on the state", kills, at_least=kills)


def test_a_kill_while_a_state_is_made_leaves_none_or_a_whole_one(folder: str, policies: str) -> None:
    """Killed at evenly spread moments of the making; a second start always succeeds."""
    chance = random.Random(tally.seed("kills while a state is made"))
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", CREATOR, folder, policies], check=True, capture_output=True)
    whole = time.monotonic() - started
    none = made = 0
    kills = tally.count(100, 12)
    for _ in range(kills):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        maker = subprocess.Popen([sys.executable, "-c", CREATOR, folder, policies], stdout=subprocess.PIPE)
        time.sleep(chance.uniform(0.5, 1.05) * whole)
        maker.kill()
        out, _ = maker.communicate()
        there = os.path.exists(os.path.join(folder, "state.db"))
        made, none = made + there, none + (not there)
        with open_state(folder, policies) as state:
            assert not out.strip() or out.decode().strip() == state.id
            assert state.all_copies() == ()
        assert sorted(os.listdir(folder)) == ["state.db", "state.lock"]
    assert made + none == kills
    tally.tally("kills while a state is made", kills, at_least=kills)


def test_two_processes_make_one_state(folder: str, policies: str) -> None:
    makers = [subprocess.Popen([sys.executable, "-c", CREATOR, folder, policies], stdout=subprocess.PIPE)
              for _ in range(4)]
    ids = {maker.communicate(timeout=60)[0] for maker in makers}
    assert len(ids) == 1
    assert {maker.returncode for maker in makers} == {0}


def test_a_writer_that_is_stopped_in_its_transaction_does_not_hinder_readers(folder: str, policies: str) -> None:
    writer = subprocess.Popen([sys.executable, "-c", STOPPED, folder, policies], stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"in it\n"
        with open_state(folder, policies, wait=0.2) as state:
            assert list(state.copies(SOURCE, TARGET)) == ["T1"]
            with pytest.raises(Locked), state.transaction():
                pass
    finally:
        writer.kill()
        writer.communicate()
    with open_state(folder, policies, wait=0.2) as state, state.transaction() as transaction:
        transaction.save_copy(a_copy("T3"))
        assert list(state.copies(SOURCE, TARGET)) == ["T1", "T3"]
