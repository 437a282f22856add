"""Names of things on systems: vaults, pools, tapes, and the templates that select them.

`/VAULT01/PAYROLL/T00001` on this machine, `vts2:/VAULT01/PAYROLL/T00001` on the system vts2. A vault is a directory
tree that the system's policy declares, a pool a directory in it, a tape a regular file in that
(VTS 8.4 Configuration Guide p.14, VTS 6.04.02 O&A p.10).
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, replace

NAME_LENGTH = 32
"""Longest name of a policy or vault, characters. Ours to decide: no manual that is available gives a limit."""

TAPE_LENGTH = 63
"""Longest pool or tape name, characters. Hosts use up to 6 for a volume serial; an ESM alias has up to 63."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_TEMPLATE = re.compile(r"[A-Za-z0-9*?][A-Za-z0-9_.*?-]*", re.ASCII)


def is_name(text: str, length: int = NAME_LENGTH) -> bool:
    """Whether the text may name a policy, system or vault (or, with TAPE_LENGTH, a pool or tape)."""
    return len(text) <= length and _NAME.fullmatch(text) is not None


def is_tape_name(text: str) -> bool:
    """Whether the text may name a pool or a tape. A name with a leading dot is never one."""
    return is_name(text, TAPE_LENGTH)


def is_template(text: str) -> bool:
    """Whether the text is a name with `*` (any run) and `?` (one character) in it, or a plain name."""
    return len(text) <= TAPE_LENGTH and _TEMPLATE.fullmatch(text) is not None


def has_wildcard(text: str) -> bool:
    """Whether the template can match more than one name."""
    return "*" in text or "?" in text


def matches(name: str, template: str) -> bool:
    """Whether the name is selected by the template. Case counts."""
    return fnmatch.fnmatchcase(name, template)


@dataclass(frozen=True, order=True)
class Vault:
    """A vault of a system."""

    system: str
    name: str

    def __str__(self) -> str:
        return f"{self.system}:/{self.name}"


@dataclass(frozen=True, order=True)
class Pool:
    """A pool of a vault."""

    system: str
    vault: str
    name: str

    def __str__(self) -> str:
        return f"{self.system}:/{self.vault}/{self.name}"

    @property
    def of(self) -> Vault:
        """The vault that holds the pool."""
        return Vault(self.system, self.vault)

    def tape(self, name: str) -> Tape:
        """A tape of this pool."""
        return Tape(self.system, self.vault, self.name, name)


@dataclass(frozen=True, order=True)
class Tape:
    """A tape, also called a cartridge; its name is the volume serial."""

    system: str
    vault: str
    pool: str
    name: str

    def __str__(self) -> str:
        return f"{self.system}:/{self.vault}/{self.pool}/{self.name}"

    @property
    def of(self) -> Pool:
        """The pool that holds the tape."""
        return Pool(self.system, self.vault, self.pool)


@dataclass(frozen=True)
class Place:
    """A path as it is written: `[system:]/VAULT[/pool[/tape]]`, each part a name or, where allowed, a template.

    `system` is None where the text names none: then it is this machine's.
    """

    system: str | None
    vault: str
    pool: str | None = None
    tape: str | None = None

    def __str__(self) -> str:
        path = "/" + "/".join(part for part in (self.vault, self.pool, self.tape) if part is not None)
        return path if self.system is None else f"{self.system}:{path}"

    @property
    def exactness(self) -> int:
        """How exactly the pool is named: the count of literal characters, and far more for a plain name."""
        pool = self.pool or "*"
        literal = sum(character not in "*?" for character in self.vault + pool)
        return literal + (0 if has_wildcard(self.vault + pool) else 1000)

    def on(self, system: str) -> Place:
        """The same place with its system named."""
        return replace(self, system=system)


def parse_place(text: str, *, templates: bool = False, placeholder: bool = False) -> Place:
    """Read a path as it is written in a policy or a sentence.

    `templates` allows `*` and `?`, `placeholder` the word `{pool}` in the pool's stead.
    Raise ValueError with a sentence that says what is wrong.
    """
    head, colon, path = text.partition(":")
    system: str | None = None
    if colon:
        if not is_name(head):
            raise ValueError("expected a system's name in front of the colon")
        system = head
    else:
        path = text
    if not path.startswith("/"):
        raise ValueError("expected a path such as /VAULT01/PAYROLL or vts2:/VAULT01/PAYROLL")
    parts = path[1:].split("/")
    if len(parts) > 3:
        raise ValueError("expected at most three parts: /vault/pool/tape")
    for index, part in enumerate(parts):
        if placeholder and index == 1 and part == "{pool}":
            continue
        fits = is_template(part) if templates else is_name(part, NAME_LENGTH if index == 0 else TAPE_LENGTH)
        if not fits:
            what = ("vault", "pool", "tape")[index]
            raise ValueError(f"expected a {what}'s name{' or template' if templates else ''} as part {index + 1}")
    return Place(system, parts[0], *parts[1:])
