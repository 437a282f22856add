"""The form of the far side's own record: a small JSON file `<tape>.record` in the pool's work folder.

It holds the newest records of the tape, newest first. Two are kept: the one whose publish may still be under way,
and the one before, which fits the live tape until the rename.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from vtspolicy.policy.places import Tape, is_tape_name
from vtspolicy.systems.facts import LATEST_NS, Identity, Record

FORMAT = 1
KEPT = 2
_DIGEST = re.compile(r"blake3:[0-9a-f]{64}", re.ASCII)
LARGEST = 1 << 16
"""Bytes of a record file that are read at most; ours have about one thousand."""


_SUFFIX = ".record"


def file_name(tape: str) -> str:
    """The record file's name in the work folder."""
    return tape + _SUFFIX


def names_in(listing: Iterable[str]) -> tuple[str, ...]:
    """The tapes whose record files a listing of the work folder shows, sorted."""
    return tuple(sorted(name for each in listing if each.endswith(_SUFFIX)
                        and is_tape_name(name := each.removesuffix(_SUFFIX))))


def identity_to_json(identity: Identity) -> dict[str, Any]:
    """An identity as it goes into records and over the wire."""
    return {"size": identity.size, "mtime_ns": identity.mtime_ns, "inode": identity.inode,
            "ctime_ns": identity.ctime_ns}


def identity_from_json(value: Mapping[str, Any]) -> Identity:
    """Raise KeyError, TypeError or ValueError where the value is not an identity."""
    return Identity(_size(value["size"]), _time_ns(value["mtime_ns"]), _inode(value["inode"]),
                    None if value["ctime_ns"] is None else _time_ns(value["ctime_ns"]))


def record_to_json(record: Record) -> dict[str, Any]:
    """A record as it goes into its file and over the wire."""
    source = record.source
    return {
        "tape": record.tape, "version": record.version, "digest": record.digest,
        "identity": identity_to_json(replace(record.identity, ctime_ns=None)),
        "source": {"system": source.system, "vault": source.vault, "pool": source.pool, "tape": source.name,
                   "vault_id": record.source_vault, "identity": identity_to_json(record.source_identity)},
        "published": record.published, "run": record.run, "writer": record.writer, "durable": record.durable,
        **({} if record.proven else {"proven": False}),
        **({} if record.damaged is None else {"damaged": record.damaged}),
        **({"hasty": True} if record.hasty else {}),
        **({} if record.accompanies is None else {"accompanies": record.accompanies}),
        **({} if record.verified is None else {"proof": {"identity": identity_to_json(record.identity),
                                                         "verified": record.verified}}),
    }


def record_from_json(value: Mapping[str, Any]) -> Record:
    """Raise KeyError, TypeError or ValueError where the value is not a record."""
    source, proof = value["source"], value.get("proof")
    return Record(
        tape=_text(value["tape"]), digest=digest_from_json(value["digest"]),
        identity=identity_from_json(value["identity"] if proof is None else proof["identity"]),
        source=Tape(_text(source["system"]), _text(source["vault"]), _text(source["pool"]), _text(source["tape"])),
        source_vault=_text(source["vault_id"]), source_identity=identity_from_json(source["identity"]),
        published=moment_from_json(value["published"]), run=_text(value["run"]), writer=_text(value["writer"]),
        version=_whole(value["version"]), durable=value["durable"] is True,
        proven=value.get("proven") is not False, damaged=_moment_or_none(value.get("damaged")),
        verified=None if proof is None else moment_from_json(proof["verified"]),
        accompanies=None if value.get("accompanies") is None else _text(value["accompanies"]),
        hasty=value.get("hasty") is True)


def encode(records: Iterable[Record]) -> bytes:
    """The content of a record file."""
    return json.dumps({"format": FORMAT, "records": [record_to_json(each) for each in records]}, indent=1).encode()


def decode(content: bytes) -> tuple[Record, ...]:
    """The records of a file, newest first; none where it is not one of ours: then the tape counts as unknown."""
    try:
        value = json.loads(content)
        if value["format"] != FORMAT:
            return ()
        return tuple(record_from_json(each) for each in value["records"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def decode_of(tape: str, content: bytes) -> tuple[Record, ...]:
    """The same, without what tells of another tape: a file may come back under a wrong name."""
    return tuple(each for each in decode(content) if each.tape == tape)


def following(record: Record, earlier: tuple[Record, ...], live: Identity | None) -> tuple[Record, ...]:
    """What the file holds while `record` is being published over a tape that is `live` now.

    The record that fits the live tape stays, so that a kill before the rename leaves a tape with its record.
    """
    fitting = [each for each in earlier if live is not None and each.identity.fits(live)]
    return (record, *fitting[: KEPT - 1])


def adopting(record: Record, live: Identity, earlier: tuple[Record, ...]) -> tuple[Record, ...]:
    """What the file holds once the `live` tape, which others brought there, counts as the copy that `record` tells
    of. A record that told the same before is forgotten."""
    told = record.source_vault, record.source, record.digest
    others = tuple(each for each in earlier if (each.source_vault, each.source, each.digest) != told)
    own = replace(record, identity=replace(live, ctime_ns=None), version=next_version(earlier), damaged=None,
                  verified=None)
    return following(own, others, live)


def next_version(earlier: tuple[Record, ...]) -> int:
    """The number of the publish that comes now."""
    return 1 + max((each.version for each in earlier), default=0)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 1000 or not (value.isascii() and value.isprintable()):
        raise TypeError("expected a text of printable ASCII")
    return value


def digest_from_json(value: object) -> str:
    """Raise TypeError or ValueError where the value is no digest."""
    text = _text(value)
    if not _DIGEST.fullmatch(text):
        raise ValueError("expected a digest")
    return text


def _moment_or_none(value: object) -> str | None:
    return None if value is None else moment_from_json(value)


def moment_from_json(value: object) -> str:
    """Raise TypeError or ValueError where the value is no moment in UTC."""
    text = _text(value)
    if not text.endswith("Z"):
        raise ValueError("expected a time in UTC")
    if not 1970 <= datetime.fromisoformat(text).year < 9000:
        raise ValueError("expected a time that every zone has")
    return text


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise TypeError("expected a whole number")
    return value


def _size(value: object) -> int:
    if _whole(value) < 0:
        raise ValueError("expected a size")
    return _whole(value)


def _time_ns(value: object) -> int:
    """Nanoseconds since 1970. File systems hold more seconds than fit into 64 bits as nanoseconds (the year 2262)."""
    if not isinstance(value, int) or isinstance(value, bool) or not abs(value) < LATEST_NS:
        raise TypeError("expected a time in nanoseconds")
    return value


def _inode(value: object) -> int | None:
    """Some file systems use all 64 bits, without sign."""
    if isinstance(value, int) and 2**63 <= value < 2**64:
        return value
    return None if value is None else _whole(value)
