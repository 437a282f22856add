"""The tape makers: Hercules' own programs read the images back, and the same seed makes the same bytes."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tests.support import tapes


@pytest.mark.parametrize("compression", ["-z", "-b", "-d"])
def test_hercules_reads_its_images(tmp_path: Path, hercules: str, compression: str) -> None:
    items = [tapes.data_set("PAYROLL.MARCH", seed=1), tapes.data_set("LEDGER", blocks=2, size=800, seed=2)]
    image = tapes.hercules_image(tmp_path / "PAY001", "PAY001", items, compression=compression)
    told = tapes.hercules_map(image)
    assert "PAYROLL.MARCH" in told
    assert "PAY001" in told
    for number, item in enumerate(items, 1):
        assert tapes.hercules_file(image, number, tmp_path / "out") == b"".join(item.blocks)
    assert sorted(os.listdir(tmp_path)) == ["PAY001", "out"]


def test_a_scratch_tape_has_its_volume_label(tmp_path: Path, hercules: str) -> None:
    image = tapes.hercules_scratch(tmp_path / "T00001", "T00001")
    assert "T00001" in tapes.hercules_map(image)
    plain = tapes.hercules_scratch(tmp_path / "T00002", "T00002", compressed=False)
    assert "VOL1T00002".encode("cp037") in plain.read_bytes()


def test_images_are_the_same_each_time(tmp_path: Path, hercules: str) -> None:
    items = [tapes.data_set("A", seed=7)]
    one = tapes.hercules_image(tmp_path / "one", "VOL001", items)
    two = tapes.hercules_image(tmp_path / "two", "VOL001", items)
    assert tapes.digest(one) == tapes.digest(two)


def test_a_simh_image_is_framed(tmp_path: Path) -> None:
    items = [tapes.DataSet("ODD", [b"123", b"4567"])]
    blob = tapes.simh_image(tmp_path / "simh", "ANSI01", items).read_bytes()
    records, at = [], 0
    while at < len(blob):
        (length,) = struct.unpack_from("<I", blob, at)
        records.append(blob[at + 4 : at + 4 + length])
        assert not length or struct.unpack_from("<I", blob, at + 4 + length + length % 2) == (length,)
        at += 8 + length + length % 2 if length else 4
    assert records[0].startswith(b"VOL1ANSI01")
    assert [record[:4] for record in records[1:]] == [
        b"HDR1", b"HDR2", b"", b"123", b"4567", b"", b"EOF1", b"EOF2", b"", b""
    ]  # fmt: skip
    assert all(len(record) == 80 for record in records if record[:3] in (b"VOL", b"HDR", b"EOF"))
    raw = tapes.raw_image(tmp_path / "raw", "ANSI01", items).read_bytes()
    assert raw == b"".join(records)


def test_awkward_sizes(tmp_path: Path) -> None:
    assert tapes.empty(tmp_path / "zero").stat().st_size == 0
    assert tapes.one_byte(tmp_path / "one").read_bytes() == b"T"
    big = tapes.sparse_tape(tmp_path / "big")
    assert big.stat().st_size == 4 * 1024**3 + 1
    assert big.stat().st_blocks * 512 < 1 << 20
    assert tapes.random_tape(tmp_path / "random", tapes.MIB + 5, 3).read_bytes() != bytes(tapes.MIB + 5)


def test_a_pool_and_its_digests(tmp_path: Path) -> None:
    made = tapes.pool(tmp_path / "a" / "pool", 5, seed=1)
    assert [path.name for path in made] == ["T00000", "T00001", "T00002", "T00003", "T00004"]
    tapes.pool(tmp_path / "b" / "pool", 5, seed=1)
    (tmp_path / "a" / "pool" / ".vtspolicy").mkdir()
    (tmp_path / "a" / "pool" / ".vtspolicy" / "part").write_bytes(b"")
    (tmp_path / "a" / "pool" / "link").symlink_to("T00000")
    source, target = tapes.digests(tmp_path / "a"), tapes.digests(tmp_path / "b")
    assert len(set(source.values())) == 5
    assert "pool/.vtspolicy/part" in tapes.digests(tmp_path / "a", hidden=True)
    tapes.assert_equal(source, target)
    with pytest.raises(AssertionError, match="pool/T00000 differs"):
        tapes.assert_equal(source, {**target, "pool/T00000": "other"})
    with pytest.raises(AssertionError, match="pool/T00001 is missing"):
        tapes.assert_equal(source, {name: value for name, value in target.items() if name != "pool/T00001"})
    with pytest.raises(AssertionError, match="no tape at all"):
        tapes.assert_equal({}, {})
