"""What is recorded comes back, all of a transaction or nothing of it."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.catalog.conftest import ORIGIN, SOURCE, TARGET, a_copy
from vtspolicy.catalog.runs import Run, new_run_id
from vtspolicy.catalog.schema import SCHEMA_VERSION
from vtspolicy.catalog.state import State, open_state
from vtspolicy.errors import Locked, StateUnusable
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.facts import Identity


def pragma(state: State, name: str) -> object:
    return state._connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_the_file_is_ours_durable_and_closed_to_others(state: State) -> None:
    assert stat.S_IMODE(os.stat(state.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(state.folder).st_mode) == 0o700
    assert pragma(state, "journal_mode") == "truncate"
    assert pragma(state, "synchronous") == 2
    assert pragma(state, "foreign_keys") == 1
    assert pragma(state, "busy_timeout") == 30_000
    assert pragma(state, "application_id") == 0x56545350
    assert pragma(state, "user_version") == SCHEMA_VERSION
    assert sorted(os.listdir(state.folder)) == ["state.db", "state.lock"]


def test_the_id_stays(state: State, folder: str, policies: str) -> None:
    assert len(state.id) == 16
    int(state.id, 16)
    with open_state(folder, policies, create=False) as again:
        assert again.id == state.id
        assert again.created == state.created


def test_no_state_is_made_unasked(folder: str, policies: str) -> None:
    with pytest.raises(StateUnusable, match="there is no state"):
        open_state(folder, policies, create=False)
    os.mkdir(folder, 0o700)
    with pytest.raises(StateUnusable, match="there is no state"):
        open_state(folder, policies, create=False)
    assert os.listdir(folder) == []


def test_a_state_of_another_policy_folder_is_refused(state: State, tmp_path: Path, policies: str) -> None:
    (tmp_path / "others").mkdir()
    with pytest.raises(StateUnusable, match=f"belongs to the policies in {policies}.*--state"):
        open_state(state.folder, str(tmp_path / "others"))
    (tmp_path / "link").symlink_to(policies)
    open_state(state.folder, str(tmp_path / "link")).close()


def test_a_copy_comes_back_as_it_was_saved(state: State) -> None:
    copy = replace(a_copy(), trusted="2026-11-23T01:30:00.000Z", reason="space", failed="2026-11-24T01:30:00.000Z")
    never = Copy(SOURCE.tape("T00002"), TARGET.tape("T00002"))
    with state.transaction() as transaction:
        transaction.save_copy(copy)
        transaction.save_copy(never)
    assert state.copies(SOURCE, TARGET) == {"T00001": copy, "T00002": never}
    with state.transaction() as transaction:
        transaction.save_copy(a_copy(size=5))
    assert state.copies(SOURCE, TARGET) == {"T00001": a_copy(size=5), "T00002": never}


def test_copies_are_found_from_either_side(state: State) -> None:
    third = Pool("vts3", "VAULT01", "PAYROLL")
    onward = a_copy("T00001", source=TARGET, target=third)
    here, other = a_copy("T00001"), a_copy("T00002")
    with state.transaction() as transaction:
        for copy in (onward, here, other):
            transaction.save_copy(copy)
    assert state.copies_of_tape(SOURCE.tape("T00001")) == (here,)
    assert state.copies_of_tape(TARGET.tape("T00001")) == (here, onward)
    assert state.copies_of_pool(TARGET) == (here, other, onward)
    assert state.copies_on("vts3") == (onward,)
    assert state.all_copies() == (here, other, onward)
    assert state.copies(SOURCE, third) == {}


@settings(max_examples=100, derandomize=True, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.none(), st.builds(
    Identity, st.integers(0, 2**63), st.integers(-2**63, 2**64 - 1), st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    st.one_of(st.none(), st.integers(-2**63, 2**64 - 1)))))
def test_any_identity_comes_back(state: State, identity: Identity | None) -> None:
    copy = replace(a_copy(), source_identity=identity, target_identity=identity)
    with state.transaction() as transaction:
        transaction.save_copy(copy)
    assert state.copies(SOURCE, TARGET)["T00001"] == copy


@pytest.mark.parametrize("copy", [
    a_copy(size=-1), a_copy(size=2**63), replace(a_copy(), source_identity=Identity(1, 10**9 << 63))])
def test_numbers_out_of_range_are_refused_and_nothing_of_them_stays(state: State, copy: Copy) -> None:
    with pytest.raises(ValueError, match="out of range"), state.transaction() as transaction:
        transaction.save_copy(a_copy("T00009"))
        transaction.save_copy(copy)
    assert state.all_copies() == ()


def test_a_block_that_raises_records_nothing(state: State) -> None:
    with pytest.raises(KeyboardInterrupt), state.transaction() as transaction:
        transaction.save_copy(a_copy())
        transaction.event("224004", tape=SOURCE.tape("T00001"))
        raise KeyboardInterrupt
    assert state.all_copies() == ()
    assert state.events() == ()
    with state.transaction() as transaction:
        transaction.save_copy(a_copy())
    assert len(state.all_copies()) == 1


def test_transactions_do_not_nest(state: State) -> None:
    with pytest.raises(RuntimeError), state.transaction(), state.transaction():
        pass
    with state.transaction():
        pass


@freeze_time("2026-11-22 16:25:18")
def test_a_run_is_recorded_from_start_to_end(state: State) -> None:
    run = Run(new_run_id(), "IDR", policy="NIGHTLY", ref="PAY0304")
    with state.transaction() as transaction:
        transaction.start_run(run)
    begun = replace(run, user="operator", pid=4711, started="2026-11-22T16:25:18.000Z")
    assert state.run(run.id) == begun
    assert state.unfinished_runs() == (begun,)
    with state.transaction() as transaction:
        transaction.end_run(run.id, "partial", {"done": 41, "failed": 1})
    ended = replace(begun, ended="2026-11-22T16:25:18.000Z", status="partial", counts={"done": 41, "failed": 1})
    assert state.run(run.id) == ended
    assert state.unfinished_runs() == ()
    assert state.run("\udcff") is None


def test_the_newest_runs_come_last(state: State) -> None:
    names = [f"R{number}" for number in range(5)]
    for name in names:
        with state.transaction() as transaction:
            transaction.start_run(Run(name, "START"))
    assert [run.id for run in state.runs(3)] == ["R2", "R3", "R4"]
    assert [run.id for run in state.runs(10**30)] == names
    assert state.runs(-1) == ()


def test_run_ids_are_short_unique_and_sort_by_time() -> None:
    with freeze_time("2026-11-22 16:25:18", ignore=["threading"]) as clock:
        ids = []
        for _ in range(100):
            ids.append(new_run_id())
            clock.tick(0.02)
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {12}
    assert len({new_run_id() for _ in range(1000)}) > 990


def test_a_vaults_first_sight_stays_with_its_id(state: State) -> None:
    vault = Vault("vts2", "VAULT01")
    assert state.vault(vault) is None
    for day, identity in ((1, "aa"), (2, "aa"), (3, "bb")):
        with freeze_time(f"2026-11-0{day}"), state.transaction() as transaction:
            transaction.remember_vault(vault, identity)
        seen = "2026-11-03T00:00:00.000Z" if identity == "bb" else "2026-11-01T00:00:00.000Z"
        assert state.vault(vault) == (identity, seen)


def test_a_system_is_remembered_as_what_it_answered(state: State) -> None:
    assert state.far_end("vts2") is None
    for answered in ("receiver", "sftp"):
        with state.transaction() as transaction:
            transaction.remember_far_end("vts2", answered)
        assert state.far_end("vts2") == answered


def test_a_reader_holds_nothing_that_a_writer_needs(state: State, folder: str, policies: str) -> None:
    with open_state(folder, policies, wait=0.1) as other:
        state.all_copies()
        state.events()
        with other.transaction() as transaction:
            transaction.save_copy(a_copy())
        assert len(state.all_copies()) == 1


def test_a_writer_that_does_not_end_is_reported_as_a_lock(state: State, folder: str, policies: str) -> None:
    with open_state(folder, policies, wait=0.1) as other, state.transaction():
        with pytest.raises(Locked, match="another process"), other.transaction():
            pytest.fail("two writers at once")
        assert other.all_copies() == ()
    with open_state(folder, policies, wait=0.1) as other, other.transaction():
        pass


def test_threads_share_a_state(state: State) -> None:
    def record(first: int) -> None:
        for number in range(first, first + 20):
            with state.transaction() as transaction:
                transaction.save_copy(a_copy(f"T{number:05}"))
            state.all_copies()

    threads = [threading.Thread(target=record, args=(base,)) for base in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(state.all_copies()) == 60


@pytest.mark.parametrize(("code", "goes_on"), [(sqlite3.SQLITE_IOERR_FSYNC, False), (sqlite3.SQLITE_FULL, True)])
def test_after_a_disk_fault_nothing_is_written_any_more(state: State, code: int, goes_on: bool) -> None:
    def fault() -> None:
        error = sqlite3.OperationalError("disk")
        error.sqlite_errorcode = code
        raise error

    with pytest.raises(StateUnusable, match="cannot be"), state.transaction():
        fault()
    work: Callable[[], object] = state.all_copies
    if goes_on:
        assert work() == ()
    else:
        with pytest.raises(StateUnusable, match="cannot be read or written"):
            work()


def test_a_full_disk_is_named_and_the_file_stays_good(folder: str, policies: str) -> None:
    with open_state(folder, policies, origin=ORIGIN) as state:
        with state.transaction() as transaction:
            transaction.save_copy(a_copy())
        pages = pragma(state, "page_count")
        assert isinstance(pages, int)
        state._connection.execute(f"PRAGMA max_page_count={pages + 2}")     # what a full disk answers: SQLITE_FULL
        with pytest.raises(StateUnusable, match="disk is full"):
            for number in range(500):
                with state.transaction() as transaction:
                    transaction.save_copy(a_copy(f"X{number}"))
        state._connection.execute("PRAGMA max_page_count=1000000")
        with state.transaction() as transaction:
            transaction.save_copy(a_copy("LAST"))
    with open_state(folder, policies) as state:
        assert "LAST" in state.copies(SOURCE, TARGET)
