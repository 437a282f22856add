"""A trial on a local file system: what a publish needs there is done once, with a file that nobody misses."""

from __future__ import annotations

import os
import time

from vtspolicy.errors import TargetWrite
from vtspolicy.systems.disk.beneath import PoolFolder, VaultFolder
from vtspolicy.systems.disk.dressing import dress
from vtspolicy.systems.files import write_all
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.trial import CONTENT, DRESS, Step, Trial, probe_names, removed, tried

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def trial(folder: PoolFolder | VaultFolder, writer: str, wish: Metadata | None = None) -> Trial:
    """Try it in a pool, from its work folder into it, or in a vault's root."""
    probe = _Probe(folder, writer)
    try:
        probe.clean()
        dressed: tuple[Step, ...] = () if wish is None else ((DRESS, lambda: probe.dress(wish)),)
        found = tried((("write", probe.write), *dressed, ("fsync", probe.flush), ("rename", probe.rename),
                       ("fsync", probe.flush_folder), ("remove", probe.remove)))
        return Trial(found, time.time())
    finally:
        probe.clean()
        probe.close()


class _Probe:
    """The file, in its two places."""

    def __init__(self, folder: PoolFolder | VaultFolder, writer: str) -> None:
        self._folder = folder
        self._part, self._final = probe_names(writer)
        if isinstance(folder, VaultFolder):
            self._part = f"{self._final}.part"
        self._file = -1

    def _work(self, *, create: bool) -> int:
        """Where parts lie: in a pool its work folder or the staging, in a vault its root. Raise OSError."""
        if isinstance(self._folder, VaultFolder):
            return self._folder.fd
        work = self._folder.parts(create=create)
        if work is None:
            raise FileNotFoundError
        return work

    def write(self) -> None:
        with open(os.open(self._final, _NEW, 0o600, dir_fd=self._folder.fd), "wb"):
            pass  # what the rename goes over
        self._file = os.open(self._part, _NEW, 0o600, dir_fd=self._work(create=True))
        write_all(self._file, CONTENT)

    def dress(self, wish: Metadata) -> None:
        try:
            dress(self._file, wish)
        except TargetWrite as failure:
            raise OSError(0, failure.message) from None

    def flush(self) -> None:
        os.fsync(self._file)

    def rename(self) -> None:
        os.rename(self._part, self._final, src_dir_fd=self._work(create=False), dst_dir_fd=self._folder.fd)

    def flush_folder(self) -> None:
        os.fsync(self._folder.fd)

    def remove(self) -> None:
        os.unlink(self._final, dir_fd=self._folder.fd)

    def clean(self) -> None:
        """Remove what is there of it, and a work folder that holds nothing."""
        removed(self.remove, lambda: os.unlink(self._part, dir_fd=self._work(create=False)))
        if isinstance(self._folder, PoolFolder):
            self._folder.remove_empty_work()

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
