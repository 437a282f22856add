"""Copies as rows: one for each pair of source tape and target tape."""

from __future__ import annotations

import re
from typing import Any

from vtspolicy.catalog.schema import whole
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.facts import LATEST_NS, Identity

_NUMBER = re.compile(r"-?[0-9]{1,29}", re.ASCII)


def pool_key(pool: Pool) -> tuple[str, str, str]:
    """The pool as a query takes it."""
    return pool.system, pool.vault, pool.name


def place_key(place: Pool | Vault) -> tuple[str, str, str]:
    """A pool, or a vault as one without a name, as a query takes it."""
    return pool_key(place) if isinstance(place, Pool) else (place.system, place.name, "")


def tape_key(tape: Tape) -> tuple[str, str, str, str]:
    """The tape as a query takes it."""
    return tape.system, tape.vault, tape.pool, tape.name


def row_of(copy: Copy) -> tuple[Any, ...]:
    """The copy as SAVE_COPY takes it. Raise ValueError where a number is out of range."""
    return (*tape_key(copy.target), *tape_key(copy.source),
            copy.digest, whole(copy.size, "the size"), _text_of(copy.source_identity), _text_of(copy.target_identity),
            copy.copied, copy.verified, copy.trusted, int(copy.durable), copy.run, copy.reason, copy.failed,
            copy.doubted, _text_of(copy.released), copy.accepted, int(copy.hasty))


def copy_of(row: tuple[Any, ...]) -> Copy:
    """The copy that a row holds. Raise ValueError or TypeError where it cannot be what was stored."""
    (target_system, target_vault, target_pool, target_tape, source_system, source_vault, source_pool, source_tape,
     digest, size, source_identity, target_identity, copied, verified, trusted, durable, run, reason, failed,
     doubted, released, accepted, hasty) = row
    texts = (*row[:8], copied, verified, trusted, digest, run, reason, failed, doubted, accepted)
    if not all(text is None or isinstance(text, str) for text in texts) or not isinstance(size, int):
        raise TypeError("a column of a copy has the wrong type")
    return Copy(
        source=Tape(source_system, source_vault, source_pool, source_tape),
        target=Tape(target_system, target_vault, target_pool, target_tape),
        digest=digest, size=size,
        source_identity=_identity_of(source_identity), target_identity=_identity_of(target_identity),
        copied=copied, verified=verified, trusted=trusted, durable=bool(durable),
        run=run, reason=reason, failed=failed,
        doubted=doubted, released=_identity_of(released), accepted=accepted, hasty=bool(hasty))


def _text_of(identity: Identity | None) -> str | None:
    """`size mtime_ns inode ctime_ns`, with `-` for what is not known."""
    if identity is None:
        return None
    numbers = (identity.size, identity.mtime_ns, identity.inode, identity.ctime_ns)
    for number in numbers:
        if number is not None and abs(number) >= LATEST_NS:
            raise ValueError(f"the number {number} of an identity is out of range")
    return " ".join("-" if number is None else str(int(number)) for number in numbers)


def _identity_of(text: str | None) -> Identity | None:
    if text is None:
        return None
    size, mtime_ns, inode, ctime_ns = text.split(" ")
    return Identity(_number(size), _number(mtime_ns), None if inode == "-" else _number(inode),
                    None if ctime_ns == "-" else _number(ctime_ns))


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("an identity is not four numbers")
    return int(text)
