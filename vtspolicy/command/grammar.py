"""What a verb is made of, as data. The table in `verbs` holds them all.

These are named tuples because every start of the program makes them, and dataclasses take eight times as long to make.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Grammar(StrEnum):
    """Which of the two sentence forms a verb belongs to."""

    NONSTOP = "NonStop"
    VTSPOLICY = "VTSPolicy"


class Takes(StrEnum):
    """What follows an attribute's keyword."""

    FLAG = "flag"
    VALUE = "value"
    LIST = "list"
    """One value, or several in parentheses."""


class Attribute(NamedTuple):
    """A keyword and what follows it."""

    keyword: str
    """Upper case in NonStop sentences; in VTSPolicy sentences the documented long name, where case counts."""
    takes: Takes
    doc: str
    what: str = ""
    """The value's name in syntax lines."""
    example: str = ""
    short: str | None = None
    """A second, equal keyword."""
    choices: tuple[str, ...] = ()
    """The only values, in any case; the command holds them as they stand here."""
    pattern: str | None = None
    """A regular expression for the value; None leaves the judgement to whoever uses it."""
    expected: str = ""
    """What to say when the pattern does not fit."""


class Operand(NamedTuple):
    """What the names behind verb and object are."""

    what: str
    """The operand's name in syntax lines."""
    doc: str
    low: int = 1
    high: int | None = 1
    """At most so many; None for any number."""
    templates: bool = False
    """Whether `*` and `?` select several."""


class Form(NamedTuple):
    """A verb with one of its objects (None for a verb without)."""

    object: str | None = None
    operand: Operand | None = None
    attributes: tuple[Attribute, ...] = ()
    fields: bool = False
    """Whether any policy field may follow as an attribute; the policy layer judges them."""
    removes: bool = False
    """Whether a field's keyword without a value removes the field."""
    fillers: tuple[str, ...] = ()
    """Words that may stand in front of the object and change nothing."""
    exclusive: tuple[str, ...] = ()
    """Keywords of which only one may be given."""
    must: tuple[str, ...] = ()
    """Keywords without which the sentence says too little; they may follow the names without a comma."""

    def attribute(self, keyword: str) -> Attribute | None:
        """The attribute that this keyword, long or short, stands for."""
        for each in self.attributes:
            if keyword in (each.keyword, each.short):
                return each
        return None

    @property
    def keywords(self) -> tuple[str, ...]:
        """The long keywords, in order."""
        return tuple(each.keyword for each in self.attributes)


class Verb(NamedTuple):
    """A verb: everything that parser, both doors, completion, help and manual know of it."""

    word: str
    summary: str
    """One line without a full stop."""
    doc: str
    """A paragraph or more, for help and manual."""
    forms: tuple[Form, ...]
    examples: tuple[str, ...]
    grammar: Grammar = Grammar.NONSTOP
    destructive: bool = False
    """Whether a yes, the `!` at the end of the sentence or the shell's --yes is needed."""
    destructive_with: tuple[str, ...] = ()
    """Attributes that make the yes needed where the verb alone does not."""
    confirmed_by: tuple[str, ...] = ()
    """Attributes that make the yes needless."""
    built: bool = True
    """Whether this release carries it out. What is not built parses and is refused by name."""
    shell_only: bool = False

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects that the verb takes, in order."""
        return tuple(form.object for form in self.forms if form.object is not None)

    def form(self, object_word: str | None) -> Form | None:
        """The form with this object."""
        for each in self.forms:
            if each.object == object_word:
                return each
        return None
