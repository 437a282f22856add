"""What a policy of each kind holds. Each field's type, unit, default, meaning and example stand here, once.

The reader, the samples, `man 5` and the messages are made from these definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from dataclasses import fields as dataclass_fields
from enum import StrEnum
from typing import Any, ClassVar

from vtspolicy.policy import readers
from vtspolicy.policy.places import Place
from vtspolicy.policy.units import parse_mode, parse_rate, parse_whole, spell_duration, spell_mode, spell_rate


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
    unless: str | None = None
    """The key beside which a required one need not stand."""
    key: str | None = None
    """The YAML key where it is not the attribute's name with `-` for `_`."""
    read_key: Callable[[str], Any] | None = None
    """For a mapping: reads each key."""
    read_entry: Callable[[str, str], Any] | None = None
    """For a mapping whose keys have values of their own kinds: reads a key's value, instead of `read`."""

    def value(self, key: str | None, text: str) -> Any:
        """The text as the field reads it; for a mapping, as the value of that key."""
        return self.read(text) if self.read_entry is None or key is None else self.read_entry(key, text)
    write: Callable[[Any], str] = str
    """One value to the text that `read` takes."""


def _rule(**words: Any) -> Any:
    default = words.pop("default", ...)
    rule = FieldRule(**words)
    if default is ...:
        return field(metadata={"rule": rule})
    if default is dict:
        return field(default_factory=dict, hash=False, metadata={"rule": rule})
    return field(default=default, metadata={"rule": rule})


def _spell_yes_no(value: bool) -> str:
    return "yes" if value else "no"


_NOTE = {"read": readers.words, "what": "text", "doc": "What the policy is for, in your own words.", "default": ""}


@dataclass(frozen=True, kw_only=True)
class System:
    """A VTS server, this one or one reached by SSH; it owns vaults."""

    kind: ClassVar[str] = "system"
    name: str = _rule(read=readers.name, what="name", doc="The system's name in paths and sentences.",
                      example="vts2", required=True)
    note: str = _rule(**_NOTE, example="the second site")
    address: str | None = _rule(
        read=readers.address, what="host name or IP address", default=None, example="vts2.example.com",
        doc="Where the system is reached by SSH. Without it the system is this machine.")
    port: int = _rule(read=lambda text: parse_whole(text, 1, 65535), what="TCP port", default=22, example="22",
                      doc="The SSH server's port.")
    user: str | None = _rule(read=readers.user, what="login name", default=None, example="vts",
                             doc="Whom to log in as. Needed with an address.")
    key: str | None = _rule(
        read=readers.path, what="path", default=None, example="/etc/vtspolicy/keys/vts2",
        doc="The private key to log in with: mode 0600, no passphrase. Without it keys/NAME in the policies' folder, "
            "which ADD KEY makes.")
    via: str | None = _rule(
        read=readers.name, what="system name", default=None, example="bastion",
        doc="The jump host: another system with an address, through whose SSH connection this one is reached. That "
            "system's key, user and pinned host key are its own; this system's address is looked up there.")
    far_end: str = _rule(
        read=readers.choice("auto", "receiver", "sftp"), what="auto, receiver or sftp", default="auto", example="auto",
        doc="What answers there: vtspolicy receive, or plain SFTP. auto asks, and remembers: a system that once "
            "answered as receiver is never silently taken for plain SFTP.")
    receiver: str = _rule(
        read=readers.command, what="command", default="vtspolicy", example="/opt/vtspolicy/bin/vtspolicy",
        doc="How vtspolicy is called over there, where no forced command decides it.")
    stall: float = _rule(
        read=readers.stall, write=spell_duration, what="time, such as 60 s", default=60.0, example="60 s",
        doc="A link that is silent for longer is given up.")
    create_pool: str = _rule(
        read=readers.choice("no", "yes", "frozen"), what="no, yes or frozen", default="no", example="yes",
        doc="Whether a run makes a target pool that is missing in a vault of this system, once the vault's id is as it "
            "should be. frozen makes it frozen from its birth: nothing is copied there before THAW POOL is given on "
            "that system. A receiver with a forced command makes pools only if its own words say so, too.")
    owner: str | None = _rule(
        read=readers.owner, what="user:group", default=None, example="vts:vts",
        doc="To whom a tape that is published on this system belongs: names or numbers, as the machine that holds it "
            "knows them; over plain SFTP numbers alone. Without it, to whoever writes it there. A tape whose owner "
            "cannot be set is not published.")
    mode: int | None = _rule(
        read=parse_mode, write=spell_mode, what="octal permission bits", default=None, example="0660",
        doc="The permission bits of a tape that is published on this system. Without it, those of the source.")
    companions: tuple[str, ...] = _rule(
        read=readers.companion, what="names with {tape} in them", shape=Shape.LIST, default=(),
        example=("{tape}.meta",),
        doc="Files that belong to a tape of this system, which is their source: {tape} stands for its name. They are "
            "no tapes of their own; they are copied with their tape, before it, and the set is safe only together.")
    staging: Mapping[str, str] = _rule(
        read=readers.path, read_key=readers.name, what="vault: absolute path", shape=Shape.MAPPING, default=dict,
        example={"VAULT01": "/srv/vts/work"},
        doc="Where part files lie while a tape is copied to a vault of this system: another directory of the same file "
            "system, outside of every vault, where no engine takes them for cartridges. Without it in the .vtspolicy "
            "folder of the pool. Of a receiver with a forced command its own words count: --staging "
            "VAULT01=/srv/vts/work.")
    vaults: Mapping[str, str] = _rule(
        read=readers.path, read_key=readers.name, what="vault: absolute path", shape=Shape.MAPPING, required=True,
        unless="address", default=dict, example={"VAULT01": "/srv/vts/VAULT01"},
        doc="The system's vaults and the directories that hold them. Only a system that is a jump host alone, for the "
            "via of others, needs none.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class _Copying:
    """What schemes and AutoCopy pools have in common."""

    exclude: tuple[str, ...] = _rule(
        read=readers.template, what="pool names or templates", shape=Shape.LIST, default=(), key="except",
        example=("SCRATCH*",), doc="Pools that a template above selects and that are left out.")
    to: tuple[Place, ...] = _rule(
        read=readers.target, what="pools on systems", shape=Shape.LIST, required=True,
        example=("vts2:/VAULT01/PAYROLL",),
        doc="Where to copy: one target or several. {pool} stands for the source pool's name.")
    tapes: tuple[str, ...] = _rule(
        read=readers.template, what="tape names or templates", shape=Shape.LIST, default=("*",), example=("*",),
        doc="Which tapes of the pool.")
    rate: int | None = _rule(
        read=parse_rate, write=spell_rate, what="rate, such as 40 MiB/s", default=None, example="40 MiB/s",
        doc="At most so many bytes per second to each target. Without it there is no limit.")
    verify: str = _rule(
        read=readers.choice("read-back", "sent"), what="read-back or sent", default="read-back", example="read-back",
        doc="Over plain SFTP: whether a copy is read back over the link before it is published. With sent it is not, "
            "and counts as unproven until VERIFY reads it. Other far ends read every copy where it lies.")
    guard: Mapping[str, int | str] = _rule(
        read=readers.words, read_key=readers.choice(*readers.GUARDS), read_entry=readers.guard,
        write=readers.spell_guard, shape=Shape.MAPPING,
        what="empty-source: refuse; at-most-gone and shrunk-to: percent, such as 5 %", default=dict,
        example={"empty-source": "refuse", "at-most-gone": "5 %", "shrunk-to": "10 %"},
        doc="What a change at the source may be before a person is asked. empty-source: a pool without a tape is "
            "refused (always). at-most-gone: tapes that are gone are a warning; if they are more than this part of the "
            "pool's copied tapes, and at least 3, the run ends with an error, although the others are copied (5 % "
            "where it does not stand here). shrunk-to: a tape below this part of its copy's size is held (10 %; 0 % "
            "holds none).")


@dataclass(frozen=True, kw_only=True)
class Scheme(_Copying):
    """An Instant DR backup scheme: pools and their targets, run on demand."""

    kind: ClassVar[str] = "scheme"
    name: str = _rule(read=readers.name, what="name", doc="The scheme's name in sentences.", example="NIGHTLY",
                      required=True)
    note: str = _rule(**_NOTE, example="payroll tapes to the second site")
    source: tuple[Place, ...] = _rule(
        read=readers.source, what="pools", shape=Shape.LIST, required=True, key="from", example=("/VAULT01/PAYROLL",),
        doc="The pools to copy; * and ? make a template. They may lie on another system if the target is this machine.")


@dataclass(frozen=True, kw_only=True)
class AutoCopy(_Copying):
    """A watched pool: each tape is copied after the host modified and dismounted it."""

    kind: ClassVar[str] = "autocopy"
    name: str = _rule(read=readers.name, what="name", doc="The AutoCopy policy's name in sentences.", example="PAYROLL",
                      required=True)
    note: str = _rule(**_NOTE, example="payroll tapes, as soon as they are written")
    source: tuple[Place, ...] = _rule(
        read=readers.source, what="pools", shape=Shape.LIST, required=True, key="pool", example=("/VAULT01/PAYROLL",),
        doc="The pools to watch; * and ? make a template.")


@dataclass(frozen=True, kw_only=True)
class Unprotected:
    """Pools that are not copied, and are not meant to be: nobody is warned of them."""

    kind: ClassVar[str] = "unprotected"
    name: str = _rule(read=readers.name, what="name", doc="The policy's name in sentences.", example="SCRATCH",
                      required=True)
    note: str = _rule(read=readers.reason, what="text", required=True, example="scratch tapes, written anew each night",
                      doc="Why these pools need no copy.")
    pools: tuple[Place, ...] = _rule(
        read=readers.source, what="pools", shape=Shape.LIST, required=True, example=("/VAULT01/SCRATCH*",),
        doc="The pools; * and ? make a template.")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for everything. At most one file."""

    kind: ClassVar[str] = "settings"
    name: str = _rule(read=readers.name, what="name", doc="Any name.", example="SETTINGS", required=True)
    note: str = _rule(**_NOTE, example="what holds for everything")
    zone: str | None = _rule(
        read=readers.zone, what="time zone", default=None, example="Europe/Berlin",
        doc="The zone of times that people read and write. Without it, the machine's.")
    unique_names: bool = _rule(
        read=readers.yes_no, write=_spell_yes_no, what="yes or no", default=True, example="yes",
        doc="Refuse a tape whose name exists in another pool of the target "
            "(the rule of VTS 8.2, Supplemental Installation Guide p.27).")


Policy = System | Scheme | AutoCopy | Unprotected | Settings
KINDS: Mapping[str, type[Policy]] = {
    kind.kind: kind for kind in (System, Scheme, AutoCopy, Unprotected, Settings)}

NOT_BUILT: Mapping[str, tuple[str, ...]] = {
    "system": (),
    "scheme": ("schedule", "window", "retry", "keep", "compress"),
    "autocopy": ("retry", "keep", "compress", "follow"),
    "unprotected": (),
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
        Field(each.name, each.metadata["rule"].key or each.name.replace("_", "-"), each.metadata["rule"],
              each.default if each.default_factory is MISSING else each.default_factory())
        for each in dataclass_fields(KINDS[kind])
    ]
    first = ("name", "note", "from", "pool", "except", "to")
    return tuple(sorted(found, key=lambda each: first.index(each.key) if each.key in first else len(first)))
