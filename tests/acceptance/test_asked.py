"""STATUS with ASK: another machine says what lies there; one that does not answer leaves what was last known."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.support.tapes import random_bytes


@pytest.mark.parametrize("kind", ["receiver", "sftp"])
def test_a_far_side_is_asked_and_then_cannot_be(kind: str, make_world: Callable[..., World]) -> None:
    world = make_world(kind)
    for number in range(4):
        world.put(f"T0000{number}", random_bytes(1000, number))
    world.start()
    (world.copies / "T00000").unlink()
    (world.copies / "T00001").write_bytes(b"a hand")
    path = world.put("T00002", random_bytes(1000, 7))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    done = world.run("status", "scheme", SCHEME, "--ask").settle()
    assert "4 tapes: 1 diverged, 1 missing, 1 safe, 1 stale; targets asked now" in done.output
    assert "exposed since 2023-11-1" in done.output and "oldest proof 20" in done.output

    policy = world.policies / "vts2.yaml"
    assert world.server is not None
    policy.write_text(policy.read_text().replace(f"port: {world.server.port}", "port: 1"))
    done = world.run("status", "pool", f"/{VAULT}/{POOL}", "--ask", "--json").settle(2)
    assert (done.json["status"], done.reasons) == ("partial", ["unreachable"])
    found = {each["tape"].rpartition("/")[2]: each["state"] for each in done.json["data"]["tapes"]}
    assert found == {"T00000": "unproven", "T00001": "unproven", "T00002": "stale", "T00003": "safe"}
    assert {each["basis"] for each in done.json["data"]["tapes"]} == {"last known"}
    shown = world.run("info", "tape", f"/{VAULT}/{POOL}/T00001", "--ask").settle(2)
    assert "*ERROR* vts2: 127.0.0.1 port 1: Connection refused" in shown.errors
    assert "1 tape: 1 unproven; targets as last known" in shown.output and "In doubt since" in shown.output
