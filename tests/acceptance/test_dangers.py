"""Dangerous changes at the source: what is held until a person lets it go, and what is said of tapes that are gone."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.acceptance.world import POOL, SCHEME, VAULT, World
from tests.support.tapes import random_bytes

HERE = f"vts1:/{VAULT}/{POOL}"


def copied(world: World, count: int = 8) -> World:
    """A world in which T00001 and the following are copied."""
    for number in range(1, count + 1):
        world.put(f"T{number:05d}", random_bytes(1000, number))
    world.start()
    return world


# ---- held -----------------------------------------------------------------------------------------------------------


def test_a_tape_that_became_empty_or_shrank_is_held_until_it_is_released(world: World) -> None:
    copied(world)
    world.put("T00001", b"")
    world.put("T00002", b"x" * 99)
    world.put("T00003", b"x" * 100)  # a tenth may stay
    done = world.start(code=2)
    assert (done.reasons, done.leg()["copied"]) == (["held", "held"], 1)
    assert [world.copy(f"T0000{number}") for number in (1, 2)] == [random_bytes(1000, number) for number in (1, 2)]
    help = world.run("help", "held").settle().output
    assert "RELEASE TAPE name !" in " ".join(help.split())

    world.run("release", "tape", f"{HERE}/T00001").settle(2)  # it needs a yes
    said = world.run(f"RELEASE TAPE {HERE}/T00001 !").settle()
    assert f"OK, {HERE}/T00001 released: 0 B over a copy of 1000 B" in said.output
    assert world.states()[f"{POOL}/T00001"] == "stale"
    assert [each["tape"] for each in world.events("224012")] == ["T00001"]
    done = world.start(code=2)
    assert (done.reasons, done.leg()["copied"]) == (["held"], 1)
    assert (world.copy("T00001"), world.copy("T00002")) == (b"", random_bytes(1000, 2))
    assert world.run("release", "tape", f"{HERE}/T00001", "--yes", "--json").settle().json["status"] == "nothing"

    world.run(f"RELEASE TAPE vts2:/{VAULT}/{POOL}/T*, TO vts2 !").settle()
    world.start()
    assert world.copy("T00002") == b"x" * 99
    assert set(world.states().values()) == {"safe"}


def test_what_changes_behind_a_release_is_judged_anew(make_world: Callable[..., World]) -> None:
    world = copied(make_world("receiver"))
    world.put("T00001", b"x" * 50)
    world.start(code=2)
    world.run(f"RELEASE TAPE {HERE}/T00001 !").settle()
    world.put("T00001", b"")
    assert world.start(code=2).reasons == ["held"]
    assert world.copy("T00001") == random_bytes(1000, 1)
    world.put("T00001", random_bytes(900, 9))  # it is whole again: nobody needs to be asked
    world.start()
    assert world.copy("T00001") == random_bytes(900, 9)
    world.put("T00001", b"x" * 50)  # what was released once is not released for ever
    assert world.start(code=2).reasons == ["held"]


def test_a_guard_may_be_set_and_replace_lets_none_go(make_world: Callable[..., World]) -> None:
    world = copied(make_world("local"))
    world.put("T00001", b"x" * 600)
    world.run("ALTER SCHEME NIGHTLY, GUARD (shrunk-to=70 %, at-most-gone=20 %)").settle()
    assert world.start(code=2).reasons == ["held"]
    obeyform = world.run("info", "scheme", SCHEME, "--obeyform").settle().output
    assert "GUARD (shrunk-to=70 %, at-most-gone=20 %)" in obeyform
    world.put("T00002", b"")
    (world.copies / "T00004").write_bytes(b"theirs")
    done = world.start("--replace", code=2)
    assert (done.reasons, done.leg()["copied"]) == (["held", "held"], 1)
    world.run("release", "tape", f"/{VAULT}/{POOL}/*", "--yes").settle()
    assert world.start().leg()["copied"] == 2
    world.put("T00003", b"x")
    world.run("ALTER SCHEME NIGHTLY, GUARD shrunk-to=0 %").settle()
    assert world.start().leg()["copied"] == 1
    refused = world.run("ALTER SCHEME NIGHTLY, GUARD empty-source=allow").settle(2)
    assert "expected refuse" in refused.errors


# ---- gone -----------------------------------------------------------------------------------------------------------


def test_gone_tapes_are_a_warning_until_they_are_accepted(world: World) -> None:
    copied(world)
    for name in ("T00001", "T00002"):
        (world.pool / name).unlink()
    world.put("T00003", b"y" * 1000)
    done = world.start(code=1)
    assert done.json["warnings"] == [
        f"{HERE}: 2 tapes are gone from their source: T00001, T00002; their copies are kept. ACCEPT POOL {HERE} ! says "
        "that it is meant"]
    assert done.leg()["copied"] == 1
    assert len(world.events("424020")) == 1

    world.run("accept", "pool", HERE).settle(2)  # it needs a yes
    said = world.run(f"ACCEPT POOL {HERE} !").settle()
    told = " ".join(" ".join(said.lines).split()).split("OK, accepted as gone from ")[1:]
    assert [each.split()[-1] for each in told] == ["T00001", "T00002"]
    assert len(world.events("224020")) == 1
    done = world.start()
    assert (done.json["warnings"], done.leg()["gone"], done.leg()["accepted"]) == ([], 0, 2)
    tapes = world.run("status", "pool", HERE, "--json").settle().json["data"]["tapes"]
    assert [each["tape"].rpartition("/")[2] for each in tapes if each["accepted"]] == ["T00001", "T00002"]
    status = world.run("status", "pool", HERE).settle().output
    assert status.count("gone, accepted") == 2 and "2 gone, as accepted" in status
    assert world.run(f"ACCEPT POOL {HERE} !", "--json").settle().json["status"] == "nothing"
    assert world.copy("T00001") == random_bytes(1000, 1)

    world.put("T00001", random_bytes(1000, 1))  # it comes back, and goes again: that is told again
    world.start()
    (world.pool / "T00001").unlink()
    assert world.start(code=1).leg()["gone"] == 1


def test_too_many_gone_is_an_error_and_the_others_are_copied(world: World) -> None:
    copied(world)
    for number in (1, 2, 3):
        (world.pool / f"T0000{number}").unlink()
    world.put("T00004", b"y" * 1000)
    done = world.start(code=2)
    assert (done.json["status"], done.reasons) == ("partial", ["gone"])
    assert done.json["errors"][0]["id"] == "624020"
    message = done.json["errors"][0]["message"]
    assert message.startswith(f"{HERE}: 3 of 8 copied tapes are gone from their source: T00001, T00002, T00003;")
    assert f"ACCEPT POOL {HERE} !" in message
    assert world.copy("T00004") == b"y" * 1000
    assert len(world.events("624020")) == 1
    plan = world.run("plan", "scheme", SCHEME).settle()
    assert "3 of 8 copied tapes are gone: more than the policy's guard allows" in plan.output
    world.run(f"ACCEPT POOL vts2:/{VAULT}/{POOL} !").settle()
    world.start()


def test_an_unmounted_source_is_not_accepted_as_gone(make_world: Callable[..., World]) -> None:
    world = copied(make_world("local"))
    world.near.rename(world.folder / "away")
    (world.near / POOL).mkdir(parents=True)
    assert world.run(f"ACCEPT POOL {HERE} !", "--json").settle(2).reasons == ["identity"]
    assert world.run(f"RELEASE TAPE {HERE}/* !", "--json").settle(2).reasons == ["identity"]


# ---- what is not there ----------------------------------------------------------------------------------------------


def test_what_is_not_there_is_never_nothing_to_do(make_world: Callable[..., World]) -> None:
    world = copied(make_world("local"))
    world.run("ALTER SCHEME NIGHTLY, TAPES T1*").settle()
    done = world.start(code=2)
    assert done.reasons == ["empty"]
    assert "T1* selects none of its 8 tapes" in done.json["errors"][0]["message"]
    world.run("ALTER SCHEME NIGHTLY, TAPES").settle()
    world.pool.rename(world.near / "PAYROLL1")
    done = world.start(code=2)
    assert done.reasons == ["empty"]
    assert done.json["errors"][0]["message"].endswith("; the nearest is PAYROLL1")
    for verb in ("status", "verify"):
        done = world.run(verb, "pool", f"vts1:/{VAULT}/PAYROL", "--json").settle(2)
        assert done.reasons == ["unknown"]
        assert f"; the nearest is {HERE}" in done.json["errors"][0]["message"]
    (world.near / "PAYROLL1").rename(world.pool)
    done = world.run("plan", "idr", f"{HERE}/T0001", "--json")
    assert "the nearest is T00001" in json.dumps(done.json["data"])


def test_nothing_to_do_says_what_it_looked_at(world: World) -> None:
    copied(world)
    assert world.run("plan", "scheme", SCHEME).settle().lines[-1] == "nothing to do: 8 tapes, all safe"
    assert world.start().leg()["states"] == {"safe": 8}
    (world.pool / "T00001").unlink()
    assert world.run("start", "scheme", SCHEME).settle(1).lines[1] == "  nothing to do: 8 tapes, 1 not safe: 1 held"
    world.run(f"ACCEPT POOL {HERE} !").settle()
    assert world.run("plan", "scheme", SCHEME).settle().lines[-1] == (
        "nothing to do: 7 tapes, all safe; 1 gone, as accepted")


def test_a_name_clash_tells_who_wrote_the_other_tape(world: World) -> None:
    world.put("T00001", b"first")
    world.start()
    for root in (world.near, world.far):
        (root / "LEDGER").mkdir()
    world.policy("LEDGER", "kind: scheme", "name: LEDGER", f"from: vts1:/{VAULT}/LEDGER", f"to: vts2:/{VAULT}/LEDGER")
    world.put("T00001", b"of the ledger", pool="LEDGER")
    done = world.run("start", "scheme", "LEDGER", "--json").settle(2)
    message = done.json["errors"][0]["message"]
    assert done.reasons == ["name-clash"]
    for words in (f"vts1:/{VAULT}/LEDGER/T00001", f"its name exists in vts2:/{VAULT}/{POOL}, too",
                  f"must not in vts2:/{VAULT}/LEDGER", f"copied there from {HERE}/T00001 20", "by this vtspolicy, run ",
                  "ADD SETTINGS SETTINGS, UNIQUE-NAMES no"):
        assert words in message, message
    world.state.rename(world.folder / "lost")  # the far side's record knows it, too
    message = world.run("start", "scheme", "LEDGER", "--json").settle(2).json["errors"][0]["message"]
    assert f"copied there from {HERE}/T00001 20" in message and "by the vtspolicy whose state is " in message
    world.run("ADD SETTINGS SETTINGS, UNIQUE-NAMES no").settle()
    world.run("start", "scheme", "LEDGER").settle()


# ---- what goes over the link ----------------------------------------------------------------------------------------


def test_a_plan_tells_the_bytes_in_both_directions(world: World) -> None:
    for number in range(3):
        world.put(f"T0000{number}", random_bytes(1000, number))
    leg = world.run("plan", "scheme", SCHEME, "--json").settle().json["data"]["legs"][0]
    assert (leg["bytes"], leg["read_back"]) == (3000, 3000 if world.kind == "sftp" else 0)
    shown = "over the link: 2.9 KiB to send, 2.9 KiB to read back" in world.run("plan", "scheme", SCHEME).output
    assert shown == (world.kind == "sftp")


def test_a_scheme_that_selects_nothing_says_so_whoever_asks(make_world: Callable[..., World]) -> None:
    """An unmounted source that was never copied looks so: STATUS must not end as if all were well."""
    world = make_world("local")
    asked = world.run("status", "scheme", SCHEME).settle(1)
    assert "no tape is selected; START would be refused, rc=empty" in asked.errors
    assert world.start(code=2).reasons == ["empty"]
