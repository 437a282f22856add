"""A sample of each kind, with comments, made from the model: what stands there can be loaded as it is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from vtspolicy.command.complaint import one_of
from vtspolicy.errors import Unknown
from vtspolicy.policy.model import KINDS, Field, Shape, fields_of
from vtspolicy.policy.spelling import Spelled
from vtspolicy.policy.yamltext import key_lines, quoted

_WIDTH = 98


def sample(kind: str) -> str:
    """The sample of a kind. Raise Unknown where there is no such kind.

    Each field has its meaning, type and default above it. Fields that may be left out stand there as comments that
    begin with `#` and no blank: without the `#` they hold.
    """
    if kind not in KINDS:
        raise Unknown(f"there is no kind {kind[:40]!a}; expected {one_of(KINDS, kind)}")
    head = " ".join(str(KINDS[kind].__doc__).split()) + " Keys behind a # may be left out; take the # away to set them."
    lines = [*_comment(head), f"kind: {kind}"]
    for field in fields_of(kind):
        lines += ["", *_comment(field.rule.doc), *_comment(f"{_type(field)}; {_default(field)}")]
        mark = "" if field.rule.required else "#"
        lines += [mark + line for line in _set(field)]
    return "\n".join(lines) + "\n"


def _set(field: Field) -> list[str]:
    """The key with its example. A mapping that may be left out stands on one line, so that one # turns it off."""
    example = field.rule.example
    if isinstance(example, Mapping) and not field.rule.required:
        return [f"{field.key}: {{{', '.join(f'{key}: {quoted(text)}' for key, text in example.items())}}}"]
    return key_lines(field.key, _example(example))


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _example(example: str | tuple[str, ...] | Mapping[str, str]) -> Spelled:
    return example


def _type(field: Field) -> str:
    what = field.rule.what
    return f"{what}: one, or a list in [ ]" if field.rule.shape is Shape.LIST else what


def _default(field: Field) -> str:
    """What holds where the key is left out."""
    if field.rule.required:
        return "must be there"
    if field.default in (None, "", (), {}):
        return "may be left out"
    value = field.default if isinstance(field.default, tuple) else (field.default,)
    return "default " + ", ".join(map(field.rule.write, value))
