"""TEST SYSTEM where a step of the way fails that other stories do not meet: each time cause and remedy, and no more.

(Names, ports, jump hosts, logins, identities and clocks: test_second_site and test_jump_host.)
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_second_site import PATH, Site
from tests.acceptance.world import POOL, VAULT
from tests.support.needs import need
from tests.support.smallfs import SmallFs, tmpfs
from tests.support.sshd import SshServer, running
from vtspolicy.systems.receiver import wire


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallFs]:
    with tmpfs(tmp_path / "disk", size=8 << 20) as mounted:
        yield mounted


@pytest.fixture(params=["receiver", "sftp"])
def site(request: pytest.FixtureRequest, tmp_path: Path, disk: SmallFs) -> Iterator[Site]:
    """A site that is in order; its vault lies on a disk of its own."""
    with running(SshServer(tmp_path / "own-sshd", environment={"PATH": PATH})) as own:
        found = Site(request.param, tmp_path / "world", own, disk.path / "far")
        found.let_in_as_told()
        yield found


def told(site: Site, step: str, result: str, cause: str, remedy: str) -> str:
    """The step as programs read it, which must say so; and the screen of a person, which must say the same."""
    found = site.steps(2 if result == "failed" else 1)[step]
    assert (found["result"], cause in found["detail"], remedy in found["remedy"]) == (result, True, True), found
    shown = " ".join(site.run("TEST SYSTEM vts2").output.split())
    assert found["detail"] in shown and f"-> {found['remedy']}" in shown
    assert f"{found['about']}: {found['about']}" not in shown
    return str(found["reason"])


def test_a_disk_that_is_full_or_cannot_be_written(site: Site, disk: SmallFs) -> None:
    disk.fill()
    full, fixed = ("Failure", "Failure") if site.kind == "sftp" else ("No space left", "Read-only")
    assert told(site, "write", "failed", full, "full" if site.kind == "sftp" else "make room there") == "target-write"
    assert site.steps(2)["free space"]["detail"] == "0 B"
    disk.release()
    subprocess.run([need("mount"), "-o", "remount,ro", disk.path], check=True)
    assert told(site, "write", "failed", fixed, "read-only" if site.kind == "sftp" else "remount,rw") == "target-write"
    subprocess.run([need("mount"), "-o", "remount,rw", disk.path], check=True)
    assert sorted(path.name for path in (site.far / POOL).iterdir()) in ([], [".vtspolicy"])


def test_a_vault_that_is_frozen(site: Site) -> None:
    freeze = {"since": "2026-11-22T01:30:00Z", "by": "ops@vts2", "reason": "it took over"}
    (site.far / ".vtspolicy-frozen").write_text(json.dumps(freeze))
    told(site, "write", "warning", "by ops@vts2", f"THAW VAULT /{VAULT}")
    assert list((site.far / POOL).iterdir()) == []


def test_another_host_key(site: Site) -> None:
    site.own.change_host_key()
    assert told(site, "host key", "failed", "another host key", "REPLACE") == "hostkey"
    steps = site.steps(2)
    assert [steps[each]["result"] for each in ("connection", "login", "far end")] == ["ok", "skipped", "skipped"]


@pytest.mark.parametrize("site", ["receiver"], indirect=True)
def test_another_protocol(site: Site, tmp_path: Path) -> None:
    later = wire.hello("9.9.9").replace(b"[1,1]", b"[8,9]")
    (tmp_path / "hello").write_bytes(later)
    path = site.own.folder / "authorized_keys"
    path.write_text(path.read_text().replace(f"vtspolicy receive --vault {VAULT}={site.far}", f"cat {tmp_path}/hello"))
    assert told(site, "far end", "failed", "protocol 8 to 9", "Upgrade the side") == "version"


def test_neither_a_receiver_nor_sftp(tmp_path: Path) -> None:
    with running(SshServer(tmp_path / "own-sshd", environment={"PATH": PATH}, sftp=None)) as own:
        site = Site("receiver", tmp_path / "world", own)
        (own.folder / "authorized_keys").write_text("ssh-ed25519" + site.line().partition(" ssh-ed25519")[2])
        with (site.policies / "vts2.yaml").open("a") as file:
            file.write("receiver: /nonexistent/vtspolicy\n")
        assert told(site, "far end", "failed", "does not answer as vtspolicy receive", "Subsystem sftp") == "version"
