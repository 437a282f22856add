"""INFO of policies: a line each, all fields, or the sentence that would make it again. Light: no table library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vtspolicy.service.result import Result


def policy_lines(result: Result) -> list[str]:
    """The lines of INFO for systems, schemes, AutoCopy policies and settings."""
    command, policies = result.command, result.data.get("policies", ())
    if command is None:
        return []
    if command.flag("OBEYFORM"):
        return [policy["obeyform"] for policy in policies]
    if command.flag("DETAIL"):
        return [line for policy in policies for line in _detail(policy)]
    return _columns([_row(policy) for policy in policies]) if policies else [f"no {command.object} is defined"]


def _detail(policy: Mapping[str, Any]) -> list[str]:
    lines = [f"{policy['kind'].upper()} {policy['name']}"]
    for key, value in policy["fields"].items():
        mark = "*" if key != "name" else " "
        lines.append(f" {mark}{key + ' ':.<16} {_value(value)}")
    lines += [f"  {'file ':.<16} {policy['file']}", ""]
    return lines


def _row(policy: Mapping[str, Any]) -> tuple[str, ...]:
    fields = policy["fields"]
    if policy["kind"] == "system":
        where = f"{fields['user']}@{fields['address']}" if fields["address"] else "this machine"
        return policy["name"], where, " ".join(fields["vaults"]), fields["note"] or ""
    source = fields.get("from") or fields.get("pool")
    if source is None:
        return policy["name"], fields["note"] or ""
    return policy["name"], _value(source), "->", _value(fields["to"]), fields["note"] or ""


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
