"""STATUS, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vtspolicy.policy.units import format_size
from vtspolicy.report import moments
from vtspolicy.report.systems import system_detail
from vtspolicy.report.tables import dotted, table
from vtspolicy.service.result import Result

_BASES = {"last known": "targets as last known", "asked now": "targets asked now"}
"""What the states of a pool were told from, as it is said; else as it stands in the data."""


def status_lines(result: Result, zone: str | None) -> list[str]:
    lines: list[str] = []
    by_leg: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in result.data.get("tapes", ()):
        key = each["tape"].rpartition("/")[0], each["target"].rpartition("/")[0]
        by_leg.setdefault(key, []).append(each)
    detail = result.command is not None and result.command.flag("DETAIL")
    for summary in result.data.get("summary", ()):
        tapes = by_leg[summary["source"], summary["target"]]
        lines.append(f"{summary['source']} -> {summary['target']}")
        if detail:
            for each in tapes:
                lines += _tape_detail(each, zone)
        else:
            rows = [(each["tape"].rpartition("/")[2] + _more(each), each["state"],
                     "-" if each["size"] is None else format_size(each["size"]),
                     "gone, accepted" if each.get("accepted") else moments.of_seconds(each["changed"], zone),
                     moments.of_text(each["verified"], zone), moments.age(each["verified"])) for each in tapes]
            lines += table(rows, ("Tape", "State", "Size", "Changed", "Verified copy", "Age"), right=(2, 5))
        words = ", ".join(f"{count} {state}" for state, count in sorted(summary["states"].items()))
        accepted = f"; {summary['accepted']} gone, as accepted" if summary.get("accepted") else ""
        lines.append(f"{summary['tapes']} tape{'' if summary['tapes'] == 1 else 's'}: {words}{accepted}; "
                     f"{_BASES.get(summary['basis'], summary['basis'])}")
        if summary["oldest_proof"] is not None:
            lines.append(f"oldest proof {moments.of_text(summary['oldest_proof'], zone)}")
        if summary["exposed_since"] is not None:
            lines.append(f"exposed since {moments.of_seconds(summary['exposed_since'], zone)}")
        lines.append("")
    if not result.data.get("tapes") and not result.errors:
        lines.append("no tape is selected")
    return lines


def _more(each: Mapping[str, Any]) -> str:
    return f" +{len(each['companions'])}" if each.get("companions") else ""


def _tape_detail(each: Mapping[str, Any], zone: str | None) -> list[str]:
    rows = [("Tape", each["tape"]), ("Target", each["target"]), ("State", each["state"]),
            ("Size", "-" if each["size"] is None else f"{each['size']} bytes"),
            ("Changed", moments.of_seconds(each["changed"], zone)),
            *([("Accepted as gone", moments.of_text(each["accepted"], zone))] if each.get("accepted") else []),
            ("Copied", moments.of_text(each["copied"], zone)), ("Verified", moments.of_text(each["verified"], zone)),
            *([("To be compared", "it was read within two seconds of its last change")] if each.get("hasty") else []),
            ("Seen unchanged", moments.of_text(each["trusted"], zone)), ("Digest", each["digest"] or "-"),
            ("Durable", "yes" if each["durable"] else "no"), ("Run", each["run"] or "-"), ("Ref", each["ref"] or "-"),
            *([("Companions", ", ".join(f"{name} {state}" for name, state in each["companions"].items()))]
              if each.get("companions") else []),
            *([("In doubt since", moments.of_text(each["doubted"], zone))] if each.get("doubted") else []),
            ("Last problem", f"{each['reason']}, {moments.of_text(each['failed'], zone)}" if each["reason"] else "-")]
    return [*dotted(rows), ""]


def system_lines(result: Result, zone: str | None) -> list[str]:
    del zone
    if result.command is not None and result.command.flag("DETAIL"):
        return [line for system in result.data.get("systems", ()) for line in system_detail(system)]
    rows = []
    for system in result.data.get("systems", ()):
        where, answers = system["address"] or "this machine", system["answers"] or "-"
        vaults = system["vaults"] or [{"vault": "-", "identity": None, "free": None, "state": system["state"]}]
        for vault in vaults:
            free = "-" if vault["free"] is None else format_size(vault["free"])
            rows.append((system["system"], where, answers, vault["vault"], (vault["identity"] or "-")[:8], free,
                         vault["state"]))
            where = answers = ""
    lines = table(rows, ("System", "Address", "Answers as", "Vault", "Id", "Free", "State"), right=(5,))
    for system in result.data.get("systems", ()):
        for promise in ("durable", "atomic"):
            if system.get(promise) is False:
                lines.append(f"{system['system']}: {promise}: no; its copies stay unproven")
    return lines
