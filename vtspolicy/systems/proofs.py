"""What a system last read of a tape that it keeps: a small file `<tape>.proof` beside its record.

A record is written before the rename, so it cannot know the ctime, by which every later hand in the tape shows. The
proof is written when the tape has its name, and again by each VERIFY. It is not fsynced: without it, the tape is read
again before anybody calls it safe. That other bytes were found is written into the record itself, and lasts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from vtspolicy.errors import Refusal
from vtspolicy.policy.places import Tape
from vtspolicy.systems.facts import Identity, Record
from vtspolicy.systems.records import (
    digest_from_json,
    identity_from_json,
    identity_to_json,
    moment_from_json,
)

FORMAT = 1
LARGEST = 4096
"""Bytes of a proof that are read at most; ours have some two hundred."""


@dataclass(frozen=True)
class Proof:
    """That a tape was read, and what it was then."""

    digest: str
    identity: Identity
    verified: str
    """UTC, RFC 3339."""


def file_name(tape: str) -> str:
    """The proof's name in the work folder."""
    return tape + ".proof"


def encode(proof: Proof) -> bytes:
    """The content of a proof's file."""
    return json.dumps({"format": FORMAT, "digest": proof.digest, "identity": identity_to_json(proof.identity),
                       "verified": proof.verified}).encode()


def decode(content: bytes) -> Proof | None:
    """The proof that a file holds; None where it is not one of ours, or was cut."""
    try:
        value = json.loads(content)
        if value["format"] != FORMAT:
            return None
        return Proof(digest_from_json(value["digest"]), identity_from_json(value["identity"]),
                     moment_from_json(value["verified"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def proven(records: tuple[Record, ...], proof: Proof | None) -> tuple[Record, ...]:
    """The records, and in the one that the proof is about what it says."""
    if proof is None:
        return records
    return tuple(replace(each, identity=proof.identity, verified=proof.verified)
                 if each.damaged is None and each.digest == proof.digest and each.identity.fits(proof.identity)
                 else each for each in records)


def judged(records: tuple[Record, ...], read: Proof) -> tuple[Record, ...]:
    """The records after their tape was read: the one that it should be says whether other bytes were found."""
    return tuple(replace(each, damaged=None if each.digest == read.digest else each.damaged or read.verified)
                 if each.identity.fits(read.identity) else each for each in records)


def is_about(records: tuple[Record, ...], read: Proof) -> bool:
    """Whether what was read is what one of the records says."""
    return any(each.identity.fits(read.identity) and each.digest == read.digest for each in records)


def just_read(last: tuple[Tape, Proof] | None, tape: Tape, record: Record) -> Proof:
    """What a system read last, of which a record is to be kept. Raise Refusal where the record tells of something
    else: nobody's word is taken for bytes that were not read here."""
    if last is None or last[0] != tape or last[1].digest != record.digest or record.tape != tape.name:
        raise Refusal(f"{tape}: the record is not of what was read last", tape=str(tape), system=tape.system)
    return replace(last[1], verified=record.published)
