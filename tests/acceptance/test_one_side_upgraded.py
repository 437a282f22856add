"""This release against a receiver that was not upgraded: everything that both know works, the rest says what to do."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.support.tapes import assert_equal, digests, random_bytes

ROOT = Path(__file__).parents[2]
POOL_THERE = f"vts2:/{VAULT}/{POOL}"


@pytest.fixture
def older(make_world: Callable[..., World]) -> World:
    """A world whose far side still has the first release."""
    world = make_world("receiver")
    words = [sys.executable, "-m", "tests.support.older_receiver", "--vault", f"{VAULT}={world.far}"]
    assert world.server is not None
    world.server.authorize(world.key.name, command=f"cd {shlex.quote(str(ROOT))} && exec {shlex.join(words)}")
    for number in range(5):
        world.put(f"T0000{number}", random_bytes(3000 + number, number))
    return world


def test_a_day_with_an_older_receiver(older: World) -> None:
    """Copy, change, verify, ask; the state is lost and found again."""
    assert older.start().leg()["copied"] == 5
    assert set(older.states().values()) == {"safe"}
    older.put("T00001", random_bytes(3001, 77))
    (older.copies / "T00002").unlink()
    assert older.run("plan", "scheme", SCHEME, "--check").code == 1
    assert older.start().leg()["copied"] == 2
    assert_equal(digests(older.pool), digests(older.copies))
    assert older.run("verify", "scheme", SCHEME, "--json").settle().json["data"]["counts"] == {"verified": 5}
    asked = older.run("status", "scheme", SCHEME, "--ask", "--json").settle().json["data"]
    assert {each["state"] for each in asked["tapes"]} == {"safe"}
    assert older.run("status", "system", "vts2", "--json").settle().json["data"]["systems"][0]["answers"] == "receiver"
    before = older.states()
    shutil.rmtree(older.state)
    older.run("rebuild", "catalog", "--yes").settle()
    assert older.states() == before
    assert older.start().leg()["trusted"] == 5


def test_an_owner_needs_an_upgrade_and_attributes_are_named(older: World) -> None:
    os.setxattr(older.pool / "T00000", "user.volser", b"T00000")
    done = older.start(code=1)
    assert done.json["warnings"] == [f"not kept: user attributes of 1 tape (first vts1:/{VAULT}/{POOL}/T00000)"]
    older.put("T00001", random_bytes(3002, 9))
    older.run("alter", "system", "vts2", "--owner", "0:0", "--mode", "0600").settle()
    done = older.start(code=2)
    assert done.reasons == ["target-write"]
    assert "is older and sets no owner: upgrade it there" in done.json["errors"][0]["message"]
    assert older.copy("T00001") == random_bytes(3001, 1)
    tried = older.run("test", "system", "vts2", "--json").json["data"]["steps"]
    assert "upgrade vtspolicy there" in [each["remedy"] for each in tried]


def test_identity_with_an_older_receiver(older: World) -> None:
    """Another vault is refused and trusted; a vault that has an id cannot be given another one from here."""
    older.start()
    marker = older.far / ".vtspolicy-vault"
    marker.write_text("f" * 32 + "\n")
    assert older.start(code=2).reasons == ["identity"]
    assert set(older.states().values()) == {"unproven"}
    refused = older.run("init", "vault", f"vts2:/{VAULT}", "--replace", "--yes", "--json").settle(2)
    assert refused.reasons == ["identity"]
    assert marker.read_text() == "f" * 32 + "\n"
    older.run("trust", "vault", f"vts2:/{VAULT}", "--yes").settle()
    assert older.start().leg()["equal"] == 5
    assert set(older.states().values()) == {"safe"}
    marker.unlink()
    older.run("init", "vault", f"vts2:/{VAULT}", "--replace", "--yes").settle()
    assert older.start().leg()["equal"] == 5


def test_what_an_older_receiver_cannot_do_is_told(older: World) -> None:
    """It makes no pools, and sends no tapes."""
    older.start()
    (older.near / "NEW").mkdir()
    (older.near / "NEW" / "N00001").write_bytes(b"new")
    older.policy("OTHER", "kind: scheme", "name: OTHER", f"from: vts1:/{VAULT}/NEW", f"to: vts2:/{VAULT}/NEW")
    policy = older.policies / "vts2.yaml"
    policy.write_text(policy.read_text() + "create-pool: yes\n")
    done = older.run("start", "scheme", "OTHER", "--json").settle(2)
    assert done.reasons == ["not-built"]
    assert not (older.far / "NEW").exists()
    (older.pool / "T00000").unlink()
    done = older.run("copy", "tape", f"/{VAULT}/{POOL}/T00000", "--from", "vts2", "--json")
    assert done.code == 2
    assert done.reasons == ["version"]
    assert "upgrade vtspolicy there" in done.json["errors"][0]["message"]
