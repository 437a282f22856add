"""The systems that the contract is held against: in memory, local, and through a real sshd SFTP and the receiver."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.sshd import SshServer
from vtspolicy.policy import model
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.connect import connect
from vtspolicy.systems.contract import System
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Freeze
from vtspolicy.systems.memory import Memory

KINDS = ("memory", "local", "sftp", "receiver")
VAULT = "VAULT01"
POOLS = ("PAYROLL", "OTHER")


def receive_words(root: Path, *more: str) -> list[str]:
    """The far side's command for one vault."""
    return [sys.executable, "-m", "vtspolicy", "receive", "--vault", f"{VAULT}={root}", *more]


@dataclass
class World:
    """One system with a vault of two pools, and how a test looks behind its back."""

    kind: str
    system: System
    root: Path
    name: str = "there"
    pool: Pool = field(init=False)
    other: Pool = field(init=False)

    def __post_init__(self) -> None:
        self.pool, self.other = (Pool(self.name, VAULT, each) for each in POOLS)

    def put(self, tape: Tape, content: bytes) -> None:
        """Someone else writes a tape there."""
        if isinstance(self.system, Memory):
            self.system.put(tape, content)
            return
        path = self.root / tape.pool / tape.name
        temporary = path.with_name("." + path.name)
        temporary.write_bytes(content)
        os.rename(temporary, path)

    def content(self, tape: Tape) -> bytes | None:
        """What lies there."""
        if isinstance(self.system, Memory):
            file = self.system.find(tape)
            return None if file is None else file.content
        path = self.root / tape.pool / tape.name
        return path.read_bytes() if path.exists() else None

    def freeze(self, place: Pool | Vault, reason: str = "site two has taken over") -> None:
        """Somebody gives FREEZE there."""
        self._behind().freeze(place, Freeze("2026-11-22T01:30:00.000Z", "root@vts2", reason))

    def thaw(self, place: Pool | Vault) -> None:
        """Somebody gives THAW there."""
        self._behind().thaw(place)

    def _behind(self) -> Memory | Local:
        return self.system if isinstance(self.system, Memory) else Local(self.name, {VAULT: str(self.root)})

    def parts(self, pool: Pool) -> list[str]:
        """Part files there."""
        if isinstance(self.system, Memory):
            return sorted(name for where, name in self.system.parts if where == pool)
        work = self.root / pool.name / ".vtspolicy"
        return sorted(path.name for path in work.glob("*.part")) if work.exists() else []


def policy(kind: str, server: SshServer, root: Path, key: Path, *, port: int | None = None, stall: float = 20.0,
           name: str = "there") -> model.System:
    """The policy of a system behind the sshd."""
    return model.System(
        name=name, address=server.address, port=port or server.port, user=server.user, key=str(key),
        far_end="sftp" if kind == "sftp" else "receiver", vaults={VAULT: str(root)}, stall=stall)


def client_key(kind: str, server: SshServer, root: Path, *words: str) -> Path:
    """A key whose forced command is the receiver, or that may use SFTP."""
    if kind == "sftp":
        return server.client_key()
    return server.authorize("receive-" + root.name, command=shlex.join(receive_words(root, *words)))


@contextmanager
def world(kind: str, root: Path, server: SshServer | None, *words: str) -> Iterator[World]:
    """A world of the kind, with its pools made. A receiver there is started with `words`, too."""
    for pool in POOLS:
        (root / pool).mkdir(parents=True, exist_ok=True)
    if kind == "memory":
        yield World(kind, Memory("there", [Pool("there", VAULT, each) for each in POOLS]), root)
        return
    if kind == "local":
        with connect(model.System(name="there", vaults={VAULT: str(root)}), "", "test", None) as system:
            yield World(kind, system, root)
        return
    assert server is not None
    described = policy(kind, server, root, client_key(kind, server, root, *words))
    with connect(described, str(server.known_hosts()), "test", None) as system:
        yield World(kind, system, root)
