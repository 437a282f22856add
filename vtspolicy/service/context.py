"""What one invocation works with: folders, and, once they are needed, policies, state and roads."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vtspolicy.errors import Failure, Stopped, Unknown
from vtspolicy.policy.folder import find_folder, load
from vtspolicy.policy.places import Vault
from vtspolicy.policy.policies import Policies
from vtspolicy.service.interruption import Interruption

if TYPE_CHECKING:
    from vtspolicy.catalog.state import State
    from vtspolicy.service.roads import Roads
    from vtspolicy.service.watch import Watch


class Context:
    """Use it with `with`; what it opened is closed, and the event log written, at its end."""

    def __init__(self, policies: str | None, state: str | None, stop: Interruption, watch: Watch,
                 ask: Callable[[str], bool] | None) -> None:
        self.folder = find_folder(policies, os.environ)
        self._state_option = state
        self.stop = stop
        self.watch = watch
        self.ask = None if ask is None else self._interruptible(ask)
        self.notices: list[str] = []
        """What the operator should be told beside the result."""
        self._stack = ExitStack()

    def _interruptible(self, ask: Callable[[str], bool]) -> Callable[[str], bool]:
        def question(text: str) -> bool:
            with self.stop.at_once():
                return ask(text)

        return question

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def known_hosts(self) -> str:
        """The pinned host keys, beside the policies."""
        return os.path.join(self.folder, "known_hosts")

    def forget_policies(self) -> None:
        """They were changed: read them again when they are needed."""
        self.__dict__.pop("policies", None)

    @cached_property
    def policies(self) -> Policies:
        """The policies in force. Raise PolicyInvalid with every error."""
        return load(self.folder)

    @property
    def zone(self) -> str | None:
        """The zone of times for people; the machine's where the policies cannot be read."""
        try:
            return self.policies.settings.zone
        except Failure:
            return None

    @cached_property
    def state_folder(self) -> str:
        """Where the state lies."""
        from vtspolicy.catalog.folder import find_state

        return find_state(self._state_option, os.environ)

    @cached_property
    def state(self) -> State:
        """The state, made where there is none. Raise StateUnusable."""
        from vtspolicy.catalog.state import open_state

        state = self._stack.enter_context(open_state(self.state_folder, self.folder))
        self._stack.callback(self._write_log, state)
        return state

    def _write_log(self, state: State) -> None:
        from vtspolicy.catalog.log import LogWriter

        trouble = LogWriter(state, self.zone).write()
        if trouble is not None:
            self.notices.append(trouble)

    @cached_property
    def roads(self) -> Roads:
        """The systems, each reached when it is first needed."""
        from vtspolicy.service.roads import Roads

        return self._stack.enter_context(Roads(self.policies, self.known_hosts, self.state, self.stop))

    def pools_of(self, vault: Vault) -> tuple[str, ...]:
        """The pools of a vault: those that lie there, and those that were copied from there and are gone, for a
        template must not lose sight of a pool. Raise Unknown where none is known and its directory is not there, and
        Outage where none is known and its system cannot be had."""
        copied = self.state.pools_copied_from(vault)
        try:
            return tuple(sorted({*self.present_pools(vault), *copied}))
        except Failure:
            if not copied:
                raise
            return copied

    def as_far_as_reached(self, unreached: list[Failure]) -> Callable[[Vault], tuple[str, ...]]:
        """Lists pools like `pools_of`; a vault that cannot be asked, and of which nothing is known, has none, and why
        it cannot is added to `unreached`."""
        def pools_of(vault: Vault) -> tuple[str, ...]:
            try:
                return self.pools_of(vault)
            except (Unknown, Stopped):
                raise
            except Failure as failure:
                unreached.append(failure)
                return ()

        return pools_of

    def present_pools(self, vault: Vault) -> tuple[str, ...]:
        """The pools that lie in a vault. Raise Unknown where its directory is not there, Outage where its system cannot
        be had."""
        from vtspolicy.systems.connect import here

        policy = self.policies.system(vault.system)
        if policy.address is not None:
            return self.roads.to(vault.system).vault(vault).pools
        with here(policy) as system:
            return system.vault(vault).pools
