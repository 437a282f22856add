"""This machine: vaults in its own file systems."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from vtspolicy.errors import Failure, Missing, NotDurable, SourceChanged, SourceUnreadable, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.contract import (
    Identity,
    Inventory,
    Metadata,
    Piece,
    Progress,
    Promises,
    Record,
    TapeFacts,
    VaultFacts,
    length_of,
    no_progress,
)
from vtspolicy.systems.digest import digest_by_reading
from vtspolicy.systems.disk.beneath import PoolFolder, VaultFolder
from vtspolicy.systems.disk.extents import pieces_of
from vtspolicy.systems.disk.publish import PartFile, Publishing, publish
from vtspolicy.systems.files import facts_of, identity_of, kind_of

_POOLS_OPEN = 16
"""Pools that are kept open for the next request, at most; a template may select thousands."""
_TICK = 0.02
"""Seconds. File times of some kernels move in ticks of up to 10 ms: two changes in one tick look like one."""


class LocalReader:
    """A tape opened for reading; it notices every change of the file, and of what its name stands for."""

    def __init__(self, pool: PoolFolder, tape: Tape) -> None:
        self.tape = tape
        self._pool = pool
        self._fd = _open_to_read(pool, tape)
        try:
            if not stat.S_ISREG(mode := os.fstat(self._fd).st_mode):
                raise SourceUnreadable(f"{tape} is {kind_of(mode)}", tape=str(tape), system=tape.system)
            self.facts = facts_of(tape.name, self._settled())
        except BaseException:
            os.close(self._fd)
            raise
        pool.users += 1

    def _settled(self) -> os.stat_result:
        """The file's status, from which on every change shows.

        What the cache still holds is written first: only then does the next store through a mapping move the times.
        """
        for _ in range(3):  # a writer that never rests is noticed later
            try:
                os.fdatasync(self._fd)
            except OSError as error:
                if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
                    raise self._unreadable(error) from None
            status = os.fstat(self._fd)
            if not -1 < time.time() - status.st_ctime_ns / 1e9 < _TICK:
                break
            time.sleep(_TICK)
        return status

    def pieces(self) -> Iterator[Piece]:
        """The tape in order, its holes as holes."""
        left = self.facts.identity.size
        try:
            for piece in pieces_of(self._fd):
                yield piece
                left -= length_of(piece)
        except OSError as error:
            raise self._unreadable(error) from None
        if left:
            raise self._changed()

    def check_unchanged(self) -> None:
        """Raise SourceChanged unless file and name are as they were opened."""
        try:
            opened, named = os.fstat(self._fd), self._pool.status(self.tape.name)
        except OSError as error:
            raise self._unreadable(error) from None
        if named is None or not identity_of(named) == identity_of(opened) == self.facts.identity:
            raise self._changed()

    def make_durable(self) -> None:
        """Bring to the disk what others wrote to it. Raise NotDurable; the reader is closed then."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            self.close()
            raise NotDurable(f"{self.tape} cannot be made durable: {error.strerror}", tape=str(self.tape),
                             system=self.tape.system) from None

    def _unreadable(self, error: OSError) -> Failure:
        return SourceUnreadable(f"{self.tape}: {error.strerror}", tape=str(self.tape), system=self.tape.system)

    def _changed(self) -> Failure:
        return SourceChanged(f"{self.tape} changed while it was read", tape=str(self.tape), system=self.tape.system)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._pool.users -= 1


def _open_to_read(pool: PoolFolder, tape: Tape) -> int:
    """A descriptor that reads without following links, without waiting on a FIFO, and without touching atime."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:
            return os.open(tape.name, flags | os.O_NOATIME, dir_fd=pool.fd)
        except PermissionError:
            return os.open(tape.name, flags, dir_fd=pool.fd)  # O_NOATIME is for the owner alone
    except FileNotFoundError:
        raise Missing(f"{tape} is not there", tape=str(tape), system=tape.system) from None
    except OSError as error:
        why = "a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise SourceUnreadable(f"{tape}: {why}", tape=str(tape), system=tape.system) from None


class LocalPart:
    """A part file of this machine: everything is done at once, so the answers are ready when asked for."""

    def __init__(self, pool: PoolFolder, part: PartFile) -> None:
        self._pool = pool
        self._part = part
        self._digest: str | None = None
        self._result: TapeFacts | Failure | None = None

    def write(self, piece: Piece) -> None:
        self._part.write(piece)

    def seal(self, metadata: Metadata, progress: Progress = no_progress) -> None:
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

    def __init__(self, name: str, vaults: Mapping[str, str]) -> None:
        self.name = name
        self._paths = vaults
        self._vaults: dict[str, VaultFolder] = {}
        self._pools: dict[Pool, PoolFolder] = {}

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
            self._vaults[vault.name] = VaultFolder(vault, self._paths[vault.name])
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
            return VaultFacts(folder.identity(), folder.pools(), folder.free())
        except OSError as error:
            raise Unknown(f"vault {vault} cannot be read: {error.strerror}", system=self.name) from None

    def initialise(self, vault: Vault, identity: str) -> None:
        self.vault_folder(vault).initialise(identity)

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
        return {name: kept for name in names if (kept := folder.records(name))}

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False) -> tuple[str, TapeFacts]:
        reader = self.read(tape)
        if durable:
            reader.make_durable()
        return digest_by_reading(reader, progress)

    def read(self, tape: Tape) -> LocalReader:
        return LocalReader(self.pool_folder(tape.of), tape)

    def begin(self, tape: Tape, size: int, part_name: str) -> LocalPart:
        pool = self.pool_folder(tape.of)
        return LocalPart(pool, PartFile(pool, tape.name, part_name))

    def sweep(self, pool: Pool, writer: str) -> int:
        return self.pool_folder(pool).sweep(writer)


def _why(error: OSError | Failure) -> str:
    return error.message if isinstance(error, Failure) else error.strerror or "unknown"
