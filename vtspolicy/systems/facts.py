"""The facts that go to and fro: what lies in vaults and pools, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vtspolicy.policy.places import Tape

WORK_FOLDER = ".vtspolicy"
"""In each pool: part files and records. Always the tape's file system; a name with a leading dot is never a tape."""
VAULT_MARKER = ".vtspolicy-vault"
"""In a vault's root: its id. Never written by a copy."""
POOL_FREEZE = "frozen"
"""In a pool's work folder: that nothing may be published in the pool. Made and removed only where the pool lies."""
VAULT_FREEZE = ".vtspolicy-frozen"
"""In a vault's root: the same for all its pools."""
NEW_POOL = ".vtspolicy-new."
"""In front of a pool's name in a vault's root, while the pool is being made."""
CHUNK = 1 << 20
"""How many bytes of a tape are read, hashed and handed on at a time."""


LATEST_NS = 10**9 << 63
"""No file system has a time so many nanoseconds from 1970: seconds of 64 bits."""


@dataclass(frozen=True)
class Identity:
    """What tells one state of a file from another without reading it. None where a system cannot say."""

    size: int
    mtime_ns: int
    inode: int | None = None
    ctime_ns: int | None = None

    def fits(self, other: Identity) -> bool:
        """Whether both may be the same state of the same file: what both know is equal."""
        return (self.looks_like(other) and _agree(self.inode, other.inode) and _agree(self.ctime_ns, other.ctime_ns))

    def looks_like(self, other: Identity) -> bool:
        """Whether size and time of last change are equal; whole seconds count where one side knows no more."""
        if self.size != other.size:
            return False
        if self.inode is None or other.inode is None:
            return self.mtime_ns // 10**9 == other.mtime_ns // 10**9
        return self.mtime_ns == other.mtime_ns


def _agree(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


@dataclass(frozen=True)
class Record:
    """The far side's own record of one publish, beside the tape. From it a lost catalog is rebuilt.

    It is written before the rename, with the part's inode, size and mtime, so that a kill in between leaves either
    the old tape with its record or the new tape with its own.
    """

    tape: str
    digest: str
    identity: Identity
    """Of the published file; its ctime is not known before the rename, but from its proof."""
    source: Tape
    source_vault: str
    """The id of the source's vault."""
    source_identity: Identity
    published: str
    """UTC, RFC 3339."""
    run: str
    writer: str
    """The id of the state that wrote it."""
    version: int
    """How many publishes this tape has seen, this one included."""
    durable: bool
    proven: bool = True
    """Whether its bytes were read back before it was published."""
    damaged: str | None = None
    """When other bytes were found under its name, with its size and time."""
    verified: str | None = None
    """When the tape was last read and was right, as the proof beside it says; `identity` has the ctime then."""
    accompanies: str | None = None
    """For a companion: its tape."""
    hasty: bool = False
    """Whether the source was read so soon after its last change that another one would not show."""


@dataclass(frozen=True)
class TapeFacts:
    """A tape as it lies there now."""

    name: str
    identity: Identity
    mode: int
    allocated: int
    """Bytes of disk in use: less than the size where there are holes."""


@dataclass(frozen=True)
class Skipped:
    """Something in a pool that is no tape, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Freeze:
    """That nothing may be published in a pool, or in the pools of a vault."""

    since: str
    """UTC, RFC 3339; `?` where the marker does not say it."""
    by: str
    """`user@host`."""
    reason: str = ""
    """In the words of whoever froze it."""


@dataclass(frozen=True)
class Inventory:
    """A pool as it lies there now."""

    tapes: Mapping[str, TapeFacts]
    skipped: tuple[Skipped, ...] = ()
    free: int | None = None
    """Bytes that we may still write there; None where the system cannot say."""
    frozen: Freeze | None = None
    """Of the pool itself; that of its vault is told by `VaultFacts`."""
    damaged: frozenset[str] = frozenset()
    """Tapes whose records may say that they were found damaged there."""


@dataclass(frozen=True)
class Grants:
    """What the words of a receiver's own command line say of a vault: they count, whatever the policy here says."""

    create_pool: str
    """`no`, `yes` or `frozen`."""
    staging: str | None
    """Where part files lie; None: in the work folder of each pool."""


@dataclass(frozen=True)
class VaultFacts:
    """A vault as it lies there now."""

    identity: str | None
    """Its id; None where the marker is missing."""
    pools: tuple[str, ...]
    free: int | None
    frozen: Freeze | None = None
    grants: Grants | None = None
    """None where the policy's word counts, and where an older receiver does not tell its own."""


@dataclass(frozen=True)
class Promises:
    """What a system can promise about a publish; what it cannot makes its copies `unproven`."""

    far_end: str
    """`local`, `receiver`, `sftp` or `memory`."""
    durable: bool
    """File and directory can be fsynced."""
    atomic: bool
    """A rename replaces a name in one step."""

    @property
    def provable(self) -> bool:
        """Whether a copy here can ever be `safe`."""
        return self.durable and self.atomic


@dataclass(frozen=True)
class Hole:
    """A run of zeros that need not be sent or stored."""

    length: int


Piece = bytes | memoryview | Hole
"""What a tape is read as: bytes, at most CHUNK of them, or a hole."""


def length_of(piece: Piece) -> int:
    """How many bytes of the tape the piece is."""
    return piece.length if isinstance(piece, Hole) else len(piece)


Progress = Callable[[int], None]
"""Told how many more bytes are done; raises to stop the work."""


def no_progress(count: int) -> None:
    """For callers who do not watch."""
