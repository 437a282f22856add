"""The form of a freeze's marker, and how it is told. The marker is a small JSON file: that it is there freezes, even
where nobody can read what it says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vtspolicy.errors import Frozen
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.facts import Freeze
from vtspolicy.systems.files import legible, moment

LARGEST = 4096
"""Bytes of a marker that are read at most; ours have some hundred."""
_TEXT = 200
"""Characters of each text of a marker that are shown, at most."""


def begun(reason: str, by: str | None = None) -> Freeze:
    """A freeze that begins now; by the user of this process where nobody else is named."""
    import socket

    return Freeze(moment(), by or f"{_user()}@{socket.gethostname()}", reason)


def _user() -> str:
    import getpass
    import os

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        return str(os.geteuid())


def encode(freeze: Freeze) -> bytes:
    """The content of a marker."""
    return json.dumps(to_json(freeze), indent=1).encode() + b"\n"


def decode(content: bytes) -> Freeze:
    """The freeze that a marker stands for; what it does not say is `?`."""
    try:
        found = from_json(json.loads(content))
    except (ValueError, RecursionError):
        found = None
    return found or Freeze("?", "?", "the marker cannot be read")


def to_json(freeze: Freeze | None) -> dict[str, str] | None:
    """A freeze as it goes into markers and over the wire; None where there is none."""
    return None if freeze is None else {"since": freeze.since, "by": freeze.by, "reason": freeze.reason}


def from_json(value: object) -> Freeze | None:
    """The freeze that was sent; None where none was. Whatever else was sent counts as one: it is never an error."""
    if value is None:
        return None
    said: Mapping[str, Any] = value if isinstance(value, dict) else {}
    since, by, reason = (legible(text, _TEXT) if isinstance(text := said.get(key), str) else "?"
                         for key in ("since", "by", "reason"))
    return Freeze(since if _is_moment(since) else "?", by, "" if reason == "?" else reason)


def refusal(place: Pool | Vault, freeze: Freeze) -> Frozen:
    """The failure of whoever would publish there."""
    what = "pool" if isinstance(place, Pool) else "vault"
    return Frozen(f"{what} {place} is frozen {told(freeze)}", system=place.system)


def told(freeze: Freeze) -> str:
    """Since when and by whom, and why if that was said. The time is UTC: both sides read the same."""
    since = freeze.since[:16].replace("T", " ") + " UTC" if _is_moment(freeze.since) else "a time that is not known"
    return f"since {since} by {freeze.by}" + (f": {freeze.reason}" if freeze.reason else "")


def _is_moment(text: str) -> bool:
    try:
        return text.endswith("Z") and 1970 <= datetime.fromisoformat(text).year < 9000
    except ValueError:
        return False
