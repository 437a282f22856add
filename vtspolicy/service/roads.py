"""The systems that one command talks with: each is reached once, when it is first needed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from vtspolicy import __version__
from vtspolicy.catalog.state import State
from vtspolicy.errors import Failure, OtherHostKey, Unknown
from vtspolicy.policy import model
from vtspolicy.policy.places import Vault
from vtspolicy.policy.policies import Policies
from vtspolicy.service.interruption import Interruption
from vtspolicy.service.telling import doubt
from vtspolicy.systems.connect import connect
from vtspolicy.systems.contract import System
from vtspolicy.systems.receiver.near import Remote


class Roads:
    """Use it with `with`; every connection ends with it."""

    def __init__(self, policies: Policies, known_hosts: str, state: State, stop: Interruption) -> None:
        self._policies = policies
        self._known_hosts = known_hosts
        self._state = state
        self._stop = stop
        self._open: dict[str, tuple[System, ExitStack]] = {}
        self._failed: dict[str, Failure] = {}
        self._sources = {source.system for policy in policies.copying for source in policy.source}
        """Systems from which tapes are read."""
        self.patience: float | None = None
        """Seconds that a system may keep silent at most, where that is less than its policy's stall time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        while self._open:
            _, (system, stack) = self._open.popitem()
            if self._stop.asked:
                system.cut()  # a frame may be half sent: there is nobody to say good-bye to
            stack.__exit__(kind, error, trace)

    def policy(self, name: str) -> model.System:
        """The system's policy. Raise Unknown where there is none."""
        found = self._policies.systems.get(name)
        if found is None:
            raise Unknown(f"there is no system {name}", system=name)
        return found

    def to(self, name: str) -> System:
        """The system, reached. What hindered it once hinders it for the rest of the command."""
        self._stop.check()
        if name in self._failed:
            raise self._failed[name]
        if name not in self._open:
            try:
                policy = self.policy(name)
                if self.patience is not None and self.patience < policy.stall:
                    policy = replace(policy, stall=self.patience)
                self._open[name] = self._reach(policy)
            except Failure as failure:
                self._stop.check()
                self._failed[name] = failure
                if isinstance(failure, OtherHostKey) and failure.system == name:  # and not of its jump host
                    self._doubt(name, failure)
                raise
        return self._open[name][0]

    def will_read(self, name: str) -> None:
        """This command reads tapes of the system, though no policy names it as a source. To be said beforehand."""
        self._sources.add(name)

    def lose(self, name: str, failure: Failure) -> None:
        """The road broke: nothing more goes over it in this command."""
        self._failed[name] = failure
        if name in self._open:
            _, stack = self._open.pop(name)
            stack.__exit__(type(failure), failure, None)

    def declares(self, vault: Vault) -> bool:
        """Whether a policy names the vault."""
        system = self._policies.systems.get(vault.system)
        return system is not None and vault.name in system.vaults

    def _doubt(self, name: str, failure: Failure) -> None:
        """What another machine holds is no proof of a copy."""
        with self._state.transaction() as transaction:
            doubt(transaction, name, failure.message)

    def _reach(self, policy: model.System) -> tuple[System, ExitStack]:
        remembered = self._state.far_end(policy.name)
        with ExitStack() as stack:
            with self._stop.at_once():
                system = connect(policy, self._known_hosts, __version__, remembered, self._policies.systems,
                                 reading=policy.name in self._sources)
            stack.enter_context(self._stop.cutting(system.cut))  # first, because it also ends the farewell
            stack.enter_context(system)
            if policy.address is not None:
                self._tell(system, remembered)
            return system, stack.pop_all()

    def _tell(self, system: System, remembered: str | None) -> None:
        with self._state.transaction() as transaction:
            if system.promises.far_end != remembered:
                transaction.remember_far_end(system.name, system.promises.far_end)
            if isinstance(system, Remote) and system.chatter:
                transaction.event("432004", system=system.name, detail=system.chatter[:100])
            if not system.promises.provable:
                transaction.event("432005", system=system.name, detail="no fsync or no rename over an existing name")
