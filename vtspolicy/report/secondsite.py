"""ADD KEY and TEST SYSTEM, as people read them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from vtspolicy.service.result import Result, Status

_WORDS = {"ok": "OK", "warning": "WARNING", "failed": "FAILED", "skipped": "-"}
_COLUMN = 26
"""Where the details of a step stand."""


def key_lines(result: Result, zone: str | None) -> list[str]:
    """The key, its line for the far side (whole, so that it can be copied), and what is to be done there."""
    del zone
    data = result.data
    if not data:
        return []
    word = "is there already" if result.status is Status.NOTHING else "made"
    lines = [f"OK, key for {data['system']} {word}: {data['key']}", f"    {data['fingerprint']}", "",
             f"The one line for ~{data['user']}/.ssh/authorized_keys on {data['system']}:", "", data["line"], ""]
    told = ", ".join(data["from"])
    lines += _wrapped(f"from= {told}: {data['from_why']}." if told else f"Without from=: {data['from_why']}.", "")
    lines += ["", f"On {data['system']}, as root:"]
    for step in data["far_side"]:
        lines += [*_wrapped(step["say"], "  "), *(f"    {line}" for line in step["lines"])]
    return [*lines, "", *(f"then here: {sentence}" for sentence in data["next"])]


def test_lines(result: Result, zone: str | None) -> list[str]:
    """The steps, each with OK, or cause and remedy."""
    del zone
    if not result.data:
        return []
    lines = [f"{result.data['system']}, {result.data['address'] or 'this machine'}"]
    for step in result.data["steps"]:
        lines += _step(step)
    counts = {word: sum(each["result"] == word for each in result.data["steps"]) for word in _WORDS}
    told = {"ok": "OK", "warning": "with a warning", "failed": "failed", "skipped": "not tried"}
    return [*lines, ", ".join(f"{counts[word]} {words}" for word, words in told.items() if counts[word])]


def _step(step: Mapping[str, Any]) -> list[str]:
    head = f"  {_WORDS[step['result']]:<8} {step['step']}"
    about = f"{step['about']}: "
    about = "" if step["about"] is None or step["detail"].startswith(about) else about
    body = _wrapped(about + step["detail"], "", 80 - _COLUMN)
    if step["remedy"] is not None:
        body += _wrapped(f"-> {step['remedy']}", "", 80 - _COLUMN)
    return [f"{head if not index else '':<{_COLUMN}}{line}" for index, line in enumerate(body or [""])]


def _wrapped(text: str, indent: str, width: int = 80) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False)
