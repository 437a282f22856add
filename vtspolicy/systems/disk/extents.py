"""An open file as pieces: its data is read, its holes are only told, because reading them costs as much as data."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from vtspolicy.systems.facts import CHUNK, Hole, Piece

LARGEST_HOLE = 1 << 30
"""Bytes of one hole at most: hashing them takes a quarter of a second, and between two of them the work can stop."""


def pieces_of(fd: int) -> Iterator[Piece]:
    """The file from its beginning to the end that it has now; less where it is cut meanwhile. Raise OSError."""
    status = os.fstat(fd)
    size, offset = status.st_size, 0
    sparse = status.st_blocks * 512 < size
    while offset < size:
        end = size
        if sparse:
            start = _next_data(fd, offset, size)
            if start > offset:
                yield Hole(length := min(start - offset, LARGEST_HOLE))
                offset += length
                continue
            end = min(os.lseek(fd, offset, os.SEEK_HOLE), size)
        while offset < end:
            content = os.pread(fd, min(CHUNK, end - offset), offset)
            if not content:
                return
            yield content
            offset += len(content)


def _next_data(fd: int, offset: int, size: int) -> int:
    try:
        return min(os.lseek(fd, offset, os.SEEK_DATA), size)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole from here on
            return size
        raise
