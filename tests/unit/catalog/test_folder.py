"""Where the state lies, whose it is, and how it is set aside."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from freezegun import freeze_time

from vtspolicy.catalog import folder as folders
from vtspolicy.catalog.folder import check_folder, find_state, locked, set_aside
from vtspolicy.catalog.state import open_state
from vtspolicy.errors import Locked, StateUnusable


def test_the_option_wins_then_the_environment(tmp_path: Path) -> None:
    environ = {"VTSPOLICY_STATE": "/elsewhere", "HOME": str(tmp_path)}
    assert find_state("/here", environ) == "/here"
    assert find_state(None, environ) == "/elsewhere"
    assert find_state("state", environ) == os.path.abspath("state")


def test_root_has_the_machines_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(folders, "SYSTEM_STATE", str(tmp_path / "not-there-yet"))
    assert find_state(None, {"HOME": "/root"}) == str(tmp_path / "not-there-yet")


@pytest.mark.parametrize("there", [True, False])
def test_a_user_has_the_machines_state_where_there_is_one_else_his_own(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    machine = tmp_path / "machine"
    monkeypatch.setattr(folders, "SYSTEM_STATE", str(machine))
    if there:
        machine.mkdir()
    expected = str(machine) if there else "/home/anna/.local/state/vtspolicy"
    assert find_state(None, {"HOME": "/home/anna", "VTSPOLICY_STATE": ""}) == expected


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    old = os.umask(0)
    try:
        check_folder(str(folder), create=True)
    finally:
        os.umask(old)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o750 | 0o001, 0o720])
def test_an_open_folder_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(StateUnusable, match=f"mode {mode:04o}.*chmod 0700"):
        check_folder(str(folder), create=True)
    assert folder.stat().st_mode & 0o777 == mode


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateUnusable, match="not a directory"):
        check_folder(str(tmp_path / "file"), create=True)
    with pytest.raises(StateUnusable, match="Not a directory"):
        check_folder(str(tmp_path / "file" / "below"), create=True)


def test_nothing_is_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(StateUnusable, match="there is no state"):
        check_folder(str(tmp_path / "state"), create=False)
    assert not (tmp_path / "state").exists()


OTHER_USER = """
import os, sys
from vtspolicy.catalog.state import open_state
from vtspolicy.errors import StateUnusable
os.setgid(65534); os.setuid(65534)
try:
    open_state(sys.argv[1], "/")
except StateUnusable as failure:
    print(failure)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("closed", ["the folder", "the folder above", "the file"])
def test_another_user_is_told_whose_the_state_is(closed: str) -> None:
    with tempfile.TemporaryDirectory() as top:      # pytest's own folders are closed to other users
        os.chmod(top, 0o700 if closed == "the folder above" else 0o711)
        folder = os.path.join(top, "state")
        open_state(folder, "/").close()
        if closed == "the file":
            os.chown(folder, 65534, 65534)
        before = Path(folder, "state.db").read_bytes()
        result = subprocess.run([sys.executable, "-c", OTHER_USER, folder], capture_output=True, text=True, cwd="/",
                                check=True)
        assert "belongs to root" in result.stdout
        assert folder in result.stdout
        assert result.stderr == ""
        assert Path(folder, "state.db").read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_belongs_to_the_folders_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with open_state(str(folder), "/") as state, state.transaction() as transaction:
        transaction.event("230001", kind="SCHEME", name="NIGHTLY")
    owners = {path.name: path.stat().st_uid for path in folder.iterdir()}
    assert set(owners.values()) == {65534}, owners


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with locked(path, 1.0):
        started = time.monotonic()
        with pytest.raises(Locked, match=f"process {os.getpid()}"), locked(path, 0.1):
            pass
        assert time.monotonic() - started < 5
    with locked(path, 0.1):
        pass


@freeze_time("2026-11-22 16:25:18", ignore=["time.monotonic"])
def test_a_state_is_set_aside_whole(folder: str, policies: str) -> None:
    with open_state(folder, policies) as state:
        first = state.id
    content = Path(folder, "state.db").read_bytes()
    Path(folder, "state.db-journal").write_bytes(b"journal")
    kept = set_aside(folder)
    assert kept == os.path.join(folder, "state.db.kept-20261122T162518Z")
    assert Path(kept).read_bytes() == content
    assert Path(kept + "-journal").read_bytes() == b"journal"
    with open_state(folder, policies) as state:
        assert state.id != first
    again = set_aside(folder)
    assert again == kept + "-2"
    assert Path(kept).read_bytes() == content
    assert set_aside(folder) is None


def test_a_lone_journal_is_never_applied_to_a_new_state(folder: str, policies: str) -> None:
    open_state(folder, policies).close()
    os.unlink(os.path.join(folder, "state.db"))
    journal = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\0" * 1000
    Path(folder, "state.db-journal").write_bytes(journal)
    with open_state(folder, policies) as state:
        assert state.all_copies() == ()
    kept = [path for path in Path(folder).iterdir() if "kept" in path.name]
    assert [path.read_bytes() for path in kept] == [journal]


def test_a_process_that_still_has_the_old_state_open_ends(folder: str, policies: str) -> None:
    with open_state(folder, policies) as old:
        set_aside(folder)
        with open_state(folder, policies) as new, pytest.raises(StateUnusable, match="set aside or removed"):
            with old.transaction() as transaction:
                transaction.event("230001", kind="SCHEME", name="NIGHTLY")
            assert new.events() == ()
