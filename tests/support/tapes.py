"""Makers of tape files: real Hercules images, ANSI-labelled SIMH images, and plain bytes of awkward sizes.

Everything is made from a seed: the same call makes the same bytes (Hercules' creation dates are fixed too).
"""

from __future__ import annotations

import hashlib
import os
import random
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.needs import need

MIB: Final = 1 << 20
_ZEROS: Final = bytes(MIB)
_DATE: Final = "026001"
"""1 January 2026 in a label: century, year, day of year."""


def random_bytes(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


@dataclass(frozen=True)
class DataSet:
    """One file on a labelled tape: a name of at most 17 characters and its blocks."""

    name: str
    blocks: Sequence[bytes]


def data_set(name: str, *, blocks: int = 4, size: int = 32760, seed: int = 0) -> DataSet:
    """A data set of random blocks of `size` bytes."""
    source = random.Random(seed)
    return DataSet(name, [source.randbytes(size) for _ in range(blocks)])


# ---- plain files ----------------------------------------------------------------------------------------------------


def empty(path: Path) -> Path:
    """A tape of 0 bytes."""
    path.write_bytes(b"")
    return path


def one_byte(path: Path, byte: bytes = b"T") -> Path:
    """A tape of 1 byte."""
    path.write_bytes(byte)
    return path


def random_tape(path: Path, size: int, seed: int) -> Path:
    """A tape of `size` random bytes, written a MiB at a time."""
    source = random.Random(seed)
    with open(path, "wb") as file:
        while size > 0:
            file.write(source.randbytes(min(size, MIB)))
            size -= MIB
    return path


def sparse_tape(path: Path, size: int = (4 << 30) + 1) -> Path:
    """A tape that is one hole, with one byte at its very end and a few in front; 4 GiB + 1 unless told otherwise."""
    with open(path, "wb") as file:
        file.write(b"VOL1" + path.name[:6].encode().ljust(6))
        file.truncate(size)
        file.seek(size - 1)
        file.write(b"\x7f")
    return path


def pool(folder: Path, number: int, *, size: int = 65536, seed: int = 0) -> list[Path]:
    """A folder of `number` tapes T00000, T00001, ... of `size` random bytes each."""
    folder.mkdir(parents=True, exist_ok=True)
    return [random_tape(folder / f"T{i:05d}", size, seed * 1_000_003 + i) for i in range(number)]


# ---- labels ---------------------------------------------------------------------------------------------------------


def _labels(kind: str, volume: str, item: DataSet, sequence: int, codec: str) -> list[bytes]:
    """The two labels in front of (`HDR`) or behind (`EOF`) a data set, 80 bytes each."""
    counted = len(item.blocks) if kind == "EOF" else 0
    largest = max((len(block) for block in item.blocks), default=0)
    first = f"{kind}1{item.name[:17]:17}{volume:6}0001{sequence:04d}{'':6}{_DATE}000000{' '}{counted:06d}{'':13}"
    second = f"{kind}2U{min(largest, 99999):05d}{0:05d}"
    return [label[:80].ljust(80).encode(codec) for label in (first, second)]


def _volume_label(volume: str, owner: str, codec: str) -> bytes:
    place = 41 if codec == "cp037" else 37  # IBM and ANSI put the owner in different columns
    return (f"VOL1{volume:6}".ljust(place) + f"{owner:10}").ljust(80).encode(codec)


def _records(volume: str, owner: str, items: Sequence[DataSet], codec: str) -> list[bytes | None]:
    """A labelled tape as its records; None is a tape mark."""
    records: list[bytes | None] = [_volume_label(volume, owner, codec)]
    for sequence, item in enumerate(items, 1):
        records += [*_labels("HDR", volume, item, sequence, codec), None]
        records += [*item.blocks, None]
        records += [*_labels("EOF", volume, item, sequence, codec), None]
    return [*records, None]


# ---- images ---------------------------------------------------------------------------------------------------------


def aws_image(path: Path, volume: str, items: Sequence[DataSet], *, owner: str = "VTSPOLICY") -> Path:
    """An AWSTAPE image with IBM standard labels: each record behind 6 bytes of sizes and flags."""
    before = 0
    with open(path, "wb") as file:
        for record in _records(volume, owner, items, "cp037"):
            length, flags = (0, 0x40) if record is None else (len(record), 0xA0)
            file.write(struct.pack("<HHBB", length, before, flags, 0) + (record or b""))
            before = length
    return path


def simh_image(path: Path, volume: str, items: Sequence[DataSet], *, owner: str = "VTSPOLICY") -> Path:
    """A SIMH image with ANSI labels: each record between two lengths of 4 bytes, padded to even; 0 is a tape mark."""
    with open(path, "wb") as file:
        for record in _records(volume, owner, items, "ascii"):
            if record is None:
                file.write(struct.pack("<I", 0))
            else:
                length = struct.pack("<I", len(record))
                file.write(length + record + b"\0" * (len(record) % 2) + length)
    return path


def raw_image(path: Path, volume: str, items: Sequence[DataSet], *, owner: str = "VTSPOLICY") -> Path:
    """ANSI labels and blocks one after the other, without any framing."""
    path.write_bytes(b"".join(record for record in _records(volume, owner, items, "ascii") if record is not None))
    return path


def hercules_scratch(path: Path, volume: str, *, owner: str = "VTSPOLICY", compressed: bool = True) -> Path:
    """An initialised, empty, labelled tape, made by `hetinit`."""
    options = [] if compressed else ["-d"]
    _run([need("hetinit"), *options, str(path), volume, owner])
    return path


def hercules_image(
    path: Path, volume: str, items: Sequence[DataSet], *, owner: str = "VTSPOLICY", compression: str = "-z"
) -> Path:
    """A labelled tape with data, read and written anew by `hetupd` (`-z` zlib, `-b` bzip2, `-d` none)."""
    plain = path.with_name(f".{path.name}.aws")
    try:
        aws_image(plain, volume, items, owner=owner)
        _run([need("hetupd"), compression, str(plain), str(path)])
    finally:
        plain.unlink(missing_ok=True)
    return path


def hercules_map(path: Path) -> str:
    """What `hetmap` says that is on the image."""
    return _run([need("hetmap"), str(path)])


def hercules_file(path: Path, number: int, into: Path) -> bytes:
    """The bytes of data set `number` (from 1) of a labelled image, read by `hetget`."""
    _run([need("hetget"), str(path), str(into), str(number), "U", "0", "65535"])
    return into.read_bytes()


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    output = (done.stdout + done.stderr).decode("latin-1")
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended {done.returncode}: {output}")
    return output


# ---- what is there --------------------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex. Holes are hashed without being read, which is ten times as fast."""
    found = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        size, offset = os.fstat(file.fileno()).st_size, 0
        while offset < size:
            try:
                data = os.lseek(file.fileno(), offset, os.SEEK_DATA)
            except OSError:
                data = size
            end = size if data >= size else os.lseek(file.fileno(), data, os.SEEK_HOLE)
            while offset < data:
                count = min(MIB, data - offset)
                found.update(_ZEROS[:count])
                offset += count
            while offset < end and (content := os.pread(file.fileno(), min(MIB, end - offset), offset)):
                found.update(content)
                offset += len(content)
            if offset < end:
                raise AssertionError(f"{path} was cut while it was read")
    return found.hexdigest()


def digests(root: Path, *, hidden: bool = False) -> dict[str, str]:
    """The SHA-256 of each regular file below `root`, by its relative path; links are not followed.

    Files and folders with a leading dot are left out unless `hidden`.
    """
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink() and (hidden or not name.startswith(".")):
                found[str(path.relative_to(root))] = digest(path)
    return dict(sorted(found.items()))


def assert_equal(source: Mapping[str, str], target: Mapping[str, str]) -> None:
    """AssertionError that names the tapes that differ, are missing or too many; also when there is none at all."""
    if not source:
        raise AssertionError("no tape at all: nothing was compared")
    told = [f"{name} is missing" for name in sorted(source.keys() - target.keys())]
    told += [f"{name} is too much" for name in sorted(target.keys() - source.keys())]
    told += [f"{name} differs" for name in sorted(source.keys() & target.keys()) if source[name] != target[name]]
    if told:
        raise AssertionError("\n".join(told))
