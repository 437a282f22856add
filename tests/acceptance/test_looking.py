"""ADD and ALTER look whether what a policy names is there; a far system that is silent holds nobody up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from tests.acceptance.world import POOL, VAULT, World


def test_a_typing_error_does_not_end_in_silence(make_world: Callable[..., World]) -> None:
    world = make_world("receiver")
    done = world.run(f"ADD SCHEME A, FROM /{VAULT}/PAYROL, TO vts2:/{VAULT}/PAYROL").settle(1)
    assert done.lines[0] == "OK, SCHEME A added in scheme-A.yaml"
    assert done.errors.splitlines() == [
        f"*WARNING* pool vts1:/{VAULT}/PAYROL is not there; the nearest is {POOL}",
        f"*WARNING* pool vts2:/{VAULT}/PAYROL is not there; the nearest is {POOL}; ALTER SYSTEM vts2, CREATE-POOL yes "
        "lets runs make it"]
    assert world.run("add", "autocopy", "C", "--pool", f"/{VAULT}/NEW", "--to", f"vts2:/{VAULT}/NEW",
                     "--nocheck").settle().errors == ""
    assert world.run(f"ALTER SCHEME A, FROM /{VAULT}/{POOL}, TO vts2:/{VAULT}/{POOL}").settle().errors == ""


def test_a_silent_system_is_not_waited_for_long(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, and never says a word
        world.policy("silent", "kind: system", "name: silent", "address: 127.0.0.1",
                     f"port: {silent.getsockname()[1]}", "user: vts", "vaults: {VAULT01: /srv}")
        began = time.monotonic()
        done = world.run("add", "scheme", "S", "--from", f"vts1:/{VAULT}/{POOL}", "--to", f"silent:/{VAULT}/{POOL}",
                         "--json").settle(1)
        assert time.monotonic() - began < 15
    assert done.json["warnings"] == [f"silent: nothing came for 5 s (not looked at: silent:/{VAULT}/{POOL})"]
    assert "\nS " in world.run("info", "scheme").settle().output  # written all the same
