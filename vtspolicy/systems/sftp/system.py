"""A system reached by plain SFTP: nothing of ours is installed there.

The same publish as everywhere, with what SFTP can do: times in whole seconds, no inode, no lock (another publisher is
noticed only by what the live name shows), links kept out by `lstat` and, for certain, by the chroot that the manual
describes. Where a server cannot fsync or rename over, its promises say so and its copies stay `unproven`.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from vtspolicy.errors import IdentityMismatch, TargetWrite, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems import records
from vtspolicy.systems.contract import (
    VAULT_MARKER,
    Inventory,
    Progress,
    Promises,
    Record,
    TapeFacts,
    VaultFacts,
    no_progress,
)
from vtspolicy.systems.digest import digest_by_reading
from vtspolicy.systems.files import check_part, is_vault_identity, legible
from vtspolicy.systems.sftp.files import SftpReader, refused_as, small_file
from vtspolicy.systems.sftp.packets import (
    CREATE_FLAG,
    EXCLUSIVE_FLAG,
    REMOVE,
    RENAME,
    WRITE,
    WRITE_FLAG,
    SftpStatus,
    text,
)
from vtspolicy.systems.sftp.part import SftpPart
from vtspolicy.systems.sftp.pool import SftpPool
from vtspolicy.systems.sftp.wire import SftpWire
from vtspolicy.systems.ssh.link import Link


class Sftp:
    """A system whose far end is an SFTP server."""

    def __init__(self, link: Link, vaults: Mapping[str, str]) -> None:
        self.name = link.system
        self._link = link
        self._paths = vaults
        self.wire = SftpWire(link, link.subsystem("sftp"))
        self.promises = Promises(far_end="sftp", durable="fsync@openssh.com" in self.wire.extensions,
                                 atomic="posix-rename@openssh.com" in self.wire.extensions)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._link.close()

    def _vault_path(self, vault: Vault) -> str:
        if vault.name not in self._paths:
            raise Unknown(f"{self.name} declares no vault {vault.name}", system=self.name)
        return self._paths[vault.name].rstrip("/")

    def _pool(self, pool: Pool) -> SftpPool:
        """The pool, whose directory is there. Raise Unknown where it is not one."""
        if not is_tape_name(pool.name):
            raise Unknown(f"{legible(pool.name)!r} is not a pool's name", system=self.name)
        path = f"{self._vault_path(pool.of)}/{pool.name}"
        with refused_as(Unknown, f"pool {pool}", self.name):
            found = self.wire.lstat(path)
        if found is None or not stat.S_ISDIR(found.mode):
            raise Unknown(f"pool {pool}: no such directory", system=self.name)
        return SftpPool(self.wire, self.promises, pool, path)

    def cut(self) -> None:
        self._link.close()

    def vault(self, vault: Vault) -> VaultFacts:
        path = self._vault_path(vault)
        with refused_as(Unknown, f"vault {vault}", self.name):
            found = self.wire.lstat(path + "/.")
            if found is None or not stat.S_ISDIR(found.mode):
                raise Unknown(f"vault {vault}: {path} is not there", system=self.name)
            pools = sorted(name for name, entry in self.wire.listing(path)
                           if is_tape_name(name) and stat.S_ISDIR(entry.mode))
            return VaultFacts(self._identity(vault, path), tuple(pools), self.wire.free(path))

    def _identity(self, vault: Vault, path: str) -> str | None:
        marker = f"{path}/{VAULT_MARKER}"
        found = self.wire.lstat(marker)
        if found is None:
            return None
        content = small_file(self.wire, marker, 100).decode("ascii", "replace") if stat.S_ISREG(found.mode) else ""
        if not is_vault_identity(content):
            raise IdentityMismatch(f"vault {vault}: {VAULT_MARKER} does not hold an id", system=self.name)
        return content.strip()

    def initialise(self, vault: Vault, identity: str) -> None:
        path = self._vault_path(vault)
        with refused_as(TargetWrite, f"vault {vault} cannot be given an id", self.name):
            if self.wire.lstat(f"{path}/{VAULT_MARKER}") is not None:
                raise IdentityMismatch(f"vault {vault} has an id already", system=self.name)
            temporary = f"{path}/{VAULT_MARKER}.{identity[:8]}"
            handle = self.wire.open(temporary, WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG, 0o644)
            self.wire.request(WRITE, text(handle), struct.pack(">Q", 0), text(identity + "\n"))
            if self.promises.durable:
                self.wire.fsync(handle)
            self.wire.close(handle)
            try:
                # The protocol's own rename does not replace: of two that initialise at once, one is told.
                self.wire.request(RENAME, text(temporary), text(f"{path}/{VAULT_MARKER}"))
            except SftpStatus:
                self.wire.request(REMOVE, text(temporary))
                raise
            if self.promises.durable:
                self.wire.fsync_folder(path)

    def names(self) -> tuple[Mapping[Pool, frozenset[str]], tuple[str, ...]]:
        found: dict[Pool, frozenset[str]] = {}
        warnings: list[str] = []
        for name in self._paths:
            vault = Vault(self.name, name)
            try:
                pools = [Pool(self.name, name, each) for each in self.vault(vault).pools]
            except (SftpStatus, Unknown, IdentityMismatch) as error:
                warnings.append(f"vault {vault} cannot be listed: {error}")
                continue
            for pool in pools:
                try:
                    found[pool] = frozenset(each for each, _ in self.wire.listing(self._pool(pool).path)
                                            if not each.startswith("."))
                except (SftpStatus, Unknown) as error:
                    warnings.append(f"pool {pool} cannot be listed: {error}")
        return found, tuple(warnings)

    def inventory(self, pool: Pool) -> Inventory:
        with refused_as(Unknown, f"pool {pool} cannot be listed", self.name):
            return self._pool(pool).inventory()

    def records(self, pool: Pool, names: Iterable[str]) -> Mapping[str, tuple[Record, ...]]:
        with refused_as(Unknown, f"pool {pool}", self.name):
            folder = self._pool(pool)
            there = {name for name, _ in folder.work_listing()}
            return {name: kept for name in names
                    if records.file_name(name) in there and (kept := folder.records(name))}

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False) -> tuple[str, TapeFacts]:
        reader = self.read(tape)
        if durable and self.promises.durable:
            reader.make_durable()
        return digest_by_reading(reader, progress)

    def read(self, tape: Tape) -> SftpReader:
        return SftpReader(self.wire, f"{self._pool(tape.of).path}/{tape.name}", tape)

    def begin(self, tape: Tape, size: int, part_name: str) -> SftpPart:
        check_part(tape.name, part_name)
        return SftpPart(self._pool(tape.of), tape, part_name)

    def sweep(self, pool: Pool, writer: str) -> int:
        with refused_as(TargetWrite, f"pool {pool} cannot be swept", self.name):
            return self._pool(pool).sweep(writer)
