"""Which tapes of a pool were found damaged where they lie: one small file in the pool's work folder, mostly none.

Each tape's record says it, too, and decides; but nobody asks for the records of tapes that look as they did. A name in
the list only has its record asked for, so one that stays there too long harms nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from vtspolicy.policy.places import is_tape_name

FILE = "damaged"
"""Its name in the work folder."""
LARGEST = 1 << 20
"""Bytes of it that are read at most: some fifty thousand names. One that is longer was not written by us."""


def encode(names: Iterable[str]) -> bytes:
    """The content of the file."""
    return json.dumps(sorted(names)).encode()


def decode(content: bytes) -> frozenset[str]:
    """The names in it; none where it is not one of ours."""
    try:
        return from_json(json.loads(content))
    except (ValueError, TypeError, RecursionError):
        return frozenset()


def from_json(value: object) -> frozenset[str]:
    """The names of tapes in a list, whatever else it holds. Raise TypeError where it is no list."""
    if not isinstance(value, list):
        raise TypeError("expected a list of names")
    return frozenset(each for each in value if isinstance(each, str) and is_tape_name(each))
