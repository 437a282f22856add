"""FREEZE and THAW on a disk of this machine: who waits for whom, whose files they are, and what a kill may leave."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from tests.support.needs import need_root
from tests.support.tally import count, tally
from vtspolicy.errors import Failure, Frozen, Locked, TargetWrite, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems import freezes
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.disk import locking
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Freeze, Identity, Record
from vtspolicy.systems.metadata import Metadata

VAULT = Vault("vts2", "VAULT01")
POOL = Pool("vts2", "VAULT01", "PAYROLL")
FREEZE = Freeze("2026-11-22T01:30:00.000Z", "root@vts2", "site two has taken over")
LATER = Freeze("2026-11-23T01:30:00.000Z", "somebody@vts2", "")
each_place = pytest.mark.parametrize("place", [VAULT, POOL], ids=["vault", "pool"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "V" / "PAYROLL").mkdir(parents=True)
    return tmp_path / "V"


def local(root: Path) -> Local:
    return Local("vts2", {"VAULT01": str(root)})


def marker(root: Path, place: Pool | Vault) -> Path:
    return root / ".vtspolicy-frozen" if isinstance(place, Vault) else root / place.name / ".vtspolicy" / "frozen"


def publish(system: Local, name: str, content: bytes) -> None:
    """As a run does it; the live name is whatever it is."""
    tape = POOL.tape(name)
    live = system.inventory(POOL).tapes.get(name)
    part = system.begin(tape, len(content), f"w.r.{threading.get_ident()}.part")
    try:
        part.write(content)
        part.seal(Metadata(0o640, 1_700_000_000_000_000_000))
        part.commit(Record(name, digest_of(content), Identity(0, 0), Tape("vts1", "VAULT01", "PAYROLL", name), "a" * 32,
                           Identity(1, 2), "2026-11-22T01:30:00Z", "RUN1", "b" * 16, 0, True),
                    None if live is None else live.identity)
        part.committed()
    finally:
        part.discard()


@each_place
def test_the_first_freeze_stays_until_a_thaw(root: Path, place: Pool | Vault) -> None:
    with local(root) as system:
        assert system.thaw(place) is None
        assert system.freeze(place, FREEZE) == FREEZE
        assert json.loads(marker(root, place).read_text()) == {
            "since": "2026-11-22T01:30:00.000Z", "by": "root@vts2", "reason": "site two has taken over"}
        assert marker(root, place).stat().st_mode & 0o777 == 0o644
        assert system.freeze(place, LATER) == FREEZE
    with local(root) as system:  # another process
        assert system.freeze(place, LATER) == FREEZE
        assert system.thaw(place) == FREEZE
        assert system.thaw(place) is None
        assert not marker(root, place).exists()
        assert system.freeze(place, LATER) == LATER


@each_place
def test_what_a_killed_one_left_does_no_harm(root: Path, place: Pool | Vault) -> None:
    left = marker(root, place).with_name(marker(root, place).name + ".part")
    left.parent.mkdir(exist_ok=True)
    with local(root) as system:
        left.write_text('{"since"')
        system.admit(POOL)
        assert system.freeze(place, FREEZE) == FREEZE
        assert not left.exists()
        left.write_text("x")
        system.thaw(place)
        assert not left.exists()


def test_what_is_not_there_is_not_frozen(root: Path) -> None:
    with local(root) as system:
        for place in (Pool("vts2", "VAULT01", "NOPOOL"), Vault("vts2", "VAULT99")):
            with pytest.raises(Unknown):
                system.freeze(place, FREEZE)
            with pytest.raises(Unknown):
                system.thaw(place)


@each_place
def test_it_waits_for_the_publisher_that_began_before(root: Path, place: Pool | Vault) -> None:
    ended: list[str] = []
    with local(root) as system, local(root) as other:
        with system.pool_folder(POOL).locked():
            freezer = threading.Thread(target=lambda: ended.append(other.freeze(place, FREEZE).by))
            freezer.start()
            while not marker(root, place).exists():
                time.sleep(0.001)
            time.sleep(0.1)
            assert ended == []  # but whoever comes now is refused
            with pytest.raises(Frozen):
                system.admit(POOL)
        freezer.join(10)
        assert ended == ["root@vts2"]


@each_place
def test_a_publisher_that_hangs_is_told_and_hinders_no_freeze(root: Path, place: Pool | Vault,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "PATIENCE", 0.05)
    with local(root) as system, local(root) as other, system.pool_folder(POOL).locked():
        with pytest.raises(Locked, match="is frozen, but a publisher that began before"):
            other.freeze(place, FREEZE)
        with pytest.raises(Frozen):
            other.admit(POOL)


@each_place
def test_nothing_is_renamed_once_it_is_frozen(root: Path, place: Pool | Vault) -> None:
    """Publishers that never rest, and a freeze at any moment: what lies there when it returns stays."""
    rounds, published = count(full=300, part=30), [0]
    halt = threading.Event()
    unexpected: list[BaseException] = []

    def work(name: str) -> None:
        with local(root) as system:
            number = 0
            while not halt.is_set():
                number += 1
                try:
                    publish(system, name, b"%d" % number)
                    published[0] += 1
                except Frozen:
                    time.sleep(0.001)
                except BaseException as error:
                    unexpected.append(error)
                    return

    workers = [threading.Thread(target=work, args=(f"T{index}",)) for index in range(3)]
    for worker in workers:
        worker.start()
    try:
        with local(root) as system:
            for index in range(rounds):
                time.sleep(0.003 + 0.0007 * (index % 9))
                system.freeze(place, FREEZE)
                before = {name: facts.identity for name, facts in system.inventory(POOL).tapes.items()}
                time.sleep(0.01)
                assert {name: facts.identity for name, facts in system.inventory(POOL).tapes.items()} == before
                system.thaw(place)
    finally:
        halt.set()
        for worker in workers:
            worker.join(30)
    assert unexpected == []
    assert published[0] > rounds // 10  # a slow machine publishes less between two freezes
    tally("freezes between running publishers", rounds, at_least=2 * rounds)


def test_whoever_froze_as_root_keeps_nobody_out_after_a_thaw(root: Path) -> None:
    need_root("gives a folder away")
    os.chown(root / "PAYROLL", 65534, 65534)
    with local(root) as system:
        system.freeze(POOL, FREEZE)
        work = (root / "PAYROLL" / ".vtspolicy").stat()
        assert (work.st_uid, work.st_gid, work.st_mode & 0o777) == (65534, 65534, 0o700)
        system.freeze(VAULT, FREEZE)
        assert sorted(path.name for path in (root / "PAYROLL" / ".vtspolicy").iterdir()) == ["frozen"]


def test_who_may_not_write_there_is_told(root: Path) -> None:
    need_root("becomes another user")
    (root / "PAYROLL").chmod(0o755)
    (root / "PAYROLL").parent.parent.chmod(0o755)
    with local(root) as system:
        system.vault(VAULT)
        os.seteuid(65534)
        try:
            for place in (POOL, VAULT):
                with pytest.raises(TargetWrite, match="cannot be frozen: Permission denied"):
                    system.freeze(place, FREEZE)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize("said", [5, "x", [], {}, {"since": "2026", "by": None}, {"reason": "a\nb|\x1b"},
                                  {"since": "9999-12-31T23:59:59Z", "by": "x" * 5000}])
def test_whatever_the_far_side_says_of_a_freeze_is_one(said: object) -> None:
    found = freezes.from_json(said)
    assert found is not None
    failure = freezes.refusal(POOL, found)
    assert isinstance(failure, Failure)
    assert str(failure).isprintable()
    assert len(str(failure)) < 700


def test_a_freeze_is_read_as_it_was_written() -> None:
    assert freezes.from_json(freezes.to_json(FREEZE)) == FREEZE
    assert freezes.decode(freezes.encode(FREEZE)) == FREEZE
    assert (freezes.to_json(None), freezes.from_json(None)) == (None, None)
