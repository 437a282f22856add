"""The target's disk fails an fsync after the rename: from then on nothing but sending the tape again helps."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.unit.service.world import START, World

Fails = Callable[[str], bool]


@contextmanager
def failing_fsync(fails: Fails) -> Iterator[None]:
    """Every fsync of a path of which that is said fails."""
    usual = os.fsync

    def fsync(fd: int) -> None:
        if fails(os.readlink(f"/proc/self/fd/{fd}")):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        usual(fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield


def after_the_rename(world: World, name: str = "T1") -> Fails:
    """The pool's directory, from when the bytes that are here lie under the tape's name."""
    return lambda path: path == str(world.target) and (world.target / name).exists() and (
        world.target / name).read_bytes() == (world.source / name).read_bytes()


def published_badly(world: World) -> None:
    """A second version lies there, and whether its name lasts nobody knows."""
    world.tape("T1", b"version one")
    assert world.say(*START).code == 0
    world.tape("T1", b"version two!!")
    with failing_fsync(after_the_rename(world)):
        said = world.say(*START, "--json")
    assert (said.code, [each["reason"] for each in said.json["errors"]]) == (2, ["not-durable"])
    assert (world.target / "T1").read_bytes() == b"version two!!"
    assert world.states() == {"T1": "failed"}
    assert "624019" in world.events()


def check_it_is_sent_again(world: World) -> None:
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert (leg["copied"], leg["equal"], leg["trusted"]) == (1, 0, 0)
    assert world.states() == {"T1": "safe"}


def test_it_is_sent_again_by_the_next_run(world: World) -> None:
    published_badly(world)
    check_it_is_sent_again(world)


def test_it_stays_so_when_sending_it_again_fails(world: World) -> None:
    published_badly(world)
    with failing_fsync(lambda path: path.endswith(".part")):
        assert world.say(*START).code == 2
    assert world.states() == {"T1": "failed"}
    check_it_is_sent_again(world)


def test_it_stays_so_when_its_bytes_are_verified(world: World) -> None:
    published_badly(world)
    world.say("verify", "scheme", "NIGHTLY")
    assert world.states() == {"T1": "failed"}, "that the bytes are there says nothing of tomorrow"
    check_it_is_sent_again(world)


def test_it_stays_so_when_its_bytes_are_verified_after_a_resend_that_failed(world: World) -> None:
    published_badly(world)
    with failing_fsync(lambda path: path.endswith(".part")):
        world.say(*START)
    world.say("verify", "scheme", "NIGHTLY")
    assert world.states() == {"T1": "failed"}
    check_it_is_sent_again(world)


def test_it_is_known_to_its_record_when_the_catalog_is_lost(world: World) -> None:
    published_badly(world)
    assert world.say("rebuild", "catalog", "--yes").code == 0
    world.say("verify", "scheme", "NIGHTLY")
    assert world.states() == {"T1": "unproven"}
    leg, = world.say(*START, "--json").json["data"]["legs"]
    assert leg["trusted"] == 0
    assert world.states() == {"T1": "safe"}


def test_a_tape_that_lay_there_and_cannot_be_made_durable_is_sent(world: World) -> None:
    world.tape("T1")
    (world.target / "T1").write_bytes(b"content")
    with failing_fsync(lambda path: path == str(world.target / "T1")):
        said = world.say(*START, "--json")
    assert (said.code, [each["reason"] for each in said.json["errors"]]) == (2, ["not-durable"])
    assert world.states() == {"T1": "failed"}
    check_it_is_sent_again(world)
