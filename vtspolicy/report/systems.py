"""STATUS SYSTEM, DETAIL: all that is known of a system, a line for each thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vtspolicy.policy.units import format_size
from vtspolicy.report.tables import dotted


def system_detail(system: Mapping[str, Any]) -> list[str]:
    """The lines of one system, and a blank one."""
    rows: list[tuple[str, object]] = [
        ("System", system["system"]), ("Address", system["address"] or "this machine"),
        *((label, system[key] or "-") for label, key in (
            ("Port", "port"), ("User", "user"), ("Far end", "far-end"), ("Answers as", "answers"))),
        ("State", system["state"]),
        *((label, _word(system.get(key))) for label, key in (("Durable", "durable"), ("Atomic", "atomic")))]
    rows += [("Pinned key", each) for each in system["pinned"] or ("-",) * (system["address"] is not None)]
    for vault in system["vaults"]:
        free = "-" if vault["free"] is None else f"{vault['free']} bytes, {format_size(vault['free'])}"
        rows += [("Vault", vault["vault"]), ("  Path", vault["path"]), ("  Id", vault["identity"] or "-"),
                 ("  Pools", vault["pools"]), ("  Free", free), ("  State", vault["state"])]
    return [*dotted(rows), ""]


def _word(promise: bool | None) -> str:
    """A promise, which is not known where the system was not reached."""
    return "-" if promise is None else "yes" if promise else "no"
