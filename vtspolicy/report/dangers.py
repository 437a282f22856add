"""RELEASE and ACCEPT, as people read them."""

from __future__ import annotations

import textwrap

from vtspolicy.policy.units import format_size
from vtspolicy.service.result import Result


def in_width(text: str) -> list[str]:
    """The sentence in lines of at most 80 columns."""
    return textwrap.wrap(text, 80, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def release_lines(result: Result, zone: str | None) -> list[str]:
    """RELEASE."""
    del zone
    if "released" not in result.data:
        return []
    released = result.data["released"]
    if not released:
        return ["no tape is held; nothing was released"]
    lines = [line for each in released for line in in_width(
        f"OK, {each['tape']} released: {format_size(each['size'])} over a copy of {format_size(each['copy'])} on "
        f"{each['target']}")]
    return [*lines, f"the next run copies {'it as it is' if len(released) == 1 else 'them as they are'} now"]


def accept_lines(result: Result, zone: str | None) -> list[str]:
    """ACCEPT."""
    del zone
    if "accepted" not in result.data:
        return []
    lines = []
    for each in result.data["accepted"]:
        lines += [line for name in each["tapes"] for line in in_width(
            f"OK, accepted as gone from {each['source']}, copy kept on {each['target']}: {name}")]
    return lines or ["no tape is gone that was not accepted already; nothing was changed"]
