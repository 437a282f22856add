"""What changes meanwhile: a source under the hand of its host, and policies between two runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import KINDS, POOL, SCHEME, VAULT, World, make_vault
from tests.support import processes, tally
from tests.support.signals import Running
from tests.support.tapes import random_bytes

# ---- a source that changes ------------------------------------------------------------------------------------------


def append(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def shorten(path: Path) -> None:
    os.truncate(path, 1 << 20)


def edit_and_put_the_time_back(path: Path) -> None:
    before = path.stat()
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"edited")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename_over(path: Path) -> None:
    before = path.stat()
    other = path.with_name(".new")
    other.write_bytes(random_bytes(before.st_size, 99))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.rename(other, path)


def remove(path: Path) -> None:
    path.unlink()


CHANGES = (append, shorten, edit_and_put_the_time_back, rename_over, remove)


@pytest.mark.parametrize(("change", "kind"), [
    (change, kind) for row, change in enumerate(CHANGES) for column, kind in enumerate(KINDS)
    if tally.TORTURE or column == (row + 1) % len(KINDS)])
def test_a_source_that_changes_during_its_copy_is_not_published(change: Callable[[Path], None], kind: str,
                                                                make_world: Callable[..., World]) -> None:
    world = make_world(kind, scheme=["rate: 6 MiB/s"])
    path = world.put("T00001", b"the old copy")
    world.start()
    world.put("T00000", b"before it")
    world.put("T00001", random_bytes(6 << 20, 1))
    world.put("T00002", b"behind it")
    with world.started("--json") as running:
        assert processes.until(lambda: world.part_size() >= 1 << 20, 30), running.errors
        change(path)
        assert running.wait() == 2, (running.output, running.errors)
    assert '"reason": "source-changed"' in running.output
    assert '"status": "partial"' in running.output
    assert world.copy("T00001") == b"the old copy"
    assert (world.copy("T00000"), world.copy("T00002")) == (b"before it", b"behind it")
    assert world.parts() == []
    assert world.events("624015")
    if path.exists():
        world.start()
        assert world.copy("T00001") == path.read_bytes()


def test_a_source_that_is_always_written_is_never_published_torn(make_world: Callable[..., World]) -> None:
    """A host that writes on: each record is the same number, so that a torn copy would show."""
    world = make_world("receiver")
    path = world.pool / "T00001"
    record = 100_000

    def content(number: int) -> bytes:
        return number.to_bytes(4) * record

    world.put("T00001", content(0))
    world.start()
    over = threading.Event()

    def write() -> None:
        number = 0
        with open(path, "r+b") as file:
            while not over.is_set():
                number += 1
                file.seek(0)
                file.write(content(number))
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30 if tally.TORTURE else 3):
            done = world.run("start", "scheme", SCHEME, "--json")
            assert done.code in (0, 2)
            if done.code == 2:
                assert done.reasons == ["source-changed"]
            there = world.copy("T00001")
            assert there is not None and there == there[:4] * record, "a torn tape was published"
    finally:
        over.set()
        writer.join()
    world.start()
    assert world.copy("T00001") == path.read_bytes()


# ---- policies that change -------------------------------------------------------------------------------------------


def test_policies_change_between_runs(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world("local", pools=(POOL, "OTHER"), scheme=["# kept"])
    for number in range(4):
        world.put(f"T0000{number}", b"tape %d" % number)
    world.put("S00001", b"other", pool="OTHER")
    world.run("ALTER SCHEME NIGHTLY, TAPES T0000[01]").settle(2)  # no such template
    world.run("ALTER SCHEME NIGHTLY, TAPES (T00000, T00001), FROM vts1:/VAULT01/PAYROLL").settle()
    assert "# kept" in (world.policies / f"{SCHEME}.yaml").read_text()
    assert world.start().leg()["copied"] == 2
    world.run("ALTER SCHEME NIGHTLY, TAPES").settle()
    leg = world.start().leg()
    assert (leg["copied"], leg["trusted"]) == (2, 2)

    third = make_vault(tmp_path / "third", f"{9:032x}")
    world.run("ADD", "SYSTEM", "vts3", "--vaults", f"{VAULT}={third}").settle()
    world.run("ALTER SCHEME NIGHTLY, TO (vts2:/VAULT01/PAYROLL, vts3:/VAULT01/PAYROLL)").settle()
    done = world.start()
    assert [leg["copied"] for leg in done.json["data"]["legs"]] == [0, 4]
    assert (third / POOL / "T00003").read_bytes() == b"tape 3"

    world.run("delete", "system", "vts3", "--yes").settle(2)  # a scheme names it
    world.run("ALTER SCHEME NIGHTLY, TO vts2:/VAULT01/PAYROLL").settle()
    world.run("DELETE SYSTEM vts3 !").settle()
    assert len(world.start().json["data"]["legs"]) == 1
    world.run("DELETE SCHEME NIGHTLY !").settle()
    assert world.run("start", "scheme", SCHEME, "--json").settle(2).reasons == ["unknown"]
    assert world.copy("T00000") == b"tape 0"
    assert [each["id"] for each in world.events("430003")] == ["430003"] * 2


def test_a_policy_that_is_wrong_changes_nothing(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    before = {path.name: path.read_bytes() for path in world.policies.glob("*.yaml")}
    for sentence in ("ADD SCHEME NIGHTLY, FROM vts1:/VAULT01/X, TO vts2:/VAULT01/X",
                     "ADD SCHEME B, FROM vts1:/VAULT01/OTHER, TO vts2:/VAULT01/PAYROLL",
                     "ADD SCHEME C, FROM vts1:/VAULT01/PAYROLL, TO vts9:/VAULT01/PAYROLL",
                     "ADD SCHEME D, FROM vts1:/VAULT01/PAYROLL, TO vts1:/VAULT01/PAYROLL2",
                     "ALTER SCHEME NIGHTLY, RATE fast", "ALTER SCHEME NIGHTLY, TO", "ALTER SYSTEM vts2, PORT 0",
                     "DELETE SYSTEM vts1 !", "DELETE SCHEME NOSUCH !"):
        done = world.run(sentence, "--json").settle(2)
        assert done.reasons
        assert {path.name: path.read_bytes() for path in world.policies.glob("*.yaml")} == before, sentence


def test_obeyform_makes_the_same_policies_again(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world("receiver", scheme=["note: 'payroll, \"daily\"; to the second site'", "rate: 40 MiB/s",
                                           "tapes: ['T*', 'S?0001']"], stall="90 s")
    world.policy("daily", "kind: autocopy", "name: DAILY", f"pool: ['vts1:/{VAULT}/PAY*']", "except: PAYOLD",
                 f"to: ['vts2:/{VAULT}/{{pool}}']")
    world.policy("settings", "kind: settings", "name: ALL", "zone: Europe/Berlin", "unique-names: no")
    sentences = [line for kind in ("system", "scheme", "autocopy", "settings")
                 for line in world.run("info", kind, "--obeyform").settle().lines]
    assert len(sentences) == 5
    again = tmp_path / "again"
    again.mkdir()
    folders = ["--policies", str(again / "policies"), "--state", str(again / "state")]
    with_input = world.run(*folders, "-", stdin="\n".join(sentences) + "\n")
    told = with_input.settle(1).errors.splitlines()  # nobody trusts vts2 yet, where the policies are new
    assert len(told) == 2, with_input.errors  # of the scheme and of the AutoCopy policy
    assert all(line.startswith("*WARNING* vts2 is not trusted yet: ") for line in told), with_input.errors
    for kind in ("system", "scheme", "autocopy", "settings"):
        old = world.run("info", kind, "--json").settle().json["data"]["policies"]
        new = world.run(*folders, "info", kind, "--json").settle().json["data"]["policies"]
        assert [each["fields"] for each in new] == [each["fields"] for each in old]
    with Running(world.command(*folders, "check", "policy")) as running:
        assert running.wait() == 0
