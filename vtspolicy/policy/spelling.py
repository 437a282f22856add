"""A policy's values as the texts that a file or a sentence holds: the way back from the readers."""

from __future__ import annotations

from collections.abc import Mapping

from vtspolicy.command.command import Command, Value
from vtspolicy.policy.model import Field, Policy, Shape, fields_of

Spelled = str | tuple[str, ...] | Mapping[str, str]
"""A field's value in texts, by the field's shape."""


def with_article(kind: str) -> str:
    """`a scheme`, `an autocopy`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def texts_of(policy: Policy) -> Mapping[str, Spelled]:
    """The fields that are not as by default, by key, in the order in which a policy is written."""
    found: dict[str, Spelled] = {}
    for each in fields_of(policy.kind):
        value = getattr(policy, each.attribute)
        if value != each.default:
            found[each.key] = spelled(each, value)
    return found


def spelled(field: Field, value: object) -> Spelled:
    """A value in the texts that a file holds."""
    write = field.rule.write
    if field.rule.shape is Shape.LIST and isinstance(value, tuple):
        return tuple(map(write, value))
    if field.rule.shape is Shape.MAPPING and isinstance(value, Mapping):
        return {str(key): write(each) for key, each in value.items()}
    return write(value)


def attributes_of(policy: Policy) -> Mapping[str, Value]:
    """The attributes of the ADD that makes the policy: by keyword, only those that are not as by default.

    A mapping's entries are spelled `KEY=value`; a list of one is its one text.
    """
    keywords = {each.key: each.keyword for each in fields_of(policy.kind) if each.key != "name"}
    found: dict[str, Value] = {}
    for key, spelled in texts_of(policy).items():
        if key in keywords:
            found[keywords[key]] = _value(spelled)
    return found


def _value(spelled: Spelled) -> Value:
    if isinstance(spelled, str):
        return spelled
    if isinstance(spelled, Mapping):
        spelled = tuple(f"{key}={value}" for key, value in spelled.items())
    return spelled[0] if len(spelled) == 1 else spelled


def command_of(policy: Policy) -> Command:
    """The ADD that makes the policy: what INFO, OBEYFORM prints as a sentence."""
    return Command("ADD", policy.kind.upper(), (policy.name,), attributes_of(policy))
