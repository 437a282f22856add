"""What a published tape has beside its bytes: what it keeps of its source, and what the target's policy gives it.

Kept are mode, time of last change and `user.*` attributes, the last two within what the target can hold. What no copy
keeps (ACLs, other attributes, hard links) is named, so that nobody finds it out when he needs it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_ATTRIBUTES = 64
"""User attributes of one tape that are kept, at most."""
MOST_BYTES = 64 << 10
"""Bytes of one tape's user attributes, names and values, that are kept, at most."""
USER = "user."
"""In front of the name of each attribute that is kept."""

ATTRIBUTES = "user attributes"
TOO_MANY = f"user attributes beyond {MOST_ATTRIBUTES}, or {MOST_BYTES >> 10} KiB"
ACLS = "ACLs"
OTHER = "other extended attributes"
LINKS = "hard links"
NOT_KEPT = (ATTRIBUTES, TOO_MANY, ACLS, OTHER, LINKS)
"""What a copy may not keep, in the words in which it is told."""


@dataclass(frozen=True)
class Metadata:
    """What a published tape is given beside its bytes."""

    mode: int
    mtime_ns: int
    owner: str | None = None
    """`user:group`, names or numbers as the machine there knows them; None: whoever writes it there."""
    attributes: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    """The source's user attributes, by their whole names."""


@dataclass(frozen=True)
class Extras:
    """What a source has beside its bytes, mode and time."""

    attributes: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    """Its user attributes, as far as they are kept."""
    lost: tuple[str, ...] = ()
    """What no copy keeps of it, of NOT_KEPT."""


NO_EXTRAS = Extras()


def bounded(attributes: Iterable[tuple[str, bytes]]) -> Extras:
    """The user attributes in their order, up to what is kept."""
    kept: dict[str, bytes] = {}
    room, lost = MOST_BYTES, False
    for name, value in attributes:
        size = len(name.encode("utf-8", "surrogateescape")) + len(value)
        if len(kept) < MOST_ATTRIBUTES and size <= room:
            kept[name] = value
            room -= size
        else:
            lost = True
    return Extras(kept, (TOO_MANY,) if lost else ())


def wish_to_json(metadata: Metadata) -> dict[str, Any]:
    """What a SEAL says beside mode and time. A receiver that does not know it does not answer that it was done."""
    return {**({} if metadata.owner is None else {"owner": metadata.owner}),
            **({} if not metadata.attributes else {"attributes": attributes_to_json(metadata.attributes)})}


def metadata_from_json(value: Mapping[str, Any]) -> Metadata:
    """What a SEAL asks for. Raise KeyError, TypeError or ValueError where it cannot be understood."""
    owner = value.get("owner")
    return Metadata(int(value["mode"]), int(value["mtime_ns"]), None if owner is None else str(owner),
                    attributes_from_json(value.get("attributes", {})))


def done_to_json(metadata: Metadata, lost: tuple[str, ...]) -> dict[str, Any]:
    """What a SEALED says beside the digest, where more than mode and time was asked for."""
    return {**({} if metadata.owner is None else {"owner": metadata.owner}),
            **({} if not metadata.attributes else {"lost": list(lost)})}


def attributes_to_json(attributes: Mapping[str, bytes]) -> dict[str, str]:
    """Attributes as they go over the wire."""
    return {name: base64.b64encode(value).decode("ascii") for name, value in attributes.items()}


def attributes_from_json(value: object) -> Mapping[str, bytes]:
    """The attributes that were sent: user attributes alone, within the bounds. Raise TypeError or ValueError."""
    if not isinstance(value, dict):
        raise TypeError("expected attributes")
    found = bounded((name, base64.b64decode(text, validate=True)) for name, text in value.items())
    if found.lost or any(not name.startswith(USER) or "\0" in name for name in found.attributes):
        raise ValueError("not user attributes, or too many")
    return found.attributes


def extras_to_json(extras: Extras) -> dict[str, Any]:
    """What is told of a tape that is opened to be read; nothing where there is nothing."""
    return {**({"attributes": attributes_to_json(extras.attributes)} if extras.attributes else {}),
            **({"lost": list(extras.lost)} if extras.lost else {})}


def extras_from_json(value: Mapping[str, Any]) -> Extras:
    """What was told. Raise TypeError or ValueError where it cannot be understood."""
    return Extras(attributes_from_json(value.get("attributes", {})), lost_from_json(value.get("lost")))


def lost_from_json(value: object) -> tuple[str, ...]:
    """What the other side says is not kept; words that are not ours are passed over."""
    said = value if isinstance(value, list) else []
    return tuple(each for each in NOT_KEPT if each in said)
