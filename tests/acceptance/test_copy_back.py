"""COPY TAPE … FROM: one tape comes back, proven like any copy, and its copy over there is safe without being sent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.acceptance.world import KINDS, POOL, SCHEME, VAULT, World
from tests.support import tapes

TAPE = f"/{VAULT}/{POOL}/T00001"
FROM = ("copy", "tape", TAPE, "--from", "vts2")
CONTENT = tapes.random_bytes(3_000_001, 7)


def copied(world: World) -> World:
    """A tape that was copied there, and others beside it."""
    world.put("T00001", CONTENT)
    world.put("T00002", b"beside")
    os.chmod(world.pool / "T00001", 0o640)
    world.start()
    return world


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> Iterator[World]:
    yield copied(make_world(request.param, grants=("--allow-read",)))


@pytest.fixture
def receiver(make_world: Callable[..., World]) -> World:
    return copied(make_world("receiver", grants=("--allow-read",)))


def state_of(world: World) -> str:
    return world.states()[f"{POOL}/T00001"]


def test_a_lost_tape_comes_back_and_is_safe_at_once(world: World) -> None:
    before = (world.copies / "T00001").stat()
    lost = (world.pool / "T00001").stat()
    (world.pool / "T00001").unlink()
    assert state_of(world) == "held"
    plan = world.run("plan", *FROM, "--json").settle().json["data"]["legs"][0]
    assert (plan["source"], plan["target"], plan["counts"]["copy"]) == (
        f"vts2:/{VAULT}/{POOL}", f"vts1:/{VAULT}/{POOL}", 1)
    assert not (world.pool / "T00001").exists()
    leg = world.run(*FROM, "--json").settle().leg()
    assert (leg["copied"], leg["states"]) == (1, {"safe": 1})
    here = world.pool / "T00001"
    assert here.read_bytes() == CONTENT
    exact = world.kind != "sftp"
    assert here.stat().st_mode & 0o777 == 0o640
    assert here.stat().st_mtime_ns == (lost.st_mtime_ns if exact else lost.st_mtime_ns // 10**9 * 10**9)
    assert state_of(world) == "safe"
    assert world.start().leg()["trusted"] == 2
    after = (world.copies / "T00001").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (before.st_ino, before.st_mtime_ns,
                                                                    before.st_ctime_ns)
    assert set(world.states().values()) == {"safe"}
    assert world.run("verify", "scheme", SCHEME, "--json").settle().json["data"]["counts"] == {"verified": 2}
    world.put("T00001", CONTENT + b"the host writes on")
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == CONTENT + b"the host writes on"


@pytest.mark.parametrize("words", [
    (f"COPY TAPE {TAPE} FROM vts2, REF DR1",), (f"COPY TAPE {TAPE}, FROM vts2, REF DR1",),
    ("copy", "tape", TAPE, "from", "vts2"), (*FROM, "--ref", "DR1"),
], ids=["sentence", "comma", "plain words", "shell"])
def test_it_can_be_said_in_several_ways(receiver: World, words: tuple[str, ...]) -> None:
    (receiver.pool / "T00001").unlink()
    receiver.run(*words).settle()
    assert (receiver.pool / "T00001").read_bytes() == CONTENT
    assert state_of(receiver) == "safe"


@pytest.mark.parametrize("content", [b"shorter", bytes(len(CONTENT))], ids=["other size", "same size"])
def test_a_tape_that_lies_here_is_not_replaced_unasked(world: World, content: bytes) -> None:
    world.put("T00001", content)
    done = world.run(*FROM, "--json").settle(2)
    assert (done.reasons, done.leg()["states"]) == (["diverged"], {"stale": 1})
    assert (world.pool / "T00001").read_bytes() == content
    assert state_of(world) == "stale"
    asked = world.run(*FROM, "--replace", "--json").settle(2)
    assert asked.reasons == ["usage"]
    assert "needs a yes" in asked.json["errors"][0]["message"]
    assert (world.pool / "T00001").read_bytes() == content
    assert world.run(f"COPY TAPE {TAPE} FROM vts2, REPLACE !", "--json").settle().leg()["copied"] == 1
    assert (world.pool / "T00001").read_bytes() == CONTENT
    assert state_of(world) == "safe"
    assert world.start().leg()["trusted"] == 2


def test_equal_bytes_are_found_equal(world: World) -> None:
    done = world.run(*FROM, "--json").settle()
    assert (done.leg()["equal"], done.leg()["copied"], done.leg()["states"]) == (1, 0, {"safe": 1})
    assert state_of(world) == "safe"
    world.put("T00001", CONTENT)  # the same bytes, written anew
    assert state_of(world) == "stale"
    assert world.run(*FROM, "--json").settle().leg()["equal"] == 1
    assert state_of(world) == "safe"
    assert world.start().leg()["trusted"] == 2


def test_what_rotted_over_there_does_not_come(world: World) -> None:
    (world.pool / "T00001").unlink()
    path = world.copies / "T00001"
    before = path.stat()
    with open(path, "r+b") as file:
        file.seek(1_000_000)
        file.write(b"rot")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = world.run(*FROM, "--json").settle(2)
    assert (done.reasons, done.leg()["states"]) == (["verify"], {"failed": 1})
    assert not (world.pool / "T00001").exists()
    assert list((world.pool / ".vtspolicy").glob("*.part")) == []
    assert state_of(world) == "failed"


def test_with_a_catalog_that_was_lost(world: World) -> None:
    import shutil

    (world.pool / "T00001").unlink()
    shutil.rmtree(world.state)
    assert world.run(*FROM, "--json").settle().leg()["copied"] == 1
    assert (world.pool / "T00001").read_bytes() == CONTENT
    assert world.start().leg()["trusted"] == 2
    assert set(world.states().values()) == {"safe"}


def test_without_a_record_it_is_proven_anew(world: World) -> None:
    (world.pool / "T00001").unlink()
    for path in (world.copies / ".vtspolicy").iterdir():
        if path.is_file():
            path.unlink()
    import shutil

    shutil.rmtree(world.state)
    assert world.run(*FROM, "--json").settle().leg()["copied"] == 1
    assert state_of(world) == "safe"
    assert (world.pool / "T00001").read_bytes() == CONTENT


def test_what_is_not_there_and_who_is_not_known(receiver: World) -> None:
    def reason(*words: str) -> str:
        done = receiver.run(*words, "--json").settle(2)
        return str(done.reasons[0]) + " " + str(done.json["errors"][0]["message"])

    assert "missing" in reason("copy", "tape", f"/{VAULT}/{POOL}/T00009", "--from", "vts2")
    assert reason("copy", "tape", TAPE, "--from", "vts9").startswith("unknown there is no system vts9")
    assert "same vault" in reason("copy", "tape", TAPE, "--from", "vts1")
    assert "FROM system" in reason(f"COPY TAPE {TAPE}")
    assert "FROM system" in reason("copy", "tape", TAPE)
    assert reason("copy", "tape", f"/{VAULT}/{POOL}", "--from", "vts2").startswith("usage")
    assert "to this machine" in reason("copy", "tape", f"vts2:{TAPE}", "--from", "vts2")


def test_two_pools_over_there_are_named_and_refused(receiver: World) -> None:
    (receiver.far / "SECOND").mkdir()
    receiver.policy("OTHER", "kind: scheme", "name: OTHER", f"from: /{VAULT}/{POOL}", f"to: vts2:/{VAULT}/SECOND")
    (receiver.pool / "T00001").unlink()
    done = receiver.run(*FROM, "--json").settle(2)
    assert done.reasons == ["refused"]
    message = done.json["errors"][0]["message"]
    assert f"vts2:/{VAULT}/SECOND (scheme OTHER)" in message and f"vts2:/{VAULT}/{POOL} (scheme {SCHEME})" in message


def test_without_the_grant_the_option_is_named(make_world: Callable[..., World]) -> None:
    world = copied(make_world("receiver"))
    (world.pool / "T00001").unlink()
    done = world.run(*FROM, "--json").settle(2)
    assert done.reasons == ["refused"]
    assert "--allow-read" in done.json["errors"][0]["message"]
    assert state_of(world) == "held"
    found = world.run(*FROM)
    assert found.code == 2 and "--allow-read" in found.errors, found


def test_a_frozen_pool_here_takes_nothing_back(receiver: World) -> None:
    (receiver.pool / "T00001").unlink()
    receiver.run("freeze", "pool", f"/{VAULT}/{POOL}").settle()
    assert receiver.run(*FROM, "--json").settle(2).reasons == ["frozen"]
    receiver.run("thaw", "pool", f"/{VAULT}/{POOL}", "--yes").settle()
    receiver.run(*FROM).settle()
    assert state_of(receiver) == "safe"


def test_a_lost_catalog_knows_again_what_came_back(world: World) -> None:
    (world.pool / "T00001").unlink()
    world.run(*FROM).settle()
    before = world.states()
    assert before[f"{POOL}/T00001"] == "safe"
    shutil.rmtree(world.state)
    world.run("rebuild", "catalog", "--yes").settle()
    assert world.states() == before
    assert world.start().leg()["trusted"] == 2
    shutil.rmtree(world.state)
    mode = (world.pool / "T00001").stat()
    (world.pool / "T00001").write_bytes(CONTENT[::-1])
    os.utime(world.pool / "T00001", ns=(0, mode.st_mtime_ns))
    world.run("rebuild", "catalog", "--yes").settle()
    assert state_of(world) == "stale"


def test_what_the_catalog_knows_as_damaged_does_not_come_back(receiver: World) -> None:
    """Nor where the record over there is lost, which would say so itself."""
    there = receiver.copies / "T00001"
    found = there.stat()
    there.write_bytes(CONTENT[::-1])
    os.utime(there, ns=(0, found.st_mtime_ns))
    assert receiver.run("verify", "scheme", SCHEME, "--json").settle(2).reasons == ["damaged"]
    shutil.rmtree(receiver.copies / ".vtspolicy")
    (receiver.pool / "T00001").unlink()
    done = receiver.run(*FROM, "--json").settle(2)
    assert done.reasons == ["verify"]
    assert not (receiver.pool / "T00001").exists()
