"""REBUILD CATALOG: what lies on the targets tells what was copied; a lost or damaged catalog is made anew from it.

A kill at any point leaves the old file, none, or a new one that knows a part: the next run finds the rest in the
records, and the same sentence makes the whole of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from vtspolicy.catalog.folder import set_aside
from vtspolicy.catalog.state import open_state
from vtspolicy.catalog.times import now
from vtspolicy.command.command import Command
from vtspolicy.errors import Failure, StateOfOthers, Unknown
from vtspolicy.planning.guards import check_identity
from vtspolicy.planning.plan import Copy
from vtspolicy.planning.rebuilding import Found, Records, copies_of, pools_from
from vtspolicy.policy.places import Pool, Tape, Vault, has_wildcard
from vtspolicy.policy.policies import Copying
from vtspolicy.policy.request import Leg
from vtspolicy.policy.selection import EVERYTHING, legs_of_path
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.telling import tell_failure
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import TapeFacts


def rebuild(context: Context, command: Command) -> Result:
    """Set the state aside, and fill a new one from the records beside the copies. Raise PolicyInvalid; what keeps us
    from one pool is told, and the others are done."""
    return _Rebuilding(context, command).result()


class _Doubts:
    """What the old state, as far as it can be read, held for unproven: no record knows that."""

    def __init__(self, context: Context) -> None:
        """Raise StateOfOthers: a wrong --policies must not set a good catalog aside."""
        self._copies: dict[Tape, str | None] = {}
        self.vaults: dict[Vault, str] = {}
        try:
            with open_state(context.state_folder, context.folder, create=False) as old:
                self._copies = {copy.target: copy.doubted for copy in old.all_copies()}
                found = {vault: old.doubted(vault) for vault in old.vaults()}
                self.vaults = {vault: since for vault, since in found.items() if since is not None}
        except StateOfOthers:
            raise
        except Failure:
            pass

    def of(self, copy: Copy) -> str | None:
        """Since when the copy was in doubt. One that the old state did not know is as old as its record."""
        if copy.target in self._copies:
            return self._copies[copy.target]
        since = self.vaults.get(copy.target.of.of)
        return since if since is not None and copy.copied is not None and copy.copied <= since else None


class _Rebuilding:
    def __init__(self, context: Context, command: Command) -> None:
        context.policies.systems  # noqa: B018 - policies that cannot be read must speak before anything is changed
        self._context = context
        self._command = command
        self._doubts = _Doubts(context)
        self._kept = set_aside(context.state_folder) if os.path.lexists(context.state_folder) else None
        self._errors: list[Trouble] = []
        self._identities: dict[Vault, str | Failure] = {}
        self._targets: dict[Pool, tuple[dict[str, TapeFacts], Records]] = {}

    def result(self) -> Result:
        state = self._context.state
        if self._kept is not None:
            with state.transaction() as transaction:
                transaction.event("431002", file=self._kept)
        count, proven, pools = 0, 0, list[str]()
        for leg in self._legs():
            try:
                copies = self._copies(leg)
            except Failure as failure:
                self._tell(failure, leg)
                continue
            with state.transaction() as transaction:
                for copy in copies:
                    transaction.save_copy(copy)
            found = [copy for copy in copies if copy.reason is None]
            count += len(found)
            proven += sum(copy.verified is not None and copy.durable and copy.doubted is None for copy in found)
            pools.append(str(leg.target))
        with state.transaction() as transaction:
            transaction.event("231001", source=", ".join(pools) or "nothing", count=count)
        status = Status.DONE if not self._errors else Status.PARTIAL if pools else Status.FAILED
        return Result(self._command, status, {"copies": count, "proven": proven, "pools": pools, "kept": self._kept},
                      tuple(self._errors))

    def _tell(self, failure: Failure, leg: Leg) -> None:
        self._errors.append(Trouble.of(failure))
        with self._context.state.transaction() as transaction:
            tell_failure(transaction, failure, verb=self._command.verb, policy="CATALOG", source=leg.source,
                         target=leg.target)

    # ---- what there is to look at ----------------------------------------------------------------------------------

    def _legs(self) -> tuple[Leg, ...]:
        """Every leg of every policy, also from pools that are gone from their source and were copied once."""
        return legs_of_path(self._context.policies, EVERYTHING, self._pools_of)

    def _pools_of(self, vault: Vault) -> tuple[str, ...]:
        try:
            present = self._context.present_pools(vault)
        except Failure as failure:
            if not any(each.message == failure.message for each in self._errors):
                self._errors.append(Trouble.of(failure))
            present = ()
        return tuple(sorted({*present, *self._copied_from(vault)}))

    def _copied_from(self, vault: Vault) -> Iterable[str]:
        """The pools of a vault of which copies lie where its templates lead. What cannot be asked tells nothing here,
        and is told with its legs."""
        found = set[str]()
        for policy in self._context.policies.copying:
            if any(has_wildcard(str(source.pool)) for source in policy.source):
                for pool in self._target_pools(policy):
                    try:
                        identity = self._identity(vault)
                        _, records = self._look(pool)
                    except Failure:
                        continue
                    found |= pools_from((each for kept in records.values() for each in kept), identity)
        return found

    def _target_pools(self, policy: Copying) -> Iterable[Pool]:
        for vault in dict.fromkeys(Vault(str(target.system), target.vault) for target in policy.to):
            try:
                names = self._context.roads.to(vault.system).vault(vault).pools
            except Failure:
                continue
            yield from (Pool(vault.system, vault.name, name) for name in names)

    def _identity(self, vault: Vault) -> str:
        """The vault's id. Raise IdentityMismatch, always the same, where it has none, or where another vault has it,
        too: then nobody knows any more which of the two was copied to."""
        found = self._identities.get(vault)
        if found is None:
            try:
                facts = self._context.roads.to(vault.system).vault(vault)
                found = check_identity(vault, facts, None)
            except Failure as failure:
                found = failure
            self._identities[vault] = found
        if isinstance(found, Failure):
            raise found
        return found

    def _look(self, pool: Pool) -> tuple[dict[str, TapeFacts], Records]:
        """The tapes of a target pool and its records; also those of tapes that are gone, where it can be asked."""
        if pool not in self._targets:
            system = self._context.roads.to(pool.system)
            system.sweep(pool, self._context.state.id)  # makes the names durable that a killed run may have left
            tapes = dict(system.inventory(pool).tapes)
            names = {*tapes, *(system.recorded(pool) if isinstance(system, Local) else ())}
            self._targets[pool] = tapes, system.records(pool, sorted(names)) if names else {}
        return self._targets[pool]

    # ---- one leg ---------------------------------------------------------------------------------------------------

    def _copies(self, leg: Leg) -> list[Copy]:
        """The rows of one leg. Raise IdentityMismatch where a vault has no id, or one of its own."""
        state, roads = self._context.state, self._context.roads
        source, target = leg.source.of, leg.target.of
        for vault in (source, target):
            identity = self._identity(vault)
            check_identity(vault, roads.to(vault.system).vault(vault), None, self._others(vault))
            with state.transaction() as transaction:
                transaction.remember_vault(vault, identity)
                if (since := self._doubts.vaults.get(vault)) is not None:
                    transaction.remember_doubt(vault, since)
        try:
            tapes = dict(roads.to(leg.source.system).inventory(leg.source).tapes)
        except Unknown:
            tapes = {}  # the pool is gone from its source; what was copied of it is not
        there, records = self._look(leg.target)
        missing = sorted(tapes.keys() - there.keys() - records.keys())
        if missing:
            records = {**records, **roads.to(leg.target.system).records(leg.target, missing)}
        found = Found(leg.source, self._identity(source), leg.target, self._identity(target), tapes, there, records,
                      self._brought(leg.source, tapes))
        return [copy if copy.doubted else replace(copy, doubted=self._doubts.of(copy))
                for copy in copies_of(found, leg.tapes, now())]

    def _brought(self, pool: Pool, tapes: Mapping[str, TapeFacts]) -> Records:
        """What this machine's own records tell of tapes that were brought back to the pool."""
        system = self._context.roads.to(pool.system)
        if not tapes or not isinstance(system, Local):
            return {}
        names = sorted(tapes.keys() & set(system.recorded(pool)))
        return system.records(pool, names) if names else {}

    def _others(self, vault: Vault) -> dict[Vault, str]:
        """The ids of all other vaults that the policies name, as far as they answer."""
        found = {}
        for system in self._context.policies.systems.values():
            for other in (Vault(system.name, name) for name in system.vaults):
                try:
                    found[other] = self._identity(other)
                except Failure:
                    continue
        found.pop(vault, None)
        return found
