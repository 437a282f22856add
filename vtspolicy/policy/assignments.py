"""What an ADD, ALTER or DELETE sentence says about a policy: its kind, its name, and each field's new value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from vtspolicy.command.attributes import NOCHECK
from vtspolicy.command.command import Command, Span, Value
from vtspolicy.command.complaint import not_built, one_of, refuse
from vtspolicy.policy.model import KINDS, NOT_BUILT, Field, Shape, fields_of
from vtspolicy.policy.places import is_name


class Assignment(NamedTuple):
    """A field and its value; None removes the field, so that its default holds."""

    field: Field
    value: Any


def named(command: Command) -> tuple[str, str]:
    """Kind and name of the policy that the command is about. Raise Usage."""
    kind = (command.object or "").lower()
    if kind not in KINDS:
        raise refuse(command, command.object or "", one_of(each.upper() for each in KINDS))
    if len(command.operands) != 1 or not is_name(command.operands[0]):
        raise refuse(command, (*command.operands, "")[0],
                     "one name: a letter or digit, then up to 31 of A-Z a-z 0-9 _ . -")
    return kind, command.operands[0]


def assignments(command: Command, kind: str) -> Mapping[str, Assignment]:
    """The attributes by the fields' keys. Raise Usage."""
    fields = {each.keyword: each for each in fields_of(kind) if each.key != "name"}
    found: dict[str, Assignment] = {}
    for keyword, value in command.attributes.items():
        if keyword == NOCHECK.keyword:
            continue  # how it is done, and nothing of the policy
        field = fields.get(keyword.upper())
        if field is None:
            if keyword.lower() in NOT_BUILT[kind]:
                span = command.spans.get(keyword, Span(0, 0))
                raise not_built(command.text, span.start, span.end)
            if keyword.upper() == "NAME":
                raise refuse(command, keyword, "another keyword: a name cannot be changed")
            raise refuse(command, keyword, one_of(fields, keyword))
        if isinstance(value, bool):
            if command.verb == "ADD":
                raise refuse(command, keyword, f"a value: {field.keyword} {field.rule.what}")
            found[field.key] = Assignment(field, None)
        else:
            found[field.key] = Assignment(field, _read(command, keyword, field, value))
    return found


def _read(command: Command, keyword: str, field: Field, value: Value) -> Any:
    """The attribute's value, read by the field's rule. Raise Usage."""
    texts = value if isinstance(value, tuple) else (str(value),)
    if field.rule.shape is Shape.TEXT and len(texts) != 1:
        raise refuse(command, keyword, f"one {field.rule.what}")
    if field.rule.shape is Shape.MAPPING:
        entries: dict[str, Any] = {}
        for text in texts:
            key, equals, inner = text.partition("=")
            if not equals or field.rule.read_key is None:
                raise refuse(command, keyword, f"NAME=value ({field.rule.what})", text)
            if key in entries:
                raise refuse(command, keyword, f"{key} only once", text)
            _judge(command, keyword, text, key, field.rule.read_key)
            entries[key] = _judge(command, keyword, text, inner, partial(field.rule.value, key))
        return entries
    values = tuple(_judge(command, keyword, text, text, field.rule.read) for text in texts)
    return values if field.rule.shape is Shape.LIST else values[0]


def _judge(command: Command, keyword: str, whole: str, text: str, read: Callable[[str], Any]) -> Any:
    if not text.isprintable():
        raise refuse(command, keyword, "printable characters", whole)
    try:
        return read(text)
    except ValueError as error:
        raise refuse(command, keyword, str(error).removeprefix("expected "), whole) from None
