"""Policies of every kind, made from texts that their fields read."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from vtspolicy.policy.model import KINDS, Field, Policy, Shape, fields_of
from vtspolicy.policy.places import NAME_LENGTH, has_wildcard
from vtspolicy.policy.rules import problems_of
from vtspolicy.policy.spelling import texts_of
from vtspolicy.policy.units import parse_percent

_ALNUM = string.ascii_letters + string.digits
_TRAPS = ("NO", "no", "yes", "012345", "010203", "1e3", "0x1F", "0o17", "null", "Null", "true", "on", "y", "2026-11-22",
          "1.5", ".5", "_", "-")
SIZES = ("B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB")


def names(length: int = NAME_LENGTH) -> st.SearchStrategy[str]:
    """Names of policies, systems and vaults."""
    any_name = st.builds("".join, st.tuples(st.sampled_from(_ALNUM),
                                            st.text(_ALNUM + "_.-", max_size=length - 1)))
    return any_name | st.sampled_from([trap for trap in _TRAPS if trap[0] in _ALNUM])


def templates() -> st.SearchStrategy[str]:
    """Names with `*` and `?` in them, or without."""
    return st.builds("".join, st.tuples(st.sampled_from(_ALNUM + "*?"), st.text(_ALNUM + "_.-*?", max_size=12)))


def texts() -> st.SearchStrategy[str]:
    """Texts that a person can see, of one line."""
    return (st.text(max_size=200) | st.text(" #:-?,[]{}&*!|>'\"%@`\\~=\t" + "ab1", max_size=20)
            | st.sampled_from(_TRAPS)).filter(str.isprintable)


def paths() -> st.SearchStrategy[str]:
    """Absolute paths as the model keeps them."""
    part = texts().map(lambda text: text.replace("/", "")).filter(lambda text: text not in ("", ".", ".."))
    return st.lists(part, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)).filter(
        lambda path: len(path) <= 1000)


def sources() -> st.SearchStrategy[str]:
    """Source pools with their vault."""
    return st.builds("{}/{}/{}".format, st.just("") | names().map(lambda name: name + ":"), names(), templates())


def targets() -> st.SearchStrategy[str]:
    """Target pools with their system."""
    return st.builds("{}:/{}/{}".format, names(), names(), st.just("{pool}") | names())


TEXTS: dict[str, st.SearchStrategy[str]] = {
    "name": names(), "note": texts(), "address": st.sampled_from(["vts2", "10.1.2.3", "fe80::1%eth0", "::1", "NO"]),
    "port": st.integers(1, 65535).map(str), "user": names(), "key": paths(), "via": names(),
    "create-pool": st.sampled_from(["no", "yes", "frozen"]),
    "far-end": st.sampled_from(["auto", "receiver", "sftp"]), "receiver": texts().filter(str.strip),
    "stall": st.integers(1, 3600).map("{} s".format), "vaults": paths(), "from": sources(), "pool": sources(),
    "to": targets(), "pools": sources(), "except": templates(), "tapes": templates(),
    "rate": st.builds("{} {}/s".format, st.integers(1, 10**15 - 1), st.sampled_from(SIZES)),
    "owner": st.sampled_from(["vts:vts", "1001:1001", "root:backup", "0:0", "NO:012"]),
    "mode": st.sampled_from(["0660", "640", "0400", "777"]), "verify": st.sampled_from(["read-back", "sent"]),
    "companions": st.sampled_from(["{tape}.meta", "{tape}-idx", "X{tape}"]), "staging": paths(),
    "guard": st.integers(0, 100).map("{} %".format),
    "zone": st.sampled_from(["UTC", "Europe/Berlin"]), "unique-names": st.sampled_from(["yes", "no"]),
}
"""A text that the field of that key reads, by key."""


def _value(field: Field) -> st.SearchStrategy[Any]:
    if field.key == "guard":
        part = TEXTS["guard"].map(parse_percent)
        parts = st.dictionaries(st.sampled_from(["at-most-gone", "shrunk-to"]), part, min_size=1)
        return parts | st.fixed_dictionaries({"empty-source": st.just("refuse")}, optional={"shrunk-to": part})
    text = TEXTS[field.key]
    if field.key == "note" and field.rule.required:
        text = text.filter(str.strip)
    value = text.map(field.rule.read)
    if field.rule.shape is Shape.LIST:
        return st.lists(value, min_size=1, max_size=4, unique=True).map(tuple)
    if field.rule.shape is Shape.MAPPING:
        return st.dictionaries(names(), value, min_size=1, max_size=3)
    return value


def fields(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Values for a kind's fields by attribute; not those of every policy may stand together."""
    required = {each.attribute: _value(each) for each in fields_of(kind) if each.rule.required}
    optional = {each.attribute: _value(each) for each in fields_of(kind) if not each.rule.required}
    return st.fixed_dictionaries(required, optional=optional)


def _repaired(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values, without what may not stand together."""
    if kind == "system":
        if values.get("address") is None or not values.get("user"):
            for attribute in ("address", "port", "user", "key", "via", "far_end", "receiver", "stall"):
                values.pop(attribute, None)
            values.setdefault("vaults", {"VAULT01": "/srv/VAULT01"})
        elif values.get("far_end") == "sftp":
            values.pop("receiver", None)
    elif kind in ("scheme", "autocopy"):
        several = len(values["source"]) > 1 or has_wildcard(values["source"][0].pool)
        if several:
            values["to"] = tuple(dict.fromkeys(replace(place, pool="{pool}") for place in values["to"]))
        if not any(has_wildcard(place.pool) for place in values["source"]):
            values.pop("exclude", None)
    return values


def sound_policies(kind: str) -> st.SearchStrategy[Policy]:
    """Policies of a kind that are right as a whole."""
    built = fields(kind).map(lambda values: KINDS[kind](**_repaired(kind, values)))
    return built.filter(lambda policy: not any(problems_of(
        kind, {each.key: getattr(policy, each.attribute) for each in fields_of(kind)}, texts_of(policy))))
