"""The installed program between two vault roots: vts1 here, vts2 behind the far end that a test asks for."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.contract.systems import receive_words
from tests.support.journey import VAULT as VAULT
from tests.support.signals import Running
from tests.support.sshd import SFTP_SERVER, SshServer

KINDS: Final = ("local", "sftp", "receiver")
POOL: Final = "PAYROLL"
SCHEME: Final = "NIGHTLY"
PROGRAM: Final = str(Path(sys.executable).with_name("vtspolicy"))
"""The console script, as it was installed beside this Python."""
NEAR_ID, FAR_ID = f"{1:032x}", f"{2:032x}"


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    output: str
    errors: str

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()

    @property
    def json(self) -> dict[str, Any]:
        """The envelope: one line of JSON and nothing else, whose code is the exit code."""
        assert len(self.lines) == 1, (self.output, self.errors)
        envelope = json.loads(self.output)
        assert isinstance(envelope, dict)
        assert envelope["vtspolicy"] == 1
        assert envelope["code"] == self.code, (envelope, self.code)
        return envelope

    @property
    def reasons(self) -> list[str]:
        """The reason words of the envelope's errors."""
        return [each["reason"] for each in self.json["errors"]]

    def leg(self, index: int = 0) -> dict[str, Any]:
        """What a run did for one pool and target."""
        leg = self.json["data"]["legs"][index]
        assert isinstance(leg, dict)
        return leg

    def settle(self, code: int = 0) -> Done:
        """Itself, if it ended with this code."""
        assert self.code == code, f"ended {self.code}, not {code}\n{self.output}\n{self.errors}"
        return self


def make_vault(root: Path, identity: str, *pools: str) -> Path:
    """A vault with an id and pools."""
    for pool in pools or (POOL,):
        (root / pool).mkdir(parents=True, exist_ok=True)
    (root / ".vtspolicy-vault").write_text(identity + "\n")
    return root


class World:
    """Policies, a state, a vault here and one there, and the scheme NIGHTLY from the one to the other.

    `near` and `far` may be given; `pools` are made on both sides. `stall` and `port` go into the policy of vts2,
    `grants` into the words of the receiver there.
    """

    def __init__(self, kind: str, folder: Path, server: SshServer | None = None, *, near: Path | None = None,
                 far: Path | None = None, pools: Sequence[str] = (POOL,), stall: str = "60 s",
                 port: int | None = None, scheme: Sequence[str] = (), grants: Sequence[str] = ()) -> None:
        self.kind = kind
        self.folder = folder
        self.server = server
        self.grants = grants
        self.policies = folder / "policies"
        self.state = folder / "state"
        self.near = make_vault(near or folder / "near", NEAR_ID, *pools)
        self.far = make_vault(far or folder / "far", FAR_ID, *pools)
        self.policies.mkdir()
        self.policy("vts1", "kind: system", "name: vts1", f"vaults: {{{VAULT}: {self.near}}}")
        there = ["kind: system", "name: vts2", f"vaults: {{{VAULT}: {self.far}}}"]
        if kind != "local":
            assert server is not None
            self.key = self.let_in()
            there += [f"address: {server.address}", f"port: {port or server.port}", f"user: {server.user}",
                      f"key: {self.key}", f"far-end: {kind}", f"stall: {stall}"]
            self.known_hosts.write_text(server.known_hosts(port=port).read_text())
        self.policy("vts2", *there)
        sources = ", ".join(f"vts1:/{VAULT}/{pool}" for pool in pools)
        self.policy(SCHEME, "kind: scheme", f"name: {SCHEME}", f"from: [{sources}]",
                    f"to: ['vts2:/{VAULT}/{{pool}}']", *scheme)

    @property
    def known_hosts(self) -> Path:
        return self.policies / "known_hosts"

    @property
    def pool(self) -> Path:
        """The first pool here."""
        return self.near / POOL

    @property
    def copies(self) -> Path:
        """The first pool there."""
        return self.far / POOL

    def policy(self, name: str, *lines: str) -> Path:
        """Write a policy file."""
        path = self.policies / f"{name}.yaml"
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def let_in(self, *prefix: str) -> Path:
        """Lets our key in for the far program alone, with words in front of it; from the next log-in on."""
        assert self.server is not None
        words = SFTP_SERVER if self.kind == "sftp" else shlex.join(receive_words(self.far, *self.grants))
        return self.server.authorize(f"{self.kind}-{self.folder.name}", command=f"{shlex.join(prefix)} {words}".strip())

    # ---- the program ------------------------------------------------------------------------------------------------

    def command(self, *words: str) -> list[str]:
        """The command line of one invocation."""
        return [PROGRAM, "--policies", str(self.policies), "--state", str(self.state), *words]

    def run(self, *words: str, stdin: str = "", env: Mapping[str, str] | None = None, timeout: float = 240,
            prefix: Sequence[str] = ()) -> Done:
        """Run it to its end, as cron would: no terminal anywhere."""
        done = subprocess.run([*prefix, *self.command(*words)], input=stdin.encode(), capture_output=True, check=False,
                              env={**os.environ, **(env or {})}, timeout=timeout, cwd=self.folder)
        found = Done(done.returncode, done.stdout.decode("ascii"), done.stderr.decode("ascii"))
        assert "Traceback" not in found.errors, found.errors
        return found

    def start(self, *words: str, code: int = 0, **more: Any) -> Done:
        """START SCHEME NIGHTLY, which must end with this code; whoever says REPLACE means it."""
        sure = ("--yes",) if "--replace" in words else ()
        return self.run("start", "scheme", SCHEME, *words, *sure, "--json", **more).settle(code)

    def started(self, *words: str, env: Mapping[str, str] | None = None) -> Running:
        """START SCHEME NIGHTLY, while the test goes on."""
        return Running(self.command("start", "scheme", SCHEME, *words), env=env, cwd=self.folder)

    def states(self) -> dict[str, str]:
        """The state word of each tape, by pool and name."""
        tapes = self.run("status", "scheme", SCHEME, "--json").settle().json["data"]["tapes"]
        return {each["tape"].partition(f"/{VAULT}/")[2]: each["state"] for each in tapes}

    def events(self, id: str) -> list[dict[str, Any]]:
        """The events with this id, oldest first."""
        found = self.run("info", "event", id, "--json").settle().json["data"]["events"]
        assert isinstance(found, list)
        return found

    # ---- tapes ------------------------------------------------------------------------------------------------------

    def put(self, name: str, content: bytes, *, pool: str = POOL) -> Path:
        """The host writes a tape; for plain SFTP, whose clock tells whole seconds, some time ago."""
        return self._written(self.near / pool / name, content)

    def put_there(self, name: str, content: bytes, *, pool: str = POOL) -> Path:
        """The same over there."""
        return self._written(self.far / pool / name, content)

    def _written(self, path: Path, content: bytes) -> Path:
        path.write_bytes(content)
        if self.kind == "sftp":
            now = path.stat().st_mtime_ns
            os.utime(path, ns=(now, now - 10 * 10**9))
        return path

    def copy(self, name: str, *, pool: str = POOL) -> bytes | None:
        """What the live name holds over there."""
        path = self.far / pool / name
        return path.read_bytes() if path.exists() else None

    def part_size(self, pool: str = POOL) -> int:
        """The bytes of the largest part file over there. They come and go while one looks."""
        sizes = [0]
        for name in self.parts(pool):
            with suppress(FileNotFoundError):
                sizes.append((self.far / pool / ".vtspolicy" / name).stat().st_size)
        return max(sizes)

    def parts(self, pool: str = POOL) -> list[str]:
        """The part files over there."""
        work = self.far / pool / ".vtspolicy"
        return sorted(path.name for path in work.iterdir() if path.name.endswith(".part")) if work.exists() else []
