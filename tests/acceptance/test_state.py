"""The state: refused loudly where it cannot be trusted, kept, made anew from the targets, never shared by two runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import POOL, PROGRAM, SCHEME, VAULT, World
from tests.support import processes
from tests.support.signals import Running
from tests.support.smallfs import tmpfs
from tests.support.tapes import random_bytes


def copied(world: World, number: int = 3) -> World:
    """A world in which some tapes are copied."""
    for each in range(number):
        world.put(f"T0000{each}", random_bytes(1000 + each, each))
    world.start()
    return world


def file_of(world: World) -> Path:
    return world.state / "state.db"


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, 5000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def text(path: Path) -> None:
    path.write_text("no database at all\n" * 100)


def newer(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(60)
        file.write((99).to_bytes(4, "big"))


@pytest.mark.parametrize("damage", [corrupt, cut, empty, foreign, text, newer])
def test_a_state_that_cannot_be_trusted_is_refused_kept_and_rebuilt(damage: Callable[[Path], None],
                                                                    make_world: Callable[..., World]) -> None:
    world = copied(make_world("receiver" if damage is corrupt else "local"))
    before = world.states()
    damage(file_of(world))
    content = file_of(world).read_bytes()
    world.put("T00000", b"changed since")
    for words in (["start", "scheme", SCHEME], ["status", "scheme"], ["plan", "scheme", SCHEME],
                  ["verify", "scheme", SCHEME], ["info", "event"]):
        done = world.run(*words, "--json").settle(3)
        assert done.reasons == ["state"]
        assert str(file_of(world)) in done.json["errors"][0]["message"]
        assert file_of(world).read_bytes() == content, words
    assert world.copy("T00000") == random_bytes(1000, 0)
    world.put("T00000", random_bytes(1000, 0))

    world.run("rebuild", "catalog").settle(2)
    rebuilt = world.run("rebuild", "catalog", "--yes", "--json").settle().json
    assert rebuilt["data"]["copies"] == 3
    kept = Path(rebuilt["data"]["kept"])
    assert kept.read_bytes() == content
    # The source was written again with the bytes it had: its identity is another one, its copy is stale until a run.
    assert world.states() == {**before, f"{POOL}/T00000": "stale"}
    leg = world.start().leg()
    assert (leg["copied"], leg["equal"], leg["trusted"]) in ((1, 0, 2), (0, 1, 2))
    assert world.states() == before


def test_a_state_of_other_policies_is_refused(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = copied(make_world("local"))
    other = tmp_path / "other"
    shutil.copytree(world.policies, other)
    before = file_of(world).read_bytes()
    words = ["--policies", str(other), "--state", str(world.state), "start", "scheme", SCHEME, "--json"]
    with Running([PROGRAM, *words]) as running:
        assert running.wait() == 3
        envelope = json.loads(running.output)
    assert envelope["errors"][0]["reason"] == "state"
    assert str(world.policies) in envelope["errors"][0]["message"]
    assert file_of(world).read_bytes() == before


def test_a_lost_catalog_is_found_beside_the_copies(world: World) -> None:
    """Nothing is copied again; what changed since is copied; what someone changed there is still noticed."""
    copied(world, 5)
    shutil.rmtree(world.state)
    leg = world.start().leg()
    assert (leg["copied"], leg["equal"], leg["trusted"], leg["bytes"]) == (0, 0, 5, 0)
    assert set(world.states().values()) == {"safe"}
    shutil.rmtree(world.state)
    world.put("T00001", random_bytes(1001, 99))
    (world.copies / "T00002").write_bytes(b"someone else")
    done = world.start(code=2)
    assert done.reasons == ["diverged"]
    assert (done.leg()["copied"], done.leg()["trusted"]) == (1, 3)
    assert world.copy("T00001") == random_bytes(1001, 99)


def test_a_rebuilt_catalog_answers_as_before(world: World) -> None:
    copied(world, 5)
    world.put("T00001", b"changed since its copy")
    (world.pool / "T00002").unlink()
    before = world.run("status", "scheme", SCHEME, "--json").settle().json["data"]["tapes"]
    done = world.run("rebuild", "catalog", "--yes", "--json").settle().json
    assert done["data"]["copies"] == 5
    after = world.run("status", "scheme", SCHEME, "--json").settle().json["data"]["tapes"]
    told = ("tape", "target", "state", "size", "copied", "verified", "digest", "durable", "run")
    assert [{key: each[key] for key in told} for each in after] == [
        {key: each[key] for key in told} for each in before]
    assert [each["state"] for each in before] == ["safe", "stale", "held", "safe", "safe"]
    assert world.run("verify", "scheme", SCHEME, "--json").settle().json["data"]["counts"] == {"verified": 5}


def test_a_kill_between_publish_and_catalog_costs_no_second_copy(world: World) -> None:
    """The catalog is put back to what it was before the run: so it stands when the run dies before its commit."""
    copied(world)
    shutil.copytree(world.state, world.folder / "before")
    for number in range(3):
        world.put(f"T0000{number}", random_bytes(2000, 10 + number))
    assert world.start().leg()["copied"] == 3
    shutil.rmtree(world.state)
    (world.folder / "before").rename(world.state)
    # Nor is what the catalog does not know yet called damaged.
    verified = world.run("verify", "scheme", SCHEME, "--json").settle().json
    assert verified["data"]["counts"] == {"verified": 3}
    leg = world.start().leg()
    assert (leg["copied"], leg["trusted"], leg["bytes"]) == (0, 3, 0)
    assert set(world.states().values()) == {"safe"}


def test_a_state_on_a_full_disk_is_told_and_nothing_is_lost(make_world: Callable[..., World]) -> None:
    """Full at the start, or in the middle of a run: what was published is known by its records."""
    world = make_world("local")
    for number in range(300):
        world.put(f"T{number:05}", b"tape %d" % number)
    with tmpfs(world.state, size=1 << 20) as disk:
        world.state.chmod(0o700)
        world.run("info", "event").settle()  # the state is there
        for leave in (0, 16384, 65536, 131072):
            disk.fill(leave=leave)
            done = world.run("start", "scheme", SCHEME, "--json")
            if done.code == 0:
                break
            done.settle(3)
            assert done.reasons[-1] == "state"
            assert "full" in done.json["errors"][-1]["message"]
            assert world.parts() == []
            disk.release()
        else:
            world.start()
        disk.release()
        leg = world.start().leg()
        assert (leg["trusted"], leg["copied"]) == (300, 0)
        assert set(world.states().values()) == {"safe"}


# ---- two at once ----------------------------------------------------------------------------------------------------


def wait_for_part(world: World) -> None:
    assert processes.until(lambda: bool(world.parts()), 30), "no part file came"


def test_the_second_of_two_runs_is_told_who_is_first(make_world: Callable[..., World]) -> None:
    world = make_world("receiver", scheme=["rate: 2 MiB/s"])
    world.put("T00001", random_bytes(20 << 20, 1))
    with world.started("--ref", "FIRST") as first:
        wait_for_part(world)
        for words in (["start", "scheme", SCHEME], ["idr", f"vts1:/{VAULT}/{POOL}/T00001"]):
            second = world.run(*words, "--json", "--ref", "SECOND") if words[0] == "start" else world.run(
                *words, "--json")
            second.settle(2)
            assert second.reasons == ["locked"]
            message = second.json["errors"][0]["message"]
            assert f"vts2:/{VAULT}/{POOL}" in message and f"({SCHEME})" in message, message
            assert second.json["errors"][0]["retry"] is True
        # Reading takes no lock.
        assert world.states() == {f"{POOL}/T00001": "never"}
        world.run("info", "event").settle()
        assert first.process.poll() is None
        first.send(signal.SIGKILL)
        first.wait()
    world.policy(SCHEME, *[line for line in (world.policies / f"{SCHEME}.yaml").read_text().splitlines()
                           if not line.startswith("rate")])
    assert world.server is not None
    world.server.wait_idle()
    world.start()  # a lock dies with its holder
    assert world.events("624001")


def test_cron_that_starts_it_twice_does_no_harm(world: World) -> None:
    for number in range(40):
        world.put(f"T{number:05}", random_bytes(100_000, number))
    started = [Running(world.command("start", "scheme", SCHEME, "--json")) for _ in range(4)]
    codes = []
    for running in started:
        with running:
            codes.append(running.wait())
            envelope = json.loads(running.output)
            assert [each["reason"] for each in envelope["errors"]] == ([] if codes[-1] == 0 else ["locked"])
    assert set(codes) <= {0, 2} and 0 in codes
    leg = world.start().leg()
    assert (leg["trusted"], leg["copied"]) == (40, 0)
    assert len(world.events("224004")) == 40
    assert world.parts() == []


def test_a_copy_that_is_renewed_meanwhile_is_not_called_damaged(make_world: Callable[..., World]) -> None:
    """VERIFY takes no lock: what it set out to verify may be another copy by the time it comes to it."""
    world = make_world("receiver")
    world.put("T00000", random_bytes(1000, 0))
    world.put("T00001", random_bytes(1000, 1))
    world.start()
    assert world.server is not None
    with Running(world.command("verify", "scheme", SCHEME, "--json")) as verify:
        assert processes.until(lambda: bool(far_receivers(world)), 30)
        far = far_receivers(world)[0]
        os.kill(far, signal.SIGSTOP)
        try:
            time.sleep(1.0)  # by now its list is made, and it waits for an answer
            world.put("T00001", random_bytes(2000, 2))
            assert world.start().leg()["copied"] == 1
        finally:
            os.kill(far, signal.SIGCONT)
        code = verify.wait()
    assert code == 0, (verify.output, verify.errors)
    assert world.states() == {f"{POOL}/T00000": "safe", f"{POOL}/T00001": "safe"}
    assert world.start().leg()["trusted"] == 2
    assert world.events("824007") == []


def far_receivers(world: World) -> list[int]:
    """The receivers over there; not the shells that start them."""
    assert world.server is not None
    return [pid for pid in world.server.far_pids("vtspolicy receive")
            if not processes.command_line(pid).startswith(("sshd", "sh ", "/bin/sh", "bash"))]


def test_what_was_copied_is_published_and_recorded_while_a_long_tape_follows(make_world: Callable[..., World]) -> None:
    world = make_world("local", scheme=["rate: 1 MiB/s"])
    world.put("T00001", b"short")
    world.put("T00002", random_bytes(20 << 20, 1))
    with world.started() as running:
        wait_for_part(world)
        assert processes.until(lambda: world.states()[f"{POOL}/T00001"] == "safe", 8), "it waits for the long one"
        assert world.copy("T00001") == b"short"
        assert running.process.poll() is None
        assert len(world.parts()) == 1
        running.send(signal.SIGKILL)
        running.wait()


def test_a_run_that_was_killed_is_told_by_the_next(make_world: Callable[..., World]) -> None:
    world = make_world("local", scheme=["rate: 1 MiB/s"])
    world.put("T00001", random_bytes(8 << 20, 1))
    with world.started() as running:
        wait_for_part(world)
        time.sleep(0.5)
        running.send(signal.SIGKILL)
        running.wait()
    assert world.parts() != []
    world.put("T00001", b"short")
    world.start()
    assert world.parts() == []
    assert world.copy("T00001") == b"short"
    assert [each["id"] for each in world.events("226001")] == ["226001"]
    told = world.events("424009")
    assert len(told) == 1 and SCHEME in told[0]["text"]
    world.start()
    assert len(world.events("424009")) == 1
