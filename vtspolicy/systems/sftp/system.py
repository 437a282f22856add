"""A system reached by plain SFTP: nothing of ours is installed there.

The same publish as everywhere, with what SFTP can do: times in whole seconds, no inode, no lock (another publisher is
noticed only by what the live name shows), links kept out by `lstat` and, for certain, by the chroot that the manual
describes. Where a server cannot fsync or rename over, its promises say so and its copies stay `unproven`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from vtspolicy.errors import IdentityMismatch, Outage, TargetWrite, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems import records
from vtspolicy.systems.digest import digest_by_reading
from vtspolicy.systems.facts import (
    VAULT_FREEZE,
    VAULT_MARKER,
    Freeze,
    Inventory,
    Progress,
    Promises,
    Record,
    TapeFacts,
    VaultFacts,
    no_progress,
)
from vtspolicy.systems.files import check_part, is_vault_identity, legible, moment
from vtspolicy.systems.leftovers import Leftovers
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.proofs import Proof, just_read
from vtspolicy.systems.sftp.files import SftpReader, frozen_by, refused_as, small_file
from vtspolicy.systems.sftp.making import make_pool, put_marker
from vtspolicy.systems.sftp.packets import SftpStatus
from vtspolicy.systems.sftp.part import SftpPart
from vtspolicy.systems.sftp.pool import SftpPool
from vtspolicy.systems.sftp.recording import adopt, note, proven_records
from vtspolicy.systems.sftp.trying import trial
from vtspolicy.systems.sftp.wire import SftpWire
from vtspolicy.systems.ssh.link import Link
from vtspolicy.systems.trial import Trial


class Sftp:
    """A system whose far end is an SFTP server."""

    def __init__(self, link: Link, vaults: Mapping[str, str], staging: Mapping[str, str] | None = None) -> None:
        """`staging`: for some vaults, another directory where their part files lie."""
        self.name = link.system
        self._link = link
        self._paths = vaults
        self._staging = staging or {}
        self._last: tuple[Tape, Proof] | None = None
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
        return SftpPool(self.wire, self.promises, pool, path, self._staging.get(pool.vault))

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
            return VaultFacts(self._identity(vault, path), tuple(pools), self.wire.free(path),
                              frozen_by(self.wire, f"{path}/{VAULT_FREEZE}"))

    def freezes(self, vault: Vault) -> Mapping[str, Freeze]:
        with refused_as(Unknown, f"vault {vault}", self.name):
            found: dict[str, Freeze] = {}
            for name in self.vault(vault).pools:
                with suppress(SftpStatus, Unknown):  # one that cannot be looked into
                    if (freeze := self._pool(Pool(vault.system, vault.name, name)).frozen()) is not None:
                        found[name] = freeze
            return found

    def admit(self, pool: Pool) -> None:
        with refused_as(TargetWrite, f"pool {pool}", self.name):
            self._pool(pool).check_thawed()

    def _identity(self, vault: Vault, path: str) -> str | None:
        marker = f"{path}/{VAULT_MARKER}"
        found = self.wire.lstat(marker)
        if found is None:
            return None
        content = small_file(self.wire, marker, 100).decode("ascii", "replace") if stat.S_ISREG(found.mode) else ""
        if not is_vault_identity(content):
            raise IdentityMismatch(f"vault {vault}: {VAULT_MARKER} does not hold an id; remove that file "
                               f"there by hand, then INIT VAULT {vault}, REPLACE !", system=self.name)
        return content.strip()

    def initialise(self, vault: Vault, identity: str, replacing: str | None = None) -> None:
        path = self._vault_path(vault)
        with refused_as(TargetWrite, f"vault {vault} cannot be given an id", self.name):
            if (present := self._identity(vault, path)) != replacing:
                raise IdentityMismatch(f"vault {vault} has the id {present} already" if present
                                       else f"vault {vault} has no id", system=self.name)
            put_marker(self.wire, self.promises, path, VAULT_MARKER, f"{identity}\n".encode(),
                       replace=replacing is not None)

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
            recorded = [name for name in names if records.file_name(name) in there]
            lasting = bool(recorded) and folder.names_last()
            return {name: kept for name in recorded if (kept := proven_records(folder, name, lasting=lasting))}

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False,
               rate: int | None = None) -> tuple[str, TapeFacts]:
        reader = self.read(tape)
        if durable and self.promises.durable:
            reader.make_durable()
        digest, facts = digest_by_reading(reader, progress, rate)
        note(self._pool(tape.of), tape.name, digest, facts)
        self._last = tape, Proof(digest, facts.identity, moment())
        return digest, facts

    def adopt(self, tape: Tape, record: Record) -> None:
        read = just_read(self._last, tape, record)
        with refused_as(TargetWrite, f"the record of {tape}", self.name):
            adopt(self._pool(tape.of), record, read)

    def read(self, tape: Tape) -> SftpReader:
        return SftpReader(self.wire, f"{self._pool(tape.of).path}/{tape.name}", tape)

    def begin(self, tape: Tape, size: int, part_name: str) -> SftpPart:
        check_part(tape.name, part_name)
        return SftpPart(self._pool(tape.of), tape, part_name)

    def make_pool(self, pool: Pool, freeze: Freeze | None) -> None:
        if not is_tape_name(pool.name):
            raise Unknown(f"{legible(pool.name)!r} is not a pool's name", system=self.name)
        with refused_as(TargetWrite, f"pool {pool} cannot be made", self.name):
            make_pool(self.wire, self.promises, self._vault_path(pool.of), pool, freeze)

    def trial(self, place: Pool | Vault, writer: str, wish: Metadata | None = None) -> Trial:
        if isinstance(place, Pool):
            with refused_as(TargetWrite, f"pool {place}", self.name):
                folder = self._pool(place)
                folder.check_staging()
            return trial(self.wire, self.promises, folder.path, folder.parts, writer, wish)
        self.vault(place)
        return trial(self.wire, self.promises, self._vault_path(place), None, writer, wish)

    def pulse(self) -> float | None:
        with refused_as(Outage, self.name, self.name):
            self.wire.lstat("/")
        return None  # SFTP tells no time but those of files

    def sweep(self, pool: Pool, writer: str) -> int:
        with refused_as(TargetWrite, f"pool {pool} cannot be swept", self.name):
            return self._pool(pool).sweep(writer)

    def leftovers(self, vault: Vault) -> Mapping[str, Leftovers]:
        found: dict[str, Leftovers] = {}
        for name in self.vault(vault).pools:
            with suppress(SftpStatus, Unknown):  # one that cannot be looked into
                if (there := self._pool(Pool(vault.system, vault.name, name)).leftovers()).parts:
                    found[name] = there
        return found
