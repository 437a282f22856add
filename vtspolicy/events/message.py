"""One entry of the message table: an event id, its text, and what a person needs to know about it.

An id has six digits: one for the severity, two for the subsystem, three for the event
(VTS 6.03.41 O&A p.116, VTS 8.3 Configuration Guide p.186). One event may come in several severities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

TEXT_LENGTH = 177
"""Longest text of an event, characters (VTS 8.3 Configuration Guide p.185)."""

_FIELD = re.compile(r"\{([a-z_]+)\}")


class Severity(IntEnum):
    """The first digit of an id, and its meaning (VTS 8.3 Configuration Guide p.186)."""

    INFO = 2
    """Normal operation."""
    WARNING = 4
    """Suspicious; may not affect operation."""
    ERROR = 6
    """Handled; the rest goes on."""
    CRITICAL = 8
    """Loss is possible until somebody acts."""


@dataclass(frozen=True)
class Subsystem:
    """The second and third digit of an id."""

    name: str
    ours: bool
    """Whether the number is our choice; the others are documented for VTS."""


SUBSYSTEMS: Mapping[str, Subsystem] = {
    "20": Subsystem("EMS", ours=False),
    "21": Subsystem("Cartridge maintenance", ours=False),
    "22": Subsystem("Pool maintenance", ours=False),
    "24": Subsystem("Data replication", ours=False),
    "26": Subsystem("Scan and cleanup", ours=False),
    "30": Subsystem("Policy", ours=True),
    "31": Subsystem("State and catalog", ours=True),
    "32": Subsystem("Link to another system", ours=True),
    "40": Subsystem("Access control", ours=False),
    "90": Subsystem("Program", ours=True),
}
"""Every subsystem that an id may name. What event numbers mean within them is ours, too, but for the documented
440002."""


@dataclass(frozen=True)
class Message:
    """What one event id says. The text holds its fields in braces: `Cartridge {tape} copied to {target}`."""

    id: str
    text: str
    cause: str
    effect: str
    """Whether the old copy is intact, and whether anything is exposed."""
    recovery: str
    """What to do; the sentence to type, where there is one."""
    reason: str | None = None
    """The reason word that this message explains; each word belongs to one message."""
    retry: bool = False
    """Whether trying again may help without anything else being done."""

    @property
    def severity(self) -> Severity:
        """What the first digit says."""
        return Severity(int(self.id[0]))

    @property
    def subsystem(self) -> Subsystem:
        """What the second and third digit say."""
        return SUBSYSTEMS[self.id[1:3]]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the text's fields, in order, each once."""
        return tuple(dict.fromkeys(_FIELD.findall(self.text)))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with its fields in place; `-` stands for a field that has no value."""
        return _FIELD.sub(lambda found: values.get(found[1], "-"), self.text)
