"""A trial over SFTP: what a publish needs there is done once, with a file that nobody misses."""

from __future__ import annotations

import stat
import struct

from vtspolicy.systems.facts import Promises
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.sftp.owning import give_to
from vtspolicy.systems.sftp.packets import (
    CREATE_FLAG,
    EXCLUSIVE_FLAG,
    FSETSTAT,
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
from vtspolicy.systems.trial import CONTENT, DRESS, Step, Trial, probe_names, removed, tried

_NEW = WRITE_FLAG | CREATE_FLAG | EXCLUSIVE_FLAG


def trial(wire: SftpWire, promises: Promises, path: str, parts: str | None, writer: str,
          wish: Metadata | None = None) -> Trial:
    """Try it in the pool at that path, whose part files lie in the folder `parts`; or in a vault's root, without."""
    probe = _Probe(wire, promises, path, writer, parts)
    try:
        probe.clean()
        dressed: tuple[Step, ...] = () if wish is None else ((DRESS, lambda: probe.dress(wish)),)
        found = tried((("write", probe.write), *dressed, *((("fsync", probe.flush),) if promises.durable else ()),
                       ("rename", probe.rename), *((("fsync", probe.flush_folder),) if promises.durable else ()),
                       ("remove", probe.remove)))
        return Trial(found, probe.clock)
    finally:
        probe.clean()


class _Probe:
    """The file, in its two places."""

    def __init__(self, wire: SftpWire, promises: Promises, path: str, writer: str, parts: str | None) -> None:
        part, final = probe_names(writer)
        self._wire = wire
        self._atomic = promises.atomic
        self._path = path
        self._work = parts
        self._final = f"{path}/{final}"
        self._part = f"{path}/{final}.part" if self._work is None else f"{self._work}/{part}"
        self._handle: bytes | None = None
        self.clock: float | None = None

    def write(self) -> None:
        self._wire.close(self._wire.open(self._final, _NEW, 0o600))  # what the rename goes over
        if self._work is not None and self._wire.lstat(self._work) is None:
            self._wire.request(MKDIR, text(self._work), attributes(mode=0o700))
        if self._work is not None and ((found := self._wire.lstat(self._work)) is None or not stat.S_ISDIR(found.mode)):
            raise NotADirectoryError(0, "the folder of part files is no directory")
        self._handle = self._wire.open(self._part, _NEW, 0o600)
        self._wire.request(WRITE, text(self._handle), struct.pack(">Q", 0), text(CONTENT))
        self.clock = self._wire.request(FSTAT, text(self._handle)).attributes().mtime

    def dress(self, wish: Metadata) -> None:
        assert self._handle is not None
        self._wire.request(FSETSTAT, text(self._handle), attributes(mode=wish.mode))
        if wish.owner is not None and (why := give_to(self._wire, self._handle, wish.owner)) is not None:
            raise OSError(0, f"owner {wish.owner} cannot be set there: {why}")

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
