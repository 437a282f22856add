"""RELEASE and ACCEPT, as people read them."""

from __future__ import annotations

from vtspolicy.policy.units import format_size
from vtspolicy.service.result import Result


def release_lines(result: Result, zone: str | None) -> list[str]:
    """RELEASE."""
    del zone
    if "released" not in result.data:
        return []
    lines = [f"OK, {each['tape']} released: {format_size(each['size'])} over a copy of {format_size(each['copy'])} on "
             f"{each['target']}" for each in result.data["released"]]
    if not lines:
        return ["no tape is held; nothing was released"]
    return [*lines, f"the next run copies {'it as it is' if len(lines) == 1 else 'them as they are'} now"]


def accept_lines(result: Result, zone: str | None) -> list[str]:
    """ACCEPT."""
    del zone
    if "accepted" not in result.data:
        return []
    lines = []
    for each in result.data["accepted"]:
        lines += [f"OK, accepted as gone from {each['source']}, copy kept on {each['target']}: {name}"
                  for name in each["tapes"]]
    return lines or ["no tape is gone that was not accepted already; nothing was changed"]
