"""Freezes, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vtspolicy.report import moments
from vtspolicy.service.result import Result


def since_whom_why(freeze: Mapping[str, Any], zone: str | None) -> str:
    """`since 2026-11-22 01:30 by root@vts2: site two has taken over`."""
    since = "a time that is not known" if freeze["since"] == "?" else moments.of_text(freeze["since"], zone)
    return f"since {since} by {freeze['by']}" + (f": {freeze['reason']}" if freeze["reason"] else "")


def freeze_lines(result: Result, zone: str | None) -> list[str]:
    """FREEZE."""
    data = result.data
    if not data:
        return []
    if data["already"]:
        return [f"{data['what']} {data['place']} is frozen already,", f"  {since_whom_why(data['frozen'], zone)}",
                "nothing was changed"]
    return [f"OK, {data['what']} {data['place']} frozen",
            f"nothing is published there until THAW {data['what'].upper()} {data['place']}"]


def thaw_lines(result: Result, zone: str | None) -> list[str]:
    """THAW."""
    data = result.data
    if not data:
        return []
    if data["was"] is None:
        return [f"{data['what']} {data['place']} was not frozen; nothing was changed"]
    return [f"OK, {data['what']} {data['place']} thawed; it was frozen", f"  {since_whom_why(data['was'], zone)}"]


def status_of_freezes(result: Result, zone: str | None) -> list[str]:
    """What is frozen of what STATUS shows."""
    lines = []
    for each in result.data.get("freezes", ()):
        known = f" (last known, {moments.of_text(each['seen'], zone)})" if each["last known"] else ""
        lines += [f"{each['what']} {each['place']} is frozen{known}", f"  {since_whom_why(each, zone)}"]
    return lines
