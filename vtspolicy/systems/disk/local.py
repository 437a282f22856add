"""This machine: vaults in its own file systems."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType, TracebackType
from typing import Self

from vtspolicy.errors import Failure, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems import records
from vtspolicy.systems.digest import digest_by_reading
from vtspolicy.systems.disk import freezing
from vtspolicy.systems.disk.adopting import adopt
from vtspolicy.systems.disk.beneath import PoolFolder, VaultFolder
from vtspolicy.systems.disk.opened import LocalReader
from vtspolicy.systems.disk.proving import note, proven_records
from vtspolicy.systems.disk.publish import PartFile, Publishing, publish
from vtspolicy.systems.disk.sweeping import leftovers, sweep
from vtspolicy.systems.disk.trying import trial
from vtspolicy.systems.facts import (
    Freeze,
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
from vtspolicy.systems.files import moment, write_failure
from vtspolicy.systems.leftovers import Leftovers
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.proofs import Proof, just_read
from vtspolicy.systems.trial import Trial

_NOWHERE_ELSE: Mapping[str, str] = MappingProxyType({})
_POOLS_OPEN = 16
"""Pools that are kept open for the next request, at most; a template may select thousands."""

class LocalPart:
    """A part file of this machine: everything is done at once, so the answers are ready when asked for."""

    def __init__(self, pool: PoolFolder, part: PartFile) -> None:
        self._pool = pool
        self._part = part
        self._digest: str | None = None
        self._result: TapeFacts | Failure | None = None

    def write(self, piece: Piece) -> None:
        self._part.write(piece)

    @property
    def lost(self) -> tuple[str, ...]:
        return self._part.lost

    def seal(self, metadata: Metadata, progress: Progress = no_progress, *, read_back: bool = True) -> None:
        del read_back  # it is read where it lies
        self._digest = self._part.seal(metadata, progress)

    def sealed(self) -> str:
        assert self._digest is not None
        return self._digest

    def commit(self, record: Record, expected: Identity | None) -> None:
        self._result = publish(self._pool, [Publishing(self._part, record, expected)])[0]

    def committed(self) -> TapeFacts:
        self._part.discard()
        if isinstance(self._result, Failure):
            raise self._result
        assert self._result is not None
        return self._result

    def discard(self) -> None:
        self._part.discard()


class Local:
    """A system on this machine."""

    promises = Promises(far_end="local", durable=True, atomic=True)

    def __init__(self, name: str, vaults: Mapping[str, str], staging: Mapping[str, str] = _NOWHERE_ELSE) -> None:
        """`staging`: for some vaults, another directory where their part files lie."""
        self.name = name
        self._paths = vaults
        self._staging = staging
        self._vaults: dict[str, VaultFolder] = {}
        self._pools: dict[Pool, PoolFolder] = {}
        self._last: tuple[Tape, Proof] | None = None
        """What was read last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for pool in self._pools.values():
            pool.close()
        for vault in self._vaults.values():
            vault.close()
        self._pools.clear()
        self._vaults.clear()

    def vault_folder(self, vault: Vault) -> VaultFolder:
        """The open vault. Raise Unknown where it is not declared or not there."""
        if vault.name not in self._paths:
            raise Unknown(f"{self.name} declares no vault {vault.name}", system=self.name)
        if vault.name not in self._vaults:
            self._vaults[vault.name] = VaultFolder(vault, self._paths[vault.name], self._staging.get(vault.name))
        return self._vaults[vault.name]

    def pool_folder(self, pool: Pool) -> PoolFolder:
        """The open pool. Raise Unknown where it is not there."""
        if pool in self._pools:
            self._pools[pool] = self._pools.pop(pool)  # the newest last
        else:
            for idle in [each for each, folder in self._pools.items() if not folder.users][:-_POOLS_OPEN]:
                self._pools.pop(idle).close()
            self._pools[pool] = self.vault_folder(pool.of).pool(pool.name)
        return self._pools[pool]

    def cut(self) -> None:
        """There is no connection to this machine."""

    def vault(self, vault: Vault) -> VaultFacts:
        folder = self.vault_folder(vault)
        try:
            return VaultFacts(folder.identity(), folder.pools(), folder.free(), folder.frozen())
        except OSError as error:
            raise Unknown(f"vault {vault} cannot be read: {error.strerror}", system=self.name) from None

    def freezes(self, vault: Vault) -> Mapping[str, Freeze]:
        folder = self.vault_folder(vault)
        try:
            return folder.frozen_pools()
        except OSError as error:
            raise Unknown(f"vault {vault} cannot be read: {error.strerror}", system=self.name) from None

    def admit(self, pool: Pool) -> None:
        try:
            self.pool_folder(pool).check_thawed()
        except OSError as error:
            raise write_failure(error, f"pool {pool}") from None

    def freeze(self, place: Pool | Vault, freeze: Freeze) -> Freeze:
        """Let nothing be published there from now on; the freeze in force, which is the earlier one where there was
        one. Raise Unknown where the place is not there, TargetWrite, and Locked where a publisher does not end."""
        if isinstance(place, Pool):
            return freezing.freeze_pool(self.pool_folder(place), freeze)
        return freezing.freeze_vault(self.vault_folder(place), freeze)

    def thaw(self, place: Pool | Vault) -> Freeze | None:
        """Take the freeze back; the one that was in force, or None. Raise Unknown or TargetWrite."""
        if isinstance(place, Pool):
            return freezing.thaw_pool(self.pool_folder(place))
        return freezing.thaw_vault(self.vault_folder(place))

    def initialise(self, vault: Vault, identity: str, replacing: str | None = None) -> None:
        self.vault_folder(vault).initialise(identity, replacing)

    def names(self) -> tuple[Mapping[Pool, frozenset[str]], tuple[str, ...]]:
        found: dict[Pool, frozenset[str]] = {}
        warnings: list[str] = []
        for name in self._paths:
            vault = Vault(self.name, name)
            try:
                pools = self.vault_folder(vault).pools()
            except (OSError, Failure) as error:
                warnings.append(f"vault {vault} cannot be listed: {_why(error)}")
                continue
            for pool in (Pool(self.name, name, each) for each in pools):
                try:
                    with self.vault_folder(vault).pool(pool.name) as folder:
                        found[pool] = frozenset(each for each in os.listdir(folder.fd) if not each.startswith("."))
                except (OSError, Failure) as error:
                    warnings.append(f"pool {pool} cannot be listed: {_why(error)}")
        return found, tuple(warnings)

    def inventory(self, pool: Pool) -> Inventory:
        try:
            return self.pool_folder(pool).inventory()
        except OSError as error:
            raise Unknown(f"pool {pool} cannot be listed: {error.strerror}", system=self.name) from None

    def records(self, pool: Pool, names: Iterable[str]) -> Mapping[str, tuple[Record, ...]]:
        folder = self.pool_folder(pool)
        return {name: kept for name in names if (kept := proven_records(folder, name))}

    def recorded(self, pool: Pool) -> tuple[str, ...]:
        """The names of the pool's tapes that have a record, also of those that are gone."""
        work = self.pool_folder(pool).work(create=False)
        return () if work is None else records.names_in(os.listdir(work))

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False,
               rate: int | None = None) -> tuple[str, TapeFacts]:
        reader = LocalReader(self.pool_folder(tape.of), tape, lasting=durable)
        if durable:
            reader.make_durable()
        digest, facts = digest_by_reading(reader, progress, rate)
        note(self.pool_folder(tape.of), tape.name, digest, facts)
        self._last = tape, Proof(digest, facts.identity, moment())
        return digest, facts

    def adopt(self, tape: Tape, record: Record) -> None:
        adopt(self.pool_folder(tape.of), record, just_read(self._last, tape, record))

    def read(self, tape: Tape) -> LocalReader:
        return LocalReader(self.pool_folder(tape.of), tape)

    def begin(self, tape: Tape, size: int, part_name: str) -> LocalPart:
        pool = self.pool_folder(tape.of)
        return LocalPart(pool, PartFile(pool, tape.name, part_name))

    def make_pool(self, pool: Pool, freeze: Freeze | None) -> None:
        freezing.make_pool(self.vault_folder(pool.of), pool.name, freeze)

    def trial(self, place: Pool | Vault, writer: str, wish: Metadata | None = None) -> Trial:
        return trial(self.pool_folder(place) if isinstance(place, Pool) else self.vault_folder(place), writer, wish)

    def pulse(self) -> float | None:
        return time.time()

    def sweep(self, pool: Pool, writer: str) -> int:
        return sweep(self.pool_folder(pool), writer)

    def leftovers(self, vault: Vault) -> Mapping[str, Leftovers]:
        found = dict[str, Leftovers]()
        for name in self.vault(vault).pools:
            with suppress(Unknown, OSError):  # one that cannot be looked into
                if (here := leftovers(self.pool_folder(Pool(vault.system, vault.name, name)))).parts:
                    found[name] = here
        return found


def _why(error: OSError | Failure) -> str:
    return error.message if isinstance(error, Failure) else error.strerror or "unknown"
