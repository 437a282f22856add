"""VERIFY, as an operator uses it: what is equal, damaged, changed by a hand, gone, or out of reach."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.support import processes
from tests.support.signals import Running
from tests.support.tapes import random_bytes
from vtspolicy.catalog.state import open_state


def test_rot_is_found_and_repaired(world: World) -> None:
    for number in range(4):
        world.put(f"T0000{number}", random_bytes(50_000, number))
    world.start()
    assert world.run("verify", "scheme", SCHEME, "--json").settle().json["data"]["counts"] == {"verified": 4}
    path = world.copies / "T00001"
    before = path.stat()
    with open(path, "r+b") as file:
        file.seek(20_000)
        byte = file.read(1)[0]
        file.seek(20_000)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (world.copies / "T00002").unlink()
    (world.copies / "T00003").write_bytes(b"a hand")

    done = world.run("verify", "scheme", SCHEME, "--json").settle(2)
    assert done.json["status"] == "partial"
    results = {each["tape"].rpartition("/")[2]: each["result"] for each in done.json["data"]["tapes"]}
    assert results == {"T00000": "verified", "T00001": "damaged", "T00002": "missing", "T00003": "diverged"}
    assert world.states() == {f"{POOL}/T00000": "safe", f"{POOL}/T00001": "failed", f"{POOL}/T00002": "missing",
                              f"{POOL}/T00003": "diverged"}
    told = {id: [each["tape"] for each in world.events(id)] for id in ("824007", "624018", "624013")}
    assert told == {"824007": ["T00001"], "624018": ["T00002"], "624013": ["T00003"]}

    done = world.start(code=2)
    assert done.reasons == ["diverged"]
    assert done.leg()["copied"] == 2
    assert world.copy("T00001") == random_bytes(50_000, 1)
    assert world.copy("T00002") == random_bytes(50_000, 2)
    assert "T00001" in {each["tape"] for each in world.events("224006")}
    world.start("--replace")
    assert set(world.states().values()) == {"safe"}
    assert world.run("verify", "pool", f"vts2:/{VAULT}/{POOL}", "--json").settle().json["data"]["counts"] == {
        "verified": 4}


def test_one_tape_is_verified_on_demand(world: World) -> None:
    world.put("T00001", b"first")
    world.put("T00002", b"second")
    world.run("verify", "scheme", SCHEME, "--json").settle(2)  # nothing was ever copied
    world.start()
    for place in (f"vts1:/{VAULT}/{POOL}/T00001", f"vts2:/{VAULT}/{POOL}/T00001", f"vts1:/{VAULT}/{POOL}/*1"):
        done = world.run("verify", "tape", place, "--brief").settle()
        assert len(done.lines) == 1 and "/T00001 result=verified" in done.output


# ---- at scale -------------------------------------------------------------------------------------------------------


def read_tapes(world: World) -> list[str]:
    """The tapes that verifications proved, oldest first."""
    return [each["tape"] for each in world.events("224007")]


def test_the_oldest_proof_comes_first_and_a_limit_leaves_the_rest(world: World) -> None:
    for number in (3, 1, 2):  # each run proves one
        world.put(f"T0000{number}", random_bytes(50_000, number))
        world.start()
    done = world.run("verify", "scheme", SCHEME, "--limit", "1 B", "--json").settle()
    assert done.json["data"]["left"] == {"copies": 2, "bytes": 100_000}
    assert read_tapes(world) == ["T00003"]
    world.run(f"VERIFY SCHEME {SCHEME}, LIMIT 60 KB").settle()
    assert read_tapes(world) == ["T00003", "T00001", "T00002"]
    done = world.run("verify", "scheme", SCHEME, "--older", "30 days", "--json").settle()
    assert (done.json["status"], done.json["data"]["spared"]) == ("nothing", 3)
    assert len(read_tapes(world)) == 3


def test_a_verification_that_was_stopped_goes_on_where_it_stopped(world: World) -> None:
    names = [f"T{number:05d}" for number in range(12)]
    for index, name in enumerate(names):
        world.put(name, random_bytes(200_000, index))
    world.start()
    prove_long_ago(world)
    sentence = ("verify", "scheme", SCHEME, "--older", "30 days", "--rate", "400 KB/s")
    with Running(world.command(*sentence), cwd=world.folder) as going:
        assert processes.until(lambda: len(read_tapes(world)) >= 2, 30)
        assert going.end_by(signal.SIGTERM)[0] == 3
        shown = going.output
    before = read_tapes(world)
    assert 2 <= len(before) < len(names)
    assert f"{len(names) - len(before)} left (" in shown
    done = world.run(*sentence[:-2], "--json").settle()
    assert done.json["data"]["counts"] == {"verified": len(names) - len(before)}
    assert sorted(read_tapes(world)) == names, "each tape was read once"


def prove_long_ago(world: World) -> None:
    """As if every copy had been made in 2020 and not been looked at since."""
    with open_state(str(world.state), str(world.policies)) as state, state.transaction() as transaction:
        for copy in state.all_copies():
            transaction.save_copy(replace(copy, verified="2020-01-01T00:00:00.000Z"))


def test_damage_that_was_found_is_told_again_without_being_read_again(world: World) -> None:
    for number in range(3):
        world.put(f"T0000{number}", random_bytes(50_000, number))
    world.start()
    (world.copies / "T00001").unlink()
    world.run("verify", "scheme", SCHEME).settle(2)
    done = world.run("verify", "scheme", SCHEME, "--older", "1 h", "--json").settle(1)
    assert done.json["status"] == "warnings"
    assert done.json["warnings"] == [
        "1 copies were found damaged, changed or missing before, and were not read again: "
        f"vts2:/{VAULT}/{POOL}/T00001"]
    assert len(world.events("624018")) == 1


def test_a_rate_is_kept_wherever_the_bytes_are_read(world: World) -> None:
    world.put("T00001", random_bytes(3 << 20, 1))
    world.start()
    began = time.monotonic()
    world.run("verify", "scheme", SCHEME, "--rate", "1 MiB/s").settle()
    assert time.monotonic() - began > 2.5
    for attribute, value, expected in (("rate", "fast", "a rate such as 40 MiB/s"), ("limit", "3", "a size"),
                                       ("older", "yesterday", "a time with its unit")):
        assert f"expected {expected}" in world.run("verify", "scheme", SCHEME, f"--{attribute}", value).settle(2).errors
