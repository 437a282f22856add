"""SFTP version 3 over an SSH channel, with requests in flight and every status looked at.

Own, because paramiko's SFTP client drops the status of its last writes and can report success for a file with holes.
Only what a publish needs: draft-ietf-secsh-filexfer-02, and of OpenSSH's extensions posix-rename, fsync, statvfs and
limits (OpenSSH PROTOCOL, section 4).
"""

from __future__ import annotations

import errno
import struct
from collections import deque
from typing import TYPE_CHECKING

from vtspolicy.errors import VersionMismatch
from vtspolicy.systems.files import legible
from vtspolicy.systems.sftp.packets import (
    ATTRS,
    CLOSE,
    DATA,
    EXTENDED,
    EXTENDED_REPLY,
    FSTAT,
    HANDLE,
    INIT,
    LSTAT,
    NAME,
    OPEN,
    OPENDIR,
    READ,
    READ_FLAG,
    READDIR,
    STATUS,
    VERSION,
    Answer,
    Attributes,
    SftpStatus,
    attributes,
    not_sftp,
    text,
)
from vtspolicy.systems.ssh.link import Link
from vtspolicy.systems.ssh.stream import send_all

if TYPE_CHECKING:
    import paramiko

_OK, _EOF, _NO_SUCH_FILE, _DENIED, _UNSUPPORTED = 0, 1, 2, 3, 8
_LARGEST = 1 << 20
"""Bytes of a packet from the server, at most."""
_ANSWERS = {OPEN: HANDLE, OPENDIR: HANDLE, READ: DATA, READDIR: NAME, LSTAT: ATTRS, FSTAT: ATTRS}
"""What answers a request that is granted, where it is not a bare STATUS."""
MOST_ENTRIES = 500_000
"""Entries of a directory that are read, at most."""
MOST_ANSWERS = 20_000
"""Answers in which they may come, at most; OpenSSH puts a hundred into each."""
SAFE_BLOCK = 32_600
"""Bytes of a write that every server takes, and that fit one SSH packet with their header."""


class SftpWire:
    """One SFTP session. `send` starts a request, `answer` waits for one by its number."""

    def __init__(self, link: Link, channel: paramiko.Channel) -> None:
        self._link = link
        self._channel = channel
        self._received = bytearray()
        self._asked: dict[int, int] = {}
        """Requests without an answer yet, with the kind of packet that grants them."""
        self._answers: dict[int, Answer] = {}
        self._number = 0
        self._put(struct.pack(">IBI", 5, INIT, 3))
        content = self._packet_in()
        if content[0] != VERSION or len(content) < 5:
            raise VersionMismatch(f"{link.system} does not speak SFTP", system=link.system)
        hello = Answer(VERSION, content[5:], link.system)
        self.extensions: set[str] = set()
        while hello.left():
            self.extensions.add(hello.text().decode("ascii", "replace"))
            hello.text()
        self.block = self._largest_block()

    def _largest_block(self) -> int:
        if "limits@openssh.com" not in self.extensions:
            return SAFE_BLOCK
        limits = self.answer(self.send(EXTENDED, text("limits@openssh.com"), granted=EXTENDED_REPLY))
        limits.u64()
        return max(SAFE_BLOCK, min(limits.u64(), limits.u64(), 255 << 10))

    def _put(self, content: bytes) -> None:
        send_all(self._link, self._channel, content)

    def _packet_in(self) -> bytes:
        with self._link.translated():
            while True:
                if len(self._received) >= 4:
                    length = int.from_bytes(self._received[:4], "big")
                    if not 1 <= length <= _LARGEST:
                        raise VersionMismatch(f"{self._link.system} does not speak SFTP (its shell may print at login)",
                                              system=self._link.system)
                    if len(self._received) >= 4 + length:
                        content = bytes(self._received[4:4 + length])
                        del self._received[:4 + length]
                        return content
                more = self._channel.recv(1 << 20)
                if not more:
                    raise EOFError("the SFTP server ended")
                self._received += more

    def send(self, kind: int, *fields: bytes, granted: int | None = None) -> int:
        """Start a request; give its number. `granted` is the kind of its answer where the table does not say."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._asked[self._number] = granted or _ANSWERS.get(kind, STATUS)
        body = b"".join(fields)
        self._put(struct.pack(">IBI", len(body) + 5, kind, self._number) + body)
        return self._number

    def answer(self, number: int) -> Answer:
        """The answer to a request. Raise SftpStatus where it is a refusal, EOFError at the end of a file or list."""
        while number not in self._answers:
            content = self._packet_in()
            other = int.from_bytes(content[1:5], "big")
            if other not in self._asked or other in self._answers:
                raise not_sftp(self._link.system)  # nobody asked: what floods us is not kept
            self._answers[other] = Answer(content[0], content[5:], self._link.system)
        found, granted = self._answers.pop(number), self._asked.pop(number)
        if found.kind == STATUS:
            self._judge(found, ends=granted in (DATA, NAME))
        if found.kind != granted:
            raise not_sftp(self._link.system)
        return found

    @staticmethod
    def _judge(status: Answer, *, ends: bool) -> None:
        code = status.u32()
        words = legible(status.text().decode("utf-8", "replace"), 100) if status.left() else ""
        if code == _OK:
            return
        if code == _EOF and ends:
            raise EOFError
        number = {_NO_SUCH_FILE: errno.ENOENT, _DENIED: errno.EACCES, _UNSUPPORTED: errno.EOPNOTSUPP}.get(
            code, errno.EIO)
        raise SftpStatus(number, words or "Failure")

    def request(self, kind: int, *fields: bytes) -> Answer:
        """A request and its answer."""
        return self.answer(self.send(kind, *fields))

    # ---- what files need -----------------------------------------------------------------------------------------

    def lstat(self, path: str) -> Attributes | None:
        """Links not followed; None where it is not there."""
        try:
            return self.request(LSTAT, text(path)).attributes()
        except SftpStatus as error:
            if error.errno == errno.ENOENT:
                return None
            raise

    def open(self, path: str, flags: int, mode: int | None = None) -> bytes:
        """A file's handle."""
        return self.request(OPEN, text(path), struct.pack(">I", flags), attributes(mode=mode)).text()

    def close(self, handle: bytes) -> None:
        """Close a handle; the status counts, since some servers report a failed write only here."""
        self.request(CLOSE, text(handle))

    def listing(self, path: str) -> list[tuple[str, Attributes]]:
        """A directory's entries."""
        handle = self.request(OPENDIR, text(path)).text()
        found: list[tuple[str, Attributes]] = []
        answers = 0
        try:
            while True:
                answer, before = self.request(READDIR, text(handle)), len(found)
                for _ in range(answer.u32()):
                    name = answer.text().decode("utf-8", "surrogateescape")
                    answer.text()
                    found.append((name, answer.attributes()))
                answers += 1
                if len(found) == before or len(found) > MOST_ENTRIES or answers > MOST_ANSWERS:
                    raise not_sftp(self._link.system)
        except EOFError:
            return found
        finally:
            self.close(handle)

    def beginning(self, handle: bytes, most: int) -> bytes:
        """A file's first bytes; of an empty file none."""
        try:
            return self.request(READ, text(handle), struct.pack(">QI", 0, most)).text()
        except EOFError:
            return b""

    def fsync(self, handle: bytes) -> None:
        """Make a file's bytes, or (with a directory's handle) its names, durable."""
        self.request(EXTENDED, text("fsync@openssh.com"), text(handle))

    def fsync_folder(self, path: str) -> None:
        """Make a directory's names durable: OpenSSH lets a directory be opened like a file to be read."""
        handle = self.open(path, READ_FLAG)
        try:
            self.fsync(handle)
        finally:
            self.close(handle)

    def replace(self, old: str, new: str) -> None:
        """Rename over an existing name, in one step."""
        self.request(EXTENDED, text("posix-rename@openssh.com"), text(old), text(new))

    def free(self, path: str) -> int | None:
        """Bytes that may still be written there; None where the server cannot say."""
        if "statvfs@openssh.com" not in self.extensions:
            return None
        answer = self.answer(
            self.send(EXTENDED, text("statvfs@openssh.com"), text(path), granted=EXTENDED_REPLY))
        answer.u64()
        size, _, _, available = answer.u64(), answer.u64(), answer.u64(), answer.u64()
        return size * available


class Pipelined:
    """Requests in flight, answered in order; at most so many bytes of them at a time."""

    def __init__(self, wire: SftpWire, most: int) -> None:
        self._wire = wire
        self._most = most
        self._flight: deque[tuple[int, int]] = deque()
        self._bytes = 0

    def add(self, number: int, size: int) -> list[Answer]:
        """Note a request that was sent; give the answers that had to be waited for to keep within the limit."""
        self._flight.append((number, size))
        self._bytes += size
        found = []
        while self._bytes > self._most:
            found.append(self._next())
        return found

    def _next(self) -> Answer:
        number, size = self._flight.popleft()
        self._bytes -= size
        return self._wire.answer(number)

    def drain(self) -> list[Answer]:
        """The answers to all that is in flight."""
        return [self._next() for _ in range(len(self._flight))]
