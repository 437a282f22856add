"""A scheme whose source is the other system: its tapes come here, and everything holds as in the other direction."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import FAR_ID, KINDS, POOL, SCHEME, VAULT, World
from tests.support import processes, tapes

GRANT = ("--allow-read",)
MTIME = 1_600_000_000_123_456_789


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    return turned(make_world(request.param, grants=GRANT))


@pytest.fixture
def receiver(make_world: Callable[..., World]) -> World:
    return turned(make_world("receiver", grants=GRANT))


def turned(world: World, source: str = f"vts2:/{VAULT}/{POOL}", *more: str) -> World:
    """The scheme copies from there to here."""
    world.policy(SCHEME, "kind: scheme", f"name: {SCHEME}", f"from: {source}", f"to: 'vts1:/{VAULT}/{{pool}}'", *more)
    return world


def there(world: World, name: str, content: bytes) -> Path:
    """A host writes a tape over there."""
    return world.put_there(name, content)


def test_tapes_come_here_whole_and_only_once(world: World) -> None:
    contents = {"T00001": b"", "T00002": b"x", "T00003": tapes.random_bytes(9_000_001, 3)}
    for name, content in contents.items():
        path = there(world, name, content)
        path.chmod(0o640)
        os.utime(path, ns=(1, MTIME))
    (world.copies / "LINK").symlink_to("/etc/passwd")
    before = {path.name: path.lstat() for path in world.copies.iterdir()}
    done = world.start(code=1)
    assert done.leg()["copied"] == 3
    assert "LINK skipped: a symbolic link" in done.json["warnings"][0]
    for name, content in contents.items():
        here = world.pool / name
        assert here.read_bytes() == content
        kept = MTIME if world.kind != "sftp" else MTIME // 10**9 * 10**9
        assert (here.stat().st_mode & 0o777, here.stat().st_mtime_ns) == (0o640, kept)
        after = (world.copies / name).lstat()
        assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
            before[name].st_ino, before[name].st_mtime_ns, before[name].st_ctime_ns)
        if world.kind != "sftp":
            assert after.st_atime_ns == before[name].st_atime_ns
    assert sorted(path.name for path in world.copies.iterdir()) == ["LINK", *sorted(contents)], "not written"
    assert set(world.states().values()) == {"safe"}
    again = world.start(code=1).leg()
    assert (again["copied"], again["trusted"]) == (0, 3)
    assert world.run("verify", "scheme", SCHEME, "--json").settle().json["data"]["counts"] == {"verified": 3}
    there(world, "T00002", b"changed")
    assert world.states()[f"{POOL}/T00002"] == "stale"
    assert world.start(code=1).leg()["copied"] == 1
    assert (world.pool / "T00002").read_bytes() == b"changed"


def test_guards_hold_as_for_the_other_direction(world: World) -> None:
    assert world.start(code=2).reasons == ["empty"]
    there(world, "T00001", b"the first")
    (world.pool / "T00001").write_bytes(b"another one")
    assert world.start(code=2).reasons == ["diverged"]
    assert (world.pool / "T00001").read_bytes() == b"another one"
    world.start("--replace")
    assert (world.pool / "T00001").read_bytes() == b"the first"
    there(world, "T00001", b"")
    assert world.start(code=2).reasons == ["held"]
    there(world, "T00001", b"the second")
    world.start()
    (world.far / ".vtspolicy-vault").write_text("f" * 32 + "\n")
    there(world, "T00001", b"the third")
    assert world.start(code=2).reasons == ["identity"]
    assert (world.pool / "T00001").read_bytes() == b"the second"
    (world.far / ".vtspolicy-vault").write_text(FAR_ID + "\n")
    world.start()
    assert (world.pool / "T00001").read_bytes() == b"the third"


def test_a_template_asks_the_far_system_and_a_lost_catalog_is_made_anew(world: World) -> None:
    turned(world, f"vts2:/{VAULT}/*")
    (world.far / "OTHER").mkdir()
    (world.near / "OTHER").mkdir()
    there(world, "T00001", b"first")
    world.put_there("T00002", b"second", pool="OTHER")
    plan = world.run("plan", "scheme", SCHEME, "--json").settle().json["data"]["legs"]
    assert sorted(leg["source"] for leg in plan) == [f"vts2:/{VAULT}/OTHER", f"vts2:/{VAULT}/{POOL}"]
    world.start()
    assert (world.near / "OTHER" / "T00002").read_bytes() == b"second"
    before = world.states()
    shutil.rmtree(world.state)
    rebuilt = world.run("rebuild", "catalog", "--yes", "--json").settle().json["data"]
    assert rebuilt["copies"] == 2
    assert set(before.values()) == {"safe"}
    assert world.states() == before == {f"{POOL}/T00001": "safe", "OTHER/T00002": "safe"}
    assert [leg["trusted"] for leg in world.start().json["data"]["legs"]] == [1, 1]


def test_the_source_that_cannot_be_had_is_told_and_its_copies_are_last_known(receiver: World) -> None:
    there(receiver, "T00001", b"first")
    receiver.start()
    assert receiver.server is not None
    turned(receiver, f"vts2:/{VAULT}/*")
    receiver.server.stop()
    try:
        done = receiver.run("status", "scheme", SCHEME, "--json").settle(2)
        assert done.reasons == ["unreachable"]
        tape, = done.json["data"]["tapes"]
        assert (tape["state"], tape["basis"]) == ("unproven", "last known")
        assert receiver.start(code=2).reasons == ["unreachable"]
        assert receiver.run("verify", "pool", f"/{VAULT}/{POOL}", "--json").settle().json["data"]["counts"] == {
            "verified": 1}
    finally:
        receiver.server.start()


def test_an_older_program_there_can_still_be_copied_to(receiver: World) -> None:
    """Without a forced command, its command line holds a word that an older release does not know."""
    from tests.acceptance.world import PROGRAM

    assert receiver.server is not None
    older = receiver.folder / "older"
    older.write_text(f"""#!/bin/sh
case "$*" in *--allow-read*) echo "*ERROR* '--allow-read' is not known to receive (690001)" >&2; exit 2;; esac
exec {PROGRAM} "$@"
""")
    older.chmod(0o755)
    lines = [line for line in (receiver.policies / "vts2.yaml").read_text().splitlines() if not line.startswith("key:")]
    receiver.policy("vts2", *lines, f"key: {receiver.server.client_key()}", f"receiver: {older}")
    receiver.policy("OTHER", "kind: scheme", "name: OTHER", f"from: /{VAULT}/MINE", f"to: vts2:/{VAULT}/MINE")
    for root in (receiver.near, receiver.far):
        (root / "MINE").mkdir()
    (receiver.near / "MINE" / "T00001").write_bytes(b"mine")
    receiver.run("start", "scheme", "OTHER").settle()
    assert (receiver.far / "MINE" / "T00001").read_bytes() == b"mine"
    there(receiver, "T00002", b"first")
    assert "--allow-read" in receiver.start(code=2).json["errors"][0]["message"]


def test_a_source_that_was_never_reached_hides_nothing_else(receiver: World) -> None:
    turned(receiver, f"vts2:/{VAULT}/*")
    receiver.policy("OTHER", "kind: scheme", "name: OTHER", f"from: /{VAULT}/MINE", f"to: vts2:/{VAULT}/MINE")
    for root in (receiver.near, receiver.far):
        (root / "MINE").mkdir()
    (receiver.near / "MINE" / "T00001").write_bytes(b"mine")
    receiver.run("start", "scheme", "OTHER").settle()
    assert receiver.server is not None
    receiver.server.stop()
    try:
        done = receiver.run("status", "pool", "--json").settle(2)
        assert done.reasons == ["unreachable"]
        assert [tape["state"] for tape in done.json["data"]["tapes"]] == ["safe"]
        assert receiver.start(code=2).reasons == ["unreachable"]
    finally:
        receiver.server.start()


def test_without_the_grant_the_option_is_named(make_world: Callable[..., World]) -> None:
    world = turned(make_world("receiver"))
    there(world, "T00001", b"first")
    done = world.start(code=2)
    assert done.reasons == ["refused"]
    assert "--allow-read" in done.json["errors"][0]["message"]
    assert list(world.pool.glob("T*")) == []


def test_where_no_forced_command_stands_the_program_is_told_by_itself(receiver: World) -> None:
    assert receiver.server is not None
    lines = [line for line in (receiver.policies / "vts2.yaml").read_text().splitlines() if not line.startswith("key:")]
    from tests.acceptance.world import PROGRAM

    receiver.policy("vts2", *lines, f"key: {receiver.server.client_key()}", f"receiver: {PROGRAM}")
    there(receiver, "T00001", b"first")
    receiver.start()
    assert (receiver.pool / "T00001").read_bytes() == b"first"


@pytest.mark.parametrize("slow", ["by its rate", "by a source that is stopped"])
@pytest.mark.parametrize("number", [signal.SIGTERM], ids=["TERM"])
@pytest.mark.parametrize("kind", ["sftp", "receiver"])
def test_a_signal_ends_the_reading_within_seconds(make_world: Callable[..., World], kind: str, number: int,
                                                  slow: str) -> None:
    world = turned(make_world(kind, grants=GRANT), f"vts2:/{VAULT}/{POOL}", "rate: 2 MiB/s")
    there(world, "T00001", tapes.random_bytes(40 << 20, 1))
    with world.started() as running:
        work = world.pool / ".vtspolicy"
        assert processes.until(lambda: any(path.stat().st_size > 1 << 20 for path in work.glob("*.part")), 60)
        if slow == "by a source that is stopped":
            assert world.server is not None
            for pid in world.server.session_pids():
                os.kill(pid, signal.SIGSTOP)
        running.process.send_signal(number)
        began = time.monotonic()
        assert running.process.wait(10) == 3, (running.output, running.errors)
        assert time.monotonic() - began < 10
    if slow == "by a source that is stopped":
        assert world.server is not None
        world.server.kill_sessions()
    assert [path.name for path in world.pool.iterdir()] == [".vtspolicy"]
    assert list(work.glob("*.part")) == []
    turned(world)
    world.start()
    assert (world.pool / "T00001").read_bytes() == (world.copies / "T00001").read_bytes()


def test_both_ends_may_not_be_far(receiver: World) -> None:
    receiver.policy("vts3", "kind: system", "name: vts3", "address: vts3.example.com", "user: vts", "key: /k",
                    f"vaults: {{{VAULT}: /srv/three}}")
    done = receiver.run("add", "scheme", "THREE", "--from", f"vts2:/{VAULT}/{POOL}", "--to", f"vts3:/{VAULT}/{POOL}",
                        "--json").settle(2)
    assert done.reasons == ["policy"]
    message = done.json["errors"][0]["message"]
    assert "vts2" in message and "vts3" in message and "both reached by SSH" in message
