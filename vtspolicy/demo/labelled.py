"""Tapes as a host writes them: ANSI labels, blocks and tape marks, framed as a SIMH image.

A label is a record of 80 characters; groups end with a tape mark: VOL1 HDR1 HDR2 * blocks * EOF1 EOF2 * *.
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterator, Mapping

OWNER = "VTSPOLICY"
BLOCK = 32752
"""Bytes of a full block."""
_LABEL = 80
_MARK = struct.pack("<I", 0)


def write_tape(path: str, volume: str, data_set: str, size: int, *, seed: int) -> None:
    """Write a labelled tape with one data set of `size` bytes, which `seed` decides, in the place of an older one.

    `volume` has at most 6 characters, `data_set` at most 17. Raise OSError where the disk refuses.
    """
    blocks = -(-size // BLOCK)
    with open(path, "wb") as file:
        for each in (volume_label(volume), *file_labels("HDR", volume, data_set, 0), None):
            file.write(framed(each))
        for block in _blocks(size, seed):
            file.write(framed(block))
        for each in (None, *file_labels("EOF", volume, data_set, blocks), None, None):
            file.write(framed(each))


def volume_label(volume: str) -> bytes:
    """VOL1: volume name, owner, and the level of the standard."""
    return _label("VOL1", {5: volume, 38: OWNER, 80: "3"})


def file_labels(kind: str, volume: str, data_set: str, blocks: int) -> tuple[bytes, bytes]:
    """HDR1 and HDR2 before the data (`HDR`), or EOF1 and EOF2 behind them (`EOF`), where the blocks are counted."""
    written = time.strftime("0%y%j", time.gmtime())  # century, year, day of the year
    return (
        _label(f"{kind}1", {5: data_set, 22: volume, 28: "0001", 32: "0001", 36: "000100", 42: written, 48: written,
                            55: f"{blocks:06d}"}),
        _label(f"{kind}2", {5: "U", 6: f"{BLOCK:05d}", 11: "00000", 51: "00"}),
    )


def _label(name: str, fields: Mapping[int, str]) -> bytes:
    """A label with texts at their positions; the manuals count these from 1."""
    label = bytearray(name.encode("ascii").ljust(_LABEL))
    for position, text in fields.items():
        label[position - 1:position - 1 + len(text)] = text.encode("ascii")
    if len(label) != _LABEL:
        raise ValueError(f"{name}: a field goes beyond the label")
    return bytes(label)


def framed(record: bytes | None) -> bytes:
    """A record between its two lengths, padded to an even number of bytes; None is a tape mark."""
    if record is None:
        return _MARK
    length = struct.pack("<I", len(record))
    return length + record + b"\0" * (len(record) % 2) + length


def _blocks(size: int, seed: int) -> Iterator[bytes]:
    source = random.Random(seed)  # noqa: S311  # the same story every time; nothing is secret here
    while size > 0:
        yield source.randbytes(min(BLOCK, size))
        size -= BLOCK
