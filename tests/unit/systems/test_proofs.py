"""Proofs beside the records: what was last read of a tape, believed only where all of it fits."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tests.unit.systems.test_records import ONE
from vtspolicy.systems.facts import Identity
from vtspolicy.systems.proofs import Proof, decode, encode, file_name, is_about, judged, proven

THERE = dataclasses.replace(ONE.identity, ctime_ns=99)
PROOF = Proof(ONE.digest, THERE, "2026-11-23T01:30:00Z")
OTHER = "blake3:" + "2" * 64
BEFORE = dataclasses.replace(ONE, identity=Identity(4, 6, 10), digest=OTHER)


def test_the_form_of_the_file_does_not_change() -> None:
    assert json.loads(encode(PROOF)) == {
        "format": 1, "digest": ONE.digest, "verified": "2026-11-23T01:30:00Z",
        "identity": {"size": 5, "mtime_ns": 7, "inode": 11, "ctime_ns": 99}}
    assert decode(encode(PROOF)) == PROOF
    assert file_name("T1") == "T1.proof"


@pytest.mark.parametrize("content", [
    b"", b"{", encode(PROOF)[:-1], encode(PROOF).replace(b'"format": 1', b'"format": 2'), b"[]", b"1", b"\xff",
    encode(dataclasses.replace(PROOF, digest="x")), encode(dataclasses.replace(PROOF, verified="yesterday")),
    b"[" * 4000])
def test_what_is_no_proof_proves_nothing(content: bytes) -> None:
    assert decode(content) is None


def test_a_proof_tells_of_the_record_that_it_fits() -> None:
    told = dataclasses.replace(ONE, identity=THERE, verified=PROOF.verified)
    assert proven((ONE, BEFORE), PROOF) == (told, BEFORE)
    assert proven((BEFORE, ONE), PROOF) == (BEFORE, told), "a kill before the rename leaves the newer record first"


@pytest.mark.parametrize("proof", [
    None, dataclasses.replace(PROOF, digest=OTHER),
    *(dataclasses.replace(PROOF, identity=dataclasses.replace(THERE, **{key: 1000}))
      for key in ("size", "mtime_ns", "inode"))])
def test_one_that_does_not_fit_is_none(proof: Proof | None) -> None:
    assert proven((ONE,), proof) == (ONE,)


def test_what_was_found_damaged_is_not_proven_by_an_older_reading() -> None:
    damaged = dataclasses.replace(ONE, damaged="2026-11-24T01:30:00Z")
    assert proven((damaged,), PROOF) == (damaged,)


def test_a_reading_judges_the_record_of_what_was_read() -> None:
    wrong = dataclasses.replace(PROOF, digest=OTHER)
    damaged = dataclasses.replace(ONE, damaged=PROOF.verified)
    assert judged((ONE, BEFORE), wrong) == (damaged, BEFORE)
    assert judged((damaged,), dataclasses.replace(wrong, verified="2026-11-25T01:30:00Z")) == (damaged,), "since then"
    assert judged((damaged,), PROOF) == (ONE,)
    assert judged((BEFORE,), PROOF) == (BEFORE,), "of another tape it says nothing"
    assert is_about((ONE,), PROOF)
    assert not is_about((ONE,), wrong)
    assert not is_about((BEFORE,), PROOF)
