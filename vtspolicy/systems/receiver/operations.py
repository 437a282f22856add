"""The receiver's requests: what a sender may ask of the vaults over there, and the JSON that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vtspolicy.errors import NotBuilt, Refusal
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems import freezes
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Inventory, Progress, VaultFacts
from vtspolicy.systems.metadata import metadata_from_json
from vtspolicy.systems.records import identity_to_json, record_from_json, record_to_json

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


def tape_of(local: Local, asked: Asked) -> Tape:
    """The tape that a frame names. Raise Refusal where it cannot be one."""
    if not is_tape_name(str(asked["tape"])):
        raise Refusal("not a tape's name")
    return pool_of(local, asked).tape(str(asked["tape"]))


def _vault(local: Local, asked: Asked) -> dict[str, Any]:
    facts = local.vault(_vault_of(local, asked))
    return {"identity": facts.identity, "pools": facts.pools, "free": facts.free, **_frozen(facts)}


def _frozen(facts: VaultFacts | Inventory) -> dict[str, Any]:
    """Told only where there is a freeze: what knows none hears nothing new."""
    return {} if facts.frozen is None else {"frozen": freezes.to_json(facts.frozen)}


def _freezes(local: Local, asked: Asked) -> dict[str, Any]:
    return {"freezes": {name: freezes.to_json(each) for name, each in local.freezes(_vault_of(local, asked)).items()}}


def _admit(local: Local, asked: Asked) -> dict[str, Any]:
    local.admit(pool_of(local, asked))
    return {}


def _make_pool(local: Local, asked: Asked) -> dict[str, Any]:
    local.make_pool(pool_of(local, asked), freezes.from_json(asked["freeze"]))
    return {}


def allowed(local: Local, asked: dict[str, Any], create_pool: str) -> dict[str, Any]:
    """The request for a pool as the receiver's own words allow it. Raise Refusal."""
    if create_pool == "no":
        raise Refusal(f"pool {pool_of(local, asked)} is not there, and vtspolicy receive may not make it: its own "
                      "command line there needs --create-pool yes (or frozen)")
    if create_pool == "frozen":
        freeze = freezes.begun("frozen from its birth, by the words of vtspolicy receive")
        return {**asked, "freeze": freezes.to_json(freeze)}
    return asked


def _initialise(local: Local, asked: Asked) -> dict[str, Any]:
    replacing = asked.get("replacing")
    local.initialise(_vault_of(local, asked), str(asked["identity"]), None if replacing is None else str(replacing))
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
        "free": inventory.free, "stale_parts": [], **_frozen(inventory),
        **({"damaged": sorted(inventory.damaged)} if inventory.damaged else {})}


def _records(local: Local, asked: Asked) -> dict[str, Any]:
    names = [str(name) for name in asked["tapes"] if is_tape_name(str(name))]
    return {"records": {name: [record_to_json(each) for each in kept]
                        for name, kept in local.records(pool_of(local, asked), names).items()}}


def _digest(local: Local, asked: Asked, progress: Progress) -> dict[str, Any]:
    rate = asked.get("rate")
    if rate is not None and not (type(rate) is int and 0 < rate < 1 << 62):
        raise Refusal("not a rate")
    digest, facts = local.digest(tape_of(local, asked), progress, durable=asked.get("durable") is True, rate=rate)
    return {"digest": digest, "identity": identity_to_json(facts.identity), "mode": facts.mode,
            "allocated": facts.allocated}


def _adopt(local: Local, asked: Asked) -> dict[str, Any]:
    local.adopt(tape_of(local, asked), record_from_json(asked["record"]))
    return {}


def _trial(local: Local, asked: Asked) -> dict[str, Any]:
    place = _vault_of(local, asked) if asked.get("pool") is None else pool_of(local, asked)
    wish = metadata_from_json(asked["wish"]) if "wish" in asked else None
    found = local.trial(place, str(asked["writer"]), wish)
    return {"findings": [[each.what, each.why_not] for each in found.findings], "clock": found.clock}


def _pulse(local: Local, asked: Asked) -> dict[str, Any]:
    del asked
    return {"clock": local.pulse()}


def _leftovers(local: Local, asked: Asked) -> dict[str, Any]:
    return {"leftovers": {name: [each.parts, each.size, each.old]
                          for name, each in local.leftovers(_vault_of(local, asked)).items()}}


def _sweep(local: Local, asked: Asked) -> dict[str, Any]:
    return {"count": local.sweep(pool_of(local, asked), str(asked["writer"]))}


_OPERATIONS: dict[str, Callable[[Local, Asked], dict[str, Any]]] = {
    "vault": _vault, "initialise": _initialise, "names": _names, "inventory": _inventory, "records": _records,
    "sweep": _sweep, "adopt": _adopt, "leftovers": _leftovers, "freezes": _freezes, "admit": _admit,
    "trial": _trial, "pulse": _pulse, "make-pool": _make_pool}
