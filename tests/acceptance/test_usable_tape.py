"""A copy that the engine over there can use: owner, mode, attributes, companions, and where part files lie."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import KINDS, POOL, VAULT, World
from tests.support.needs import need, need_root
from tests.support.smallfs import tmpfs
from tests.support.sshd import SshServer


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> World:
    return World(request.param, tmp_path, sshd)


def more(world: World, system: str, *lines: str) -> None:
    """Further lines of a system's policy."""
    path = world.policies / f"{system}.yaml"
    path.write_text(path.read_text() + "".join(line + "\n" for line in lines))


def detail(world: World, tape: str = "T00001") -> dict[str, object]:
    """The tape in STATUS."""
    tapes = world.run("status", "pool", f"/{VAULT}/{POOL}", "--json").settle().json["data"]["tapes"]
    found = next(each for each in tapes if each["tape"].endswith(f"/{tape}") and each["target"].startswith("vts2:"))
    assert isinstance(found, dict)
    return found


# ---- owner and mode --------------------------------------------------------------------------------------------------


def test_a_copy_belongs_to_whom_the_policy_says(world: World) -> None:
    need_root("give files away")
    more(world, "vts2", "owner: 1234:4321", "mode: 0660")
    world.put("T00001", b"one").chmod(0o604)
    os.utime(world.pool / "T00001", ns=(5, 1_700_000_000_123_456_789))
    leg = world.start().leg()
    assert (leg["copied"], leg["states"]) == (1, {"safe": 1})
    found = (world.copies / "T00001").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 4321, 0o660)
    assert found.st_mtime_ns == (1_700_000_000_000_000_000 if world.kind == "sftp" else 1_700_000_000_123_456_789)
    assert world.start().json["status"] == "nothing"
    tried = world.run("test", "system", "vts2", "--json").settle().json["data"]["steps"]
    assert [each["result"] for each in tried if each["step"] == "owner and mode"] == ["ok"]


def test_names_are_those_of_the_far_machine_and_sftp_knows_none(world: World) -> None:
    need_root("give files away")
    more(world, "vts2", "owner: daemon:bin")
    world.put("T00001", b"one")
    if world.kind != "sftp":
        world.start()
        assert (world.copies / "T00001").owner() == "daemon"
        assert (world.copies / "T00001").group() == "bin"
        return
    done = world.run("check", "policy").settle(2)
    assert "owner: plain SFTP knows no names of users and groups" in done.output + done.errors
    path = world.policies / "vts2.yaml"
    path.write_text(path.read_text().replace("far-end: sftp", "far-end: auto"))
    world.start("--ref", "AUTO", code=2)
    done = world.run("start", "scheme", "NIGHTLY", "--json").settle(2)
    assert done.reasons == ["refused"]
    assert "owner daemon:bin of vts2 cannot be set over plain SFTP" in done.json["errors"][0]["message"]
    assert world.copy("T00001") is None


def test_a_chown_that_is_refused_publishes_nothing_and_test_system_says_so(tmp_path: Path, sshd: SshServer) -> None:
    need_root("give its rights up")
    world = World("receiver", tmp_path, sshd)
    world.put("T00001", b"one")
    world.let_in(need("setpriv"), "--bounding-set=-chown")
    more(world, "vts2", "owner: 65534:65534")
    done = world.run("start", "scheme", "NIGHTLY", "--json").settle(2)
    assert done.reasons == ["target-write"]
    assert "owner 65534:65534 cannot be set there: Operation not permitted; run" in done.json["errors"][0]["message"]
    assert (world.copy("T00001"), world.parts()) == (None, [])
    tried = world.run("test", "system", "vts2", "--json").settle(2).json["data"]["steps"]
    assert [(each["result"], "ALTER SYSTEM vts2, OWNER" in each["remedy"]) for each in tried
            if each["step"] == "owner and mode"] == [("failed", True)]
    world.run("alter", "system", "vts2", "--owner", "0:0").settle()
    world.start()
    assert (world.copies / "T00001").stat().st_uid == 0


# ---- attributes ------------------------------------------------------------------------------------------------------


def test_user_attributes_are_kept_or_named_once(world: World) -> None:
    for name in ("T00001", "T00002"):
        os.setxattr(world.put(name, name.encode()), "user.volser", name.encode())
    (world.pool / "T00003").hardlink_to(world.pool / "T00002")
    done = world.start(code=1)
    told = [each for each in done.json["warnings"] if each.startswith("not kept: ")]
    links = f"hard links of 2 tapes (first vts1:/{VAULT}/{POOL}/T00002)"
    if world.kind == "sftp":
        assert told == [f"not kept: user attributes of 3 tapes (first vts1:/{VAULT}/{POOL}/T00001); {links}"]
        assert os.listxattr(world.copies / "T00001") == []
    else:
        assert told == [f"not kept: {links}"]
        assert os.getxattr(world.copies / "T00001", "user.volser") == b"T00001"
    assert len(world.events("424023")) == 1
    assert done.leg()["states"] == {"safe": 3}


def test_of_what_changes_beside_the_bytes_a_mode_alone_is_sent_unless_the_policy_says_it(world: World) -> None:
    path, copy = world.put("T00001", b"one"), world.copies / "T00001"
    world.start()
    before = copy.stat()
    os.setxattr(path, "user.volser", b"new")
    leg = world.start().leg()
    assert (leg["equal"], leg["copied"], leg["bytes"]) == (1, 0, 0)
    assert copy.stat().st_ino == before.st_ino
    path.chmod(0o604)
    not_kept = world.kind == "sftp"  # the attribute
    assert world.start(code=1 if not_kept else 0).leg()["copied"] == 1
    assert stat.S_IMODE(copy.stat().st_mode) == 0o604
    more(world, "vts2", "mode: 0660")
    path.chmod(0o640)
    leg = world.start().leg()
    assert (leg["equal"], leg["copied"], leg["bytes"]) == (1, 0, 0)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o604


# ---- verify: sent ----------------------------------------------------------------------------------------------------


def test_sent_is_not_read_back_and_stays_unproven_until_verify(tmp_path: Path, sshd: SshServer) -> None:
    world = World("sftp", tmp_path, sshd, scheme=["verify: sent"])
    world.put("T00001", b"one" * 1000)
    planned = world.run("plan", "scheme", "NIGHTLY", "--json").settle().leg()
    assert (planned["bytes"], planned["read_back"]) == (3000, 0)
    leg = world.start().leg()
    assert (leg["copied"], leg["states"]) == (1, {"unproven": 1})
    assert world.copy("T00001") == b"one" * 1000
    assert detail(world)["verified"] is None
    assert world.start().leg()["states"] == {"unproven": 1}
    assert [each["text"].endswith("it was sent and not read back") for each in world.events("424022")] == [True]
    shutil.rmtree(world.state)
    world.run("rebuild", "catalog", "--yes").settle()
    assert detail(world)["state"] == "unproven"
    world.run("verify", "pool", f"/{VAULT}/{POOL}").settle()
    assert detail(world)["state"] == "safe"


def test_sent_means_nothing_elsewhere_and_that_is_told(tmp_path: Path, sshd: SshServer) -> None:
    world = World("receiver", tmp_path, sshd, scheme=["verify: sent"])
    world.put("T00001", b"one")
    assert "verify: sent means nothing here" in world.run("check", "policy").settle(2).output
    path = world.policies / "vts2.yaml"
    path.write_text(path.read_text().replace("far-end: receiver", "far-end: auto"))
    done = world.start(code=1)
    assert done.leg()["states"] == {"safe": 1}
    assert done.json["warnings"] == ["verify: sent means nothing for vts2: copies are read where they lie"]


# ---- companions ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sets(world: World) -> World:
    more(world, "vts1", 'companions: ["{tape}.meta"]')
    for name in ("T00001", "T00002"):
        world.put(name, name.encode())
    world.put("T00001.meta", b"label")
    return world


def test_a_set_is_one_line_and_safe_only_together(sets: World) -> None:
    leg = sets.start().leg()
    assert (leg["copied"], leg["states"]) == (2, {"safe": 2})
    assert sets.copy("T00001.meta") == b"label"
    assert sets.states() == {f"{POOL}/T00001": "safe", f"{POOL}/T00002": "safe"}
    assert detail(sets)["companions"] == {"T00001.meta": "safe"}
    assert "T00001 +1" in sets.run("status", "scheme", "NIGHTLY").settle().output
    sets.put("T00001.meta", b"label, written anew")
    assert sets.states() == {f"{POOL}/T00001": "stale", f"{POOL}/T00002": "safe"}
    assert sets.start().leg()["copied"] == 1
    assert sets.copy("T00001.meta") == b"label, written anew"
    assert sets.states()[f"{POOL}/T00001"] == "safe"
    (sets.copies / "T00001.meta").unlink()
    asked = sets.run("status", "scheme", "NIGHTLY", "--ask", "--json").settle().json["data"]["tapes"]
    assert [each["state"] for each in asked] == ["stale", "safe"]
    assert sets.run("verify", "scheme", "NIGHTLY", "--json").settle(2).reasons == ["missing"]
    assert sets.start().leg()["states"] == {"safe": 2}


def test_a_companion_that_fails_keeps_its_tape_from_being_published(sets: World) -> None:
    sets.start()
    (sets.copies / "T00001.meta").write_bytes(b"somebody's own, and longer")
    for name in ("T00001", "T00001.meta", "T00002"):
        sets.put(name, name.encode() * 20)
    done = sets.run("start", "scheme", "NIGHTLY", "--json").settle(2)
    assert done.reasons == ["diverged", "companion"]
    assert done.leg()["states"] == {"diverged": 1, "safe": 1}
    assert sets.copy("T00001") == b"T00001"
    assert sets.copy("T00002") == b"T00002" * 20
    assert sets.parts() == []
    sets.start("--replace")
    assert sets.copy("T00001") == b"T00001" * 20
    assert sets.states()[f"{POOL}/T00001"] == "safe"


def test_a_set_is_selected_and_goes_as_one(sets: World) -> None:
    leg = sets.run("idr", f"vts1:/{VAULT}/{POOL}/T00001", "--json").settle().leg()
    assert leg["copied"] == 1
    assert sets.copy("T00001.meta") == b"label"
    (sets.pool / "T00001").unlink()
    assert detail(sets)["state"] == "held"  # the companion alone is a tape of its own, until the tape is gone for good
    (sets.pool / "T00001.meta").unlink()
    done = sets.start(code=1)
    assert [each.partition(": ")[2] for each in done.json["warnings"]] == [
        f"T00001 is gone from its source; its copy is kept. ACCEPT POOL vts1:/{VAULT}/{POOL} ! says that it is meant"]
    assert sets.copy("T00001.meta") == b"label"


def test_a_tape_comes_back_with_its_companions(tmp_path: Path, sshd: SshServer) -> None:
    world = World("receiver", tmp_path, sshd, grants=["--allow-read"])
    more(world, "vts1", 'companions: ["{tape}.meta"]')
    for name, content in (("T00001", b"one"), ("T00001.meta", b"label"), ("T00002", b"two")):
        os.setxattr(world.put(name, content), "user.volser", name.encode())
    world.start()
    for path in world.pool.glob("T*"):
        path.unlink()
    leg = world.run("copy", "tape", f"/{VAULT}/{POOL}/T00001", "--from", "vts2", "--json").settle().leg()
    assert leg["copied"] == 1
    found = {path.name: path.read_bytes() for path in world.pool.glob("T*")}
    assert found == {"T00001": b"one", "T00001.meta": b"label"}
    assert os.getxattr(world.pool / "T00001.meta", "user.volser") == b"T00001.meta"
    assert world.start(code=1).leg()["trusted"] == 1  # T00002 is gone
    assert detail(world)["state"] == "safe"


# ---- staging ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def staged(world: World, tmp_path: Path) -> Iterator[World]:
    work = tmp_path / "work"
    work.mkdir()
    more(world, "vts2", f"staging: {{{VAULT}: {work}}}")
    if world.kind == "receiver":
        world.grants = ("--staging", f"{VAULT}={work}")
        world.let_in()
    world.put("T00001", b"one")
    yield world


def test_parts_lie_where_the_policy_says_and_leave_nothing(staged: World, tmp_path: Path) -> None:
    work = tmp_path / "work"
    touched = work.stat().st_mtime_ns
    staged.start()
    assert staged.copy("T00001") == b"one"
    assert work.stat().st_mtime_ns > touched
    assert [path.name for path in work.rglob("*")] == [POOL]
    assert {path.name for path in (staged.copies / ".vtspolicy").iterdir()} - {"lock", "T00001.proof"} == {
        "T00001.record"}
    staged.run("test", "system", "vts2").settle()


def test_leftovers_are_counted_and_removed_by_writer_and_age(staged: World, tmp_path: Path) -> None:
    staged.start()
    writer = staged.run("status", "scheme", "NIGHTLY", "--json").settle()
    assert writer.json["data"]["leftovers"] == []
    work = tmp_path / "work" / POOL
    ours = next((staged.copies / ".vtspolicy").glob("*.record")).read_text().split('"writer": "')[1][:16]
    (work / f"{ours}.RUN1.x.part").write_bytes(b"left by a killed run")
    (work / "another.000000000000.x.part").write_bytes(b"another's")
    (work / "another.RUN2.x.part").write_bytes(b"another's, at work")
    (staged.copies / ".vtspolicy" / f"{ours}.RUN0.x.part").write_bytes(b"from before the staging")
    os.utime(work / "another.000000000000.x.part", (time.time() - 8 * 86400,) * 2)
    for words in (("status", "system", "vts2"), ("status", "pool", f"/{VAULT}/{POOL}", "--ask")):
        found = staged.run(*words, "--json").json["data"]["leftovers"]
        assert [(each["pool"], each["parts"]) for each in found] == [(f"vts2:/{VAULT}/{POOL}", 4)]
        assert f"vts2:/{VAULT}/{POOL}: 4 part files" in staged.run(*words).output
    staged.put("T00002", b"two")
    staged.start()
    kept = [] if staged.kind == "sftp" else ["another.000000000000.x.part"]
    # A disk tells that it was touched just now.
    assert sorted(path.name for path in work.iterdir()) == [*kept, "another.RUN2.x.part"]
    assert staged.parts() == []


def test_a_staging_that_cannot_be_is_refused_before_anything_is_sent(world: World, tmp_path: Path) -> None:
    need_root("mount a file system")
    with tmpfs(tmp_path / "elsewhere", size=4 << 20) as mounted:
        elsewhere = mounted.path
        world.put("T00001", b"one")
        for place, why in ((elsewhere, "file system"), (tmp_path / "nowhere", "o such ")):
            path = world.policies / "vts2.yaml"
            lines = path.read_text().splitlines()
            path.write_text("".join(f"{line}\n" for line in lines if not line.startswith("staging")))
            more(world, "vts2", f"staging: {{{VAULT}: {place}}}")
            if world.kind == "receiver":
                world.grants = ("--staging", f"{VAULT}={place}")
                world.let_in()
            done = world.run("start", "scheme", "NIGHTLY", "--json").settle(2)
            assert done.reasons == ["refused"]
            assert "cannot lie in /" in done.json["errors"][0]["message"]
            assert why in done.json["errors"][0]["message"]
            assert world.copy("T00001") is None
