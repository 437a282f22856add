"""The far side's own records: what is written comes back, and whatever else lies there is no record and no error."""

from __future__ import annotations

import dataclasses
import json
import random
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtspolicy.policy.places import Tape
from vtspolicy.systems import records
from vtspolicy.systems.facts import LATEST_NS, Identity, Record
from vtspolicy.systems.records import decode, encode, following, identity_from_json, identity_to_json, next_version

NUMBERS = st.integers(-(2**63), 2**63 - 1)
INODES = st.integers(-(2**63), 2**64 - 1)
TIMES = st.integers(1 - LATEST_NS, LATEST_NS - 1)
IDENTITIES = st.builds(Identity, st.integers(0, 2**63 - 1), TIMES, st.none() | INODES, st.none() | TIMES)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map("blake3:{}".format)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31)).map(lambda moment: moment.isoformat() + "Z")
RECORDS = st.builds(
    Record, TEXTS, DIGESTS, IDENTITIES, st.builds(Tape, TEXTS, TEXTS, TEXTS, TEXTS), TEXTS, IDENTITIES, MOMENTS, TEXTS,
    TEXTS, NUMBERS, st.booleans(), st.booleans(), st.none() | MOMENTS, st.none() | MOMENTS, st.none() | TEXTS,
    st.booleans()).map(
    lambda each: each if each.verified else dataclasses.replace(
        each, identity=dataclasses.replace(each.identity, ctime_ns=None)))
"""Without a proof nobody knows the ctime."""

ONE = Record("T1", "blake3:" + "1" * 64, Identity(5, 7, 11), Tape("here", "VAULT01", "PAYROLL", "T1"), "a" * 32,
             Identity(5, 7, 1, 2), "2026-11-22T01:30:00Z", "RUN1", "b" * 16, 1, True)
JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
                    max_leaves=6)


@given(st.lists(RECORDS, max_size=3))
def test_what_is_written_comes_back(given_records: list[Record]) -> None:
    content = encode(given_records)
    assert decode(content) == tuple(given_records)
    assert content.isascii()


def test_an_inode_of_64_bits_is_read_and_one_of_more_is_not() -> None:
    for inode in (2**63 + 5, 2**64 - 1):
        given = dataclasses.replace(ONE, identity=Identity(5, 7, inode))
        assert decode(encode([given])) == (given,)
    assert decode(encode([dataclasses.replace(ONE, identity=Identity(5, 7, 2**64))])) == ()
    assert decode(encode([dataclasses.replace(ONE, identity=Identity(2**63, 7, 11))])) == (), "only inodes are unsigned"


def test_the_form_of_the_file_does_not_change() -> None:
    """Records outlive releases: an older file must be read, a newer program must write this."""
    assert json.loads(encode([ONE])) == {"format": 1, "records": [{
        "tape": "T1", "version": 1, "digest": "blake3:" + "1" * 64,
        "identity": {"size": 5, "mtime_ns": 7, "inode": 11, "ctime_ns": None},
        "source": {"system": "here", "vault": "VAULT01", "pool": "PAYROLL", "tape": "T1", "vault_id": "a" * 32,
                   "identity": {"size": 5, "mtime_ns": 7, "inode": 1, "ctime_ns": 2}},
        "published": "2026-11-22T01:30:00Z", "run": "RUN1", "writer": "b" * 16, "durable": True}]}
    assert records.file_name("T1") == "T1.record"


@pytest.mark.parametrize("content", [
    b"", b"null", b"[]", b"{}", b"1", b'"x"', b"\xff\xfe", b"{", b'{"format": 2, "records": []}',
    b'{"format": 1}', b'{"format": 1, "records": 5}', b'{"format": 1, "records": [null]}',
    b'{"format": 1, "records": {"a": 1}}', b"[" * 100_000, b'{"format": NaN, "records": []}', b"9" * 50_000,
])
def test_what_is_no_record_file_holds_none(content: bytes) -> None:
    assert decode(content) == ()


@pytest.mark.parametrize(("path", "value"), [
    (("digest",), "blake3:short"), (("digest",), "sha256:" + "1" * 64), (("digest",), None),
    (("digest",), "blake3:" + "A" * 64), (("published",), "yesterday"), (("published",), "2026-11-22T01:30:00"),
    (("published",), "2026-99-22T01:30:00Z"), (("published",), 5), (("published",), "0001-01-01T00:00:00Z"),
    (("run",), "a\x1b[2Jb"), (("run",), "\u00e4"),
    (("run",), "x" * 1001), (("writer",), None), (("version",), True), (("version",), 2**63), (("version",), 1.0),
    (("tape",), ["T1"]), (("source",), None), (("source", "pool"), "a\nb"), (("source", "identity"), {}),
    (("identity", "size"), "5"), (("identity", "size"), 2**63), (("identity", "mtime_ns"), None),
    (("identity", "inode"), 1e3), (("identity",), []),
])
def test_one_wrong_value_makes_it_no_record(path: tuple[str, ...], value: object) -> None:
    whole = json.loads(encode([ONE]))
    place = whole["records"][0]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert decode(json.dumps(whole).encode()) == ()
    del place[path[-1]]
    assert decode(json.dumps(whole).encode()) == ()


def test_only_true_is_durable() -> None:
    whole = json.loads(encode([ONE]))
    whole["records"][0]["durable"] = 1
    assert [each.durable for each in decode(json.dumps(whole).encode())] == [False]


@given(JSON, st.sampled_from(["records", "format", "tape", "digest", "identity", "source", "published", "version"]))
def test_any_json_in_any_place_is_a_record_or_none(value: Any, key: str) -> None:
    whole = json.loads(encode([ONE]))
    (whole if key in whole else whole["records"][0])[key] = value
    assert all(isinstance(each, Record) for each in decode(json.dumps(whole).encode()))


def test_broken_files_never_raise() -> None:
    chance, whole = random.Random(1), encode([ONE, ONE])
    for _ in range(3000):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            where = chance.randrange(len(content))
            content[where:where + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        assert all(isinstance(each, Record) for each in decode(bytes(content)))


def test_the_record_that_fits_the_live_tape_stays_while_another_is_published() -> None:
    old = dataclasses.replace(ONE, identity=Identity(4, 6, 10))
    older = dataclasses.replace(ONE, identity=Identity(3, 5, 9))
    live = Identity(4, 6, 10, 99)
    assert following(ONE, (old, older), live) == (ONE, old)
    assert following(ONE, (older, old), live) == (ONE, old), "a publish that was killed before its rename"
    assert following(ONE, (old, old), live) == (ONE, old), "two are kept"
    assert following(ONE, (old, older), None) == (ONE,)
    assert following(ONE, (old,), Identity(4, 6, 11)) == (ONE,), "someone else's tape"
    assert following(ONE, (), live) == (ONE,)


def test_publishes_are_counted() -> None:
    assert next_version(()) == 1
    assert next_version((dataclasses.replace(ONE, version=3), dataclasses.replace(ONE, version=7))) == 8


@pytest.mark.parametrize("mtime", [9_223_372_046 * 10**9, -(10**19), 15_000_000_000 * 10**9])
def test_a_time_that_needs_more_than_64_bits_comes_back(mtime: int) -> None:
    identity = Identity(1, mtime, 2, mtime + 1)
    assert identity_from_json(json.loads(json.dumps(identity_to_json(identity)))) == identity


@pytest.mark.parametrize("wrong", [{"size": -1}, {"mtime_ns": 10**9 << 63}, {"ctime_ns": "1"}, {"mtime_ns": None}])
def test_an_identity_that_no_file_has_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        identity_from_json({"size": 1, "mtime_ns": 2, "inode": 3, "ctime_ns": 4, **wrong})
