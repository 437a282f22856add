"""A vault's directories, reached only beneath file descriptors: no `..`, no link, no race leads out of them.

A vault is opened once; its pools are opened beneath it and its tapes beneath those, each without following links, so
what was checked is what is used.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from vtspolicy.errors import TargetWrite, Unknown
from vtspolicy.policy.places import Pool, Vault, is_tape_name
from vtspolicy.systems import damaged, freezes, records
from vtspolicy.systems.disk import locking, markers, staging, vault_id
from vtspolicy.systems.facts import (
    POOL_FREEZE,
    VAULT_FREEZE,
    WORK_FOLDER,
    Freeze,
    Inventory,
    Record,
    Skipped,
    TapeFacts,
)
from vtspolicy.systems.files import (
    facts_of,
    kind_of,
    legible,
    write_all,
    write_failure,
)
from vtspolicy.systems.trial import removed

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class VaultFolder:
    """An open vault. Close it, or use it with `with`."""

    def __init__(self, vault: Vault, path: str, staging: str | None = None) -> None:
        """`staging`: another directory where the pools' part files lie."""
        self.vault = vault
        self.staging = staging
        try:
            self.fd = os.open(path, _FOLDER)
        except OSError as error:
            raise Unknown(f"vault {vault}: {path}: {error.strerror}", system=vault.system) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)

    def identity(self) -> str | None:
        """The id in the vault's marker; None where there is no marker. Raise IdentityMismatch where it is not one."""
        return vault_id.read(self.fd, self.vault)

    def initialise(self, identity: str, replacing: str | None = None) -> None:
        """See `System.initialise`."""
        vault_id.give(self.fd, self.vault, identity, replacing)

    def frozen(self) -> Freeze | None:
        """The vault's own freeze. Raise OSError."""
        return markers.read(self.fd, VAULT_FREEZE)

    def frozen_pools(self) -> dict[str, Freeze]:
        """The pools that are frozen themselves, of those that can be looked into. Raise OSError."""
        found = dict[str, Freeze]()
        for name in self.pools():
            with suppress(Unknown, OSError), self.pool(name) as pool:
                if (freeze := pool.frozen()) is not None:
                    found[name] = freeze
        return found

    def free(self) -> int:
        """Bytes that an ordinary user may still write."""
        status = os.fstatvfs(self.fd)
        return status.f_bavail * status.f_frsize

    def pools(self) -> tuple[str, ...]:
        """The names of the vault's pools."""
        with os.scandir(self.fd) as entries:
            return tuple(sorted(entry.name for entry in entries
                                if is_tape_name(entry.name) and entry.is_dir(follow_symlinks=False)))

    def pool(self, name: str) -> PoolFolder:
        """Open a pool. Raise Unknown where it is not there."""
        return PoolFolder(self, name)


class PoolFolder:
    """An open pool, and its work folder once it is needed. Close it, or use it with `with`."""

    def __init__(self, vault: VaultFolder, name: str) -> None:
        self.pool = Pool(vault.vault.system, vault.vault.name, name)
        self._vault = vault
        if not is_tape_name(name):
            raise Unknown(f"{legible(name)!r} is not a pool's name", system=self.pool.system)
        try:
            self.fd = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=vault.fd)
        except OSError as error:
            raise Unknown(f"pool {self.pool}: {error.strerror}", system=self.pool.system) from None
        self._work: int | None = None
        self._staged: int | None = None
        self.users = 0
        """Readers and parts that still need it open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.fd)
        self.let_go_of_work()

    def work(self, *, create: bool) -> int | None:
        """The work folder's descriptor; None where it is not there and need not be made."""
        if self._work is None:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(WORK_FOLDER, 0o700, dir_fd=self.fd)
            try:
                self._work = os.open(WORK_FOLDER, _FOLDER | os.O_NOFOLLOW, dir_fd=self.fd)
            except FileNotFoundError:
                if create:
                    raise
                return None
        return self._work

    def parts(self, *, create: bool) -> int | None:
        """The descriptor of the folder where part files lie; None where it is not there and need not be made. Raise
        Refusal where they cannot lie where the vault has them, and OSError."""
        if self._vault.staging is None:
            return self.work(create=create)
        if self._staged is None:
            self._staged = staging.opened(self.fd, self.pool, self._vault.staging, create=create)
        return self._staged

    def let_go_of_work(self) -> None:
        """Close the work folder and that of the parts; they are opened anew when they are needed."""
        for fd in (self._work, self._staged):
            if fd is not None:
                os.close(fd)
        self._work = self._staged = None

    def remove_empty_work(self) -> None:
        """Remove these folders as far as they hold nothing."""
        self.let_go_of_work()
        removed(lambda: os.rmdir(WORK_FOLDER, dir_fd=self.fd))
        if self._vault.staging is not None:
            staging.remove(self._vault.staging, self.pool)

    def frozen(self) -> Freeze | None:
        """The pool's own freeze. Raise OSError."""
        work = self.work(create=False)
        return None if work is None else markers.read(work, POOL_FREEZE)

    def check_thawed(self) -> None:
        """Raise Frozen where the vault or the pool is, and OSError where that cannot be found out."""
        if (freeze := self._vault.frozen()) is not None:
            raise freezes.refusal(self._vault.vault, freeze)
        if (freeze := self.frozen()) is not None:
            raise freezes.refusal(self.pool, freeze)

    def status(self, name: str) -> os.stat_result | None:
        """The status of a name, links not followed; None where it is not there."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def inventory(self) -> Inventory:
        """What lies in the pool now."""
        tapes: dict[str, TapeFacts] = {}
        skipped: list[Skipped] = []
        with os.scandir(self.fd) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
        for name in names:
            status = self.status(name)
            if status is None:
                continue  # went while we looked
            if not stat.S_ISREG(status.st_mode):
                skipped.append(Skipped(legible(name), kind_of(status.st_mode)))
            elif not is_tape_name(name):
                skipped.append(Skipped(legible(name), "not a tape's name"))
            else:
                tapes[name] = facts_of(name, status)
        room = os.fstatvfs(self.fd)
        return Inventory(tapes, tuple(skipped), room.f_bavail * room.f_frsize, self.frozen(), self.damaged())

    def damaged(self) -> frozenset[str]:
        """Tapes that were found damaged here; none where that cannot be read."""
        work = self.work(create=False)
        if work is None:
            return frozenset()
        try:
            fd = os.open(damaged.FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=work)
            try:
                return damaged.decode(os.read(fd, damaged.LARGEST))
            finally:
                os.close(fd)
        except OSError:
            return frozenset()

    def records(self, tape: str) -> tuple[Record, ...]:
        """The records of a tape, newest first; none where they cannot be read: then the tape counts as unknown."""
        try:
            work = self.work(create=False)
            if work is None:
                return ()
            fd = os.open(records.file_name(tape), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                         dir_fd=work)
            try:
                return records.decode_of(tape, os.read(fd, records.LARGEST))
            finally:
                os.close(fd)
        except OSError:
            return ()

    def save_records(self, tape: str, kept: tuple[Record, ...], temporary: str) -> None:
        """Write a tape's records, old or new at every instant. The caller fsyncs the work folder."""
        work = self.work(create=True)
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=work)
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600,
                     dir_fd=work)
        try:
            content = records.encode(kept)
            write_all(fd, content)
            os.fsync(fd)
            if os.pread(fd, len(content) + 1, 0) != content:
                raise TargetWrite(f"{self.pool.tape(tape)}: its record is not what was written",
                                  tape=str(self.pool.tape(tape)), system=self.pool.system)
        finally:
            os.close(fd)
        os.rename(temporary, records.file_name(tape), src_dir_fd=work, dst_dir_fd=work)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other publishers out of this pool, whatever system they come from. Dies with its holder."""
        try:
            work = self.work(create=True)
            fd = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=work)
        except OSError as error:
            raise write_failure(error, f"the lock of pool {self.pool}") from None
        try:
            locking.wait_for(fd, f"pool {self.pool}: another publisher has held its lock for a minute",
                             self.pool.system)
            yield
        finally:
            os.close(fd)
