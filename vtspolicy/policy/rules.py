"""What the fields of one policy must be together. Fields that could not be read are left out of the judgement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from vtspolicy.policy.places import Place, has_wildcard, matches
from vtspolicy.policy.templates import overlap

PLACEHOLDER = "{pool}"
"""Stands in a target for the source pool's name."""


class Problem(NamedTuple):
    """What is wrong with a key's value, or with one entry of it (position in a list, key in a mapping)."""

    key: str
    entry: int | str | None
    message: str


def problems_of(kind: str, values: Mapping[str, Any], given: Collection[str]) -> Iterator[Problem]:
    """What is wrong. `values`: by key, those that could be read; `given`: the keys that stand in the file."""
    if kind == "system":
        yield from _system(values, given)
    elif kind in ("scheme", "autocopy"):
        yield from _copying("from" if kind == "scheme" else "pool", values)


def _system(values: Mapping[str, Any], given: Collection[str]) -> Iterator[Problem]:
    if "address" in given:
        if "user" not in given:
            yield Problem("address", None, "a system that is reached by SSH needs user, too")
    else:
        for key in ("port", "user", "key", "via", "far-end", "receiver", "stall"):
            if key in given:
                yield Problem(key, None, "means nothing without address: such a system is this machine")
    if values.get("far-end") == "sftp" and "receiver" in given:
        yield Problem("receiver", None, "means nothing with far-end: sftp")
    if values.get("far-end") == "sftp" and not _is_numbers(values.get("owner") or "0:0"):
        yield Problem("owner", None, "plain SFTP knows no names of users and groups: write numbers, such as 1001:1001")
    seen: dict[str, str] = {}
    for name, path in values.get("vaults", {}).items():
        for other, taken in seen.items():
            if path == taken:
                yield Problem("vaults", name, f"is the directory of {other}")
                break
            if _within(path, taken) or _within(taken, path):
                inner, outer = (name, other) if _within(path, taken) else (other, name)
                yield Problem("vaults", name, f"the directory of {inner} lies within that of {outer}")
                break
        seen[name] = path
    yield from _staging(values.get("staging", {}), values.get("vaults", {}))


def _staging(staging: Mapping[str, str], vaults: Mapping[str, str]) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for name, path in staging.items():
        vault = next((each for each, place in vaults.items()
                      if path == place or _within(path, place) or _within(place, path)), None)
        if name not in vaults:
            yield Problem("staging", name, "is no vault of this system")
        elif vault is not None:
            yield Problem("staging", name, f"must lie outside of {vault}: what lies in a vault's directory is a pool")
        elif path in taken:
            yield Problem("staging", name, f"is that of {taken[path]}: pools of the same name would share a folder")
        taken.setdefault(path, name)


def _is_numbers(owner: str) -> bool:
    return all(each.isdigit() for each in owner.split(":"))


def _within(path: str, other: str) -> bool:
    return path.startswith(other.rstrip("/") + "/")


def _copying(key: str, values: Mapping[str, Any]) -> Iterator[Problem]:
    sources: tuple[Place, ...] = values.get(key, ())
    targets: tuple[Place, ...] = values.get("to", ())
    several = any(has_wildcard(source.pool or "") for source in sources)
    if values.get("except") and sources and not several:
        yield Problem("except", None, f"leaves nothing out: no template stands in {key}")
    for index, source in enumerate(sources):
        if not has_wildcard(source.pool or "") and any(
                matches(source.pool or "", each) for each in values.get("except", ())):
            yield Problem(key, index, "is also left out by except")
    for index, target in enumerate(targets):
        if target.pool != PLACEHOLDER and several:
            yield Problem("to", index, f"would mix pools: a template needs {PLACEHOLDER} as the target's pool")
        elif target.pool != PLACEHOLDER and len(sources) > 1:
            yield Problem("to", index, f"would mix {len(sources)} pools: write {PLACEHOLDER} as the target's pool")
    if any(target.pool == PLACEHOLDER for target in targets):
        yield from _alike(key, sources)


def _alike(key: str, sources: tuple[Place, ...]) -> Iterator[Problem]:
    """Pools of the same name in different vaults, which {pool} would send to one target."""
    for index, source in enumerate(sources):
        for earlier in sources[:index]:
            other_system = None not in (source.system, earlier.system) and source.system != earlier.system
            elsewhere = source.vault != earlier.vault or other_system
            if elsewhere and overlap(source.pool or "", earlier.pool or ""):
                yield Problem(key, index, f"may select a pool of the same name as {earlier}; "
                                          f"{PLACEHOLDER} would mix them")
                break
