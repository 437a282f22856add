"""One parsed sentence of the command language, with where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Value = str | tuple[str, ...] | bool
"""What an attribute holds: text, a list of texts, or True for a flag."""


class Door(StrEnum):
    """Where a sentence came in. What `d=` may say depends on it; nothing else behind the parser does."""

    SHELL = "shell"
    SENTENCE = "sentence"
    HOST = "host"
    SSH = "ssh"


@dataclass(frozen=True)
class Span:
    """Where a word stands in the sentence: offsets of its first character and of the one behind its last."""

    start: int
    end: int


@dataclass(frozen=True)
class Command:
    """What a sentence asks for. Two sentences that ask for the same are equal, wherever they came from.

    `verb`, `object` and attribute keywords of NonStop sentences are upper case; VTSPolicy sentences keep the verb as
    documented (`Erase`) and carry the long names of their keywords (`source`). Operands keep their case.
    `confirmed` is the `!` (in the shell `--yes`) that destructive sentences need when nobody can be asked.
    """

    verb: str
    object: str | None = None
    operands: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    confirmed: bool = False
    text: str = field(default="", compare=False)
    door: Door = field(default=Door.SENTENCE, compare=False)
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)
    """Spans of operands (key: the operand), of attributes' keywords (key: the keyword) and of each of their values
    (key: `KEYWORD=value`), for errors found behind the parser; `vtspolicy.command.complaint.refuse` uses them."""

    def flag(self, keyword: str) -> bool:
        """Whether a flag was given."""
        return self.attributes.get(keyword) is True

    def word(self, keyword: str) -> str | None:
        """An attribute's text, or None where it was not given."""
        value = self.attributes.get(keyword)
        return value if isinstance(value, str) else None

    def as_json(self) -> dict[str, Any]:
        """The documented shape of `vtspolicy parse`."""
        return {
            "verb": self.verb,
            "object": self.object,
            "operands": list(self.operands),
            "attributes": {key: list(value) if isinstance(value, tuple) else value
                           for key, value in self.attributes.items()},
        }
