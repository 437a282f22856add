"""The policies that names and templates select."""

from __future__ import annotations

from collections.abc import Iterable

from vtspolicy.policy.places import has_wildcard, matches


def selected(wanted: Iterable[str], known: Iterable[str], kind: str) -> list[str]:
    """The names that names and templates select. Raise Unknown for what selects none; `*` may."""
    from vtspolicy.policy.policies import unknown, unselected

    names = sorted(known)
    found: dict[str, None] = {}
    for each in wanted:
        hits = [name for name in names if matches(name, each)]
        if not hits and each != "*":
            raise unselected(kind, each, names) if has_wildcard(each) else unknown(kind, each, names)
        found.update(dict.fromkeys(hits))
    return list(found)
