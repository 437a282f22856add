"""YAML as vtspolicy writes it: one key and its value as whole lines, and a policy as a whole file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vtspolicy.policy.model import Policy
from vtspolicy.policy.spelling import Spelled, texts_of

WIDTH = 100
"""A list that is longer stands on lines of its own."""

_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./+-]|:(?=[A-Za-z0-9_./])| (?=[A-Za-z0-9_./+]))*"
                    r"|[1-9][0-9]{0,8}|[1-9][0-9]{0,14} [A-Za-z/]+|[0-9]{1,3} %", re.ASCII)
_TAKEN_FOR_MORE = re.compile(r"null|true|false|on|off|y|n|yes|no", re.ASCII | re.IGNORECASE)
"""Words that YAML readers other than ours turn into something else than a text."""
_ESCAPED = {'"': '\\"', "\\": "\\\\"}


def quoted(text: str) -> str:
    """The text as a scalar that every YAML reader takes for this text, in quotes where it needs them.

    `yes` and `no` in small letters stay bare: where vtspolicy writes them they mean yes and no.
    """
    if text in ("yes", "no") or (_PLAIN.fullmatch(text) and not _TAKEN_FOR_MORE.fullmatch(text)):
        return text
    return '"' + "".join(_ESCAPED.get(each) or (each if each.isprintable() else _escape(each)) for each in text) + '"'


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def key_lines(key: str, value: Spelled, column: int = 0) -> list[str]:
    """A key and its value as lines, without their ends, indented to the column."""
    indent = " " * column
    if isinstance(value, str):
        return [f"{indent}{key}: {quoted(value)}"]
    if isinstance(value, Mapping):
        return [f"{indent}{key}:", *(f"{indent}  {quoted(each)}: {quoted(text)}" for each, text in value.items())]
    if len(value) == 1:
        return [f"{indent}{key}: {quoted(value[0])}"]
    short = f"{indent}{key}: [{', '.join(map(quoted, value))}]"
    return [short] if len(short) <= WIDTH else [f"{indent}{key}:", *(f"{indent}  - {quoted(text)}" for text in value)]


def policy_text(policy: Policy) -> str:
    """The policy as a file: its kind, its name, and each field that is not as by default."""
    lines = [f"kind: {policy.kind}"]
    for key, value in texts_of(policy).items():
        lines += key_lines(key, value)
    return "\n".join(lines) + "\n"
