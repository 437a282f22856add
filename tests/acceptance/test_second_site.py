"""ADD KEY and TEST SYSTEM: a far side that was given exactly the printed line, and everything that can be wrong."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import POOL, VAULT, World
from tests.support import processes
from tests.support.needs import need
from tests.support.signals import Running
from tests.support.sshd import SshServer, running

PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"
NASTY = "a \"b\" 'c' $HOME `d` \\ \\\" % \u00e4!#,e"
"""In the path of a vault: whatever sshd or a shell could take for something else."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    """An sshd of our own, in whose sessions vtspolicy is found as where it was installed."""
    with running(SshServer(tmp_path / "own-sshd", environment={"PATH": PATH})) as own:
        yield own


class Site(World):
    """Policies without a key; the far side gets the line that ADD KEY prints, and nothing else."""

    def __init__(self, kind: str, folder: Path, server: SshServer, far: Path | None = None) -> None:
        folder.mkdir()
        super().__init__(kind, folder, server, far=far)
        self.own = server
        lines = [each for each in (self.policies / "vts2.yaml").read_text().splitlines()
                 if not each.startswith(("key:", "vaults:", "far-end:"))]
        self.policy("vts2", *lines, "# the second site", *(["far-end: sftp"] if kind == "sftp" else []),
                    f"vaults: {json.dumps({VAULT: str(self.far)}, ensure_ascii=False)}")
        self.put("T00001", b"first")

    def line(self, *words: str) -> str:
        """The line, from the screen of a person."""
        shown = self.run("add", "key", "vts2", *words).settle().lines
        found = [each for each in shown if each.startswith("restrict,")]
        assert len(found) == 1, shown
        return found[0]

    def let_in_as_told(self) -> None:
        (self.own.folder / "authorized_keys").write_text(self.line() + "\n")

    def steps(self, code: int = 0, system: str = "vts2") -> dict[str, dict[str, Any]]:
        """The steps of TEST SYSTEM by name; of several of one name the worst."""
        taken = self.run("test", "system", system, "--json").settle(code).json["data"]["steps"]
        order = ("ok", "skipped", "warning", "failed")
        return {each["step"]: each for each in sorted(taken, key=lambda each: order.index(each["result"]))}

    def listing(self) -> list[str]:
        return sorted(str(path.relative_to(self.far)) for path in self.far.rglob("*"))


@pytest.fixture(params=["receiver", "sftp"])
def site(request: pytest.FixtureRequest, tmp_path: Path, server: SshServer) -> Site:
    return Site(request.param, tmp_path / "world", server)


# ---- ADD KEY --------------------------------------------------------------------------------------------------------


def test_the_printed_line_is_all_that_is_needed(tmp_path: Path, server: SshServer) -> None:
    site = Site("receiver", tmp_path / "world", server, tmp_path / NASTY)
    site.let_in_as_told()
    assert {each["result"] for each in site.steps().values()} == {"ok"}
    site.start()
    assert site.copy("T00001") == b"first"


def test_a_key_is_made_once_and_for_its_owner_alone(site: Site) -> None:
    told = site.run("add", "key", "vts2", "--json").settle().json
    path = Path(told["data"]["key"])
    assert (told["status"], told["data"]["made"], path) == ("done", True, site.policies / "keys" / "vts2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    public = subprocess.run([need("ssh-keygen"), "-y", "-f", path], capture_output=True, text=True, check=True).stdout
    assert public.split()[:2] == path.with_name("vts2.pub").read_text().split()[:2]
    assert told["data"]["line"].split()[-3:-1] == public.split()[:2]
    shown = subprocess.run([need("ssh-keygen"), "-lf", path], capture_output=True, text=True, check=True).stdout
    assert told["data"]["fingerprint"] in shown and "(ED25519)" in shown
    before = path.read_bytes()
    again = site.run("add", "key", "vts2", "--json").settle().json
    assert (again["status"], again["data"]["line"]) == ("nothing", told["data"]["line"])
    assert path.read_bytes() == before
    assert sorted(each.name for each in path.parent.iterdir()) == ["vts2", "vts2.pub"]
    policy = (site.policies / "vts2.yaml").read_text()
    assert f"key: {path}" in policy and "# the second site" in policy
    assert [each["id"] for each in site.events("240012")] == ["240012"]


def test_where_we_come_from_can_be_said(site: Site) -> None:
    assert f'from="{site.own.address}"' in site.line()
    assert 'from="192.0.2.7,10.0.0.0/8"' in site.run(
        "ADD KEY vts2, FROM (192.0.2.7, 10.0.0.0/8)").settle().output
    assert site.run('ADD KEY vts2, FROM "a b"', "--json").settle(2).reasons == ["usage"]
    (site.own.folder / "authorized_keys").write_text(site.line("--from", "192.0.2.7") + "\n")
    site.run("TRUST SYSTEM vts2 !").settle()
    failed = site.steps(2)["login"]
    assert failed["reason"] == "auth" and "from=" in failed["remedy"]


def test_no_key_is_made_where_none_is_needed_or_can_be(site: Site) -> None:
    assert site.run("add", "key", "vts1", "--json").settle(2).reasons == ["refused"]
    assert site.run("add", "key", "vts9", "--json").settle(2).reasons == ["unknown"]
    keys = site.policies / "keys"
    keys.mkdir()
    (keys / "vts2").write_text("not a key\n")
    (keys / "vts2").chmod(0o600)
    assert site.run("add", "key", "vts2", "--json").settle(2).reasons == ["auth"]
    assert (keys / "vts2").read_text() == "not a key\n"
    (keys / "vts2").unlink()
    keys.rmdir()
    keys.write_text("in the way")
    assert site.run("add", "key", "vts2", "--json").settle(2).reasons == ["refused"]


def test_a_key_of_a_policys_own_is_made_there(site: Site, tmp_path: Path) -> None:
    own = tmp_path / "other" / "key"
    with (site.policies / "vts2.yaml").open("a") as file:
        file.write(f"key: {own}\n")
    before = (site.policies / "vts2.yaml").read_text()
    assert site.run("add", "key", "vts2", "--json").settle().json["data"]["key"] == str(own)
    assert own.exists() and (site.policies / "vts2.yaml").read_text() == before


# ---- TEST SYSTEM ----------------------------------------------------------------------------------------------------


def test_all_is_well_and_nothing_stays(site: Site) -> None:
    site.let_in_as_told()
    before = site.listing()
    steps = site.steps()
    assert {each["result"] for each in steps.values()} == {"ok"}, steps
    assert list(steps) == ["key", "name", "connection", "host key", "login", "far end", "vault", "identity",
                           "free space", "rate", "write", "fsync", "rename", "remove", "round trip", "clock"]
    assert site.listing() == before
    site.start()
    before = site.listing()
    site.steps()
    assert site.listing() == before
    assert site.start().leg()["trusted"] == 1


def test_each_hindrance_is_told_with_its_remedy(site: Site) -> None:
    pins = site.known_hosts.read_text()
    site.known_hosts.unlink()
    steps = site.steps(2)
    assert (steps["key"]["reason"], steps["host key"]["reason"]) == ("auth", "hostkey")
    assert steps["connection"]["result"] == "ok"
    assert [steps[each]["result"] for each in ("login", "far end")] == ["skipped"] * 2
    assert "ADD KEY vts2" in steps["key"]["remedy"] and "TRUST SYSTEM vts2" in steps["host key"]["remedy"]
    line = site.line()
    site.known_hosts.write_text(pins)
    steps = site.steps(2)
    assert steps["login"]["reason"] == "auth" and "ADD KEY vts2" in steps["login"]["remedy"]
    (site.own.folder / "authorized_keys").write_text(line + "\n")
    marker = site.far / ".vtspolicy-vault"
    identity = marker.read_text()
    site.start()
    marker.unlink()
    steps = site.steps(2)
    assert steps["identity"]["reason"] == "identity" and steps["write"]["result"] == "ok"
    marker.write_text(f"{9:032x}\n")
    assert site.steps(2)["identity"]["reason"] == "identity"
    marker.write_text(identity)
    (site.far / POOL / ".vtspolicy").rename(site.far / "kept")
    (site.far / POOL / ".vtspolicy").write_text("in the way")
    steps = site.steps(2)
    assert steps["write"]["reason"] == "target-write" and steps["write"]["about"] == f"vts2:/{VAULT}/{POOL}"
    (site.far / POOL / ".vtspolicy").unlink()
    (site.far / "kept").rename(site.far / POOL / ".vtspolicy")
    site.far.rename(site.folder / "unmounted")
    steps = site.steps(2)
    assert steps["vault"]["reason"] == "unknown" and str(site.far) in steps["vault"]["detail"]
    (site.folder / "unmounted").rename(site.far)
    site.steps()
    site.own.stop()
    steps = site.steps(2)
    assert (steps["connection"]["reason"], steps["name"]["result"]) == ("unreachable", "ok")
    shown = site.run("TEST SYSTEM vts2").settle(2)
    assert shown.errors == "" and "FAILED   connection" in shown.output and "-> see that sshd runs" in shown.output
    site.policy("vts3", "kind: system", "name: vts3", "address: no-such-name.invalid", "user: x",
                "vaults: {VAULT01: /srv}")
    steps = site.steps(2, "vts3")
    assert steps["name"]["result"] == "failed" and steps["connection"]["result"] == "skipped"


def test_another_program_in_the_place_of_the_receiver(tmp_path: Path, server: SshServer) -> None:
    site = Site("receiver", tmp_path / "world", server)
    with (site.policies / "vts2.yaml").open("a") as file:
        file.write("far-end: receiver\n")
    line = site.line()
    (server.folder / "authorized_keys").write_text(line.replace("vtspolicy receive", "/nonexistent/receive") + "\n")
    failed = site.steps(2)["far end"]
    assert failed["reason"] == "version" and "ADD KEY vts2" in failed["remedy"]
    (server.folder / "authorized_keys").write_text(line.replace("--vault VAULT01=", "--vault VAULT09=") + "\n")
    failed = site.steps(2)["vault"]
    assert "--vault VAULT01=path" in failed["remedy"]


def test_warnings_end_with_one(site: Site) -> None:
    site.let_in_as_told()
    frozen = site.far / POOL / ".vtspolicy"
    frozen.mkdir(mode=0o700)
    (frozen / "frozen").write_text(json.dumps({"since": "2026-11-22T01:30:00Z", "by": "ops@vts2", "reason": "over"}))
    steps = site.steps(1)
    assert steps["write"]["result"] == "warning" and "ops@vts2" in steps["write"]["detail"]
    assert sorted(path.name for path in frozen.iterdir()) == ["frozen"]
    (frozen / "frozen").unlink()
    frozen.rmdir()
    (site.far / POOL).rmdir()
    steps = site.steps(1)
    assert steps["pools"]["result"] == "warning" and "CREATE-POOL" in steps["pools"]["remedy"]


def test_a_clock_that_is_wrong(tmp_path: Path, server: SshServer) -> None:
    site = Site("receiver", tmp_path / "world", server)
    (tmp_path / "sitecustomize.py").write_text("import time\nreal = time.time\ntime.time = lambda: real() + 90\n")
    line = site.line().replace('command="vtspolicy', f'command="env PYTHONPATH={tmp_path} vtspolicy')
    (server.folder / "authorized_keys").write_text(line + "\n")
    clock = site.steps(1)["clock"]
    assert clock["result"] == "warning"
    assert 88 < float(clock["detail"].split()[0]) < 92 and clock["detail"].endswith("ahead")


def test_a_far_source_is_read_and_not_written(tmp_path: Path, server: SshServer) -> None:
    site = Site("receiver", tmp_path / "world", server)
    closed = site.line()
    site.policy("NIGHTLY", "kind: scheme", "name: NIGHTLY", f"from: vts2:/{VAULT}/{POOL}", f"to: vts1:/{VAULT}/{POOL}")
    (site.far / POOL / "T00005").write_bytes(b"theirs")
    open_line = site.line()
    assert open_line == closed.replace('",from=', ' --allow-read",from=')
    before = site.listing()
    (server.folder / "authorized_keys").write_text(closed + "\n")
    assert "READ" in site.steps(2)["read"]["remedy"]
    (server.folder / "authorized_keys").write_text(open_line + "\n")
    steps = site.steps()
    assert steps["read"]["detail"].startswith("1 tapes opened") and "write" not in steps
    assert site.listing() == before


def test_brief(site: Site) -> None:
    site.let_in_as_told()
    lines = site.run("TEST SYSTEM vts2, BRIEF").settle().lines
    assert all(line.startswith("WAY vts2 ") and " result=ok about=" in line for line in lines)
    assert len(lines) == 16


def test_a_killed_test_leaves_nothing_for_long(site: Site) -> None:
    site.let_in_as_told()
    before = site.listing()
    left = 0
    for turn in range(6):
        going = Running(site.command("test", "system", "vts2"), cwd=site.folder)
        with going:
            processes.until(lambda: bool(site.parts()), 10)
            time.sleep(0.01 * turn)
            os.kill(going.pid, signal.SIGKILL)
            going.wait()
        site.own.wait_idle()
        left += site.listing() != before
    assert site.kind != "sftp" or left, "nothing was left, so nothing was shown"
    site.steps()
    assert site.listing() == before


def test_this_machine_s_sources_are_read_and_never_written(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    world = World("local", tmp_path / "local")
    world.put("T00001", b"first")
    before = [(path, path.stat().st_mtime_ns) for path in sorted(world.near.rglob("*"))]
    shown = world.run("TEST SYSTEM vts1").settle().output
    assert "1 tapes opened" in shown and "rename" not in shown
    assert [(path, path.stat().st_mtime_ns) for path in sorted(world.near.rglob("*"))] == before
    shown = world.run("TEST SYSTEM vts2").settle().output  # a second disk of this machine, and a target
    assert "rename" in shown and "opened" not in shown
    (world.pool / "T00001").unlink()
    (world.pool / "T00001").symlink_to("/nowhere")
    world.run("TEST SYSTEM vts1").settle()
    world.far.joinpath(POOL, ".vtspolicy").write_text("in the way")
    assert "FAILED   write" in world.run("TEST SYSTEM vts2").settle(2).output
