"""Freezes and new pools: one suite for every System."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.systems import KINDS, VAULT, World, world
from tests.contract.test_system import MTIME, publish, record
from tests.support.sshd import SshServer
from vtspolicy.errors import Frozen, Refusal, Unknown
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Freeze
from vtspolicy.systems.metadata import Metadata

FREEZE = Freeze("2026-11-22T01:30:00.000Z", "root@vts2", "site two has taken over")
WHOLE = Vault("there", VAULT)
ONE = Pool("there", VAULT, "PAYROLL")
NEW = Pool("there", VAULT, "NEW")
TOLD = "is frozen since 2026-11-22 01:30 UTC by root@vts2: site two has taken over"
SAYS_NOTHING = {"empty": b"", "nonsense": b'{"since": 5, "by": "\x1b[2J"}', "long": b"[" * 9000}
each_place = pytest.mark.parametrize("place", [WHOLE, ONE], ids=["vault", "pool"])


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"root-{request.param}-{tmp_path.name}", sshd) as found:
        yield found


@pytest.fixture(params=KINDS)
def making(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    """A receiver there may make pools."""
    root = tmp_path / f"root-{request.param}-{tmp_path.name}"
    with world(request.param, root, sshd, "--create-pool", "yes") as found:
        yield found


@each_place
def test_nothing_begins_where_it_is_frozen(there: World, place: Pool | Vault) -> None:
    there.put(there.pool.tape("T00001"), b"old")
    there.freeze(place)
    what = "pool" if isinstance(place, Pool) else "vault"
    for attempt in (lambda: publish(there, there.pool.tape("T00002"), [b"new"]),
                    lambda: there.system.admit(there.pool)):
        with pytest.raises(Frozen) as caught:
            attempt()
        assert str(caught.value) == f"{what} {place} {TOLD}"
    assert there.parts(there.pool) == []
    assert set(there.system.inventory(there.pool).tapes) == {"T00001"}


@each_place
def test_a_freeze_that_comes_before_the_rename_holds(there: World, place: Pool | Vault) -> None:
    tape = there.pool.tape("T00001")
    first = publish(there, tape, [b"first"])
    going = there.system.begin(tape, 3, "w.r.2.part")
    going.write(b"new")
    going.seal(Metadata(0o640, MTIME))
    assert going.sealed() == digest_of(b"new")
    there.freeze(place)
    with pytest.raises(Frozen):
        going.commit(record(tape, digest_of(b"new"), "RUN2"), first.identity)
        going.committed()
    going.discard()
    assert there.system.inventory(there.pool).tapes["T00001"] == first
    assert (there.content(tape), there.parts(there.pool)) == (b"first", [])
    fitting = [each for each in there.system.records(there.pool, ["T00001"])["T00001"]
               if each.identity.fits(first.identity)]
    assert [each.digest for each in fitting] == [digest_of(b"first")]
    there.thaw(place)
    publish(there, tape, [b"third"], first.identity, part="w.r.3.part")
    assert there.content(tape) == b"third"


@each_place
def test_what_is_frozen_is_told_and_read(there: World, place: Pool | Vault) -> None:
    publish(there, there.pool.tape("T00001"), [b"first"])
    assert (there.system.inventory(there.pool).frozen, there.system.vault(WHOLE).frozen) == (None, None)
    assert there.system.freezes(WHOLE) == {}
    there.freeze(place)
    pool = isinstance(place, Pool)
    assert there.system.inventory(there.pool).frozen == (FREEZE if pool else None)
    assert there.system.vault(WHOLE).frozen == (None if pool else FREEZE)
    assert there.system.freezes(WHOLE) == ({"PAYROLL": FREEZE} if pool else {})
    assert there.system.digest(there.pool.tape("T00001"))[0] == digest_of(b"first")
    if pool:
        there.system.admit(there.other)
        publish(there, there.other.tape("T00002"), [b"other"])
    there.thaw(place)
    there.system.admit(there.pool)


def test_a_pool_is_made_once(making: World) -> None:
    if making.kind != "memory":
        making.root.chmod(0o2750)
    with pytest.raises(Unknown):
        making.system.inventory(NEW)
    making.system.make_pool(NEW, None)
    publish(making, NEW.tape("T00001"), [b"x"])
    making.system.make_pool(NEW, FREEZE)
    assert making.content(NEW.tape("T00001")) == b"x"
    assert making.system.inventory(NEW).frozen is None
    assert "NEW" in making.system.vault(WHOLE).pools
    if making.kind != "memory":
        assert stat.S_IMODE((making.root / "NEW").stat().st_mode) == 0o2750
        assert sorted(os.listdir(making.root)) == ["NEW", "OTHER", "PAYROLL"]


def test_a_pool_is_born_frozen(making: World) -> None:
    if making.kind != "memory":  # what one that was killed may have left
        (making.root / ".vtspolicy-new.NEW" / ".vtspolicy").mkdir(parents=True)
        (making.root / ".vtspolicy-new.NEW" / ".vtspolicy" / "frozen").write_text("{")
    making.system.make_pool(NEW, FREEZE)
    assert making.system.inventory(NEW).frozen == FREEZE
    with pytest.raises(Frozen):
        publish(making, NEW.tape("T00001"), [b"x"])
    making.thaw(NEW)
    publish(making, NEW.tape("T00001"), [b"x"])
    if making.kind != "memory":
        assert sorted(os.listdir(making.root)) == ["NEW", "OTHER", "PAYROLL"]


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "", "../X"])
def test_no_pool_is_made_elsewhere(making: World, name: str) -> None:
    with pytest.raises(Unknown):
        making.system.make_pool(Pool("there", VAULT, name), None)
    assert sorted(os.listdir(making.root)) == ["OTHER", "PAYROLL"]
    assert sorted(os.listdir(making.root.parent)) == [making.root.name]


def test_a_receiver_makes_pools_only_by_its_own_words(tmp_path: Path, sshd: SshServer) -> None:
    with world("receiver", tmp_path / f"no-{tmp_path.name}", sshd) as there:
        with pytest.raises(Refusal, match="needs --create-pool yes"):
            there.system.make_pool(NEW, None)
        assert not (there.root / "NEW").exists()
    with world("receiver", tmp_path / f"frozen-{tmp_path.name}", sshd, "--create-pool", "frozen") as there:
        there.system.make_pool(NEW, None)
        born = there.system.inventory(NEW).frozen
        assert born is not None
        assert born.reason == "frozen from its birth, by the words of vtspolicy receive"


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("marker", ["empty", "nonsense", "folder", "link", "long"])
def test_a_marker_that_says_nothing_freezes_too(kind: str, marker: str, tmp_path: Path, sshd: SshServer) -> None:
    with world(kind, tmp_path / f"root-{kind}-{tmp_path.name}", sshd) as there:
        for folder, name in ((there.root, ".vtspolicy-frozen"), (there.root / "PAYROLL" / ".vtspolicy", "frozen")):
            folder.mkdir(exist_ok=True)
            path = folder / name
            if marker == "folder":
                path.mkdir()
            elif marker == "link":
                path.symlink_to("/nonexistent")
            else:
                path.write_bytes(SAYS_NOTHING[marker])
            with pytest.raises(Frozen) as caught:
                publish(there, there.pool.tape("T00001"), [b"x"])
            assert str(caught.value).isprintable()
            path.rmdir() if marker == "folder" else path.unlink()
        publish(there, there.pool.tape("T00001"), [b"x"])
