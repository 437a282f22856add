"""TRUST SYSTEM: a host key is pinned after a yes, or where a fingerprint names it; a changed one is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.terminal import on_terminal
from tests.acceptance.world import World
from tests.support.sshd import SshServer, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    """An sshd of our own, whose keys may change."""
    with running(SshServer(tmp_path / "own-sshd")) as own:
        yield own


def fingerprint(server: SshServer) -> str:
    """As its administrator would read it out."""
    done = subprocess.run(["ssh-keygen", "-l", "-f", f"{server.host_key()}.pub"], capture_output=True, text=True,
                          check=True)
    return done.stdout.split()[1]


@pytest.fixture
def untrusted(tmp_path: Path, server: SshServer) -> World:
    """A world whose far side is not trusted yet."""
    folder = tmp_path / "world"
    folder.mkdir()
    world = World("receiver", folder, server)
    world.known_hosts.unlink()
    world.put("T00001", b"first")
    return world


def test_trust_by_fingerprint(untrusted: World, server: SshServer) -> None:
    world, right = untrusted, fingerprint(server)
    wrong = "SHA256:" + "A" * 43
    done = world.start(code=2)
    assert done.reasons == ["hostkey"]
    assert right in done.json["errors"][0]["message"]
    refused = world.run("trust", "system", "vts2", "--json").settle(2)
    assert refused.reasons == ["usage"] and right in refused.json["errors"][0]["message"]
    assert world.run("trust", "system", "vts2", "--fingerprint", wrong, "--json").settle(2).reasons == ["hostkey"]
    assert world.run("trust", "system", "vts2", "--fingerprint", "SHA256:short", "--json").settle(2).reasons == [
        "usage"]
    assert not world.known_hosts.exists()
    pinned = world.run("trust", "system", "vts2", "--fingerprint", right, "--json").settle().json
    assert (pinned["status"], pinned["data"]["fingerprint"]) == ("done", right)
    assert world.run("trust", "system", "vts2", "--json").settle().json["status"] == "nothing"
    world.start()
    assert world.copy("T00001") == b"first"
    assert [each["id"] for each in world.events("240010")] == ["240010"]


def test_trust_on_a_terminal(untrusted: World, server: SshServer) -> None:
    world, command = untrusted, untrusted.command("trust", "system", "vts2")
    code, said = on_terminal(command, "Trust it?", "n\n")
    assert code == 2 and fingerprint(server) in said
    assert not world.known_hosts.exists()
    assert on_terminal(command, "Trust it?", "yes\n")[0] == 0
    world.start()


def test_a_changed_key_needs_replace(untrusted: World, server: SshServer) -> None:
    world, old = untrusted, fingerprint(server)
    world.run("TRUST SYSTEM vts2 !").settle()
    world.start()
    server.change_host_key()
    new = fingerprint(server)
    assert new != old
    world.put("T00001", b"changed")
    refused = world.start(code=2)
    assert refused.reasons == ["hostkey"]
    assert new in refused.json["errors"][0]["message"]
    for words in (["--yes"], ["--fingerprint", new]):
        told = world.run("trust", "system", "vts2", *words, "--json").settle(2)
        assert told.reasons == ["hostkey"] and old in told.json["errors"][0]["message"]
    assert world.copy("T00001") == b"first"
    world.run("trust", "system", "vts2", "--fingerprint", new, "--replace").settle()
    assert len(world.known_hosts.read_text().splitlines()) == 1
    world.start()
    assert world.copy("T00001") == b"changed"


def test_a_changed_key_on_a_terminal(untrusted: World, server: SshServer) -> None:
    """Both fingerprints are shown; REPLACE alone is not enough, it needs a yes, or the new fingerprint."""
    world, old = untrusted, fingerprint(server)
    world.run("TRUST SYSTEM vts2 !").settle()
    server.change_host_key()
    new = fingerprint(server)
    shown = world.run("TRUST SYSTEM vts2").settle(2).errors
    assert f"pinned: {old}" in shown and f"shown:  {new}" in shown
    assert f"TRUST SYSTEM vts2, FINGERPRINT {new}, REPLACE" in shown
    assert world.run("TRUST SYSTEM vts2, REPLACE", "--json").settle(2).reasons == ["usage"]
    assert world.run(f"TRUST SYSTEM vts2, REPLACE, FINGERPRINT {old}", "--json").settle(2).reasons == ["hostkey"]
    command = world.command("trust", "system", "vts2", "--replace")
    before = world.known_hosts.read_text()
    code, said = on_terminal(command, "Replace it by the new one?", "n\n")
    assert code == 2 and f"pinned: {old}" in said and new in said and "stays pinned" in said
    assert world.known_hosts.read_text() == before
    code, said = on_terminal(command, "Replace it by the new one?", "yes\n")
    assert code == 0 and f"in the place of {old}" in said
    world.start()
    assert [each["id"] for each in world.events("440013")] == ["440013"]
