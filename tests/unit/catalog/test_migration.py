"""State files of each earlier schema, made by the program of that time, are opened by this one and lose nothing."""

from __future__ import annotations

import gzip
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vtspolicy.catalog.schema import SCHEMA_VERSION, STEPS
from vtspolicy.catalog.state import open_state
from vtspolicy.errors import Locked, StateUnusable
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.facts import Freeze, Identity

SCHEMAS = Path(__file__).parent / "schemas"
POLICIES = "/srv/policies"
"""The policy folder that the old files belong to."""
PAYROLL = Pool("vts1", "VAULT01", "PAYROLL"), Pool("vts2", "VAULT01", "PAYROLL")
KNOWN = ("copy", "run", "vault", "far_end", "event", "log_cursor", "state")


def put_old(folder: Path, version: int) -> Path:
    """A state folder with the file of an earlier schema; the file."""
    folder.mkdir(mode=0o700)
    path = folder / "state.db"
    path.write_bytes(gzip.decompress((SCHEMAS / f"{version}.db.gz").read_bytes()))
    path.chmod(0o600)
    return path


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """All that a file says, by table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid")]
                for table in KNOWN}


def shape(path: Path) -> list[tuple[Any, ...]]:
    """Tables, their columns, and indexes, whatever the order in which they were made."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT type, name FROM sqlite_schema ORDER BY name").fetchall()
        return [(kind, name, *connection.execute("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)",
                                                  (name,)).fetchall()) for kind, name in names]


def test_an_old_file_of_each_schema_is_here() -> None:
    assert sorted(path.name for path in SCHEMAS.iterdir()) == [f"{each}.db.gz" for each in range(1, SCHEMA_VERSION)]
    assert sorted(STEPS) == list(range(1, SCHEMA_VERSION))


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_what_it_knew_is_known(tmp_path: Path, version: int) -> None:
    path = put_old(tmp_path / "state", version)
    old, content = rows(path), path.read_bytes()
    assert old["copy"] and old["run"] and old["event"] and old["vault"], "the file says nothing"
    with open_state(str(path.parent), POLICIES) as state:
        assert len(state.all_copies()) == len(old["copy"])
        assert [each.id for each in state.events()] == [*(each["id"] for each in old["event"]), "231004"]
        assert [each.id for each in state.runs()] == [each["id"] for each in old["run"]]
    new = rows(path)
    for table, before in old.items():
        after = new[table][:-1] if table == "event" else new[table]
        assert [{key: each[key] for key in was} for was, each in zip(before, after, strict=True)] == before, table
    kept = path.with_name(f"state.db.v{version}")
    assert kept.read_bytes() == content
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sorted(os.listdir(path.parent)) == ["state.db", "state.db-journal", kept.name, "state.lock"]


def test_the_tables_are_those_of_a_new_file(tmp_path: Path) -> None:
    path = put_old(tmp_path / "state", 1)
    with open_state(str(path.parent), POLICIES), open_state(str(tmp_path / "new"), POLICIES):
        assert shape(path) == shape(tmp_path / "new" / "state.db")
    assert len(shape(path)) > 8


def test_the_copies_of_schema_1_mean_what_they_meant(tmp_path: Path) -> None:
    with open_state(str(put_old(tmp_path / "state", 1).parent), POLICIES) as state:
        copies = state.copies(*PAYROLL)
        assert {name: copy.reason for name, copy in copies.items()} == {
            "T00001": None, "T00002": "diverged", "T00003": "held", "T00004": None, "T00005": "diverged"}
        assert {(copy.doubted, copy.released, copy.accepted) for copy in copies.values()} == {(None, None, None)}
        assert copies["T00001"].verified == "2026-11-22T21:28:53.953Z"
        assert copies["T00001"].source_identity == Identity(10000, 1795382933464597152, 12, 1795382933464597152)
        assert [each.id for each in state.unfinished_runs()] == ["576N1WMF3WAZ"]
        with state.transaction() as transaction:    # what is new can be told of the old
            transaction.save_copy(copies["T00001"].__class__(**{
                **copies["T00001"].__dict__, "doubted": "2026-11-23T00:00:00.000Z", "released": Identity(0, 1),
                "accepted": "2026-11-23T00:00:01.000Z"}))
            transaction.remember_freeze(Vault("vts2", "VAULT01"), Freeze("2026-11-23T00:00:00.000Z", "a@b"))
        assert state.copies(*PAYROLL)["T00001"].released == Identity(0, 1)


def test_it_happens_once(tmp_path: Path) -> None:
    path = put_old(tmp_path / "state", 1)
    for _ in range(3):
        with open_state(str(path.parent), POLICIES) as state:
            assert [each.id for each in state.events()].count("231004") == 1
    assert path.with_name("state.db.v1").exists()


def test_the_old_program_put_back_goes_on_where_it_was(tmp_path: Path) -> None:
    """What it writes then is not lost at the next upgrade, and is what the copy holds from then on."""
    path = put_old(tmp_path / "state", 1)
    open_state(str(path.parent), POLICIES).close()
    path.with_name("state.db.v1").rename(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        connection.execute("UPDATE copy SET trusted = '2026-11-30T00:00:00.000Z' WHERE source_tape = 'T00001'")
    content = path.read_bytes()
    with open_state(str(path.parent), POLICIES) as state:
        assert state.copies(*PAYROLL)["T00001"].trusted == "2026-11-30T00:00:00.000Z"
    assert path.with_name("state.db.v1").read_bytes() == content


def test_a_mode_that_someone_gave_it_is_kept(tmp_path: Path) -> None:
    path = put_old(tmp_path / "state", 1)
    path.chmod(0o400 if os.geteuid() == 0 else 0o640)
    before = stat.S_IMODE(path.stat().st_mode)
    open_state(str(path.parent), POLICIES).close()
    assert stat.S_IMODE(path.with_name("state.db.v1").stat().st_mode) == before


def test_a_state_of_other_policies_is_left_as_it_is(tmp_path: Path) -> None:
    path = put_old(tmp_path / "state", 1)
    content = path.read_bytes()
    with pytest.raises(StateUnusable, match="belongs to the policies in /srv/policies"):
        open_state(str(path.parent), str(tmp_path / "other"))
    assert path.read_bytes() == content
    assert not path.with_name("state.db.v1").exists()


def test_without_a_copy_aside_nothing_is_migrated(tmp_path: Path) -> None:
    path = put_old(tmp_path / "state", 1)
    content = path.read_bytes()
    path.with_name("state.db.v1").mkdir()
    with pytest.raises(StateUnusable, match=r"set aside as .*state\.db\.v1 before it is migrated: Is a directory"):
        open_state(str(path.parent), POLICIES)
    assert path.read_bytes() == content
    path.with_name("state.db.v1").rmdir()
    open_state(str(path.parent), POLICIES).close()
    assert path.with_name("state.db.v1").read_bytes() == content


def test_the_old_program_at_work_is_waited_for(tmp_path: Path) -> None:
    path = put_old(tmp_path / "state", 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("BEGIN IMMEDIATE")
        old.execute("UPDATE copy SET trusted = '2026-11-30T00:00:00.000Z'")
        with pytest.raises(Locked):
            open_state(str(path.parent), POLICIES, wait=0.2)
        old.execute("COMMIT")
        with open_state(str(path.parent), POLICIES, wait=5) as state:
            assert {copy.trusted for copy in state.all_copies()} == {"2026-11-30T00:00:00.000Z"}
        # It was not told, and need not be: its sentences still fit.
        old.execute("UPDATE copy SET trusted = '2026-12-01T00:00:00.000Z'")
