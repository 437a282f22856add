"""`via:`: a system that only the jump host can reach, with two real sshds. The inner one listens on the loopback of a
network namespace, under a name that is known only there."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import World
from tests.support import netns, processes
from tests.support.sshd import SshServer, running
from tests.support.tapes import random_bytes

INSIDE = "vts2.inside"
STALL = "2 s"


class Site(World):
    """vts1 here; the bastion and, behind it, vts2, whose name the bastion alone can look up."""

    def __init__(self, kind: str, folder: Path, joined: netns.Link, bastion: SshServer, inner: SshServer) -> None:
        super().__init__(kind, folder, inner, stall=STALL)
        self.joined, self.bastion, self.inner = joined, bastion, inner
        there = (self.policies / "vts2.yaml").read_text().replace(f"address: {inner.address}", f"address: {INSIDE}")
        (self.policies / "vts2.yaml").write_text(f"{there}via: bastion\n")
        self.policy("bastion", "kind: system", "name: bastion", f"address: {bastion.address}", f"port: {bastion.port}",
                    f"user: {bastion.user}")
        self.known_hosts.unlink()

    def command(self, *words: str) -> list[str]:
        return [*self.joined.inside("a"), *super().command(*words)]

    def let_through(self) -> str:
        """The line that ADD KEY bastion prints, as it stands, into the bastion's authorized_keys."""
        line = str(self.run("add", "key", "bastion", "--json").settle().json["data"]["line"])
        (self.bastion.folder / "authorized_keys").write_text(line + "\n")
        return line

    def ready(self) -> None:
        self.let_through()
        for name in ("bastion", "vts2"):
            self.run(f"TRUST SYSTEM {name} !").settle()


@pytest.fixture
def joined() -> Iterator[netns.Link]:
    with netns.link() as found:
        hosts = Path("/etc/netns") / found.name("b")
        hosts.mkdir(parents=True)
        (hosts / "hosts").write_text(f"127.0.0.1 localhost {INSIDE}\n")
        try:
            yield found
        finally:
            (hosts / "hosts").unlink()
            hosts.rmdir()


@pytest.fixture(params=["receiver", "sftp"])
def site(request: pytest.FixtureRequest, tmp_path: Path, joined: netns.Link) -> Iterator[Site]:
    bastion = SshServer(tmp_path / "bastion", address=joined.address("b"), prefix=joined.inside("b"), sftp=None)
    inner = SshServer(tmp_path / "inner", prefix=joined.inside("b"))
    with running(bastion), running(inner):
        folder = tmp_path / "world"
        folder.mkdir()
        found = Site(request.param, folder, joined, bastion, inner)
        found.put("T00001", b"first")
        yield found


def steps(site: Site, system: str, code: int) -> dict[str, tuple[str, str]]:
    taken = site.run("test", "system", system, "--json").settle(code).json["data"]["steps"]
    return {each["step"]: (each["result"], each["detail"]) for each in taken}


def test_copies_go_through_a_key_that_may_do_nothing_else(site: Site) -> None:
    line = site.let_through()
    assert line.startswith(f'restrict,port-forwarding,permitopen="{INSIDE}:{site.inner.port}",command="/bin/false",'
                           f'from="{site.joined.address("a")}" ssh-ed25519 ')
    refused = site.run("trust", "system", "vts2", "--json").settle(2).json["errors"][0]
    assert (refused["reason"], refused["system"]) == ("hostkey", "bastion")
    assert "the jump host on the way to vts2" in refused["message"]
    site.run("TRUST SYSTEM bastion !").settle()
    site.run("TRUST SYSTEM vts2 !").settle()
    names = [text.split()[0] for text in site.known_hosts.read_text().splitlines()]
    assert names == [f"[{site.bastion.address}]:{site.bastion.port}", f"[{INSIDE}]:{site.inner.port}@bastion"]
    site.start()
    assert site.copy("T00001") == b"first"
    taken = steps(site, "vts2", 0)
    assert {result for result, _ in taken.values()} == {"ok"}
    assert taken["jump host"] == ("ok", "connected and logged in")
    assert taken["name"] == ("ok", f"{INSIDE} is looked up by bastion")
    assert steps(site, "bastion", 0)["far end"] == ("skipped", "it has no vaults: it is a jump host alone")
    states = {each["system"]: each["state"] for each in
              site.run("status", "system", "--json").settle().json["data"]["systems"]}
    assert states == {"bastion": "jump host", "vts1": "ok", "vts2": "ok"}
    # Nothing but that one place can be reached with the key.
    site.policy("other", "kind: system", "name: other", "address: localhost", f"port: {site.inner.port}", "user: x",
                "via: bastion", "vaults: {VAULT09: /srv}")
    refused = site.run("test", "system", "other", "--json").settle(2).json["errors"]
    assert refused[-1]["system"] == "other" and "does not let us through" in refused[-1]["message"]


def test_a_failure_names_the_host_that_it_is_about(site: Site) -> None:
    site.ready()
    site.start()
    site.put("T00002", b"second")
    site.inner.stop()
    failure = site.start(code=2).json["errors"][0]
    assert (failure["reason"], failure["system"]) == ("unreachable", "vts2")
    assert "the jump host bastion cannot connect to" in failure["message"]
    site.inner.start()
    site.bastion.stop()
    failure = site.start(code=2).json["errors"][0]
    assert (failure["reason"], failure["system"]) == ("unreachable", "bastion")
    assert "on the way to vts2" in failure["message"]
    site.bastion.start()
    site.inner.change_host_key()
    failure = site.start(code=2).json["errors"][0]
    assert (failure["reason"], failure["system"]) == ("hostkey", "vts2")
    told = site.run("trust", "system", "vts2", "--json").settle(2).json["errors"][0]["message"]
    new = re.findall(r"SHA256:\S{43}", told)[-1]
    site.run("trust", "system", "vts2", "--fingerprint", new, "--replace").settle()
    site.bastion.change_host_key()
    failure = site.start(code=2).json["errors"][0]
    assert (failure["reason"], failure["system"]) == ("hostkey", "bastion")
    told = site.run("trust", "system", "bastion", "--json").settle(2).json["errors"][0]["message"]
    site.run("trust", "system", "bastion", "--fingerprint", re.findall(r"SHA256:\S{43}", told)[-1],
             "--replace").settle()
    site.start()
    assert site.copy("T00002") == b"second"
    assert [each["id"] for each in site.events("440013")] == ["440013"] * 2


@pytest.mark.parametrize("dead", ["cable", "vts2"])
def test_silence_is_noticed_and_told_of_the_right_host(dead: str, site: Site) -> None:
    site.ready()
    site.put("T00009", random_bytes(200 << 20, 9))
    running_one = site.started("--json")
    with running_one:
        assert processes.until(lambda: bool(site.parts()), 30)
        frozen = list(processes.descendants(site.inner.pid)) if dead == "vts2" else []
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        if dead == "cable":
            site.joined.drop()
        start = time.monotonic()
        try:
            assert running_one.wait(30) == 2
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            site.joined.restore()
        assert time.monotonic() - start < 12
    assert f'"system": "{"bastion" if dead == "cable" else "vts2"}"' in running_one.output, running_one.output
    assert '"reason": "stalled"' in running_one.output
    site.put("T00009", b"short, so that nobody waits for it")
    site.start()
    assert site.copy("T00009") == b"short, so that nobody waits for it"


def test_a_stop_ends_both_connections(site: Site) -> None:
    site.ready()
    site.put("T00009", random_bytes(200 << 20, 9))
    with site.started() as going:
        assert processes.until(lambda: bool(site.parts()), 30)
        code, seconds = going.end_by()
        assert code == 3 and seconds < 10
    site.bastion.wait_idle()
    site.inner.wait_idle()
    assert site.parts() == []


def test_roads_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    world = World("local", tmp_path)
    system = ("kind: system", "address: 10.1.1.1", "user: x", "vaults: {VAULT07: /srv}")

    def judged(**via: str) -> str:
        for name, other in via.items():
            world.policy(name, system[0], f"name: {name}", *system[1:], f"via: {other}")
        found = world.run("check", "policy").settle(2).output
        for name in via:
            (world.policies / f"{name}.yaml").unlink()
        return found

    assert "via: there is no system nowhere" in judged(a="nowhere")
    assert "via: vts1 is this machine" in judged(a="vts1")
    assert "via: leads in a ring: a via a" in judged(a="a")
    ring = judged(a="b", b="c", c="a", d="a")
    assert "a via b via c" in ring and "c via a via b" in ring and "b.yaml" in ring
