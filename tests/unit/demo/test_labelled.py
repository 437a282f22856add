"""The demonstration's tapes, read back record by record."""

from __future__ import annotations

import struct
from pathlib import Path

from freezegun import freeze_time

from vtspolicy.demo.labelled import BLOCK, write_tape


def records(path: Path) -> list[bytes | None]:
    """The records of a SIMH image; None is a tape mark."""
    image, offset, found = path.read_bytes(), 0, list[bytes | None]()
    while offset < len(image):
        (length,) = struct.unpack_from("<I", image, offset)
        offset += 4
        if length == 0:
            found.append(None)
            continue
        found.append(image[offset:offset + length])
        offset += length + length % 2
        assert struct.unpack_from("<I", image, offset) == (length,), "the lengths of a record differ"
        offset += 4
    return found


def at(label: bytes | None, first: int, last: int) -> str:
    """What stands at positions of a label, counted from 1."""
    assert label is not None
    assert len(label) == 80
    return label[first - 1:last].decode("ascii")


@freeze_time("2026-11-22 12:00:00")
def test_the_labels_say_what_lies_on_the_tape(tmp_path: Path) -> None:
    write_tape(str(tmp_path / "PAY001"), "PAY001", "PAYROLL.DAILY", 2 * BLOCK + 7, seed=1)

    volume, first, second, mark, *data = records(tmp_path / "PAY001")
    *blocks, before, first_end, second_end, last, end = data
    assert [mark, before, last, end] == [None] * 4
    assert [len(block or b"") for block in blocks] == [BLOCK, BLOCK, 7]

    assert (at(volume, 1, 4), at(volume, 5, 10), at(volume, 38, 51), at(volume, 80, 80)) == (
        "VOL1", "PAY001", "VTSPOLICY     ", "3")
    for kind, one, two, count in (("HDR", first, second, "000000"), ("EOF", first_end, second_end, "000003")):
        assert at(one, 1, 4) == f"{kind}1"
        assert at(one, 5, 21) == "PAYROLL.DAILY    "
        assert at(one, 22, 35) == "PAY00100010001"
        assert at(one, 42, 53) == "026326026326", "created and expired on day 326 of 2026"
        assert at(one, 55, 60) == count
        assert (at(two, 1, 4), at(two, 5, 10), at(two, 51, 52)) == (f"{kind}2", f"U{BLOCK}", "00")


def test_the_seed_decides_the_data(tmp_path: Path) -> None:
    for name, seed in (("A", 1), ("B", 1), ("C", 2)):
        write_tape(str(tmp_path / name), "PAY001", "PAYROLL.DAILY", 1000, seed=seed)
    assert records(tmp_path / "A") == records(tmp_path / "B")
    assert records(tmp_path / "A") != records(tmp_path / "C")
