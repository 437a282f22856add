"""A trial over SFTP: what a publish needs there is done once, with a file that nobody misses."""

from __future__ import annotations

import stat
import struct

from vtspolicy.systems.contract import WORK_FOLDER, Promises
from vtspolicy.systems.sftp.packets import (
    CREATE_FLAG,
    EXCLUSIVE_FLAG,
    FSTAT,
    MKDIR,
    REMOVE,
    RENAME,
    RMDIR,
    WRITE,
    WRITE_FLAG,
    attributes,
    text,
)
from vtspolicy.systems.sftp.wire import SftpWire
from vtspolicy.systems.trial import CONTENT, Trial, probe_names, removed, tried

_NEW = WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG


def trial(wire: SftpWire, promises: Promises, path: str, writer: str, *, pool: bool) -> Trial:
    """Try it in the pool, or the vault's root, at that path."""
    probe = _Probe(wire, promises, path, writer, pool)
    try:
        probe.clean()
        found = tried((("write", probe.write), *((("fsync", probe.flush),) if promises.durable else ()),
                       ("rename", probe.rename), *((("fsync", probe.flush_folder),) if promises.durable else ()),
                       ("remove", probe.remove)))
        return Trial(found, probe.clock)
    finally:
        probe.clean()


class _Probe:
    """The file, in its two places."""

    def __init__(self, wire: SftpWire, promises: Promises, path: str, writer: str, pool: bool) -> None:
        part, final = probe_names(writer)
        self._wire = wire
        self._atomic = promises.atomic
        self._path = path
        self._work = f"{path}/{WORK_FOLDER}" if pool else None
        self._final = f"{path}/{final}"
        self._part = f"{path}/{final}.part" if self._work is None else f"{self._work}/{part}"
        self._handle: bytes | None = None
        self.clock: float | None = None

    def write(self) -> None:
        self._wire.close(self._wire.open(self._final, _NEW, 0o600))  # what the rename goes over
        if self._work is not None and self._wire.lstat(self._work) is None:
            self._wire.request(MKDIR, text(self._work), attributes(mode=0o700))
        if self._work is not None and ((found := self._wire.lstat(self._work)) is None or not stat.S_ISDIR(found.mode)):
            raise NotADirectoryError(0, f"{WORK_FOLDER} is no directory")
        self._handle = self._wire.open(self._part, _NEW, 0o600)
        self._wire.request(WRITE, text(self._handle), struct.pack(">Q", 0), text(CONTENT))
        self.clock = self._wire.request(FSTAT, text(self._handle)).attributes().mtime

    def flush(self) -> None:
        assert self._handle is not None
        self._wire.fsync(self._handle)

    def rename(self) -> None:
        self._let_go()
        if self._atomic:
            self._wire.replace(self._part, self._final)
        else:
            self.remove()
            self._wire.request(RENAME, text(self._part), text(self._final))

    def flush_folder(self) -> None:
        self._wire.fsync_folder(self._path)

    def remove(self) -> None:
        self._wire.request(REMOVE, text(self._final))

    def _let_go(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            self._wire.close(handle)

    def clean(self) -> None:
        """Remove what is there of it, and a work folder that holds nothing."""
        removed(self._let_go, self.remove, lambda: self._drop(REMOVE, self._part))
        if self._work is not None:
            work = self._work
            removed(lambda: self._drop(RMDIR, work))

    def _drop(self, kind: int, path: str) -> None:
        self._wire.request(kind, text(path))
