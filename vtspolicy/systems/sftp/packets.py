"""The packets of SFTP version 3 and their fields (draft-ietf-secsh-filexfer-02, sections 3 to 7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from vtspolicy.errors import VersionMismatch

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, RENAME = 11, 12, 13, 14, 15, 18
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201
READ_FLAG, WRITE_FLAG, CREATE_FLAG, EXCLUSIVE_FLAG = 0x01, 0x02, 0x08, 0x20
_SIZE, _OWNER, _MODE, _TIMES = 0x1, 0x2, 0x4, 0x8


class SftpStatus(OSError):
    """The server's answer was no. errno is set where SFTP tells it; its bare *Failure* leaves it EIO."""


@dataclass(frozen=True)
class Attributes:
    """What a server says of a file; what it does not say is 0 or None."""

    size: int | None = None
    mode: int = 0
    mtime: int | None = None
    owner: tuple[int, int] | None = None
    """User and group."""


class Answer:
    """The fields of a packet, read in order."""

    def __init__(self, kind: int, content: bytes, system: str) -> None:
        self.kind = kind
        self._content = content
        self._system = system
        self._at = 0

    def _take(self, count: int) -> bytes:
        """The next bytes. Raise VersionMismatch where there are too few."""
        if count > len(self._content) - self._at:
            raise not_sftp(self._system)
        self._at += count
        return self._content[self._at - count:self._at]

    def u32(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def u64(self) -> int:
        return int.from_bytes(self._take(8), "big")

    def text(self) -> bytes:
        return self._take(self.u32())

    def left(self) -> bool:
        return self._at < len(self._content)

    def attributes(self) -> Attributes:
        flags = self.u32()
        size = self.u64() if flags & _SIZE else None
        owner = (self.u32(), self.u32()) if flags & _OWNER else None
        mode = self.u32() if flags & _MODE else 0
        mtime = None
        if flags & _TIMES:
            self.u32()
            mtime = self.u32()
        if flags & 0x80000000:
            for _ in range(self.u32()):
                self.text()
                self.text()
        return Attributes(size, mode, mtime, owner)


def not_sftp(system: str) -> VersionMismatch:
    """The failure of a server whose packets cannot be understood."""
    return VersionMismatch(f"{system} answers what is not SFTP", system=system)


def text(value: str | bytes) -> bytes:
    """A string field."""
    content = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return struct.pack(">I", len(content)) + content


def attributes(*, size: int | None = None, mode: int | None = None, mtime: int | None = None,
               owner: tuple[int, int] | None = None) -> bytes:
    """An attributes field."""
    flags, content = 0, b""
    if size is not None:
        flags, content = flags | _SIZE, content + struct.pack(">Q", size)
    if owner is not None:
        flags, content = flags | _OWNER, content + struct.pack(">II", *owner)
    if mode is not None:
        flags, content = flags | _MODE, content + struct.pack(">I", mode)
    if mtime is not None:
        flags, content = flags | _TIMES, content + struct.pack(">II", mtime, mtime)
    return struct.pack(">I", flags) + content
