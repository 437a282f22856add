"""How each field's text becomes its value. All raise ValueError with what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable

from vtspolicy.command.complaint import one_of
from vtspolicy.policy.places import Place, has_wildcard, is_name, is_template, parse_place
from vtspolicy.policy.units import parse_duration, parse_percent

_ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9._:%-]{0,252}", re.ASCII)


def words(text: str) -> str:
    if len(text) > 200:
        raise ValueError("expected at most 200 characters")
    return text


def reason(text: str) -> str:
    """A text that says something."""
    if not text.strip():
        raise ValueError("expected a text that says why")
    return words(text)


def name(text: str) -> str:
    if not is_name(text):
        raise ValueError("expected a name: a letter or digit, then up to 31 of A-Z a-z 0-9 _ . -")
    return text


def template(text: str) -> str:
    if not is_template(text):
        raise ValueError("expected a name or template of A-Z a-z 0-9 _ . - * ?")
    return text


def command(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a command")
    return words(text)


def path(text: str) -> str:
    trimmed = text.rstrip("/")
    if not text.startswith("/") or any(part in ("", ".", "..") for part in trimmed.split("/")[1:]):
        raise ValueError("expected an absolute path without . or .. and with single /")
    if len(text) > 1000:
        raise ValueError("expected at most 1000 characters")
    return trimmed or "/"


def stall(text: str) -> float:
    seconds = parse_duration(text)
    if not 1 <= seconds <= 3600:
        raise ValueError("expected a time from 1 s to 1 h")
    return seconds


def source(text: str) -> Place:
    place = parse_place(text, templates=True)
    if place.pool is None or place.tape is not None:
        raise ValueError("expected a pool: /vault/pool")
    if has_wildcard(place.vault):
        raise ValueError("expected one vault (a template stands for pools alone)")
    return place


def target(text: str) -> Place:
    place = parse_place(text, placeholder=True)
    if place.pool is None or place.tape is not None:
        raise ValueError("expected a pool on a system: vts2:/vault/pool, or vts2:/vault/{pool}")
    if place.system is None:
        raise ValueError("expected the target's system in front: vts2:/vault/pool")
    return place


def address(text: str) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("expected a host name or an IP address")
    if ":" in text:
        from ipaddress import IPv6Address

        try:
            IPv6Address(text)
        except ValueError:
            raise ValueError("expected a host name or an IP address; a port stands under the key port") from None
    return text


def user(text: str) -> str:
    if not is_name(text):
        raise ValueError("expected a login name")
    return text


def companion(text: str) -> str:
    """A template for the names of a tape's companions."""
    before, found, after = text.partition("{tape}")
    if not found or not before + after or not is_name(f"{before}T{after}") or "{" in after:
        raise ValueError("expected a name with {tape} in it, and more, such as {tape}.meta")
    return text


_OWNER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", re.ASCII)


def owner(text: str) -> str:
    """User and group, names or numbers."""
    if _OWNER.fullmatch(text) is None:
        raise ValueError("expected user:group, names or numbers, such as vts:vts")
    return text


def choice(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected {one_of(choices)}")
        return text

    return read


def yes_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("expected yes or no")
    return text == "yes"


def zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError("expected a time zone that this machine knows, such as Europe/Berlin") from None
    return text


GUARDS = ("empty-source", "at-most-gone", "shrunk-to")
"""What a scheme's guard may hold."""


def guard(key: str, text: str) -> int | str:
    """The value of one of the GUARDS: percent, or for an empty source the one word that it may have."""
    return choice("refuse")(text) if key == "empty-source" else parse_percent(text)


def spell_guard(value: int | str) -> str:
    """The text that `guard` reads."""
    return value if isinstance(value, str) else f"{value} %"
