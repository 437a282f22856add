"""Keys of a policy file changed, its other lines and their comments as they were.

Whole lines are replaced, from the key's line to that of its value's last character. A comment behind a value of one
line stays; comments between the lines of a list or mapping go with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vtspolicy.policy.document import Node, Table, Text
from vtspolicy.policy.spelling import Spelled
from vtspolicy.policy.yamltext import key_lines

_REMARK = re.compile(r"[ \t]+#.*")


def edited(text: str, root: Table, changes: Mapping[str, Spelled | None], order: Sequence[str]) -> str:
    """The file's text with these keys set, or removed where the value is None.

    `root` is the tree of the text, `order` all keys of the kind: a new key stands behind the last of those before it.
    What comes out must be read again: this edits lines and judges nothing.
    """
    lines = text.split("\n")
    entries = {key.text: (key, value) for key, value in root.entries}
    column = root.entries[0][0].column
    replaced: dict[tuple[int, int], list[str]] = {}
    for key in order:
        if key not in changes:
            continue
        value = changes[key]
        new = [] if value is None else key_lines(key, value, column)
        if key in entries:
            name, node = entries[key]
            if new:
                new[0] += _remark(lines, name, node)
            replaced[name.line - 1, max(node.end_line, name.line)] = new
        elif new:
            before = [each for each in ("kind", *order[: order.index(key)]) if each in entries]
            line = entries[before[-1]][1].end_line
            replaced.setdefault((line, line), []).extend(new)
    for (start, end), new in sorted(replaced.items(), reverse=True):
        lines[start:end] = new
    return "\n".join(lines)


def _remark(lines: Sequence[str], key: Text, value: Node) -> str:
    """The comment behind a value that stands on its key's line."""
    if value.end_line != key.line:
        return ""
    found = _REMARK.fullmatch(lines[key.line - 1][value.end_column:])
    return found[0] if found else ""
