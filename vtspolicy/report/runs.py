"""What runs, plans and verifications came to, as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from vtspolicy.errors import Gone
from vtspolicy.policy.units import format_size
from vtspolicy.report.tables import table
from vtspolicy.service.result import Result

_FOUND = ("verified", "damaged", "missing", "diverged", "unread")


def run_lines(result: Result, zone: str | None) -> list[str]:
    del zone
    lines: list[str] = []
    for leg in result.data.get("legs", ()):
        lines.append(f"{leg['source']} -> {leg['target']}")
        words = [f"{leg[key]} {word}" for key, word in (
            ("copied", "copied"), ("equal", "found equal"), ("trusted", "unchanged"), ("refused", "refused"),
            ("failed", "failed")) if leg[key]]
        size = f", {format_size(leg['bytes'])} sent in {leg['seconds']:.1f} s" if leg["bytes"] else ""
        if leg["copied"] + leg["equal"] + leg["refused"] + leg["failed"] or (words and _ended_early(leg)):
            lines.append(f"  {', '.join(words)}{size}")
        else:
            lines.append(f"  not done: {leg['reason']}" if _ended_early(leg) else f"  {nothing_to_do(leg)}")
    if result.run is not None:
        ref = f", ref {result.ref}" if result.ref else ""
        lines.append(f"run {result.run}: {result.status}{ref}")
    return lines


def _ended_early(leg: Mapping[str, Any]) -> bool:
    """Whether not all of its tapes were dealt with, where none was copied or failed: that is not `nothing to do`."""
    return leg["reason"] not in (None, Gone.reason)


def plan_lines(result: Result, zone: str | None) -> list[str]:
    del zone
    lines: list[str] = []
    for leg in result.data.get("legs", ()):
        lines.append(f"{leg['source']} -> {leg['target']}")
        rows = [(step["action"], step["tape"], format_size(step["bytes"]) if step["action"] != "nothing" else "-",
                 step["why"] + (f" ({step['reason']})" if step["reason"] else "")) for step in leg["steps"]]
        if leg["new_pool"] is not None:
            lines.append(f"the pool {leg['target']} is missing and would be made" + (
                "; it would be frozen, and nothing copied" if leg["new_pool"] == "frozen" else ""))
        lines += table(rows, ("Action", "Tape", "Size", "Why"), right=(2,))
        lines += [f"gone from the source, copy kept: {name}" for name in leg["gone"]]
        if leg["too_many_gone"]:
            lines.append(f"{len(leg['gone'])} of {leg['known']} copied tapes are gone: "
                         "more than the policy's guard allows")
        lines += [f"gone from the source, as accepted, copy kept: {name}" for name in leg["accepted"]]
        lines += [f"skipped: {each['name']}: {each['why']}" for each in leg["skipped"]]
        counts = leg["counts"]
        lines.append(f"{counts['copy']} to copy ({format_size(leg['bytes'])}), {counts['compare']} to compare, "
                     f"{counts['nothing']} unchanged, {counts['refuse']} refused")
        if leg["read_back"]:
            lines.append(f"over the link: {format_size(leg['bytes'])} to send, "
                         f"{format_size(leg['read_back'])} to read back")
        if not counts["copy"] + counts["compare"] + counts["refuse"]:
            lines.append(nothing_to_do({**leg, "gone": len(leg["gone"]), "accepted": len(leg["accepted"])}))
        lines.append("")
    return lines


def nothing_to_do(leg: Mapping[str, Any]) -> str:
    """What was looked at, and whether it is safe: `nothing to do: 412 tapes, 3 not safe: 2 held, 1 unproven`."""
    states = Counter(leg["states"])
    states["held"] += leg["gone"]
    count, safe = states.total(), states.pop("safe", 0)
    unsafe = ", ".join(f"{number} {state}" for state, number in sorted(states.items()) if number)
    how = "all safe" if safe == count else f"{count - safe} not safe: {unsafe}"
    accepted = f"; {leg['accepted']} gone, as accepted" if leg["accepted"] else ""
    return f"nothing to do: {count} tape{'' if count == 1 else 's'}, {how}{accepted}" if count else (
        f"nothing to do: no tape{accepted}")


def verify_lines(result: Result, zone: str | None) -> list[str]:
    del zone
    counts = result.data.get("counts", {})
    if result.data.get("spared") and not counts:
        return [f"nothing to do: {result.data['spared']} copies, all looked at since then"]
    if not counts:
        return []
    words = [f"{counts[key]} {key}" for key in _FOUND if counts.get(key)]
    lines = [f"{', '.join(words)}, run {result.run}"]
    left = result.data.get("left", {"copies": 0})
    if left["copies"]:
        lines.append(f"{left['copies']} left ({format_size(left['bytes'])}); the same sentence goes on with them")
    return lines
