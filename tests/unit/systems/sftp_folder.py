"""An SFTP server in this process, for real files: it answers while it is asked, so nothing waits."""

from __future__ import annotations

import errno
import os
import struct

from tests.unit.systems.sftp_server import ALL, reply, status, version
from vtspolicy.systems.sftp import packets
from vtspolicy.systems.sftp.packets import Answer, Attributes, attributes, text

_CODES = {errno.ENOENT: 2, errno.EACCES: 3, errno.EPERM: 3}
_FLAGS = ((packets.CREATE_FLAG, os.O_CREAT), (packets.EXCLUSIVE_FLAG, os.O_EXCL))


def _told(path: str | int) -> bytes:
    found = os.stat(path, follow_symlinks=isinstance(path, int))
    return attributes(size=found.st_size, mode=found.st_mode, mtime=int(found.st_mtime),
                      owner=(found.st_uid, found.st_gid))


class SftpFolder:
    """The far end of a channel. What `os` raises becomes the status; what is no OSError ends the caller."""

    out_max_packet_size = 1 << 20

    def __init__(self, extensions: tuple[str, ...] = ALL) -> None:
        self._extensions = extensions
        self._asked = bytearray()
        self._answers = bytearray()
        self._open: dict[bytes, int | list[str]] = {}
        self._folders: dict[bytes, str] = {}
        self._count = 0

    def send(self, content: bytes) -> int:
        self._asked += content
        while len(self._asked) >= 4 and len(self._asked) >= (size := 4 + int.from_bytes(self._asked[:4], "big")):
            asked = bytes(self._asked[4:size])
            del self._asked[:size]
            self._answers += self._answer(asked)
        return len(content)

    def recv(self, size: int) -> bytes:
        said = bytes(self._answers[:size])
        del self._answers[:size]
        return said

    def close(self) -> None:
        for handle in self._open.values():
            if isinstance(handle, int):
                os.close(handle)
        self._open.clear()

    def _answer(self, asked: bytes) -> bytes:
        if asked[0] == packets.INIT:
            return version(*self._extensions)
        number, fields = int.from_bytes(asked[1:5], "big"), Answer(asked[0], asked[5:], "test")
        try:
            return self._done(asked[0], number, fields)
        except OSError as error:
            return status(number, _CODES.get(error.errno or 0, 4), os.strerror(error.errno or 0))

    def _done(self, kind: int, number: int, fields: Answer) -> bytes:
        what = fields.text()
        match kind:
            case packets.LSTAT:
                return reply(number, packets.ATTRS, _told(what.decode()))
            case packets.OPEN:
                flags = fields.u32()
                mode = os.O_RDWR if flags & packets.WRITE_FLAG else os.O_RDONLY
                for bit, meant in _FLAGS:
                    mode |= meant if flags & bit else 0
                return self._handle(number, os.open(what.decode(), mode, fields.attributes().mode or 0o600))
            case packets.OPENDIR:
                answer = self._handle(number, os.listdir(what.decode()))
                self._folders[b"%d" % self._count] = what.decode()
                return answer
            case packets.REMOVE:
                os.unlink(what.decode())
            case packets.MKDIR:
                os.mkdir(what.decode(), 0o700)
            case packets.RENAME:
                if os.path.lexists(new := fields.text().decode()):
                    return status(number, 4, "Failure")
                os.rename(what.decode(), new)
            case packets.EXTENDED:
                return self._extended(number, what.decode(), fields)
            case _:
                return self._with_handle(kind, number, what, fields)
        return status(number, 0)

    def _handle(self, number: int, found: int | list[str]) -> bytes:
        self._count += 1
        self._open[b"%d" % self._count] = found
        return reply(number, packets.HANDLE, text(b"%d" % self._count))

    def _with_handle(self, kind: int, number: int, name: bytes, fields: Answer) -> bytes:
        handle = self._open[name]
        if isinstance(handle, list):
            if kind == packets.READDIR and handle:
                taken, handle[:] = handle[:], []
                found = [text(each) + text(each) + _told(f"{self._folders[name]}/{each}") for each in taken]
                return reply(number, packets.NAME, struct.pack(">I", len(found)) + b"".join(found))
            if kind == packets.CLOSE:
                del self._open[name]
            return status(number, 1 if kind == packets.READDIR else 0)
        match kind:
            case packets.CLOSE:
                os.close(self._open.pop(name))  # type: ignore[arg-type]
            case packets.READ:
                content = os.pread(handle, *reversed((fields.u64(), fields.u32())))
                return reply(number, packets.DATA, text(content)) if content else status(number, 1)
            case packets.WRITE:
                offset = fields.u64()
                os.pwrite(handle, fields.text(), offset)
            case packets.FSTAT:
                return reply(number, packets.ATTRS, _told(handle))
            case packets.FSETSTAT:
                self._set(handle, fields.attributes())
            case _:
                return status(number, 8)
        return status(number, 0)

    @staticmethod
    def _set(handle: int, wanted: Attributes) -> None:
        if wanted.size is not None:
            os.ftruncate(handle, wanted.size)
        if wanted.mode:
            os.fchmod(handle, wanted.mode)
        if wanted.mtime is not None:
            os.utime(handle, (wanted.mtime, wanted.mtime))

    def _extended(self, number: int, what: str, fields: Answer) -> bytes:
        if what == "posix-rename@openssh.com":
            os.rename(fields.text().decode(), fields.text().decode())
        elif what == "fsync@openssh.com":
            handle = self._open[fields.text()]
            assert isinstance(handle, int)
            os.fsync(handle)
        elif what == "statvfs@openssh.com":
            room = os.statvfs(fields.text().decode())
            return reply(number, packets.EXTENDED_REPLY, struct.pack(
                ">11Q", room.f_bsize, room.f_frsize, room.f_blocks, room.f_bfree, room.f_bavail, 0, 0, 0, 0, 0, 255))
        else:
            return status(number, 8)
        return status(number, 0)


