"""A disk was shipped, or rsync did it until now: equal tapes become copies without being sent, the others are named."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import KINDS, POOL, SCHEME, VAULT, World
from tests.support import tally
from tests.support.signals import Running
from tests.support.tapes import assert_equal, digests, random_bytes

HERE = f"/{VAULT}/{POOL}"
ADOPT = ("adopt", "pool", f"vts1:{HERE}")
DIFFERING = 10


def shipped(world: World, number: int, differing: int = DIFFERING) -> list[str]:
    """So many tapes on both sides, some of which are not the same; their names."""
    for index in range(number):
        path = world.put(f"T{index:05d}", random_bytes(2000 + index, index))
        shutil.copy2(path, world.copies / path.name)
    others = [f"T{index:05d}" for index in range(0, number, number // differing)][:differing]
    for index, name in enumerate(others):
        content = bytearray((world.copies / name).read_bytes())
        content[index * 7] ^= 1
        # A changed byte, of the same size and time; or a tape that is cut.
        old = (world.copies / name).stat()
        (world.copies / name).write_bytes(content if index % 2 else content[:-1])
        os.utime(world.copies / name, ns=(old.st_atime_ns, old.st_mtime_ns))
    return others


def far_says(world: World, *words: str, code: int = 0) -> dict[str, object]:
    """What the program says on the target, where no policy names the source."""
    folder = world.folder / "there"
    if not folder.exists():
        folder.mkdir()
        (folder / "vts2.yaml").write_text(f"kind: system\nname: vts2\nvaults: {{{VAULT}: {world.far}}}\n")
    done = world.run(*words, "--policies", str(folder), "--state", str(world.folder / "state-there"), "--json")
    data = done.settle(code).json["data"]
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize(("kind", "number"), [("receiver", 1000), ("sftp", 400)])
def test_a_thousand_of_which_ten_differ(kind: str, number: int, make_world: Callable[..., World]) -> None:
    """Ten are named and left alone; of the others nobody sends a byte, and both sides know them from then on."""
    number = tally.count(number, number // 10)
    world = make_world(kind)
    others = shipped(world, number)
    before = digests(world.copies)

    leg = world.run(*ADOPT, "--json").settle(1).leg()
    assert (leg["equal"], leg["differing"], leg["missing"], leg["bytes"]) == (number - DIFFERING, others, [], 0)
    assert sorted(each["tape"].rpartition("/")[2] for each in world.events("424024")) == others
    assert digests(world.copies) == before
    assert world.parts() == []
    states = world.states()
    assert {name.rpartition("/")[2] for name, state in states.items() if state == "diverged"} == set(others)
    assert sorted(states.values()) == ["diverged"] * DIFFERING + ["safe"] * (number - DIFFERING)

    again = world.run(*ADOPT, "--json").settle(1).leg()
    assert (again["trusted"], again["equal"], again["differing"]) == (number - DIFFERING, 0, others)
    leg = world.start(code=2).leg()
    assert (leg["trusted"], leg["refused"], leg["bytes"]) == (number - DIFFERING, DIFFERING, 0)
    assert digests(world.copies) == before

    kept = far_says(world, "status", "pool", f"vts2:{HERE}", code=1)["tapes"]  # it warns of those without a record
    assert isinstance(kept, list)
    assert len(kept) == number - DIFFERING
    assert all(each["durable"] and each["reason"] is None for each in kept)
    assert all(each["verified"] for each in kept) or kind == "sftp", "plain SFTP knows no ctime to hold it against"

    shutil.rmtree(world.state)
    world.run("rebuild", "catalog", "--yes").settle()
    rebuilt = world.states()
    assert {name for name in rebuilt if rebuilt[name] == "safe"} == {name for name in states if states[name] == "safe"}
    leg = world.start("--replace").leg()
    assert (leg["trusted"], leg["copied"]) == (number - DIFFERING, DIFFERING)
    assert_equal(digests(world.pool), digests(world.copies))
    assert set(world.states().values()) == {"safe"}
    tally.tally(f"tapes adopted ({kind})", number - DIFFERING, at_least=number - DIFFERING)


def test_what_is_missing_or_only_there_or_changed_since(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    world.put("T00000", b"copied before")
    world.start()
    others = shipped(world, 6, 1)
    (world.copies / "T00004").unlink()
    (world.copies / "X00001").write_bytes(b"theirs")
    world.put("T00005", b"empty now" * 0)
    done = world.run(*ADOPT, "--json").settle(1)
    leg = done.leg()
    assert (leg["equal"], leg["missing"], leg["extra"]) == (3, ["T00004"], ["X00001"])
    assert leg["differing"] == [*others, "T00005"]
    assert leg["next"] == [f"PLAN SCHEME {SCHEME}, REPLACE shows what would replace those that differ",
                           f"START SCHEME {SCHEME} copies what is missing there or changed since its copy"]
    assert (world.copies / "X00001").read_bytes() == b"theirs"
    text = world.run(*ADOPT).settle(1)
    assert "3 known already, 2 differ, 1 missing there, 1 only there" in text.output
    assert all(len(line) <= 80 for line in text.lines)
    world.put("T00003", random_bytes(2003, 99))  # a copy by now, and changed since
    assert world.run(*ADOPT, "--json").settle(1).leg()["waiting"] == ["T00003"]
    assert world.start(code=2).leg()["copied"] == 2


def test_what_a_run_would_repair_is_left_to_the_run(make_world: Callable[..., World]) -> None:
    """A copy of ours that was damaged with size and time unchanged, and touched: a run mends it, before and after."""
    world = make_world("local")
    world.put("T00001", random_bytes(3000, 1))
    world.start()
    path = world.copies / "T00001"
    old = path.stat()
    path.write_bytes(random_bytes(3000, 2))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert world.run(*ADOPT, "--json").settle(1).leg()["differing"] == ["T00001"]
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == random_bytes(3000, 1)


def test_a_restored_disk_is_known_again(make_world: Callable[..., World]) -> None:
    """Other inodes, the same bytes: neither catalog nor records fit, and nothing is sent."""
    world = make_world("local")
    for index in range(3):
        world.put(f"T{index:05d}", random_bytes(2000, index))
    world.start()
    shutil.copytree(world.copies, world.folder / "backup")
    shutil.rmtree(world.copies)
    shutil.copytree(world.folder / "backup", world.copies)
    leg = world.run(*ADOPT, "--json").settle().leg()
    assert (leg["equal"], leg["bytes"]) == (3, 0)
    shutil.rmtree(world.state)
    world.run("rebuild", "catalog", "--yes").settle()
    assert set(world.states().values()) == {"safe"}, "the records fit the tapes again"


@pytest.mark.parametrize("kind", ["receiver", "sftp"])
def test_nothing_is_adopted_where_it_is_frozen(kind: str, make_world: Callable[..., World]) -> None:
    world = make_world(kind)
    shipped(world, 5, 1)
    far_says(world, "freeze", "pool", f"vts2:{HERE}")
    assert world.run(*ADOPT, "--json").settle(2).reasons == ["frozen"]
    assert sorted(path.name for path in (world.copies / ".vtspolicy").iterdir()) == ["frozen"]
    assert set(world.states().values()) == {"never"}
    far_says(world, "thaw", "pool", f"vts2:{HERE}")
    assert world.run(*ADOPT, "--json").settle(1).leg()["equal"] == 4


def test_large_tapes_are_read_on_both_sides_at_once_at_a_rate(make_world: Callable[..., World]) -> None:
    world = make_world("receiver")
    for index in range(2):
        path = world.put(f"T{index:05d}", random_bytes(3 << 20, index))
        shutil.copy2(path, world.copies / path.name)
    with (world.copies / "T00001").open("r+b") as file:
        file.seek(2 << 20)
        file.write(b"other")
    leg = world.run(*ADOPT, "--rate", "4 MiB/s", "--json").settle(1).leg()
    assert (leg["equal"], leg["differing"]) == (1, ["T00001"])
    assert 1.0 < leg["seconds"] < 3.0, "two tapes of 3 MiB, and both sides of each at the same time"
    done = world.run(*ADOPT, "--rate", "fast", "--json").settle(2)
    assert done.reasons == ["usage"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_ends_it_while_both_sides_read(kind: str, make_world: Callable[..., World]) -> None:
    """Within seconds, whoever is waited for; what was done is not done again."""
    world = make_world(kind)
    for name, size in (("T00000", 2000), ("T00001", 3 << 20)):
        shutil.copy2(world.put(name, random_bytes(size, size)), world.copies / name)
    with Running(world.command(*ADOPT, "--rate", "200 KiB/s", "--json"), cwd=world.folder) as running:
        running.wait_for_file(world.copies / ".vtspolicy", "T00000.record")
        time.sleep(0.5)
        code, seconds = running.end_by(signal.SIGTERM)
        assert (code, seconds < 10) == (3, True), (code, seconds, running.output, running.errors)
    leg = world.run(*ADOPT, "--json").settle().leg()
    assert (leg["trusted"], leg["equal"]) == (1, 1)
    assert set(world.states().values()) == {"safe"}


def test_an_older_far_side_keeps_no_record_and_that_is_told(make_world: Callable[..., World]) -> None:
    world = make_world("receiver")
    words = [sys.executable, "-m", "tests.support.older_receiver", "--vault", f"{VAULT}={world.far}"]
    assert world.server is not None
    root = Path(__file__).parents[2]
    world.server.authorize(world.key.name, command=f"cd {shlex.quote(str(root))} && exec {shlex.join(words)}")
    shipped(world, 5, 1)
    done = world.run(*ADOPT, "--json").settle(1)
    assert done.leg()["equal"] == 4
    assert [each for each in done.json["warnings"] if "is older" in each] == [
        f"vts2:{HERE}: 4 tapes are recorded here alone: the vtspolicy on vts2 is older; upgrade it there"]
    assert sorted(world.states().values()) == ["diverged", "safe", "safe", "safe", "safe"]
    assert json.dumps(world.events("424026")).count('"424026"') == 1
