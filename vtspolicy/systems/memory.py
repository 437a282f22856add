"""A system in memory: the contract without a disk. Properties and plans are tried on it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from vtspolicy.errors import Diverged, IdentityMismatch, Missing, NoSpace, SourceChanged, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems import freezes, records
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import (
    CHUNK,
    Freeze,
    Hole,
    Identity,
    Inventory,
    Piece,
    Progress,
    Promises,
    Record,
    TapeFacts,
    VaultFacts,
    no_progress,
)
from vtspolicy.systems.files import moment
from vtspolicy.systems.leftovers import Leftovers
from vtspolicy.systems.metadata import Extras, Metadata
from vtspolicy.systems.proofs import Proof, is_about, judged, just_read, proven
from vtspolicy.systems.trial import DRESS, Trial, tried


@dataclass(frozen=True)
class _File:
    content: bytes
    mode: int
    identity: Identity
    owner: str | None = None
    attributes: Mapping[str, bytes] = field(default_factory=dict)


class MemoryReader:
    """A tape that is being read."""

    def __init__(self, system: Memory, tape: Tape) -> None:
        self._system = system
        self._tape = tape
        self._file = system.file(tape)
        self.facts = system.facts(tape)
        self.extras = Extras(self._file.attributes)

    def pieces(self) -> Iterator[Piece]:
        content = self._file.content
        for start in range(0, len(content), CHUNK):
            yield content[start:start + CHUNK]

    def check_unchanged(self) -> None:
        if self._system.find(self._tape) != self._file:
            raise SourceChanged(f"{self._tape} changed while it was read", tape=str(self._tape),
                                system=self._tape.system)

    def close(self) -> None: ...


class MemoryPart:
    """A part that nobody sees."""

    def __init__(self, system: Memory, tape: Tape, name: str) -> None:
        self._system = system
        self._tape = tape
        self._key = (tape.of, name)
        self._content = bytearray()
        self._metadata = Metadata(0o600, 0)
        self._result: TapeFacts | None = None
        self.lost: tuple[str, ...] = ()
        system.parts.add(self._key)

    def write(self, piece: Piece) -> None:
        self._content += bytes(piece.length) if isinstance(piece, Hole) else piece
        if len(self._content) > self._system.free:
            raise NoSpace(f"{self._tape}: the target is full", tape=str(self._tape), system=self._tape.system)

    def seal(self, metadata: Metadata, progress: Progress = no_progress, *, read_back: bool = True) -> None:
        del progress, read_back
        self._metadata = metadata

    def sealed(self) -> str:
        return digest_of(bytes(self._content))

    def commit(self, record: Record, expected: Identity | None) -> None:
        live = self._system.find(self._tape)
        if (live is None) != (expected is None) or (live and expected and not live.identity.fits(expected)):
            raise Diverged(f"{self._tape} changed since the plan was made", tape=str(self._tape),
                           system=self._tape.system)
        self._system.admit(self._tape.of)
        file = self._system.put(self._tape, bytes(self._content), self._metadata.mode & 0o777, self._metadata.mtime_ns)
        self._system.dress(self._tape, self._metadata)
        earlier = self._system.kept.get(self._tape, ())
        self._system.kept[self._tape] = records.following(
            replace(record, identity=replace(file.identity, ctime_ns=None), version=records.next_version(earlier)),
            earlier, None if live is None else live.identity)
        self._result = self._system.facts(self._tape)
        if record.proven:
            self._system.proofs[self._tape] = Proof(record.digest, file.identity, record.published)

    def committed(self) -> TapeFacts:
        assert self._result is not None
        self.discard()
        return self._result

    def discard(self) -> None:
        self._system.parts.discard(self._key)


class Memory:
    """Vaults, pools and tapes in dictionaries."""

    promises = Promises(far_end="memory", durable=True, atomic=True)

    def __init__(self, name: str, pools: Iterable[Pool], free: int = 1 << 40) -> None:
        self.name = name
        self.free = free
        self.pools: dict[Pool, dict[str, _File]] = {pool: {} for pool in pools}
        self.identities: dict[Vault, str] = {}
        self.kept: dict[Tape, tuple[Record, ...]] = {}
        self.proofs: dict[Tape, Proof] = {}
        self._last: tuple[Tape, Proof] | None = None
        self.frozen: dict[Pool | Vault, Freeze] = {}
        self.parts: set[tuple[Pool, str]] = set()
        self._clock = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None: ...

    def find(self, tape: Tape) -> _File | None:
        """The file of a tape, if there is one."""
        return self.pools.get(tape.of, {}).get(tape.name)

    def file(self, tape: Tape) -> _File:
        """The file of a tape. Raise Missing."""
        found = self.find(tape)
        if found is None:
            raise Missing(f"{tape} is not there", tape=str(tape), system=self.name)
        return found

    def facts(self, tape: Tape) -> TapeFacts:
        """The facts of a tape. Raise Missing."""
        file = self.file(tape)
        return TapeFacts(tape.name, file.identity, file.mode, len(file.content))

    def put(self, tape: Tape, content: bytes, mode: int = 0o640, mtime_ns: int | None = None) -> _File:
        """Someone writes a tape: a new inode, as a rename over makes."""
        self._clock += 1
        identity = Identity(len(content), self._clock * 10**9 if mtime_ns is None else mtime_ns, self._clock,
                            self._clock)
        file = _File(content, mode, identity)
        self.pools[tape.of][tape.name] = file
        return file

    def dress(self, tape: Tape, metadata: Metadata) -> None:
        """Owner and attributes of a tape."""
        self.pools[tape.of][tape.name] = replace(self.file(tape), owner=metadata.owner, attributes=metadata.attributes)

    def rot(self, tape: Tape, content: bytes) -> None:
        """Bytes change and nothing shows it, as on a failing disk."""
        file = self.file(tape)
        assert len(content) == len(file.content)
        self.pools[tape.of][tape.name] = replace(file, content=content)

    def cut(self) -> None:
        """There is no connection to memory."""

    def vault(self, vault: Vault) -> VaultFacts:
        pools = tuple(sorted(pool.name for pool in self.pools if pool.of == vault))
        if not pools:
            raise Unknown(f"vault {vault} is not there", system=self.name)
        return VaultFacts(self.identities.get(vault), pools, self.free, self.frozen.get(vault))

    def initialise(self, vault: Vault, identity: str, replacing: str | None = None) -> None:
        if self.identities.get(vault) != replacing:
            raise IdentityMismatch(f"vault {vault} has an id already, or not {replacing}", system=self.name)
        self.identities[vault] = identity

    def freezes(self, vault: Vault) -> Mapping[str, Freeze]:
        return {place.name: freeze for place, freeze in self.frozen.items()
                if isinstance(place, Pool) and place.of == vault}

    def admit(self, pool: Pool) -> None:
        for place in (pool.of, pool):
            if place in self.frozen:
                raise freezes.refusal(place, self.frozen[place])

    def freeze(self, place: Pool | Vault, freeze: Freeze) -> Freeze:
        """As Local does it."""
        return self.frozen.setdefault(place, freeze)

    def thaw(self, place: Pool | Vault) -> Freeze | None:
        """As Local does it."""
        return self.frozen.pop(place, None)

    def names(self) -> tuple[Mapping[Pool, frozenset[str]], tuple[str, ...]]:
        return {pool: frozenset(tapes) for pool, tapes in self.pools.items()}, ()

    def _pool(self, pool: Pool) -> dict[str, _File]:
        if pool not in self.pools:
            raise Unknown(f"pool {pool} is not there", system=self.name)
        return self.pools[pool]

    def inventory(self, pool: Pool) -> Inventory:
        return Inventory({name: self.facts(pool.tape(name)) for name in sorted(self._pool(pool))}, free=self.free,
                         frozen=self.frozen.get(pool), damaged=frozenset(
                             tape.name for tape, kept in self.kept.items()
                             if tape.of == pool and kept and kept[0].damaged is not None))

    def records(self, pool: Pool, names: Iterable[str]) -> Mapping[str, tuple[Record, ...]]:
        return {name: proven(self.kept[tape], self.proofs.get(tape)) for name in names
                if (tape := pool.tape(name)) in self.kept}

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False,
               rate: int | None = None) -> tuple[str, TapeFacts]:
        del durable, rate
        file = self.file(tape)
        progress(len(file.content))
        facts = self.facts(tape)
        read = Proof(digest_of(file.content), facts.identity, moment())
        self._last = tape, read
        if tape in self.kept:
            self.kept[tape] = judged(self.kept[tape], read)
            if is_about(self.kept[tape], read):
                self.proofs[tape] = read
        return read.digest, facts

    def adopt(self, tape: Tape, record: Record) -> None:
        read = just_read(self._last, tape, record)
        if self.find(tape) is None or self.facts(tape).identity != read.identity:
            raise Diverged(f"{tape} changed since it was read", tape=str(tape), system=self.name)
        self.admit(tape.of)
        self.kept[tape] = records.adopting(record, read.identity, self.kept.get(tape, ()))
        self.proofs[tape] = read

    def read(self, tape: Tape) -> MemoryReader:
        return MemoryReader(self, tape)

    def begin(self, tape: Tape, size: int, part_name: str) -> MemoryPart:
        self._pool(tape.of)
        self.admit(tape.of)
        return MemoryPart(self, tape, part_name)

    def make_pool(self, pool: Pool, freeze: Freeze | None) -> None:
        self.vault(pool.of)
        if not is_tape_name(pool.name):
            raise Unknown(f"{pool.name!r} is not a pool's name", system=self.name)
        if pool not in self.pools:
            if freeze is not None:
                self.frozen[pool] = freeze
            self.pools[pool] = {}

    def trial(self, place: Pool | Vault, writer: str, wish: Metadata | None = None) -> Trial:
        del writer
        dress = () if wish is None else (DRESS,)
        self.vault(place if isinstance(place, Vault) else place.of)
        if isinstance(place, Pool):
            self._pool(place)
        words = ("write", *dress, "fsync", "rename", "remove")
        return Trial(tried((what, lambda: None) for what in words), time.time())

    def pulse(self) -> float | None:
        return time.time()

    def sweep(self, pool: Pool, writer: str) -> int:
        self._pool(pool)
        ours = {part for part in self.parts if part[0] == pool and part[1].startswith(f"{writer}.")}
        self.parts -= ours
        return len(ours)

    def leftovers(self, vault: Vault) -> Mapping[str, Leftovers]:
        pools = Counter(pool.name for pool, _ in self.parts if pool.of == vault)
        return {name: Leftovers(count, 0, 0) for name, count in pools.items()}
