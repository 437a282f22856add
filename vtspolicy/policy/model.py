"""What a policy of each kind holds. Each field's type, unit, default, meaning and example stand here, once.

The reader, the samples, `man 5` and the messages are made from these definitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from enum import StrEnum
from typing import Any, ClassVar

from vtspolicy.command.complaint import one_of
from vtspolicy.policy.places import Place, has_wildcard, is_name, parse_place
from vtspolicy.policy.places import is_template as _is_template
from vtspolicy.policy.units import parse_duration, parse_rate, parse_whole, spell_duration, spell_rate

_ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9._:%-]{0,252}", re.ASCII)


class Shape(StrEnum):
    """What a field holds in YAML: one text, one or several texts, or a mapping of texts."""

    TEXT = "text"
    LIST = "list"
    MAPPING = "mapping"


@dataclass(frozen=True, eq=False)
class FieldRule:
    """How a field is written, read and explained."""

    read: Callable[[str], Any]
    """One text to its value; raises ValueError with what was expected. For a mapping it reads each value."""
    what: str
    """Type and unit in a few words: `path`, `rate, such as 40 MiB/s`."""
    doc: str
    example: str | tuple[str, ...] | Mapping[str, str]
    shape: Shape = Shape.TEXT
    required: bool = False
    key: str | None = None
    """The YAML key where it is not the attribute's name with `-` for `_`."""
    read_key: Callable[[str], Any] | None = None
    """For a mapping: reads each key."""
    write: Callable[[Any], str] = str
    """One value to the text that `read` takes."""


def _text(text: str) -> str:
    if len(text) > 200:
        raise ValueError("expected at most 200 characters")
    return text


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("expected a name: a letter or digit, then up to 31 of A-Z a-z 0-9 _ . -")
    return text


def _template(text: str) -> str:
    if not _is_template(text):
        raise ValueError("expected a name or template of A-Z a-z 0-9 _ . - * ?")
    return text


def _command(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a command")
    return _text(text)


def _path(text: str) -> str:
    trimmed = text.rstrip("/")
    if not text.startswith("/") or any(part in ("", ".", "..") for part in trimmed.split("/")[1:]):
        raise ValueError("expected an absolute path without . or .. and with single /")
    if len(text) > 1000:
        raise ValueError("expected at most 1000 characters")
    return trimmed or "/"


def _stall(text: str) -> float:
    seconds = parse_duration(text)
    if not 1 <= seconds <= 3600:
        raise ValueError("expected a time from 1 s to 1 h")
    return seconds


def _source(text: str) -> Place:
    place = parse_place(text, templates=True)
    if place.pool is None or place.tape is not None:
        raise ValueError("expected a pool: /vault/pool")
    if has_wildcard(place.vault):
        raise ValueError("expected one vault (a template stands for pools alone)")
    return place


def _target(text: str) -> Place:
    place = parse_place(text, placeholder=True)
    if place.pool is None or place.tape is not None:
        raise ValueError("expected a pool on a system: vts2:/vault/pool, or vts2:/vault/{pool}")
    if place.system is None:
        raise ValueError("expected the target's system in front: vts2:/vault/pool")
    return place


def _address(text: str) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("expected a host name or an IP address")
    if ":" in text:
        from ipaddress import IPv6Address

        try:
            IPv6Address(text)
        except ValueError:
            raise ValueError("expected a host name or an IP address; a port stands under the key port") from None
    return text


def _user(text: str) -> str:
    if not is_name(text):
        raise ValueError("expected a login name")
    return text


def _choice(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected {one_of(words)}")
        return text

    return read


def _yes_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("expected yes or no")
    return text == "yes"


def _zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError("expected a time zone that this machine knows, such as Europe/Berlin") from None
    return text


def _rule(**words: Any) -> Any:
    default = words.pop("default", ...)
    rule = FieldRule(**words)
    if default is ...:
        return field(metadata={"rule": rule})
    return field(default=default, metadata={"rule": rule})


def _spell_yes_no(value: bool) -> str:
    return "yes" if value else "no"


_NOTE = {"read": _text, "what": "text", "doc": "What the policy is for, in your own words.", "default": ""}


@dataclass(frozen=True, kw_only=True)
class System:
    """A VTS server, this one or one reached by SSH; it owns vaults."""

    kind: ClassVar[str] = "system"
    name: str = _rule(read=_name, what="name", doc="The system's name in paths and sentences.",
                      example="vts2", required=True)
    note: str = _rule(**_NOTE, example="the second site")
    address: str | None = _rule(
        read=_address, what="host name or IP address", default=None, example="vts2.example.com",
        doc="Where the system is reached by SSH. Without it the system is this machine.")
    port: int = _rule(read=lambda text: parse_whole(text, 1, 65535), what="TCP port", default=22, example="22",
                      doc="The SSH server's port.")
    user: str | None = _rule(read=_user, what="login name", default=None, example="vts",
                             doc="Whom to log in as. Needed with an address.")
    key: str | None = _rule(
        read=_path, what="path", default=None, example="/etc/vtspolicy/keys/vts2",
        doc="The private key to log in with: mode 0600, no passphrase. Needed with an address.")
    far_end: str = _rule(
        read=_choice("auto", "receiver", "sftp"), what="auto, receiver or sftp", default="auto", example="auto",
        doc="What answers there: vtspolicy receive, or plain SFTP. auto asks, and remembers: a system that once "
            "answered as receiver is never silently taken for plain SFTP.")
    receiver: str = _rule(
        read=_command, what="command", default="vtspolicy", example="/opt/vtspolicy/bin/vtspolicy",
        doc="How vtspolicy is called over there, where no forced command decides it.")
    stall: float = _rule(
        read=_stall, write=spell_duration, what="time, such as 60 s", default=60.0, example="60 s",
        doc="A link that is silent for longer is given up.")
    vaults: Mapping[str, str] = _rule(
        read=_path, read_key=_name, what="vault: absolute path", shape=Shape.MAPPING, required=True,
        example={"VAULT01": "/srv/vts/VAULT01", "VAULT02": "/srv/vts/VAULT02"},
        doc="The system's vaults and the directories that hold them.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class _Copying:
    """What schemes and AutoCopy pools have in common."""

    exclude: tuple[str, ...] = _rule(
        read=_template, what="pool names or templates", shape=Shape.LIST, default=(), key="except",
        example=("SCRATCH*",), doc="Pools that a template above selects and that are left out.")
    to: tuple[Place, ...] = _rule(
        read=_target, what="pools on systems", shape=Shape.LIST, required=True, example=("vts2:/VAULT02/PAYROLL",),
        doc="Where to copy: one target or several. {pool} stands for the source pool's name.")
    tapes: tuple[str, ...] = _rule(
        read=_template, what="tape names or templates", shape=Shape.LIST, default=("*",), example=("*",),
        doc="Which tapes of the pool.")
    rate: int | None = _rule(
        read=parse_rate, write=spell_rate, what="rate, such as 40 MiB/s", default=None, example="40 MiB/s",
        doc="At most so many bytes per second to each target. Without it there is no limit.")


@dataclass(frozen=True, kw_only=True)
class Scheme(_Copying):
    """An Instant DR backup scheme: pools and their targets, run on demand."""

    kind: ClassVar[str] = "scheme"
    name: str = _rule(read=_name, what="name", doc="The scheme's name in sentences.", example="NIGHTLY",
                      required=True)
    note: str = _rule(**_NOTE, example="payroll tapes to the second site")
    source: tuple[Place, ...] = _rule(
        read=_source, what="pools", shape=Shape.LIST, required=True, key="from", example=("/VAULT01/PAYROLL",),
        doc="The pools to copy; * and ? make a template.")


@dataclass(frozen=True, kw_only=True)
class AutoCopy(_Copying):
    """A watched pool: each tape is copied after the host modified and dismounted it."""

    kind: ClassVar[str] = "autocopy"
    name: str = _rule(read=_name, what="name", doc="The AutoCopy policy's name in sentences.", example="PAYROLL",
                      required=True)
    note: str = _rule(**_NOTE, example="payroll tapes, as soon as they are written")
    source: tuple[Place, ...] = _rule(
        read=_source, what="pools", shape=Shape.LIST, required=True, key="pool", example=("/VAULT01/PAYROLL",),
        doc="The pools to watch; * and ? make a template.")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for everything. At most one file."""

    kind: ClassVar[str] = "settings"
    name: str = _rule(read=_name, what="name", doc="Any name.", example="SETTINGS", required=True)
    note: str = _rule(**_NOTE, example="what holds for everything")
    zone: str | None = _rule(
        read=_zone, what="time zone", default=None, example="Europe/Berlin",
        doc="The zone of times that people read and write. Without it, the machine's.")
    unique_names: bool = _rule(
        read=_yes_no, write=_spell_yes_no, what="yes or no", default=True, example="yes",
        doc="Refuse a tape whose name exists in another pool of the target "
            "(the rule of VTS 8.2, Supplemental Installation Guide p.27).")


Policy = System | Scheme | AutoCopy | Settings
KINDS: Mapping[str, type[System] | type[Scheme] | type[AutoCopy] | type[Settings]] = {
    kind.kind: kind for kind in (System, Scheme, AutoCopy, Settings)}

NOT_BUILT: Mapping[str, tuple[str, ...]] = {
    "system": ("via", "owner", "mode", "create-pool", "companions", "staging"),
    "scheme": ("schedule", "window", "guard", "retry", "keep", "compress", "verify"),
    "autocopy": ("guard", "retry", "keep", "compress", "follow", "verify"),
    "settings": ("retry",),
}
"""Keys that are planned for a kind and do nothing yet: the reader says so instead of guessing."""
KINDS_NOT_BUILT = ("host", "handler", "access")


@dataclass(frozen=True)
class Field:
    """A field of a kind, with the name it has in Python and the key it has in YAML."""

    attribute: str
    key: str
    rule: FieldRule
    default: Any

    @property
    def keyword(self) -> str:
        """The attribute's keyword in a sentence."""
        return self.key.upper()


def fields_of(kind: str) -> tuple[Field, ...]:
    """The fields of a kind in the order in which a policy is written: name, note, what, where to, the rest."""
    found = [
        Field(each.name, each.metadata["rule"].key or each.name.replace("_", "-"), each.metadata["rule"], each.default)
        for each in dataclass_fields(KINDS[kind])
    ]
    first = ("name", "note", "from", "pool", "except", "to")
    return tuple(sorted(found, key=lambda each: first.index(each.key) if each.key in first else len(first)))
