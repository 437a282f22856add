"""A small tmpfs: full for ever, full for a moment, or out of inodes; and a small disk. Needs root."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.janitor import PREFIX
from tests.support.needs import need, need_root

_WRITES_BACK = ("ext2/ext3", "xfs", "btrfs")
"""File systems, as `stat` calls them, that write pages of the cache to a disk: a tmpfs has none."""


class SmallFs:
    """A mounted tmpfs. The ballast is one file in it that takes room away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ballast = path / ".ballast"

    @property
    def free(self) -> int:
        """The bytes that can still be written."""
        figures = os.statvfs(self.path)
        return figures.f_bavail * figures.f_frsize

    def fill(self, *, leave: int = 0) -> None:
        """Grows the ballast until at most `leave` bytes (rounded down to whole pages) are free."""
        size = max(0, self.free - leave)
        with open(self.ballast, "ab") as file:
            try:
                while size > 0:
                    size -= file.raw.write(bytes(min(size, 1 << 20))) or 0
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def release(self) -> None:
        """Takes the ballast away: there is room again."""
        self.ballast.unlink(missing_ok=True)


@contextmanager
def tmpfs(path: Path, *, size: int, inodes: int = 0) -> Iterator[SmallFs]:
    """Mounts a tmpfs of `size` bytes (and `inodes` inodes, the root included; 0: no limit) at `path`."""
    need_root("mount a tmpfs")
    path.mkdir(parents=True, exist_ok=True)
    options = f"size={size},nr_inodes={inodes}"
    subprocess.run([need("mount"), "-t", "tmpfs", "-o", options, f"{PREFIX}{os.getpid()}", path], check=True)
    try:
        yield SmallFs(path)
    finally:
        subprocess.run([need("umount"), "-l", path], check=True)
        with contextlib.suppress(OSError):
            path.rmdir()


@contextmanager
def on_disk(path: Path, *, size: int) -> Iterator[Path]:
    """A folder whose files are written back to a disk: `path`, or where it is on no disk an ext4 of `size` bytes."""
    path.mkdir(parents=True, exist_ok=True)
    kind = subprocess.run([need("stat"), "-f", "-c", "%T", path], capture_output=True, text=True, check=True).stdout
    if kind.strip() in _WRITES_BACK:
        yield path
        return
    need_root("mount an ext4")
    image = path.with_name(path.name + ".ext4")
    with open(image, "xb") as file:
        file.truncate(size)
    subprocess.run([need("mkfs.ext4"), "-q", "-F", image], check=True)
    subprocess.run([need("mount"), "-o", "loop", image, path], check=True)
    try:
        yield path
    finally:
        subprocess.run([need("umount"), "-l", path], check=True)
        image.unlink()
