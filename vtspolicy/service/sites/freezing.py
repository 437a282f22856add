"""FREEZE and THAW of pools and vaults of this machine; they need no other system and no state that works."""

from __future__ import annotations

from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import nearest, refuse
from vtspolicy.errors import Failure, Locked, PolicyInvalid, Refusal, Unknown
from vtspolicy.policy.folder import assemble, read_files
from vtspolicy.policy.places import Pool, Vault, parse_place
from vtspolicy.policy.policies import Policies
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status
from vtspolicy.systems import freezes
from vtspolicy.systems.connect import here
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Freeze


def freeze(context: Context, command: Command) -> Result:
    """Let nothing be published there any more. Raise Refusal for another machine's, Unknown, TargetWrite or Locked."""
    policies = _policies(context)
    place = _place(policies, command)
    wanted = freezes.begun(command.word("REASON") or "")
    with here(policies.system(place.system)) as system:
        _look(system, place)
        try:
            found = system.freeze(place, wanted)
        except Locked:
            if (stands := _own(system, place)) is not None:  # it is frozen; a publisher hangs
                _tell(context, "422002", place, freezes.told(stands))
            raise
    already = found != wanted
    _tell(context, "422002", place, ("already " if already else "") + freezes.told(found))
    return Result(command, Status.NOTHING if already else Status.DONE,
                  {**_named(place), "frozen": freezes.to_json(found), "already": already})


def thaw(context: Context, command: Command) -> Result:
    """Take a freeze back. Raise as `freeze` does."""
    policies = _policies(context)
    place = _place(policies, command)
    with here(policies.system(place.system)) as system:
        _look(system, place)
        found = system.thaw(place)
        still = _still(system, place)
    _tell(context, "222003", place, f"it was frozen {freezes.told(found)}" if found else "it was not frozen")
    status = Status.WARNINGS if still else Status.DONE if found else Status.NOTHING
    return Result(command, status, {**_named(place), "was": freezes.to_json(found)}, warnings=still)


def _policies(context: Context) -> Policies:
    """The policies; where others are wrong, those that are right: a freeze must not wait for them."""
    try:
        return context.policies
    except PolicyInvalid:
        files = read_files(context.folder)
        if any(not name for name, _ in files.faults):
            raise  # the folder itself cannot be trusted
        found = assemble(context.folder, files)
        if not any(each.address is None for each in found.policies.systems.values()):
            raise
        context.notices.append(f"the policies hold errors, {found.errors[0]}; CHECK POLICY shows them all")
        return found.policies


def _place(policies: Policies, command: Command) -> Pool | Vault:
    """What the operand names. Raise Usage, Unknown, and Refusal where another machine holds it."""
    text = command.operands[0]
    try:
        place = policies.at_home(parse_place(text))
    except ValueError as error:
        raise refuse(command, text, str(error).removeprefix("expected ")) from None
    if place.tape is not None or (place.pool is None) != (command.object == "VAULT"):
        what = "a vault, such as /VAULT01" if command.object == "VAULT" else "a pool, such as /VAULT01/PAYROLL"
        raise refuse(command, text, what)
    assert place.system is not None
    if policies.system(place.system).address is not None:
        path = f"/{place.vault}" + (f"/{place.pool}" if place.pool else "")
        raise Refusal(f"{place} lies on another machine: give {command.verb} {command.object} {path} there; it needs "
                      "no other system", system=place.system)
    vault = Vault(place.system, place.vault)
    return vault if place.pool is None else Pool(vault.system, vault.name, place.pool)


def _look(system: Local, place: Pool | Vault) -> None:
    """Raise Unknown where it is not there, for a pool with the nearest name."""
    vault = place if isinstance(place, Vault) else place.of
    pools = system.vault_folder(vault).pools()
    if isinstance(place, Pool) and place.name not in pools:
        near = nearest(place.name, pools)
        raise Unknown(f"there is no pool {place}" + (f"; the nearest is {near}" if near else ""), system=place.system)


def _own(system: Local, place: Pool | Vault) -> Freeze | None:
    if isinstance(place, Vault):
        return system.vault_folder(place).frozen()
    return system.pool_folder(place).frozen()


def _still(system: Local, place: Pool | Vault) -> tuple[str, ...]:
    """What else keeps copies out."""
    if isinstance(place, Pool):
        freeze = system.vault_folder(place.of).frozen()
        return () if freeze is None else (f"vault {place.of} is frozen {freezes.told(freeze)}; nothing is published in "
                                          f"{place} before THAW VAULT /{place.vault}",)
    return tuple(f"pool {place}/{name} is still frozen {freezes.told(freeze)}"
                 for name, freeze in system.freezes(place).items())


def _named(place: Pool | Vault) -> dict[str, Any]:
    return {"what": "pool" if isinstance(place, Pool) else "vault", "place": str(place)}


def _tell(context: Context, id: str, place: Pool | Vault, detail: str) -> None:
    """The event. What was done on the disk stands, even where the state is out of reach."""
    what = "Pool" if isinstance(place, Pool) else "Vault"
    try:
        with context.state.transaction() as transaction:
            transaction.event(id, what=what, place=place, detail=detail, system=place.system)
    except Failure as failure:
        context.notices.append(f"the event log could not be told: {failure}")
