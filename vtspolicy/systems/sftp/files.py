"""Files over SFTP: what the server says of them, and how they are read."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vtspolicy.errors import Failure, Missing, NotDurable, SourceChanged, SourceUnreadable
from vtspolicy.policy.places import Tape
from vtspolicy.systems import freezes
from vtspolicy.systems.facts import Freeze, Identity, Piece, TapeFacts
from vtspolicy.systems.files import kind_of
from vtspolicy.systems.metadata import NO_EXTRAS
from vtspolicy.systems.sftp.packets import FSTAT, READ, READ_FLAG, Attributes, SftpStatus, text
from vtspolicy.systems.sftp.wire import SftpWire

IN_FLIGHT = 4 << 20
"""Bytes of reads or writes that wait for their answer, at most."""


def facts_of(name: str, found: Attributes) -> TapeFacts:
    """A tape's facts from what the server says. Raise SourceUnreadable where it does not say enough."""
    if found.size is None or found.mtime is None:
        raise SourceUnreadable(f"{name}: the server tells no size or time")
    return TapeFacts(name, Identity(found.size, found.mtime * 10**9), found.mode & 0o777, found.size)


@contextmanager
def refused_as(kind: type[Failure], what: object, system: str) -> Iterator[None]:
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
        self.extras = NO_EXTRAS  # the protocol knows none
        with refused_as(SourceUnreadable, tape, tape.system):
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
        with refused_as(SourceUnreadable, self._tape, self._tape.system):
            opened = facts_of(self._tape.name, self._wire.request(FSTAT, text(self._handle)).attributes())
            named = self._wire.lstat(self._path)
        if opened != self.facts or named is None or facts_of(self._tape.name, named) != self.facts:
            raise self._changed()

    def make_durable(self) -> None:
        """Have the server fsync it and its name. Raise NotDurable; the reader is closed then."""
        assert self._handle is not None
        try:
            with refused_as(NotDurable, f"{self._tape} cannot be made durable", self._tape.system):
                self._wire.fsync(self._handle)
                self._wire.fsync_folder(self._path.rpartition("/")[0])
        except NotDurable:
            self.close()
            raise

    def _changed(self) -> Failure:
        return SourceChanged(f"{self._tape} changed while it was read", tape=str(self._tape),
                             system=self._tape.system)

    def close(self) -> None:
        if self._handle is not None:
            with suppress(SftpStatus):
                self._wire.close(self._handle)
            self._handle = None


def frozen_by(wire: SftpWire, marker: str) -> Freeze | None:
    """The freeze that the marker stands for, whatever it holds; None where it is not there. Raise SftpStatus."""
    found = wire.lstat(marker)
    if found is None:
        return None
    return freezes.decode(small_file(wire, marker, freezes.LARGEST) if stat.S_ISREG(found.mode) else b"")


def small_file(wire: SftpWire, path: str, most: int) -> bytes:
    """A file's first bytes; none where it is not there or cannot be read."""
    try:
        handle = wire.open(path, READ_FLAG)
    except SftpStatus:
        return b""
    try:
        return wire.beginning(handle, most)
    except SftpStatus:
        return b""
    finally:
        with suppress(SftpStatus):
            wire.close(handle)
