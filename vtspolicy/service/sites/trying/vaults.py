"""The steps in each vault: is it there, is it the right one, may we write as a publish does, is there room."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass

from vtspolicy.catalog.state import State
from vtspolicy.errors import Failure, Frozen, Locked, Missing, NotBuilt, Outage, TargetWrite, Unknown
from vtspolicy.planning.grants import cure, making_amiss, staging_amiss
from vtspolicy.planning.guards import check_identity
from vtspolicy.policy import model
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.policy.units import format_size
from vtspolicy.service.run.locks import holding
from vtspolicy.service.sites.trying import pace
from vtspolicy.service.sites.trying.steps import Steps
from vtspolicy.systems.contract import System
from vtspolicy.systems.facts import VaultFacts
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.trial import DRESS, Trial

LITTLE = 1 << 30
"""Free bytes below which a vault is warned of."""

LOOKED_AT = 20
"""Tapes of a source's pool that are opened, at most."""


@dataclass(frozen=True)
class Visit:
    """Whose vaults are tried, and for whom."""

    there: System
    system: model.System
    state: State
    needed: frozenset[Vault]
    """Vaults in which we must be able to write; the others are sources, which are never written."""
    read: frozenset[Vault]
    """Vaults from which tapes are copied."""


def in_vaults(visit: Visit, steps: Steps) -> float | None:
    """Take them in every vault. How far the far clock is ahead of ours, where a trial's file told it."""
    clock = None
    for name, path in visit.system.vaults.items():
        vault = Vault(visit.system.name, name)
        try:
            facts = visit.there.vault(vault)
        except Unknown as failure:
            steps.fail("vault", failure, _where(visit.system, name, path), vault)
            continue
        steps.ok("vault", path, vault)
        _identity(visit, vault, facts, steps)
        _room(vault, facts, steps)
        _words(visit, vault, facts, steps)
        if vault not in visit.needed or vault in visit.read:
            _readable(visit, vault, facts, steps)
        if vault not in visit.needed:
            continue
        found = _rights(visit, vault, facts, steps)
        clock = clock if found is None else found
    return clock


def _where(system: model.System, name: str, path: str) -> str:
    here = f"mount or make {path} there" if system.address is not None else f"mount or make {path}"
    forced = (f"; and the line in authorized_keys must name it: --vault {name}=path (ADD KEY {system.name} prints "
              "it)" if system.address is not None and system.far_end != "sftp" else "")
    return here + forced


def _identity(visit: Visit, vault: Vault, facts: VaultFacts, steps: Steps) -> None:
    known = visit.state.vault(vault)
    try:
        steps.ok("identity", check_identity(vault, facts, known and known[0]), vault)
    except Failure as failure:
        steps.fail("identity", failure, f"INIT VAULT {vault} gives it one, once you are sure that it is the right "
                   "directory" if facts.identity is None else None, vault)


def _room(vault: Vault, facts: VaultFacts, steps: Steps) -> None:
    if facts.free is None:
        steps.warn("free space", "the server does not tell it", "an SFTP server with statvfs@openssh.com tells it",
                   vault)
    elif facts.free < LITTLE:
        steps.warn("free space", format_size(facts.free), "make room there, or put the vault on a larger disk", vault)
    else:
        steps.ok("free space", format_size(facts.free), vault)


def _words(visit: Visit, vault: Vault, facts: VaultFacts, steps: Steps) -> None:
    """Whether the receiver was given the words that the policy calls for."""
    for step, amiss in (("staging", staging_amiss), ("pools", making_amiss)):
        if vault in visit.needed and (why := amiss(vault, visit.system, facts.grants)) is not None:
            steps.warn(step, why, cure(visit.system.name), vault)


def _readable(visit: Visit, vault: Vault, facts: VaultFacts, steps: Steps) -> None:
    """Open tapes to be read; a source alone is never written."""
    there, opened = visit.there, 0
    for pool in (Pool(vault.system, vault.name, each) for each in facts.pools):
        try:
            for name in list(there.inventory(pool).tapes)[:LOOKED_AT]:
                with suppress(Missing):  # it went meanwhile
                    there.read(pool.tape(name)).close()
                    opened += 1
        except Failure as failure:
            steps.fail("read", failure, "give the user of vtspolicy the right to read there; the line of a receiver "
                       f"needs --allow-read, too (ADD KEY {vault.system}, READ prints it)", pool)
            return
    alone = "" if vault in visit.needed else "; as a source it is not written"
    steps.ok("read", f"{opened} tapes opened{alone}", vault)


def _rights(visit: Visit, vault: Vault, facts: VaultFacts, steps: Steps) -> float | None:
    """Try writing in each pool, or in the vault's root where there is none yet."""
    if facts.frozen is not None:
        steps.warn("write", f"frozen since {facts.frozen.since} by {facts.frozen.by}: nothing may be published there",
                   f"THAW VAULT /{vault.name}, given there", vault)
        return None
    places: list[Pool | Vault] = [Pool(vault.system, vault.name, each) for each in facts.pools]
    if not places:
        steps.warn("pools", "there is none yet", "a pool is a directory there: mkdir; or have runs make it: ALTER "
                   f"SYSTEM {vault.system}, CREATE-POOL yes", vault)
        if visit.system.create_pool == "no":
            return None
        places = [vault]
    good: dict[str, list[Pool | Vault]] = {}
    clock = None
    for place in places:
        found = _trial(visit, place, steps)
        if found is None:
            continue
        if found.clock is not None and visit.there.promises.far_end == "sftp":
            clock = pace.ahead(found.clock)
        for finding in found.findings:
            if finding.why_not is None:
                good.setdefault(finding.what, []).append(place)
            else:
                _hindered(visit, place, finding.what, finding.why_not, steps)
        if _wish(visit.system) is not None and len(found.findings) > 1 and found.findings[1].what != DRESS:
            steps.warn(DRESS, "the vtspolicy over there is older and cannot try it", "upgrade vtspolicy there", place)
    for what, where in good.items():
        names = ", ".join(each.name for each in where)
        steps.ok(what, names if len(where) <= 4 else f"in {len(where)} pools", vault)
    return clock


def _trial(visit: Visit, place: Pool | Vault, steps: Steps) -> Trial | None:
    """What a trial finds; None where there was none, which is told."""
    there, writer = visit.there, visit.state.id
    try:
        if isinstance(place, Vault):
            return there.trial(place, writer, _wish(visit.system))
        with holding(visit.state.folder, (place,), "TEST SYSTEM"):  # so that no part that is swept is in use
            there.admit(place)
            with suppress(TargetWrite):  # what cannot be written cannot be swept
                there.sweep(place, writer)
            pace.rate(there, place, writer, steps)
            return there.trial(place, writer, _wish(visit.system))
    except Locked as failure:
        steps.skip("write", f"a run is under way: {failure.message}", place)
    except Frozen as failure:
        steps.warn("write", failure.message, "THAW POOL name (or THAW VAULT name), given there", place)
    except NotBuilt:
        steps.warn("write", "the vtspolicy over there is older and cannot try it", "upgrade vtspolicy there", place)
    except Outage:
        raise
    except TargetWrite as failure:
        _hindered(visit, place, "write", failure.message, steps)
    except Failure as failure:
        steps.fail("write", failure, None, place)
    return None


def _wish(system: model.System) -> Metadata | None:
    """What the policy wants of published tapes; None where it wants nothing."""
    if system.owner is None and system.mode is None:
        return None
    return Metadata(0o600 if system.mode is None else system.mode, 0, system.owner)


def _hindered(visit: Visit, place: Pool | Vault, what: str, why_not: str, steps: Steps) -> None:
    user = visit.system.user or "the user of vtspolicy"
    if what == DRESS:
        steps.fail(what, TargetWrite(why_not, system=place.system),
                   "let the user who writes there be the owner that the policy names, and a member of its group "
                   "(usermod -aG group user); or "
                   f"ALTER SYSTEM {visit.system.name}, OWNER", place)
        return
    steps.fail(what, TargetWrite(f"{place}: {what}: {why_not}", system=place.system),
               _writing_cure(why_not, user), place)


def _writing_cure(why_not: str, user: str) -> str:
    """What is to be done where something cannot be written, by what the system over there said."""
    if any(os.strerror(each) in why_not for each in (errno.ENOSPC, errno.EDQUOT)):
        return "make room there, or put the vault on a larger disk"
    if os.strerror(errno.EROFS) in why_not:
        return ("mount it writable there (mount -o remount,rw), once it is known why it is not: a disk that fails "
                "becomes so")
    rights = f"give {user} the right to make and to write files there: chown, or setfacl (ADD KEY says how)"
    if why_not == "Failure":  # all that SFTP can say
        return f"the server tells no more: see whether the disk there is full, or mounted read-only; or {rights}"
    return rights
