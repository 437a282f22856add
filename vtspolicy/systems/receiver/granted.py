"""What a receiver's own words grant, as it tells it to a sender who asks with the question for a vault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vtspolicy.systems.facts import Grants
from vtspolicy.systems.files import legible


def to_json(grants: Grants) -> dict[str, Any]:
    """As it goes over the wire."""
    return {"create-pool": grants.create_pool, "staging": grants.staging}


def from_json(value: Mapping[str, Any] | None) -> Grants | None:
    """Raise KeyError or TypeError where they cannot be understood. An older receiver tells none."""
    if value is None:
        return None
    staging = value["staging"]
    return Grants(legible(str(value["create-pool"])), None if staging is None else legible(str(staging)))
