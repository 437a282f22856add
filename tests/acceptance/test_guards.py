"""What must not be copied, or not be overwritten, is refused by the command line, and nobody else suffers for it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import FAR_ID, NEAR_ID, POOL, SCHEME, VAULT, World, make_vault
from tests.support import processes, strace
from tests.support.needs import need, need_root
from tests.support.smallfs import tmpfs
from tests.support.tapes import digests, random_bytes


def copied(world: World) -> World:
    """A world in which T00001 and T00002 are copied."""
    world.put("T00001", b"first")
    world.put("T00002", b"second")
    world.start()
    return world


# ---- source ---------------------------------------------------------------------------------------------------------


def test_an_empty_source_is_refused(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    copied(world)
    for path in world.pool.glob("T*"):
        path.unlink()
    done = world.start(code=2)
    assert done.reasons == ["empty"]
    assert done.json["status"] == "refused"
    assert world.copy("T00001") == b"first"


def test_a_vanished_vault_is_refused(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    copied(world)
    world.near.rename(world.folder / "away")
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    assert "is its disk mounted?" in done.json["errors"][0]["message"]
    world.near.mkdir()  # what an unmounted disk leaves
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    assert f"had {NEAR_ID} before" in done.json["errors"][0]["message"]
    assert world.copy("T00001") == b"first"


def test_a_missing_pool_is_named(world: World) -> None:
    world.put("T00001", b"first")
    shutil.rmtree(world.copies)
    done = world.start(code=2)
    assert done.reasons == ["unknown"]
    assert f"pool vts2:/{VAULT}/{POOL}" in done.json["errors"][0]["message"]
    assert not world.copies.exists()
    world.copies.mkdir()
    shutil.rmtree(world.pool)
    assert f"pool vts1:/{VAULT}/{POOL}" in world.start(code=2).json["errors"][0]["message"]


def test_a_template_does_not_lose_sight_of_a_pool(make_world: Callable[..., World]) -> None:
    """A pool that was copied and is gone shows no less than one that a policy names."""
    world = make_world("local", pools=(POOL, "LEDGER"))
    world.policy(SCHEME, "kind: scheme", f"name: {SCHEME}", f"from: vts1:/{VAULT}/*", f"to: ['vts2:/{VAULT}/{{pool}}']")
    world.put("T00001", b"first")
    world.put("L00001", b"second", pool="LEDGER")
    world.start()
    shutil.rmtree(world.near / "LEDGER")

    done = world.run("status", "scheme", SCHEME, "--json").settle(2)
    assert f"pool vts1:/{VAULT}/LEDGER" in done.json["errors"][0]["message"]
    assert {each["tape"].rpartition("/")[2] for each in done.json["data"]["tapes"]} == {"T00001", "L00001"}
    assert world.run("verify", "scheme", SCHEME, "--json").settle().json["data"]["counts"] == {"verified": 2}
    world.put("T00002", b"third")
    done = world.start(code=2)
    assert done.json["status"] == "partial"
    assert f"pool vts1:/{VAULT}/LEDGER" in done.json["errors"][0]["message"]
    assert world.copy("T00002") == b"third"
    assert world.copy("L00001", pool="LEDGER") == b"second"

    world.near.rename(world.folder / "away")  # the whole disk: what was copied is still told
    done = world.run("status", "scheme", SCHEME, "--json").settle(2)
    assert len(done.json["data"]["tapes"]) == 3
    (world.folder / "away").rename(world.near)
    world.run("alter", "scheme", SCHEME, "--except", "LEDGER").settle()  # it was given up
    world.start()


def test_what_is_no_tape_is_skipped_with_a_warning(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    need_root("make a device")
    world.put("T00001", b"first")
    secret = world.folder / "secret"
    secret.write_text("outside")
    (world.pool / "LINK").symlink_to(secret)
    (world.pool / "FOLDER").mkdir()
    os.mkfifo(world.pool / "FIFO")
    os.mknod(world.pool / "DEVICE", 0o600 | 0o020000, os.makedev(1, 5))
    (world.pool / "bad name").write_text("x")
    done = world.start(code=1)
    assert done.json["status"] == "warnings"
    warnings = "\n".join(done.json["warnings"])
    for name, why in (("LINK", "a symbolic link"), ("FOLDER", "a directory"), ("FIFO", "a FIFO"),
                      ("DEVICE", "a device"), ("bad name", "not a tape's name")):
        assert f"{name} skipped: {why}" in warnings
    assert sorted(path.name for path in world.copies.glob("[!.]*")) == ["T00001"]
    assert len(world.events("422010")) == 5


def test_a_tape_that_became_empty_is_held(world: World) -> None:
    copied(world)
    world.put("T00001", b"")
    done = world.start(code=2)
    assert done.reasons == ["held"]
    assert done.json["status"] == "partial"
    assert world.copy("T00001") == b"first"
    assert world.states() == {f"{POOL}/T00001": "held", f"{POOL}/T00002": "safe"}
    assert world.start("--replace", code=2).reasons == ["held"]
    world.run("release", "tape", f"/{VAULT}/{POOL}/T00001", "--yes").settle()
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == b""
    assert world.states()[f"{POOL}/T00001"] == "safe"


def test_a_tape_that_is_gone_stops_nobody_and_its_copy_stays(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    copied(world)
    (world.pool / "T00001").unlink()
    world.put("T00002", b"second, again")
    done = world.start(code=1)
    assert done.json["warnings"] == [
        f"vts1:/{VAULT}/{POOL}: T00001 is gone from its source; its copy is kept. ACCEPT POOL vts1:/{VAULT}/{POOL} ! "
        "says that it is meant"]
    assert (world.copy("T00001"), world.copy("T00002")) == (b"first", b"second, again")
    assert world.states()[f"{POOL}/T00001"] == "held"
    assert world.run("plan", "scheme", SCHEME, "--json").json["data"]["legs"][0]["gone"] == ["T00001"]


# ---- identity -------------------------------------------------------------------------------------------------------


def test_the_same_vault_by_two_names_is_refused(world: World) -> None:
    """A bind mount, a second path, a copied disk: the ids say that they are one."""
    world.put("T00001", b"first")
    (world.far / ".vtspolicy-vault").write_text(NEAR_ID + "\n")
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    assert "are the same vault" in done.json["errors"][0]["message"]
    assert world.copy("T00001") is None


def test_a_vault_without_an_id_is_told_the_sentence(world: World) -> None:
    world.put("T00001", b"first")
    (world.far / ".vtspolicy-vault").unlink()
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    sentence = f"INIT VAULT vts2:/{VAULT}"
    assert sentence in done.json["errors"][0]["message"]
    world.run(sentence).settle()
    assert world.start().leg()["copied"] == 1
    again = world.run(sentence, "--json").settle(2)
    assert again.reasons == ["identity"]


def test_another_vault_under_the_old_name_is_refused(world: World) -> None:
    copied(world)
    world.far.rename(world.folder / "away")
    make_vault(world.far, f"{3:032x}")
    done = world.start(code=2)
    assert done.reasons == ["identity"]
    assert f"had {FAR_ID} before" in done.json["errors"][0]["message"]
    assert list(world.copies.iterdir()) == []
    (world.far / ".vtspolicy-vault").unlink()
    assert "is its disk mounted?" in world.start(code=2).json["errors"][0]["message"]


# ---- target ---------------------------------------------------------------------------------------------------------


def test_a_name_in_another_pool_of_the_target_is_refused(world: World) -> None:
    world.put("T00001", b"first")
    world.put("T00002", b"second")
    (world.far / "OTHER").mkdir()
    (world.far / "OTHER" / "T00001").write_bytes(b"another tape")
    done = world.start(code=2)
    assert done.reasons == ["name-clash"]
    message = done.json["errors"][0]["message"]
    assert f"vts1:/{VAULT}/{POOL}/T00001" in message and f"vts2:/{VAULT}/OTHER" in message
    assert (world.copy("T00001"), world.copy("T00002")) == (None, b"second")
    world.policy("settings", "kind: settings", "name: SETTINGS", "unique-names: no")
    assert world.start().leg()["copied"] == 1
    assert world.copy("T00001") == b"first"


def test_a_copy_that_someone_changed_is_diverged_until_replaced(world: World) -> None:
    copied(world)
    (world.copies / "T00001").write_bytes(b"another hand")
    done = world.start(code=2)
    assert done.reasons == ["diverged"]
    assert done.json["status"] == "partial"
    assert world.copy("T00001") == b"another hand"
    assert world.states()[f"{POOL}/T00001"] == "diverged"
    world.put("T00001", b"newer at the source")
    assert world.start(code=2).reasons == ["diverged"]
    plan = world.run("plan", "scheme", SCHEME, "--replace", "--json").settle().json
    assert [step["action"] for step in plan["data"]["legs"][0]["steps"]] == ["copy", "nothing"]
    assert world.start("--replace").leg()["copied"] == 1
    assert world.copy("T00001") == b"newer at the source"
    assert set(world.states().values()) == {"safe"}


def test_equal_bytes_that_were_there_are_recorded_and_not_sent(world: World) -> None:
    for name in ("T00001", "T00002", "T00003"):
        world.put(name, name.encode() * 1000)
    world.put_there("T00001", b"T00001" * 1000)
    (world.copies / "T00002").write_bytes(b"T0000X" * 1000)
    (world.copies / "T00003").write_bytes(b"shorter")
    done = world.start(code=2)
    assert done.reasons == ["diverged", "diverged"]
    assert (done.leg()["equal"], done.leg()["copied"], done.leg()["bytes"]) == (1, 0, 0)
    assert (world.copy("T00002"), world.copy("T00003")) == (b"T0000X" * 1000, b"shorter")
    assert world.states() == {f"{POOL}/T00001": "safe", f"{POOL}/T00002": "diverged", f"{POOL}/T00003": "diverged"}
    assert world.start(code=2).leg()["trusted"] == 1


def test_equal_bytes_that_were_there_are_made_durable_before_they_are_called_so(world: World, tmp_path: Path) -> None:
    world.put("T00001", b"T00001" * 1000)
    world.put_there("T00001", b"T00001" * 1000)  # by someone who may not have had it fsynced
    log = tmp_path / "strace.log"
    if world.kind == "local":
        world.start(prefix=strace.command(log))
    else:
        world.let_in(*strace.command(log))
        world.start()
    points = strace.points(log, [world.far])
    assert strace.Point("sync", str(world.copies / "T00001")) in points
    assert world.states() == {f"{POOL}/T00001": "safe"}


def test_a_target_with_too_little_room_is_refused_before_anything_is_written(make_world: Callable[..., World],
                                                                              tmp_path: Path) -> None:
    for kind in ("local", "sftp", "receiver"):
        far = tmp_path / f"far-{kind}"
        with tmpfs(far, size=4 << 20):
            world = make_world(kind, folder=kind, far=far)
            world.put("T00001", random_bytes(3 << 20, 1))
            world.put("T00002", random_bytes(2 << 20, 2))
            done = world.start(code=2)
            assert done.reasons == ["space"]
            assert "free, the copies need 5" in done.json["errors"][0]["message"]
            assert list(world.copies.glob("**/*")) == []
            (world.pool / "T00002").unlink()
            world.start()
            world.put("T00001", random_bytes(3 << 20, 3))  # it needs room beside its old copy
            assert world.start(code=2).reasons == ["space"]
            assert world.copy("T00001") == random_bytes(3 << 20, 1)


def test_a_sparse_tape_needs_the_room_of_its_data(make_world: Callable[..., World], tmp_path: Path) -> None:
    far = tmp_path / "far"
    with tmpfs(far, size=4 << 20):
        world = make_world("receiver", far=far)
        with open(world.pool / "T00001", "wb") as file:
            file.truncate(64 << 20)
            file.seek(1 << 20)
            file.write(b"data")
        world.start()
        assert digests(world.far) == digests(world.near)


# ---- one failing tape -----------------------------------------------------------------------------------------------


def test_a_directory_in_the_place_of_a_copy_stops_nobody_else(world: World) -> None:
    for number in range(5):
        world.put(f"T0000{number}", b"tape %d" % number)
    (world.copies / "T00002").mkdir()
    (world.copies / "T00002" / "kept").write_text("here")
    done = world.start(code=2)
    assert done.json["status"] == "partial"
    assert [each["tape"] for each in done.json["errors"]] and len(done.reasons) == 1
    assert "T00002" in done.json["errors"][0]["message"]
    assert done.leg()["copied"] == 4
    assert (world.copies / "T00002" / "kept").read_text() == "here"
    assert world.parts() == []


def test_a_socket_or_link_in_the_place_of_a_copy_is_not_followed(world: World) -> None:
    world.put("T00001", b"first")
    world.put("T00002", b"second")
    world.put("T00003", b"third")
    outside = world.folder / "outside"
    outside.write_text("outside")
    (world.copies / "T00001").symlink_to(outside)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(world.folder / "s"))
        os.rename(world.folder / "s", world.copies / "T00002")
    done = world.start(code=2)
    assert len(done.reasons) == 2
    assert done.leg()["copied"] == 1
    assert outside.read_text() == "outside"
    assert (world.copies / "T00001").is_symlink()


def test_a_tape_that_cannot_be_read_stops_nobody_else(make_world: Callable[..., World]) -> None:
    """Without the right of root to read everything."""
    world = make_world("local")
    need_root("drop rights")
    for number in range(4):
        world.put(f"T0000{number}", b"tape %d" % number)
    os.chown(world.pool / "T00001", 65534, 65534)
    (world.pool / "T00001").chmod(0o600)
    weak = [need("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]
    done = world.start(code=2, prefix=weak)
    assert done.reasons == ["source-read"]
    assert done.json["status"] == "partial"
    assert done.leg()["copied"] == 3
    assert sorted(path.name for path in world.copies.glob("T*")) == ["T00000", "T00002", "T00003"]
    assert world.start().leg()["copied"] == 1


def test_copying_never_deletes(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    copied(world)
    (world.copies / "T09999").write_bytes(b"someone else's")
    (world.pool / "T00002").unlink()
    world.put("T00001", b"first, again")
    world.start("--replace", code=1)
    assert world.copy("T00002") == b"second"
    assert world.copy("T09999") == b"someone else's"


# ---- what a run needs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["local", "sftp"])
def test_a_part_that_we_left_does_not_take_the_room_of_its_tape(kind: str, make_world: Callable[..., World],
                                                                tmp_path: Path) -> None:
    with tmpfs(tmp_path / "small", size=12 << 20):
        world = make_world(kind, folder="world", far=tmp_path / "small" / "far", scheme=["rate: 4 MiB/s"])
        content = random_bytes(8 << 20, 1)
        world.put("T00001", content)
        with world.started() as running:
            assert processes.until(lambda: sum(
                path.stat().st_size for path in world.copies.glob(".vtspolicy/*.part")) > 5 << 20, 30)
            running.send(signal.SIGKILL)
            running.wait()
        assert world.server is not None
        world.server.wait_idle()
        assert world.parts() != []
        assert world.start().leg()["copied"] == 1
        assert (world.copy("T00001"), world.parts()) == (content, [])
        assert [each["id"] for each in world.events("226001")] == ["226001"]


@pytest.mark.parametrize("kind", ["local", "receiver"])
def test_a_name_is_found_in_the_last_of_more_pools_than_files_can_be_open(kind: str,
                                                                          make_world: Callable[..., World]) -> None:
    world = make_world(kind)
    world.put("T00001", b"ours")
    for number in range(300):
        (world.far / f"P{number:04}").mkdir()
        (world.far / f"P{number:04}" / f"X{number:05}").write_bytes(b"theirs")
    for number in (0, 150, 299):
        (world.far / f"P{number:04}" / "T00001").write_bytes(b"theirs")
        few = [need("prlimit"), "--nofile=128:128"]
        if kind == "receiver":
            world.let_in(*few)
        done = world.start(code=2, prefix=few)
        assert (done.reasons, done.json["warnings"]) == (["name-clash"], [])
        assert world.copy("T00001") is None
        (world.far / f"P{number:04}" / "T00001").unlink()
    assert world.start(prefix=few).leg()["copied"] == 1


def test_a_template_of_many_pools_needs_no_more_open_files_than_their_locks(make_world: Callable[..., World]) -> None:
    pools = [f"P{number:04}" for number in range(100)]
    world = make_world("local", pools=pools)
    world.policy(SCHEME, "kind: scheme", f"name: {SCHEME}", f"from: vts1:/{VAULT}/*", f"to: 'vts2:/{VAULT}/{{pool}}'")
    for pool in pools:
        world.put(f"T{pool}", pool.encode(), pool=pool)
    done = world.start(prefix=[need("prlimit"), "--nofile=192:192"])
    assert [leg["copied"] for leg in done.json["data"]["legs"]] == [1] * len(pools)
    assert done.json["warnings"] == []
    assert world.copy("TP0099", pool="P0099") == b"P0099"
