"""INFO POOL, as people read it."""

from __future__ import annotations

from vtspolicy.policy.units import format_size
from vtspolicy.report.tables import dotted, table
from vtspolicy.service.result import Result


def pool_lines(result: Result, zone: str | None) -> list[str]:
    """A line for each pool, or with DETAIL all that the policies say of it."""
    del zone
    command, pools = result.command, result.data.get("pools", ())
    if command is None or not pools:
        uncovered = command is not None and command.flag("UNCOVERED")
        return ["every pool is named by a policy, or holds copies" if uncovered else "no pool lies here"]
    if not command.flag("DETAIL"):
        return table([(each["pool"], each["tapes"], format_size(each["bytes"]), _covered_by(each)) for each in pools],
                     ("Pool", "Tapes", "On disk", "Covered by"), right=(1, 2))
    lines: list[str] = []
    for each in pools:
        lines += dotted([
            ("Pool", each["pool"]), ("Tapes", each["tapes"]), ("On disk", f"{each['bytes']} bytes"),
            ("Copied by", each["policy"] or "-"), ("To", ", ".join(each["targets"]) or "-"),
            ("Also named by", ", ".join(each["other policies"]) or "-"),
            ("Unprotected", each["unprotected"] or "-"), ("Holds copies", "yes" if each["holds_copies"] else "no")])
        lines.append("")
    return lines


def _covered_by(pool: dict[str, str]) -> str:
    if pool["policy"]:
        return pool["policy"]
    if pool["unprotected"]:
        return f"unprotected: {pool['unprotected']}"
    return "(holds copies)" if pool["holds_copies"] else "nothing"
