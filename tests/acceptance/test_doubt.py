"""Another machine, or another disk, answers under the old name: nothing is written, and nothing is safe until read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.test_trust import fingerprint
from tests.acceptance.world import FAR_ID, NEAR_ID, POOL, SCHEME, VAULT, World, make_vault
from tests.support.needs import need
from tests.support.tapes import assert_equal, digests, random_bytes

THERE = f"vts2:/{VAULT}"


def copied(world: World) -> World:
    for number in range(4):
        world.put(f"T0000{number}", random_bytes(5000 + number, number))
    world.start()
    assert set(world.states().values()) == {"safe"}
    return world


def words(world: World) -> set[str]:
    return set(world.states().values())


def content(folder: Path) -> dict[str, bytes]:
    """Every file beneath a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_empty_machine_under_the_old_name(world: World) -> None:
    """It was set up anew, with a vault of its own. It becomes the target only when somebody says so."""
    copied(world)
    shutil.rmtree(world.far)
    make_vault(world.far, "e" * 32)
    before = content(world.far)
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    assert content(world.far) == before, "nothing is written"
    assert words(world) == {"unproven"}
    assert [event["fields"]["count"] for event in world.events("422005")] == [4]
    sentence = f"TRUST VAULT {THERE} !"
    assert sentence in done.json["errors"][0]["message"]
    world.run("-", stdin=sentence + "\n").settle()
    assert words(world) == {"unproven"}
    assert world.start().leg()["copied"] == 4
    assert words(world) == {"safe"}
    assert_equal(digests(world.pool), digests(world.copies))


def test_an_unmounted_disk_over_there(world: World) -> None:
    """Mounted again, every copy is read once; then all is as before."""
    copied(world)
    world.far.rename(world.folder / "disk")
    (world.far / POOL).mkdir(parents=True)
    for _ in range(2):
        assert world.start(code=2).reasons == ["identity"]
    assert world.run("init", "vault", THERE, "--json").settle(2).reasons == ["identity"]
    assert content(world.far) == {}
    assert words(world) == {"unproven"}
    shutil.rmtree(world.far)
    (world.folder / "disk").rename(world.far)
    assert words(world) == {"unproven"}
    leg = world.start().leg()
    assert (leg["copied"], leg["equal"]) == (0, 4)
    assert words(world) == {"safe"}
    assert world.start().leg()["trusted"] == 4


def test_an_unmounted_disk_here(world: World) -> None:
    """The source is not there: nothing is copied or called gone, and nothing is known to be wrong over there."""
    copied(world)
    before = content(world.far)
    world.near.rename(world.folder / "disk")
    (world.near / POOL).mkdir(parents=True)
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    assert "is its disk mounted?" in done.json["errors"][0]["message"]
    status = world.run("status", "scheme", SCHEME, "--json").settle(2)
    assert {each["state"] for each in status.json["data"]["tapes"]} == {"unproven"}
    assert content(world.far) == before
    shutil.rmtree(world.near)
    (world.folder / "disk").rename(world.near)
    assert words(world) == {"safe"}
    assert world.start().leg()["trusted"] == 4


def test_a_vault_that_was_cloned_to_the_other_site(world: World) -> None:
    """The source's whole disk, its id too, stands in the place of the target's."""
    copied(world)
    shutil.rmtree(world.far)
    shutil.copytree(world.near, world.far)
    before = content(world.far)
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    assert f"has the id {NEAR_ID}, which is that of vts1:/{VAULT}" in done.json["errors"][0]["message"]
    assert content(world.far) == before
    assert words(world) == {"unproven"}
    assert world.run("trust", "vault", THERE, "--yes", "--json").settle(2).reasons == ["identity"]
    sentence = f"INIT VAULT {THERE}, REPLACE !"
    assert sentence in done.json["errors"][0]["message"]
    world.run("-", stdin=sentence + "\n").settle()
    assert (world.far / ".vtspolicy-vault").read_text().strip() not in (NEAR_ID, FAR_ID)
    leg = world.start().leg()
    assert leg["copied"] + leg["equal"] == 4
    assert words(world) == {"safe"}


def test_a_machine_with_another_host_key(make_world: Callable[..., World], tmp_path: Path) -> None:
    """Whoever holds that address now: it is not talked with, and the copies are read again when it is settled."""
    world = copied(make_world("receiver"))
    pinned = world.known_hosts.read_text()
    subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    kind, key = (tmp_path / "other.pub").read_text().split()[:2]
    assert world.server is not None
    world.known_hosts.write_text(f"[{world.server.address}]:{world.server.port} {kind} {key}\n")
    assert world.start(code=2).reasons == ["hostkey"]
    assert words(world) == {"unproven"}
    world.known_hosts.write_text(pinned)
    assert world.run("verify", "scheme", SCHEME, "--json").settle().json["data"]["counts"] == {"verified": 4}
    assert words(world) == {"safe"}
    world.known_hosts.write_text("")
    assert world.start(code=2).reasons == ["hostkey"], "a key that nobody pinned yet"
    assert words(world) == {"safe"}, "is no other machine"


@pytest.mark.parametrize("kind", ["sftp", "receiver"])
def test_a_machine_that_is_trusted_anew_is_read_before_anything_is_safe(
        make_world: Callable[..., World], kind: str) -> None:
    """Nobody ran anything between the exchange and the TRUST: its disk has the vault's id, and a file that looks so."""
    world = make_world(kind)
    world.put("T00001", b"a" * 5000)
    world.start()
    found = (world.copies / "T00001").stat()
    (world.copies / "T00001").write_bytes(b"b" * 5000)
    os.utime(world.copies / "T00001", ns=(0, found.st_mtime_ns))
    assert world.server is not None
    world.server.change_host_key()
    new = fingerprint(world.server)
    world.run("trust", "system", "vts2", "--fingerprint", new, "--replace").settle()
    assert world.states() == {f"{POOL}/T00001": "unproven"}
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == b"a" * 5000
    assert world.states() == {f"{POOL}/T00001": "safe"}


def test_a_vault_that_lies_elsewhere_since_an_alter_is_read_first(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    world.put("T00001", b"a" * 5000)
    world.start()
    other = world.folder / "elsewhere"
    shutil.copytree(world.far, other)
    world.run(f"ALTER SYSTEM vts2, VAULTS ({VAULT}={other})", "--json").settle()
    assert world.states() == {f"{POOL}/T00001": "unproven"}
    assert world.start().leg()["equal"] == 1
    assert world.states() == {f"{POOL}/T00001": "safe"}


def test_a_rebuilt_catalog_doubts_what_the_old_one_doubted(make_world: Callable[..., World]) -> None:
    """Over plain SFTP size and time are all that a look tells, and the record says nothing of the exchange."""
    world = make_world("sftp")
    for name in ("T00001", "T00002"):
        world.put(name, name.encode() * 500)
    world.start()
    found = (world.copies / "T00001").stat()
    (world.copies / "T00001").write_bytes(b"b" * found.st_size)
    os.utime(world.copies / "T00001", ns=(0, found.st_mtime_ns))
    assert world.server is not None
    world.server.change_host_key()
    assert world.start(code=2).reasons == ["hostkey"]
    world.run("trust", "system", "vts2", "--fingerprint", fingerprint(world.server), "--replace").settle()
    world.run("verify", "tape", f"/{VAULT}/{POOL}/T00002").settle()
    before = world.states()
    assert before == {f"{POOL}/T00001": "unproven", f"{POOL}/T00002": "safe"}
    world.run("rebuild", "catalog", "--yes").settle()
    assert world.states() == before
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == b"T00001" * 500
