"""Part files that were left behind: when they count as that, and who removes them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from vtspolicy.catalog.runs import new_run_id
from vtspolicy.errors import Refusal
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.leftovers import FOREIGN_AGE, Leftovers, begun, counted, is_old

POOL = Pool("here", "VAULT01", "PAYROLL")


def test_a_part_tells_when_its_run_began() -> None:
    found = begun(f"{'a' * 16}.{new_run_id()}.0123abcd.part")
    assert found is not None
    assert abs(found - time.time()) < 5


@pytest.mark.parametrize("name", ["x.part", "a.RUN1.x.part", "a.probe.part", "part", "a.ILOU00000000.x.part", ""])
def test_other_names_tell_nothing(name: str) -> None:
    assert begun(name) is None


def test_a_part_is_old_when_both_say_so() -> None:
    fresh, old = f"w.{new_run_id()}.x.part", "w.000000000000.x.part"
    long_ago, just_now = time.time() - FOREIGN_AGE - 5, time.time() - FOREIGN_AGE + 5
    assert is_old(old, long_ago)
    assert is_old("w.RUN1.x.part", long_ago)
    assert not is_old(old, just_now)
    assert not is_old(fresh, 0), "a sealed part bears its source's time"


def test_parts_are_counted() -> None:
    entries = [("w.R.x.part", 5, time.time()), ("w.R.y.part", 6, 0.0), ("T1.record", 100, 0.0), ("lock", 0, 0.0)]
    assert counted(entries) == Leftovers(2, 11, 1)


@pytest.mark.parametrize("staged", [False, True])
def test_a_disk_is_rid_of_what_others_left_and_nobody_touches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                              staged: bool) -> None:
    work = tmp_path / "root" / "PAYROLL" / ".vtspolicy"
    work.mkdir(parents=True)
    folder = tmp_path / "work" / "PAYROLL" if staged else work
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("a.000000000000.x.part", f"a.{new_run_id()}.y.part", "b.RUN.x.part"):
        (folder / name).write_bytes(b"left")
    staging = {"VAULT01": str(tmp_path / "work")} if staged else {}
    with Local("here", {"VAULT01": str(tmp_path / "root")}, staging) as here:
        assert here.sweep(POOL, "b") == 1
        assert here.leftovers(Vault("here", "VAULT01"))["PAYROLL"].old == 0
        later = time.time() + FOREIGN_AGE + 60
        monkeypatch.setattr(time, "time", lambda: later)
        assert here.leftovers(Vault("here", "VAULT01"))["PAYROLL"].old == 2
        assert here.sweep(POOL, "b") == 2
        assert here.leftovers(Vault("here", "VAULT01")) == {}
    assert [path.name for path in folder.iterdir()] == []


def test_a_staging_that_is_not_there_is_refused_and_hinders_no_look(tmp_path: Path) -> None:
    (tmp_path / "root" / "PAYROLL").mkdir(parents=True)
    with Local("here", {"VAULT01": str(tmp_path / "root")}, {"VAULT01": str(tmp_path / "gone")}) as here:
        assert here.inventory(POOL).tapes == {}
        assert here.leftovers(Vault("here", "VAULT01")) == {}
        for attempt in (lambda: here.sweep(POOL, "b"), lambda: here.begin(POOL.tape("T1"), 1, "b.r.x.part")):
            with pytest.raises(Refusal, match="No such file or directory; its staging must be a directory of the same"):
                attempt()
