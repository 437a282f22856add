"""A vault's directories, reached only beneath file descriptors: no `..`, no link, no race leads out of them.

A vault is opened once; its pools are opened beneath it and its tapes beneath those, each without following links, so
what was checked is what is used.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from vtspolicy.errors import IdentityMismatch, Locked, Refusal, TargetWrite, Unknown
from vtspolicy.policy.places import Pool, Vault, is_tape_name
from vtspolicy.systems import records
from vtspolicy.systems.contract import VAULT_MARKER, WORK_FOLDER, Inventory, Record, Skipped, TapeFacts
from vtspolicy.systems.files import (
    FOREIGN_AGE,
    PART_SUFFIX,
    facts_of,
    is_vault_identity,
    kind_of,
    legible,
    write_all,
    write_failure,
)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class VaultFolder:
    """An open vault. Close it, or use it with `with`."""

    def __init__(self, vault: Vault, path: str) -> None:
        self.vault = vault
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
        try:
            fd = os.open(VAULT_MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise IdentityMismatch(f"vault {self.vault}: {VAULT_MARKER}: {error.strerror}",
                                   system=self.vault.system) from None
        try:
            text = os.read(fd, 100).decode("ascii", "replace")
        finally:
            os.close(fd)
        if not is_vault_identity(text):
            raise IdentityMismatch(f"vault {self.vault}: {VAULT_MARKER} does not hold an id", system=self.vault.system)
        return text.strip()

    def initialise(self, identity: str) -> None:
        """Give the vault its id, durably. Raise IdentityMismatch where it has one, Refusal where it is none."""
        if not is_vault_identity(f"{identity}\n"):
            raise Refusal("a vault's id is 32 hex digits", system=self.vault.system)
        try:
            temporary = f"{VAULT_MARKER}.{os.getpid()}"
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=self.fd)
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644,
                         dir_fd=self.fd)
            try:
                os.fchmod(fd, 0o644)
                write_all(fd, identity.encode() + b"\n")
                os.fsync(fd)
                # A link does not replace: of two that initialise at once, one is told that there is an id.
                os.link(temporary, VAULT_MARKER, src_dir_fd=self.fd, dst_dir_fd=self.fd, follow_symlinks=False)
            finally:
                os.close(fd)
                os.unlink(temporary, dir_fd=self.fd)
            os.fsync(self.fd)
        except FileExistsError:
            raise IdentityMismatch(f"vault {self.vault} has an id already", system=self.vault.system) from None
        except OSError as error:
            raise TargetWrite(f"vault {self.vault} cannot be given an id: {error.strerror}",
                              system=self.vault.system) from None

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
        if not is_tape_name(name):
            raise Unknown(f"{legible(name)!r} is not a pool's name", system=self.pool.system)
        try:
            self.fd = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=vault.fd)
        except OSError as error:
            raise Unknown(f"pool {self.pool}: {error.strerror}", system=self.pool.system) from None
        self._work: int | None = None
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
        if self._work is not None:
            os.close(self._work)
            self._work = None

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
        return Inventory(tapes, tuple(skipped), room.f_bavail * room.f_frsize, self.stale_parts())

    def stale_parts(self) -> tuple[str, ...]:
        """Part files that nobody has written to for seven days."""
        work = self.work(create=False)
        if work is None:
            return ()
        found = []
        for name in os.listdir(work):
            if name.endswith(PART_SUFFIX):
                with suppress(FileNotFoundError):
                    if time.time() - os.stat(name, dir_fd=work, follow_symlinks=False).st_mtime > FOREIGN_AGE:
                        found.append(legible(name))
        return tuple(sorted(found))

    def sweep(self, writer: str) -> int:
        """Remove the part files of the state `writer`; make the names that are there durable."""
        count = 0
        try:
            work = self.work(create=False)
            for name in os.listdir(work) if work is not None else ():
                if name.startswith(f"{writer}.") and name.endswith(PART_SUFFIX):
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=work)
                        count += 1
            os.fsync(self.fd)
        except OSError as error:
            raise TargetWrite(f"pool {self.pool} cannot be swept: {error.strerror}", system=self.pool.system) from None
        return count

    def records(self, tape: str) -> tuple[Record, ...]:
        """The records of a tape, newest first; none where they cannot be read: then the tape counts as unknown."""
        try:
            work = self.work(create=False)
            if work is None:
                return ()
            fd = os.open(records.file_name(tape), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                         dir_fd=work)
            try:
                return records.decode(os.read(fd, records.LARGEST))
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
            _wait_for(fd, self.pool)
            yield
        finally:
            os.close(fd)


def _wait_for(fd: int, pool: Pool) -> None:
    """Take the lock; its holders keep it for moments, so one that has it for a minute is stopped or hung."""
    deadline = time.monotonic() + 60
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Locked(f"pool {pool}: another publisher has held its lock for a minute",
                             system=pool.system) from None
            time.sleep(0.01)
