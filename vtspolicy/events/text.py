"""Events as text: one safe line for logs, one paragraph for people."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vtspolicy.events.message import TEXT_LENGTH, Message, Severity

COLUMNS = 80
"""Width of what `explain` gives, characters."""

_CUT = ".."
_UNIT = re.compile(r"\\x[0-9a-f]{2}|.", re.DOTALL)


def printable(text: str) -> str:
    """The text in printable ASCII without `|`; each other byte of its UTF-8 form is written as `\\xNN`."""
    if text.isascii() and text.isprintable() and "|" not in text:
        return text
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x7C else f"\\x{byte:02x}" for byte in raw)


def shorten(text: str, limit: int) -> str:
    """The text in at most so many characters: head and tail stay, `..` stands for the middle, and no `\\xNN` is cut."""
    if len(text) <= limit:
        return text
    units = _UNIT.findall(text)
    head = _fitting(units, (limit - len(_CUT)) // 2)
    tail = _fitting(units[::-1], limit - len(_CUT) - sum(map(len, head)))
    return "".join(head) + _CUT + "".join(tail[::-1])


def _fitting(units: list[str], limit: int) -> list[str]:
    taken: list[str] = []
    for unit in units:
        limit -= len(unit)
        if limit < 0:
            break
        taken.append(unit)
    return taken


def render(message: Message, fields: Mapping[str, object], limit: int = TEXT_LENGTH) -> str:
    """The event's text with its fields, in one line of printable ASCII of at most `limit` characters.

    Where it would be longer, the longest fields are cut in their middle, so that the names' ends and `rc=REASON` stay.
    A field that is missing or None is shown as `-`.
    """
    values = {name: printable(str(fields[name])) for name in message.fields if fields.get(name) is not None}
    text = message.fill(values)
    for longest in range(limit, 8, -1):
        if len(text) <= limit:
            break
        text = message.fill({name: shorten(value, longest) for name, value in values.items()})
    return shorten(text, limit)


def explain(message: Message) -> str:
    """The whole entry for people, in lines of at most 80 characters."""
    from textwrap import TextWrapper

    head = f"{message.id}  {message.severity.name}  {message.subsystem.name}"
    if message.reason is not None:
        head += f"  reason: {message.reason}"
    parts = [("Text", message.text), ("Cause", message.cause), ("Effect", message.effect),
             ("Recovery", message.recovery)]
    if message.severity >= Severity.ERROR:
        again = "may help" if message.retry else "does not help before the recovery is done"
        parts.append(("Retry", f"Trying again {again}."))
    lines = [head]
    for label, text in parts:
        wrapper = TextWrapper(COLUMNS, initial_indent=f"  {label + ':':10}", subsequent_indent=" " * 12,
                              break_on_hyphens=False)
        lines.extend(wrapper.wrap(text))
    return "\n".join(lines)
