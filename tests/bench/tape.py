"""The first copy of one tape over a real sshd on the loopback: START SCHEME against rsync and scp.

vtspolicy's time holds all that makes a copy safe: flushed to the disk, read back, proven and recorded.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.acceptance.world import FAR_ID, POOL, World, make_vault
from tests.bench.paired import line, rounds, seconds_of
from tests.support.needs import need
from tests.support.sshd import SshServer, running
from tests.support.tapes import random_tape

OURS, RSYNC, SCP = "vtspolicy start scheme", "rsync -a -e ssh", "scp"
TAPE = "T00001"


def bench(folder: Path, size: int, count: int, environment: Mapping[str, str]) -> list[str]:
    """The lines of the report. `folder` must have room for twice the tape."""
    near = folder / "near"
    (near / POOL).mkdir(parents=True)
    tape = random_tape(near / POOL / TAPE, size, 1)
    with running(SshServer(folder / "ssh")) as server:
        taken = rounds(count, {
            OURS: lambda: _ours(folder, near, server, environment),
            RSYNC: lambda: _theirs(folder, tape, server, _rsync),
            SCP: lambda: _theirs(folder, tape, server, _scp)})
    return [line(taken, OURS, RSYNC), line(taken, OURS, SCP)]


def _ours(folder: Path, near: Path, server: SshServer, environment: Mapping[str, str]) -> float:
    """A copy with new policies, a new state and a new target."""
    work = folder / "work"
    work.mkdir()
    try:
        world = World("receiver", work, server, near=near, far=make_vault(work / "far", FAR_ID))
        command = world.command("start", "scheme", "NIGHTLY")
        taken = seconds_of(lambda: subprocess.run(command, env=dict(environment), stdin=subprocess.DEVNULL, check=True))
        assert (world.far / POOL / TAPE).stat().st_size == (near / POOL / TAPE).stat().st_size
        return taken
    finally:
        shutil.rmtree(work)


def _theirs(folder: Path, tape: Path, server: SshServer,
            command: Callable[[Path, Path, SshServer], list[str]]) -> float:
    target = folder / "target"
    target.mkdir()
    try:
        words = command(tape, target, server)
        taken = seconds_of(lambda: subprocess.run(words, stdin=subprocess.DEVNULL, check=True))
        assert (target / TAPE).stat().st_size == tape.stat().st_size
        return taken
    finally:
        shutil.rmtree(target)


def _rsync(tape: Path, target: Path, server: SshServer) -> list[str]:
    ssh = server.ssh()
    return [need("rsync"), "-a", "-e", " ".join(ssh[:-1]), str(tape), f"{ssh[-1]}:{target}/"]


def _scp(tape: Path, target: Path, server: SshServer) -> list[str]:
    ssh = server.ssh()
    options = ["-P" if word == "-p" else word for word in ssh[1:-1]]
    return [need("scp"), "-q", *options, str(tape), f"{ssh[-1]}:{target}/"]
