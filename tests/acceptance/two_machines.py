"""Two machines: each a network namespace with an sshd, keys, policies, a state and a vault of its own.

`vts1` has the tapes and the scheme NIGHTLY, which copies them to `vts2`. Each knows of the other, and a verb that is
given on the one uses nothing of the other but what its sshd serves. Needs root.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.world import POOL, PROGRAM, SCHEME, VAULT, Done, make_vault
from tests.contract.systems import receive_words
from tests.support import netns, smallfs
from tests.support.needs import need
from tests.support.sshd import SshServer, make_key
from tests.support.tapes import random_bytes

PATH: Final = f"/{VAULT}/{POOL}"
"""The pool, as it is called on either machine."""
NAMES: Final[dict[netns.Side, str]] = {"a": "vts1", "b": "vts2"}
ROOT: Final = Path(__file__).parents[2]


class Machine:
    """One of the two."""

    def __init__(self, link: netns.Link, side: netns.Side, folder: Path) -> None:
        self.link, self.side, self.name, self.folder = link, side, NAMES[side], folder
        self.address = link.address(side)
        # Not `ip netns exec`, which would leave what runs there with mounts of its own.
        self.inside = [need("nsenter"), f"--net=/run/netns/{link.name(side)}"]
        self.policies, self.state, self.vault = folder / "policies", folder / "state", folder / "srv" / VAULT
        for path in (self.policies, self.vault):
            path.mkdir(parents=True)
        make_vault(self.vault, f"{netns.SIDES.index(side) + 1:032x}")
        self.key = make_key(folder / "key")
        self.sshd = SshServer(folder / "sshd", address=self.address, prefix=self.inside)

    def meet(self, other: Machine) -> None:
        """Each lets the other's key in, for its receiver alone; this one pins the other's host key and knows of it."""
        shutil.copy(other.key.with_name("key.pub"), self.sshd.folder / f"{other.name}.pub")
        shutil.copy(other.key, self.sshd.folder / other.name)
        self.receive(other)
        self.policy(self.name, "kind: system", f"name: {self.name}", f"vaults: {{{VAULT}: {self.vault}}}")
        self.policy(other.name, "kind: system", f"name: {other.name}", f"vaults: {{{VAULT}: {other.vault}}}",
                    f"address: {other.address}", f"port: {other.sshd.port}", f"user: {other.sshd.user}",
                    f"key: {self.key}", "stall: 5 s")
        (self.policies / "known_hosts").write_text(other.sshd.known_hosts().read_text())

    def receive(self, other: Machine, *, older: bool = False) -> None:
        """The other's key starts the receiver here; an `older` one is as it was when protocol 1 was new."""
        words = receive_words(self.vault, "--allow-read", "--state", str(self.state), "--policies", str(self.policies))
        command = shlex.join(words)
        if older:
            words = [sys.executable, "-m", "tests.support.older_receiver", "--vault", f"{VAULT}={self.vault}"]
            command = f"cd {shlex.quote(str(ROOT))} && exec {shlex.join(words)}"
        self.sshd.authorize(other.name, command=command)

    def policy(self, name: str, *lines: str) -> None:
        (self.policies / f"{name}.yaml").write_text("".join(line + "\n" for line in lines))

    # ---- the program ------------------------------------------------------------------------------------------------

    def run(self, *words: str, code: int = 0) -> Done:
        """Type a sentence on this machine, which ends with this code."""
        command = [*self.inside, PROGRAM, "--policies", str(self.policies), "--state", str(self.state), *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120,
                              cwd=self.folder)
        found = Done(done.returncode, done.stdout.decode("ascii"), done.stderr.decode("ascii"))
        assert "Traceback" not in found.errors, found.errors
        return found.settle(code)

    def start(self, scheme: str = SCHEME, *words: str, code: int = 0) -> Done:
        return self.run("start", "scheme", scheme, *words, "--json", code=code)

    def refused(self, scheme: str = SCHEME) -> Done:
        """The scheme is refused: as told, not for a while; the sentence is not to be tried again by itself."""
        done = self.start(scheme, code=2)
        assert done.json["status"] == "refused", done.output
        assert [each["retry"] for each in done.json["errors"]] == [False], done.output
        return done

    def verify(self, *, code: int = 0) -> dict[str, int]:
        """VERIFY POOL: how many tapes are how."""
        counts = self.run("verify", "pool", PATH, "--json", code=code).json["data"]["counts"]
        assert isinstance(counts, dict)
        return counts

    def status(self, *words: str, code: int = 0) -> dict[str, str]:
        """STATUS POOL: the state of each tape."""
        told = self.run("status", "pool", PATH, *words, "--json", code=code).json["data"]["tapes"]
        return {each["tape"].rpartition("/")[2]: each["state"] for each in told}

    def words(self) -> set[str]:
        """The states that its tapes are in."""
        return set(self.status().values())

    def events(self, id: str) -> list[dict[str, Any]]:
        """What its log has under this id, oldest first."""
        found = self.run("info", "event", id, "--json").json["data"]["events"]
        assert isinstance(found, list)
        return found

    def freeze(self, reason: str) -> None:
        self.run("freeze", "pool", PATH, "--reason", reason)

    def thaw(self) -> None:
        self.run("thaw", "pool", PATH)

    # ---- tapes ------------------------------------------------------------------------------------------------------

    def host_writes(self, *names: str, seed: int = 0, size: int = 5000) -> None:
        """A host writes tapes on this machine, each with bytes of its own."""
        for name in names:
            (self.vault / POOL / name).write_bytes(random_bytes(size + seed, zlib.crc32(f"{name} {seed}".encode())))

    def tapes(self) -> dict[str, bytes]:
        """The tapes that lie here, and their bytes."""
        pool = self.vault / POOL
        return {path.name: path.read_bytes() for path in sorted(pool.iterdir()) if path.is_file()}

    def everything(self) -> dict[str, bytes]:
        """Every file beneath the vault, and its bytes."""
        return {str(path.relative_to(self.vault)): path.read_bytes()
                for path in sorted(self.vault.rglob("*")) if path.is_file()}

    # ---- what befalls it --------------------------------------------------------------------------------------------

    def dies(self) -> None:
        """It is switched off: nobody answers at its address. Its disks stay as they are."""
        self.sshd.stop()
        self.link.unplug(self.side)

    def burns(self) -> None:
        """It is lost, with its vault and its state; the policies are in the backup."""
        self.dies()
        shutil.rmtree(self.vault)
        shutil.rmtree(self.state, ignore_errors=True)

    def comes_back(self) -> None:
        """It is switched on again, as it was."""
        self.link.plug(self.side)
        self.sshd.start()

    def is_rebuilt(self) -> None:
        """Another machine under its address, of the same keys, with an empty vault that has no identity yet."""
        (self.vault / POOL).mkdir(parents=True)
        self.comes_back()

    @contextmanager
    def on_a_disk(self) -> Iterator[Disk]:
        """Its vault is a mounted disk."""
        with smallfs.tmpfs(self.folder / "disk", size=16 << 20) as disk:
            shutil.copytree(self.vault, disk.path, dirs_exist_ok=True)
            shutil.rmtree(self.vault)
            (self.vault / POOL).mkdir(parents=True)  # beneath the mount point, as somebody once made it by mistake
            mounted = Disk(disk.path, self.vault)
            mounted.mount()
            try:
                yield mounted
            finally:
                if os.path.ismount(self.vault):
                    mounted.unmount()


class Disk:
    """A file system that can be unmounted, and keeps what is on it."""

    def __init__(self, device: Path, mount_point: Path) -> None:
        self._device, self._mount_point = device, mount_point

    def mount(self) -> None:
        subprocess.run([need("mount"), "--bind", self._device, self._mount_point], check=True)

    def unmount(self) -> None:
        subprocess.run([need("umount"), self._mount_point], check=True)


Pair = tuple[Machine, Machine]


@contextmanager
def two_machines(folder: Path, tapes: Sequence[str] = ()) -> Iterator[Pair]:
    """Both, running, with the scheme on the first; what was started and made is removed at the end."""
    with netns.link() as link:
        here, there = (Machine(link, side, folder / NAMES[side]) for side in netns.SIDES)
        here.meet(there)
        there.meet(here)
        here.policy(SCHEME, "kind: scheme", f"name: {SCHEME}", f"from: {PATH}", f"to: vts2:{PATH}")
        here.host_writes(*tapes)
        try:
            here.sshd.start()
            there.sshd.start()
            yield here, there
        finally:
            here.sshd.stop()
            there.sshd.stop()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two machines, and four tapes that were copied last night."""
    with two_machines(tmp_path, [f"T0000{number}" for number in range(1, 5)]) as (here, there):
        assert here.start().leg()["copied"] == 4
        assert there.tapes() == here.tapes()
        yield here, there
