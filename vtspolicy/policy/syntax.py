"""What no policy file may hold, and what the YAML parser could not read, in words that help to repair it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vtspolicy.command.complaint import shown

_ODD = re.compile(r"[^\n\t -~]")
_COMMENT_BEFORE = re.compile(r"(?:^|[ \t])#")
_HARMLESS = "\xa0\u2002\u2003\u2007\u2009\u202f\u3000"
"""Blanks of typography: traps in front of values, none in comments."""


def excerpt(text: str, length: int = 40) -> str:
    """The text as it can be shown in a message."""
    return "".join(map(shown, text[:length])) + ("..." if len(text) > length else "")


def odd_characters(rows: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Line and sentence for each line with a character that nobody sees or that looks like another."""
    for line, row in enumerate(rows, 1):
        odd = next((found for found in _ODD.finditer(row) if not found[0].isprintable()), None)
        if odd is None or (odd[0] in _HARMLESS and _COMMENT_BEFORE.search(row, 0, odd.start())):
            continue
        number = f"U+{ord(odd[0]):04X}"
        if odd[0] == "\r":
            yield line, "a carriage return; end lines with a line feed alone"
        elif odd[0] in _HARMLESS:
            yield line, f"the character {number} looks like a blank and is none"
        else:
            yield line, f"the character {number} cannot be seen"


def explained(error: Exception, rows: Sequence[str]) -> tuple[int, str]:
    """Line and sentence for what the parser could not read."""
    problem = str(getattr(error, "problem", None) or "cannot be read")
    context = str(getattr(error, "context", None) or "")
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    index = mark.line if mark is not None else 0
    row = rows[index] if index < len(rows) else ""
    at = row[mark.column:mark.column + 1] if mark is not None else ""
    if "simple key" in context and start is not None:
        index, problem = start.line, "expected 'key: value', with a blank behind the colon"
    elif "scanning an alias" in context or "scanning an anchor" in context:
        problem = f"a text that begins with {'*' if 'alias' in context else '&'} needs quotes"
    elif "quoted scalar" in context and "end of stream" in problem and start is not None:
        index, problem = start.line, "the quote that opens here is never closed; the file may be cut"
    elif "flow" in context and index >= len(rows) - 1 and start is not None:
        index, problem = start.line, "the bracket that opens here is never closed; the file may be cut"
    elif "flow" in context and "{" in row:
        problem = "a text that holds { or } needs quotes"
    elif "mapping values are not allowed" in problem:
        problem = "a text that holds ': ' needs quotes"
    elif at == "\t":
        problem = "a tab cannot indent; use blanks"
    elif "cannot start any token" in problem:
        problem = f"a text that begins with {excerpt(at)} needs quotes"
    return min(index, max(len(rows) - 2, 0)) + 1, f"is not valid YAML: {problem}"
