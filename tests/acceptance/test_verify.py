"""VERIFY, as an operator uses it: what is equal, damaged, changed by a hand, gone, or out of reach."""

from __future__ import annotations

import os

from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.support.tapes import random_bytes


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
