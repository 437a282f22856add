"""Sizes, rates, durations and such, as people write them in policies and sentences.

Each reader raises ValueError with a sentence that says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
          "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_TIMES = {"s": 1, "min": 60, "h": 3600, "d": 86400, "day": 86400, "days": 86400}
_AMOUNT = re.compile(r"([0-9]{1,15}) ?([A-Za-z]+)", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes, from `500 GiB`."""
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] not in _SIZES:
        raise ValueError("expected a size with its unit, such as 500 GiB")
    return int(found[1]) * _SIZES[found[2]]


def parse_rate(text: str) -> int:
    """Bytes per second, from `40 MiB/s`."""
    if not text.endswith("/s"):
        raise ValueError("expected a rate such as 40 MiB/s")
    try:
        rate = parse_size(text[:-2])
    except ValueError:
        raise ValueError("expected a rate such as 40 MiB/s") from None
    if rate == 0:
        raise ValueError("expected a rate above 0 (leave it out for no limit)")
    return rate


def parse_duration(text: str) -> float:
    """Seconds, from `60 s`, `5 min`, `2 h` or `30 days`."""
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] not in _TIMES:
        raise ValueError("expected a time with its unit, such as 60 s, 5 min, 2 h or 30 days")
    return float(int(found[1]) * _TIMES[found[2]])


def parse_mode(text: str) -> int:
    """`0660` or `660` to permission bits. Raise ValueError."""
    if not re.fullmatch(r"0?[0-7]{3}", text, re.ASCII):
        raise ValueError("expected permission bits in octal, such as 0660")
    if not int(text, 8) & 0o400:
        raise ValueError("expected permission bits with which the owner can read the tape, such as 0660")
    return int(text, 8)


def spell_mode(mode: int) -> str:
    """The text that `parse_mode` reads."""
    return f"{mode:04o}"


def parse_percent(text: str) -> int:
    """Percent, from `5 %`."""
    found = re.fullmatch(r"(0|[1-9][0-9]{0,2}) ?%", text, re.ASCII)
    if found is None or int(found[1]) > 100:
        raise ValueError("expected a part of a hundred, from 0 % to 100 %")
    return int(found[1])


def parse_whole(text: str, low: int, high: int) -> int:
    """A whole number within bounds, ASCII digits only, no leading zero."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,17}", text, re.ASCII) or not low <= int(text) <= high:
        raise ValueError(f"expected a whole number from {low} to {high}")
    return int(text)


def spell_rate(rate: int) -> str:
    """The rate as a policy holds it: exact, in the unit that makes the number shortest."""
    return _shortest(rate, _SIZES) + "/s"


def spell_duration(seconds: float) -> str:
    """The time as a policy holds it: exact, in the unit that makes the number shortest."""
    return _shortest(int(seconds), _TIMES)


def _shortest(count: int, units: Mapping[str, int]) -> str:
    fitting = [(len(str(count // factor)), -factor, unit) for unit, factor in units.items() if count % factor == 0]
    _, factor, unit = min(fitting)
    return f"{count // -factor} {unit}"


def format_size(count: int) -> str:
    """Bytes for people: `1.5 GiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def format_duration(seconds: float) -> str:
    """A time span for people, in its two largest units: `2 h 05 min`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"
