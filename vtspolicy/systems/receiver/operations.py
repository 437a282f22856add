"""The receiver's requests: what a sender may ask of the vaults over there, and the JSON that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from vtspolicy.errors import NotBuilt, Refusal
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems.contract import Progress
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.records import identity_to_json, record_to_json

Asked = Mapping[str, Any]


def answer(local: Local, asked: Asked, progress: Progress) -> dict[str, Any]:
    """Do what is asked. Raise what the System's method raises, NotBuilt for an operation that is not known, and
    KeyError, TypeError or ValueError for a request that cannot be understood.
    """
    operation = asked["operation"]
    if operation == "digest":
        return _digest(local, asked, progress)
    if operation not in _OPERATIONS:
        raise NotBuilt(f"operation {operation!r} is not built here")
    return _OPERATIONS[operation](local, asked)


def pool_of(local: Local, asked: Asked) -> Pool:
    """The pool that a frame names."""
    return Pool(local.name, str(asked["vault"]), str(asked["pool"]))


def _vault_of(local: Local, asked: Asked) -> Vault:
    return Vault(local.name, str(asked["vault"]))


def _tape_of(local: Local, asked: Asked) -> Tape:
    if not is_tape_name(str(asked["tape"])):
        raise Refusal("not a tape's name")
    return pool_of(local, asked).tape(str(asked["tape"]))


def _vault(local: Local, asked: Asked) -> dict[str, Any]:
    return asdict(local.vault(_vault_of(local, asked)))


def _initialise(local: Local, asked: Asked) -> dict[str, Any]:
    local.initialise(_vault_of(local, asked), str(asked["identity"]))
    return {}


def _names(local: Local, asked: Asked) -> dict[str, Any]:
    del asked
    found, warnings = local.names()
    return {"pools": [[pool.vault, pool.name, sorted(names)] for pool, names in found.items()], "warnings": warnings}


def _inventory(local: Local, asked: Asked) -> dict[str, Any]:
    inventory = local.inventory(pool_of(local, asked))
    return {
        "tapes": [[facts.name, identity_to_json(facts.identity), facts.mode, facts.allocated]
                  for facts in inventory.tapes.values()],
        "skipped": [[each.name, each.why] for each in inventory.skipped],
        "free": inventory.free, "stale_parts": inventory.stale_parts}


def _records(local: Local, asked: Asked) -> dict[str, Any]:
    names = [str(name) for name in asked["tapes"] if is_tape_name(str(name))]
    return {"records": {name: [record_to_json(each) for each in kept]
                        for name, kept in local.records(pool_of(local, asked), names).items()}}


def _digest(local: Local, asked: Asked, progress: Progress) -> dict[str, Any]:
    digest, facts = local.digest(_tape_of(local, asked), progress, durable=asked.get("durable") is True)
    return {"digest": digest, "identity": identity_to_json(facts.identity), "mode": facts.mode,
            "allocated": facts.allocated}


def _sweep(local: Local, asked: Asked) -> dict[str, Any]:
    return {"count": local.sweep(pool_of(local, asked), str(asked["writer"]))}


_OPERATIONS: dict[str, Callable[[Local, Asked], dict[str, Any]]] = {
    "vault": _vault, "initialise": _initialise, "names": _names, "inventory": _inventory, "records": _records,
    "sweep": _sweep}
