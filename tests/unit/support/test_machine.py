"""What needs root: the small file system, the network namespaces, and the janitor behind both."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import janitor, needs
from tests.support.netns import link
from tests.support.signals import Running
from tests.support.smallfs import tmpfs
from tests.support.sshd import SshServer, running


def test_a_full_tmpfs_is_full_until_it_is_freed(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "small", size=1 << 20) as small:
        small.fill(leave=8192)
        assert small.free == 8192
        (small.path / "fits").write_bytes(bytes(8192))
        with pytest.raises(OSError, match="No space") as caught:
            (small.path / "more").write_bytes(b"x" * 8192)
        assert caught.value.errno == errno.ENOSPC
        small.release()
        (small.path / "more").write_bytes(b"x" * 8192)
        small.fill()
        assert small.free == 0
    assert not (tmp_path / "small").exists()


def test_a_tmpfs_out_of_inodes(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "small", size=1 << 20, inodes=4) as small:
        for name in "abc":
            (small.path / name).touch()
        with pytest.raises(OSError, match="No space"):
            (small.path / "d").touch()


def test_packets_vanish_and_come_back(tmp_path: Path) -> None:
    with link() as joined:
        server = SshServer(tmp_path, address=joined.address("b"), prefix=joined.inside("b"))
        with running(server):
            ssh = server.ssh("cat")
            quick = server.ssh("echo reached")
            quick[1:1] = ["-o", "ConnectTimeout=1"]
            assert joined.run("a", quick).stdout == b"reached\n"
            joined.drop(towards="b")
            begun = time.monotonic()
            done = joined.run("a", quick)
            assert done.returncode == 255
            assert time.monotonic() - begun > 0.9  # silence, not a refusal
            joined.restore()
            assert joined.run("a", quick).stdout == b"reached\n"
            with Running([*joined.inside("a"), *ssh]) as client:
                assert client.wait(10) == 0


def test_an_open_connection_that_goes_dark_hears_nothing() -> None:
    serve = "import socket, time; s = socket.create_server(('', 99)); print('up', flush=True); c, _ = s.accept(); "
    serve += "time.sleep(60)"
    ask = "import socket, sys, time; c = socket.create_connection((sys.argv[1], 99)); "
    ask += "c.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500); print('on', flush=True); time.sleep(0.3); "
    ask += "c.sendall(b'x'); c.recv(1)"
    python = os.path.realpath(sys.executable)
    with link() as joined, Running([*joined.inside("b"), python, "-c", serve]) as server:
        server.wait_for_output("up")
        with Running([*joined.inside("a"), python, "-c", ask, joined.address("b")]) as client:
            client.wait_for_output("on")
            joined.drop()
            assert client.wait(10) == 1
            assert "TimeoutError" in client.errors


def test_namespaces_are_gone_afterwards() -> None:
    with link() as joined:
        assert os.path.exists(f"/run/netns/{joined.name('a')}")
    assert not os.path.exists(f"/run/netns/{joined.name('a')}")


def test_the_janitor_takes_only_what_is_ours_and_dead(tmp_path: Path) -> None:
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    dead = ended.stdout.strip()
    assert not janitor.stale(f"{janitor.PREFIX}{os.getpid()}-a")
    assert not janitor.stale(f"somebody-else-{dead}")
    assert janitor.stale(f"{janitor.PREFIX}{dead}-a")
    left = tmp_path / "left behind"
    left.mkdir()
    needs.need_root("mount a tmpfs")
    subprocess.run(["mount", "-t", "tmpfs", f"{janitor.PREFIX}{dead}", left], check=True)
    subprocess.run(["ip", "netns", "add", f"{janitor.PREFIX}{dead}-b"], check=True)
    with tmpfs(tmp_path / "live", size=1 << 20) as live:
        assert set(janitor.sweep()) == {str(left), f"{janitor.PREFIX}{dead}-b"}
        assert os.path.ismount(live.path)
    assert not os.path.ismount(left)


def test_a_missing_program_fails_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program, path: None)
    with pytest.raises(pytest.fail.Exception, match="sshd is missing: apt-get install openssh-server"):
        needs.need("sshd")
