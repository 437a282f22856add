"""Part files, as STATUS shows them."""

from __future__ import annotations

from vtspolicy.policy.units import format_size
from vtspolicy.service.result import Result


def status_of_leftovers(result: Result, zone: str | None) -> list[str]:
    """A line for each pool that has part files."""
    del zone
    lines = []
    for each in result.data.get("leftovers", ()):
        count = f"{each['parts']} part file{'' if each['parts'] == 1 else 's'}"
        old = f", {each['old']} untouched for seven days" if each["old"] else ""
        lines.append(f"{each['pool']}: {count} ({format_size(each['bytes'])}){old}")
    return lines
