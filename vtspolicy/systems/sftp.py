"""A system reached by plain SFTP: nothing of ours is installed there.

The same publish as everywhere, with what SFTP can do: times in whole seconds, no inode, no lock (another publisher is
noticed only by what the live name shows), links kept out by `lstat` and, for certain, by the chroot that the manual
describes. Where a server cannot fsync or rename over, its promises say so and its copies stay `unproven`.
"""

from __future__ import annotations

import errno
import stat
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from vtspolicy.errors import (
    Diverged,
    Failure,
    IdentityMismatch,
    Missing,
    NoSpace,
    SourceChanged,
    SourceUnreadable,
    TargetWrite,
    Unknown,
)
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems import records
from vtspolicy.systems.beneath import FOREIGN_AGE, PART_SUFFIX, check_part, is_vault_identity, kind_of, printable
from vtspolicy.systems.contract import (
    VAULT_MARKER,
    WORK_FOLDER,
    Hole,
    Identity,
    Inventory,
    Metadata,
    Piece,
    Progress,
    Promises,
    Record,
    Skipped,
    TapeFacts,
    VaultFacts,
    no_progress,
)
from vtspolicy.systems.digest import Digester
from vtspolicy.systems.sftp_wire import (
    CREATE_FLAG,
    EXCLUSIVE_FLAG,
    FSETSTAT,
    FSTAT,
    MKDIR,
    READ,
    READ_FLAG,
    REMOVE,
    WRITE,
    WRITE_FLAG,
    Attributes,
    Pipelined,
    SftpStatus,
    SftpWire,
    attributes,
    text,
)
from vtspolicy.systems.ssh import Link

IN_FLIGHT = 4 << 20
"""Bytes of reads or writes that wait for their answer, at most."""


def facts_of(name: str, found: Attributes) -> TapeFacts:
    """A tape's facts from what the server says. Raise SourceUnreadable where it does not say enough."""
    if found.size is None or found.mtime is None:
        raise SourceUnreadable(f"{name}: the server tells no size or time")
    return TapeFacts(name, Identity(found.size, found.mtime * 10**9), found.mode & 0o777, found.size)


@contextmanager
def _refused_as(kind: type[Failure], what: object, system: str) -> Iterator[None]:
    """Tell a refusal of the server as a failure of this kind."""
    try:
        yield
    except SftpStatus as error:
        raise kind(f"{what}: {error.strerror}", system=system) from None


class SftpReader:
    """A tape opened for reading over SFTP."""

    def __init__(self, wire: SftpWire, path: str, tape: Tape) -> None:
        self._wire = wire
        self._path = path
        self._tape = tape
        with _refused_as(SourceUnreadable, tape, tape.system):
            named = wire.lstat(path)
            if named is None:
                raise Missing(f"{tape} is not there", tape=str(tape), system=tape.system)
            if not stat.S_ISREG(named.mode):
                raise SourceUnreadable(f"{tape} is {kind_of(named.mode)}", tape=str(tape), system=tape.system)
            self._handle: bytes | None = wire.open(path, READ_FLAG)
            self.facts = facts_of(tape.name, wire.request(FSTAT, text(self._handle)).attributes())

    def pieces(self) -> Iterator[Piece]:
        """The tape in order, many reads in flight."""
        assert self._handle is not None
        size, sent, block = self.facts.identity.size, 0, self._wire.block
        flight: list[tuple[int, int, int]] = []
        try:
            while sent < size or flight:
                while sent < size and len(flight) * block < IN_FLIGHT:
                    count = min(block, size - sent)
                    flight.append((self._ask(sent, count), sent, count))
                    sent += count
                number, offset, count = flight.pop(0)
                content = self._content(number, count)
                yield content
                while len(content) < count:  # a short answer: fetch the rest before going on
                    offset, count = offset + len(content), count - len(content)
                    content = self._content(self._ask(offset, count), count)
                    yield content
        except EOFError:
            raise self._changed() from None
        except SftpStatus as error:
            raise SourceUnreadable(f"{self._tape}: {error.strerror}", tape=str(self._tape),
                                   system=self._tape.system) from None
        finally:
            for number, _, _ in flight:
                with suppress(SftpStatus, EOFError, Failure):
                    self._wire.answer(number)

    def _content(self, number: int, count: int) -> bytes:
        """The bytes that answer a read of so many. Raise SourceUnreadable where they cannot be that."""
        content = self._wire.answer(number).text()
        if not 0 < len(content) <= count:
            raise SourceUnreadable(f"{self._tape}: the server answered a read of {count} bytes with {len(content)}",
                                   tape=str(self._tape), system=self._tape.system)
        return content

    def _ask(self, offset: int, count: int) -> int:
        assert self._handle is not None
        return self._wire.send(READ, text(self._handle), struct.pack(">QI", offset, count))

    def check_unchanged(self) -> None:
        """As far as SFTP can tell: size and second of change."""
        assert self._handle is not None
        with _refused_as(SourceUnreadable, self._tape, self._tape.system):
            opened = facts_of(self._tape.name, self._wire.request(FSTAT, text(self._handle)).attributes())
            named = self._wire.lstat(self._path)
        if opened != self.facts or named is None or facts_of(self._tape.name, named) != self.facts:
            raise self._changed()

    def _changed(self) -> Failure:
        return SourceChanged(f"{self._tape} changed while it was read", tape=str(self._tape),
                             system=self._tape.system)

    def close(self) -> None:
        if self._handle is not None:
            with suppress(SftpStatus):
                self._wire.close(self._handle)
            self._handle = None


class SftpPart:
    """A part file over SFTP."""

    def __init__(self, system: Sftp, tape: Tape, part_name: str) -> None:
        check_part(tape.name, part_name)
        self._system = system
        self._wire = system.wire
        self._tape = tape
        self._folder = system.path(tape.of)
        self._path = f"{self._folder}/{WORK_FOLDER}/{part_name}"
        self._size = 0
        self._pipeline = Pipelined(self._wire, IN_FLIGHT)
        self._digest = ""
        self._result: TapeFacts | None = None
        self._open: bytes | None = None
        self._there = True
        try:
            system.make_work_folder(tape.of)
            self._open = self._wire.open(self._path, READ_FLAG | WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG, 0o600)
        except SftpStatus as error:
            raise self._failure(error) from None

    @property
    def _handle(self) -> bytes:
        assert self._open is not None
        return self._open

    def _failure(self, error: SftpStatus) -> Failure:
        """SFTP has no word for a full disk: what is free tells."""
        with suppress(SftpStatus):
            free = self._wire.free(self._folder)
            if error.errno == errno.EIO and free is not None and free < IN_FLIGHT:
                return NoSpace(f"{self._tape}: the target is full", tape=str(self._tape), system=self._tape.system)
        return TargetWrite(f"{self._tape}: the target cannot store it: {error.strerror}", tape=str(self._tape),
                           system=self._tape.system)

    def write(self, piece: Piece) -> None:
        if isinstance(piece, Hole):
            self._size += piece.length
            return
        view = memoryview(piece)
        try:
            for start in range(0, len(view), self._wire.block):
                data = bytes(view[start:start + self._wire.block])
                number = self._wire.send(WRITE, text(self._handle), struct.pack(">Q", self._size), text(data))
                self._size += len(data)
                self._pipeline.add(number, len(data))
        except SftpStatus as error:
            raise self._failure(error) from None

    def seal(self, metadata: Metadata) -> None:
        try:
            self._pipeline.drain()
            self._wire.request(FSETSTAT, text(self._handle), attributes(size=self._size))
            self._wire.request(FSETSTAT, text(self._handle), attributes(
                mode=metadata.mode & 0o777, mtime=metadata.mtime_ns // 10**9))
            if self._system.promises.durable:
                self._wire.fsync(self._handle)
            self._wire.close(self._handle)
            self._open = None
        except SftpStatus as error:
            raise self._failure(error) from None
        try:
            self._digest = self._read_back()
        except (Missing, SourceUnreadable, SourceChanged) as failure:
            raise TargetWrite(f"{failure.message} (read back from the part file)", tape=str(self._tape),
                              system=self._tape.system) from None

    def _read_back(self) -> str:
        reader = SftpReader(self._wire, self._path, self._tape)
        try:
            if reader.facts.identity.size != self._size:
                raise SourceUnreadable(f"{self._tape}: {reader.facts.identity.size} bytes lie there, {self._size} "
                                       "were written")
            digester = Digester()
            for piece in reader.pieces():
                digester.update(piece)
            return digester.digest()
        finally:
            reader.close()

    def sealed(self) -> str:
        return self._digest

    def commit(self, record: Record, expected: Identity | None) -> None:
        target = f"{self._folder}/{self._tape.name}"
        try:
            live = self._wire.lstat(target)
            if live is not None and not stat.S_ISREG(live.mode):
                raise self._diverged(f"is {kind_of(live.mode)}")
            now = None if live is None else facts_of(self._tape.name, live).identity
            if (now is None) != (expected is None) or (now and expected and not now.fits(expected)):
                raise self._diverged("changed since the plan was made")
            part = self._wire.lstat(self._path)
            if part is None:
                raise TargetWrite(f"{self._tape}: the part file is gone", tape=str(self._tape))
            mine = facts_of(self._tape.name, part).identity
            self._save_record(record, mine, now)
            if not self._system.promises.atomic and live is not None:
                raise TargetWrite(f"{self._tape}: the server cannot replace a file in one step",
                                  tape=str(self._tape), system=self._tape.system)
            self._system.rename(self._path, target)
            self._there = False
            if self._system.promises.durable:
                self._wire.fsync_folder(self._folder)
            published = self._wire.lstat(target)
        except SftpStatus as error:
            raise self._failure(error) from None
        if published is None or not facts_of(self._tape.name, published).identity.fits(mine):
            raise TargetWrite(f"{self._tape} is not what was just published", tape=str(self._tape),
                              system=self._tape.system)
        self._result = facts_of(self._tape.name, published)

    def _diverged(self, why: str) -> Failure:
        return Diverged(f"{self._tape} {why}", tape=str(self._tape), system=self._tape.system)

    def _save_record(self, record: Record, mine: Identity, live: Identity | None) -> None:
        earlier = self._system.records_of(self._tape)
        final = replace(record, identity=mine, version=records.next_version(earlier))
        content = records.encode(records.following(final, earlier, live))
        temporary = self._path.removesuffix(PART_SUFFIX) + ".record" + PART_SUFFIX
        handle = self._wire.open(temporary, READ_FLAG | WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG, 0o600)
        try:
            self._wire.request(WRITE, text(handle), struct.pack(">Q", 0), text(content))
            if self._system.promises.durable:
                self._wire.fsync(handle)
            if self._wire.beginning(handle, len(content) + 1) != content:
                raise TargetWrite(f"{self._tape}: its record there is not what was written", tape=str(self._tape),
                                  system=self._tape.system)
        finally:
            self._wire.close(handle)
        place = f"{self._folder}/{WORK_FOLDER}/{records.file_name(self._tape.name)}"
        if not self._system.promises.atomic:
            with suppress(SftpStatus):
                self._wire.request(REMOVE, text(place))
        self._system.rename(temporary, place)
        if self._system.promises.durable:
            self._wire.fsync_folder(f"{self._folder}/{WORK_FOLDER}")

    def committed(self) -> TapeFacts:
        assert self._result is not None
        return self._result

    def discard(self) -> None:
        if self._open is not None:
            with suppress(SftpStatus, EOFError):
                self._pipeline.drain()
            with suppress(SftpStatus):
                self._wire.close(self._handle)
            self._open = None
        if self._there:
            self._there = False
            for path in (self._path, self._path.removesuffix(PART_SUFFIX) + ".record" + PART_SUFFIX):
                with suppress(SftpStatus):
                    self._wire.request(REMOVE, text(path))


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

    def path(self, pool: Pool) -> str:
        """The pool's directory. Raise Unknown where it is not one."""
        if not is_tape_name(pool.name):
            raise Unknown(f"{printable(pool.name)!r} is not a pool's name", system=self.name)
        path = f"{self._vault_path(pool.of)}/{pool.name}"
        with _refused_as(Unknown, f"pool {pool}", self.name):
            found = self.wire.lstat(path)
        if found is None or not stat.S_ISDIR(found.mode):
            raise Unknown(f"pool {pool}: no such directory", system=self.name)
        return path

    def rename(self, old: str, new: str) -> None:
        """Rename, over an existing name where the server can."""
        if self.promises.atomic:
            self.wire.replace(old, new)
        else:
            self.wire.request(18, text(old), text(new))

    def make_work_folder(self, pool: Pool) -> None:
        """The pool's work folder, which must not be a link."""
        path = f"{self.path(pool)}/{WORK_FOLDER}"
        found = self.wire.lstat(path)
        if found is None:
            with suppress(SftpStatus):
                self.wire.request(MKDIR, text(path), attributes(mode=0o700))
            found = self.wire.lstat(path)
        if found is None or not stat.S_ISDIR(found.mode):
            raise TargetWrite(f"{pool}: {WORK_FOLDER} cannot be made or is no directory", system=self.name)

    def cut(self) -> None:
        self._link.close()

    def vault(self, vault: Vault) -> VaultFacts:
        path = self._vault_path(vault)
        with _refused_as(Unknown, f"vault {vault}", self.name):
            found = self.wire.lstat(path + "/.")
            if found is None or not stat.S_ISDIR(found.mode):
                raise Unknown(f"vault {vault}: {path} is not there", system=self.name)
            pools = sorted(name for name, entry in self._listing(path, f"vault {vault}")
                           if is_tape_name(name) and stat.S_ISDIR(entry.mode))
            return VaultFacts(self._identity(vault, path), tuple(pools), self.wire.free(path))

    def _listing(self, path: str, what: str) -> list[tuple[str, Attributes]]:
        try:
            return self.wire.listing(path)
        except SftpStatus as error:
            raise Unknown(f"{what} cannot be listed: {error.strerror}", system=self.name) from None

    def _identity(self, vault: Vault, path: str) -> str | None:
        marker = f"{path}/{VAULT_MARKER}"
        found = self.wire.lstat(marker)
        if found is None:
            return None
        content = self._small_file(marker, 100).decode("ascii", "replace") if stat.S_ISREG(found.mode) else ""
        if not is_vault_identity(content):
            raise IdentityMismatch(f"vault {vault}: {VAULT_MARKER} does not hold an id", system=self.name)
        return content.strip()

    def _small_file(self, path: str, most: int) -> bytes:
        try:
            handle = self.wire.open(path, READ_FLAG)
        except SftpStatus:
            return b""
        try:
            return self.wire.beginning(handle, most)
        except SftpStatus:
            return b""
        finally:
            with suppress(SftpStatus):
                self.wire.close(handle)

    def initialise(self, vault: Vault, identity: str) -> None:
        path = self._vault_path(vault)
        with _refused_as(TargetWrite, f"vault {vault} cannot be given an id", self.name):
            if self.wire.lstat(f"{path}/{VAULT_MARKER}") is not None:
                raise IdentityMismatch(f"vault {vault} has an id already", system=self.name)
            handle = self.wire.open(f"{path}/{VAULT_MARKER}", WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG, 0o644)
            self.wire.request(WRITE, text(handle), struct.pack(">Q", 0), text(identity + "\n"))
            if self.promises.durable:
                self.wire.fsync(handle)
            self.wire.close(handle)
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
                    found[pool] = frozenset(each for each, _ in self.wire.listing(self.path(pool))
                                            if not each.startswith("."))
                except (SftpStatus, Unknown) as error:
                    warnings.append(f"pool {pool} cannot be listed: {error}")
        return found, tuple(warnings)

    def inventory(self, pool: Pool) -> Inventory:
        with _refused_as(Unknown, f"pool {pool}", self.name):
            return self._inventory(pool)

    def _inventory(self, pool: Pool) -> Inventory:
        path = self.path(pool)
        tapes: dict[str, TapeFacts] = {}
        skipped: list[Skipped] = []
        for name, entry in sorted(self._listing(path, f"pool {pool}"), key=lambda each: each[0]):
            if name.startswith("."):
                continue
            if not stat.S_ISREG(entry.mode):
                skipped.append(Skipped(printable(name), kind_of(entry.mode)))
            elif not is_tape_name(name):
                skipped.append(Skipped(printable(name), "not a tape's name"))
            else:
                tapes[name] = facts_of(name, entry)
        return Inventory(tapes, tuple(skipped), self.wire.free(path), self._stale_parts(path))

    def _stale_parts(self, path: str) -> tuple[str, ...]:
        return tuple(sorted(
            printable(name) for name, entry in self._work_listing(path)
            if name.endswith(PART_SUFFIX) and entry.mtime is not None and time.time() - entry.mtime > FOREIGN_AGE))

    def _work_listing(self, path: str) -> list[tuple[str, Attributes]]:
        found = self.wire.lstat(f"{path}/{WORK_FOLDER}")
        if found is None or not stat.S_ISDIR(found.mode):
            return []
        return self.wire.listing(f"{path}/{WORK_FOLDER}")

    def records_of(self, tape: Tape) -> tuple[Record, ...]:
        """The records of one tape, newest first."""
        place = f"{self.path(tape.of)}/{WORK_FOLDER}/{records.file_name(tape.name)}"
        return records.decode(self._small_file(place, self.wire.block))

    def records(self, pool: Pool, names: Iterable[str]) -> Mapping[str, tuple[Record, ...]]:
        with _refused_as(Unknown, f"pool {pool}", self.name):
            there = {name for name, _ in self._work_listing(self.path(pool))}
            return {name: kept for name in names
                    if records.file_name(name) in there and (kept := self.records_of(pool.tape(name)))}

    def digest(self, tape: Tape, progress: Progress = no_progress) -> tuple[str, TapeFacts]:
        reader = self.read(tape)
        try:
            digester = Digester()
            for piece in reader.pieces():
                digester.update(piece)
                progress(piece.length if isinstance(piece, Hole) else len(piece))
            reader.check_unchanged()
            return digester.digest(), reader.facts
        finally:
            reader.close()

    def read(self, tape: Tape) -> SftpReader:
        return SftpReader(self.wire, f"{self.path(tape.of)}/{tape.name}", tape)

    def begin(self, tape: Tape, size: int, part_name: str) -> SftpPart:
        return SftpPart(self, tape, part_name)

    def sweep(self, pool: Pool, writer: str) -> int:
        path, count = self.path(pool), 0
        with _refused_as(TargetWrite, f"pool {pool} cannot be swept", self.name):
            for name, _ in self._work_listing(path):
                if name.startswith(f"{writer}.") and name.endswith(PART_SUFFIX):
                    with suppress(SftpStatus):
                        self.wire.request(REMOVE, text(f"{path}/{WORK_FOLDER}/{name}"))
                        count += 1
            if self.promises.durable:
                self.wire.fsync_folder(path)
        return count
