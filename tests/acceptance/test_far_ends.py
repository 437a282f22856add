"""far-end: auto asks what answers over there, and remembers: a receiver is never silently taken for plain SFTP."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.acceptance.world import PROGRAM, World

MISSING = "/nonexistent/vtspolicy"


@pytest.fixture
def auto(make_world: Callable[..., World]) -> World:
    """A world whose key may do anything over there, and whose policy leaves the far end open."""
    world = make_world("receiver")
    assert world.server is not None
    world.key = world.server.client_key()
    use(world, "auto", PROGRAM)
    path = world.put("T00001", b"first")
    os.utime(path, (1, path.stat().st_mtime - 10))  # plain SFTP tells whole seconds
    return world


def use(world: World, far_end: str, receiver: str = "") -> None:
    """The policy of vts2 with this far end and this receiver."""
    lines = [line for line in (world.policies / "vts2.yaml").read_text().splitlines()
             if not line.startswith(("far-end:", "receiver:", "key:"))]
    world.policy("vts2", *lines, f"far-end: {far_end}", f"key: {world.key}",
                 *([f"receiver: {receiver}"] if receiver else []))


def answers(world: World) -> str:
    found = world.run("status", "system", "vts2", "--json").settle().json["data"]["systems"][0]["answers"]
    assert isinstance(found, str)
    return found


def test_a_receiver_is_found_and_not_given_up(auto: World) -> None:
    auto.start()
    assert answers(auto) == "receiver"
    auto.put("T00001", b"second")
    use(auto, "auto", MISSING)
    done = auto.start(code=2)
    assert done.reasons == ["version"]
    assert "it has answered as receiver before" in done.json["errors"][0]["message"]
    assert auto.copy("T00001") == b"first"
    use(auto, "sftp")  # a person says so
    auto.start()
    assert auto.copy("T00001") == b"second"
    assert answers(auto) == "sftp"


def test_plain_sftp_is_found_and_a_receiver_is_welcome_later(auto: World) -> None:
    use(auto, "auto", MISSING)
    auto.start()
    assert answers(auto) == "sftp"
    assert auto.start().leg()["trusted"] == 1
    auto.put("T00002", b"second")
    use(auto, "auto", PROGRAM)
    done = auto.start()
    # What SFTP could not say of the first tape does not speak against it.
    assert (done.leg()["copied"], done.leg()["trusted"]) == (1, 1)
    assert answers(auto) == "receiver"
    assert set(auto.states().values()) == {"safe"}


def test_a_policy_that_says_receiver_means_it(auto: World) -> None:
    use(auto, "receiver", MISSING)
    done = auto.start(code=2)
    assert done.reasons == ["version"]
    assert "far-end: receiver" in done.json["errors"][0]["message"]
    assert auto.copy("T00001") is None
