"""What every System can do.

A publish is: part file → all bytes written, each status checked → fsync → digest of the bytes that lie there, read
again after the fsync → the source is unchanged since → the far side's record → rename over → fsync of the directory.
`Part` cuts it where the source has its say: `seal` (up to the digest) and `commit` (from the record on). Between the
two the caller checks its source. Both are requests that a System may answer later, so many small tapes share a round
trip: `seal`, then `sealed`; `commit`, then `committed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Protocol, Self

from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.facts import Freeze, Inventory, Progress, Promises, Record, TapeFacts, VaultFacts, no_progress
from vtspolicy.systems.leftovers import Leftovers
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.parts import Part, Reader
from vtspolicy.systems.trial import Trial


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
