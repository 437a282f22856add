"""What every System can do, and the facts that go to and fro.

A publish is: part file → all bytes written, each status checked → fsync → digest of the bytes that lie there, read
again after the fsync → the source is unchanged since → the far side's record → rename over → fsync of the directory.
`Part` cuts it where the source has its say: `seal` (up to the digest) and `commit` (from the record on). Between the
two the caller checks its source. Both are requests that a System may answer later, so many small tapes share a round
trip: `seal`, then `sealed`; `commit`, then `committed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from vtspolicy.policy.places import Pool, Tape, Vault

if TYPE_CHECKING:
    from vtspolicy.systems.leftovers import Leftovers
    from vtspolicy.systems.metadata import Metadata
    from vtspolicy.systems.parts import Part, Reader
    from vtspolicy.systems.trial import Trial

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


class System(Protocol):
    """A holder of vaults. Every method raises Outage (or a leaf of it) when the system cannot be had."""

    name: str
    promises: Promises

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None: ...

    def cut(self) -> None:
        """End the connection at once, from any thread: whoever waits on it is told."""

    def vault(self, vault: Vault) -> VaultFacts:
        """The vault's id, pools and room. Raise Unknown where the directory is not there."""

    def initialise(self, vault: Vault, identity: str, replacing: str | None = None) -> None:
        """Write the vault's marker; with `replacing`, in the place of one that holds that id. Raise IdentityMismatch
        where there is one already, or not that one."""

    def freezes(self, vault: Vault) -> Mapping[str, Freeze]:
        """The vault's pools that are frozen themselves, by name. Raise Unknown as `vault` does."""

    def admit(self, pool: Pool) -> None:
        """Raise Frozen where nothing may be published in the pool now; a far side that keeps a log tells it there."""

    def names(self) -> tuple[Mapping[Pool, frozenset[str]], tuple[str, ...]]:
        """Every tape name of every pool of every declared vault, and a warning for each pool that cannot be listed."""

    def inventory(self, pool: Pool) -> Inventory:
        """The pool's tapes. Raise Unknown where it is not there."""

    def records(self, pool: Pool, names: Iterable[str]) -> Mapping[str, tuple[Record, ...]]:
        """The system's own records of these tapes, newest first; nothing for a tape that has none."""

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False,
               rate: int | None = None) -> tuple[str, TapeFacts]:
        """Read the whole tape there; its digest, and its facts, equal before and after. With `durable` its bytes
        and its name are made so before they are read, where the system can; with `rate` no more than so many bytes per
        second are read (an older far side knows no rate). Raise Missing, SourceUnreadable or SourceChanged, and
        NotDurable where they cannot be made so."""

    def adopt(self, tape: Tape, record: Record) -> None:
        """Keep a record of a tape that others brought there, as if it had been published: of exactly what `digest` read
        last, and of nothing else. Raise Refusal where that was not this tape with this digest, Diverged where the tape
        has changed since, Frozen, TargetWrite, and NotBuilt where the far side is older."""

    def read(self, tape: Tape) -> Reader:
        """Open a tape to read it. Raise Missing or SourceUnreadable; NotBuilt where the system
        cannot send."""

    def begin(self, tape: Tape, size: int, part_name: str) -> Part:
        """A new, empty part file for the tape. Raise TargetWrite, Frozen, or Unknown where the pool is not there."""

    def make_pool(self, pool: Pool, freeze: Freeze | None) -> None:
        """Make the pool, durably, with the vault's permission bits; with `freeze` it is frozen before its name is
        there. Harmless where it is there already. Raise TargetWrite, Unknown where the vault is not there, or Refusal
        where the far side does not allow it (it may also make it frozen by its own words)."""

    def trial(self, place: Pool | Vault, writer: str, wish: Metadata | None = None) -> Trial:
        """Do once what a publish does there, with a small file of which nothing stays. Raise Unknown where the place
        is not there, and NotBuilt where the far side is older. A trial that finds hindrances raises nothing. With
        `wish` its owner and mode are tried, too (an older far side does not, and has no such finding)."""

    def pulse(self) -> float | None:
        """The smallest question and its answer: the system's time, seconds since 1970, or None where it cannot say."""

    def sweep(self, pool: Pool, writer: str) -> int:
        """Remove the part files of the state `writer` (its caller holds the lock, so none is in use), make the
        pool's present names durable, and say how many went. So do part files of other states that nobody has touched
        for seven days. Raise TargetWrite, and Refusal where part files cannot lie where they should."""

    def leftovers(self, vault: Vault) -> Mapping[str, Leftovers]:
        """The part files of the vault's pools, by pool, those on their way included. Raise Unknown as `vault` does,
        and NotBuilt where the far side is older."""
