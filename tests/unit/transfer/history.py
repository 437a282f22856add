"""A world in memory in which things happen to tapes, and what must hold after each run whatever happened.

The oracle knows what a careful observer of the target could know: which copies somebody's hand changed, which ones
rotted without a trace, and what catalog and records still tell of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

from vtspolicy.errors import EmptySource, Outage
from vtspolicy.planning.guards import elsewhere
from vtspolicy.planning.plan import Action, Copy, Plan
from vtspolicy.planning.planner import Situation, make_plan, unexplained
from vtspolicy.planning.states import TapeState, state_of
from vtspolicy.policy.places import Pool, Tape
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Freeze, Identity, Promises, TapeFacts
from vtspolicy.systems.memory import Memory, MemoryPart
from vtspolicy.transfer.carry_out import carry_out
from vtspolicy.transfer.journey import Journey
from vtspolicy.transfer.outcome import Outcome, Result
from vtspolicy.transfer.verify import verify

SOURCE = Pool("here", "VAULT01", "PAYROLL")
TARGET = Pool("there", "VAULT01", "PAYROLL")
OTHER = Pool("there", "VAULT01", "OTHER")
NAMES = ("T1", "T2", "T3")
_LATER = 10**6
"""Seconds by which the target's clock is ahead: no hand there leaves the time of a source by chance."""


class Store(Memory):
    """Memory with what hands and weather do to files; `coarse` tells of files no more than SFTP does."""

    def __init__(self, name: str, pools: Iterable[Pool], *, clock: int = 0, coarse: bool = False) -> None:
        super().__init__(name, pools)
        self._clock = clock
        self._coarse = coarse
        self.begins_left: int | None = None
        """After so many parts the road is cut; None for never."""
        self.looks_left: int | None = None
        """After so many looks for a freeze somebody gives FREEZE; None for never."""
        if coarse:
            self.promises = Promises(far_end="sftp", durable=True, atomic=True)

    def facts(self, tape: Tape) -> TapeFacts:
        found = super().facts(tape)
        if not self._coarse:
            return found
        return dataclasses.replace(found, identity=Identity(
            found.identity.size, found.identity.mtime_ns // 10**9 * 10**9))

    def begin(self, tape: Tape, size: int, part_name: str) -> MemoryPart:
        if self.begins_left is not None:
            if self.begins_left == 0:
                raise Outage("the road is cut", system=self.name)
            self.begins_left -= 1
        return super().begin(tape, size, part_name)

    def admit(self, pool: Pool) -> None:
        if self.looks_left is not None:
            if self.looks_left == 0:
                self.freeze(pool, Freeze("2026-11-22T01:30:00.000Z", "root@there"))
            self.looks_left -= 1
        super().admit(pool)

    def sneak(self, tape: Tape, content: bytes) -> None:
        """Someone writes into the file and puts its time back: only the ctime tells."""
        file = self.file(tape)
        assert len(content) == len(file.content)
        self._clock += 1
        self.pools[tape.of][tape.name] = dataclasses.replace(
            file, content=content, identity=dataclasses.replace(file.identity, ctime_ns=self._clock))


@dataclass
class Known:
    """What the oracle knows of one tape on the target."""

    hand: bool = False
    """Somebody else made or changed it, and it shows."""
    rotten: bool = False
    """Its bytes changed, and nothing shows it."""
    sneaked: bool = False
    """Its bytes changed, and only the ctime shows it, to whoever knew the old one."""
    found: bool = False
    """VERIFY read wrong bytes, and the catalog says so."""
    row: bool = False
    """The catalog tells of the copy that lies there."""
    record: bool = False
    """The far side's record does."""


@dataclass
class World:
    """Both sides, a catalog and the oracle."""

    coarse: bool = False
    source: Store = field(init=False)
    target: Store = field(init=False)
    copies: dict[str, Copy] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    runs: int = 0

    def __post_init__(self) -> None:
        self.source = Store("here", [SOURCE])
        self.target = Store("there", [TARGET, OTHER], clock=_LATER, coarse=self.coarse)

    # ---- what happens ------------------------------------------------------------------------------------------

    def write_source(self, name: str, content: bytes) -> None:
        self.source.put(SOURCE.tape(name), content)

    def sneak_source(self, name: str, content: bytes) -> None:
        file = self.source.find(SOURCE.tape(name))
        if file is not None:
            self.source.sneak(SOURCE.tape(name), _as_long(content, len(file.content)))

    def remove_source(self, name: str) -> None:
        self.source.pools[SOURCE].pop(name, None)

    def empty_source(self) -> None:
        self.source.pools[SOURCE].clear()

    def write_target(self, name: str, content: bytes) -> None:
        self.target.put(TARGET.tape(name), content)
        self.known[name] = Known(hand=True, row=False, record=False)

    def remove_target(self, name: str) -> None:
        self.target.pools[TARGET].pop(name, None)
        self.known.pop(name, None)

    def rot(self, name: str, content: bytes) -> None:
        file = self.target.find(TARGET.tape(name))
        if file is not None and _as_long(content, len(file.content)) != file.content:
            self.target.rot(TARGET.tape(name), _as_long(content, len(file.content)))
            self.known[name].rotten = True

    def sneak_target(self, name: str, content: bytes) -> None:
        file = self.target.find(TARGET.tape(name))
        if file is not None and _as_long(content, len(file.content)) != file.content:
            self.target.sneak(TARGET.tape(name), _as_long(content, len(file.content)))
            self.known[name].sneaked = True

    def clash(self, name: str) -> None:
        self.target.put(OTHER.tape(name), b"of another pool")

    def unclash(self) -> None:
        self.target.pools[OTHER].clear()

    def lose_catalog(self) -> None:
        self.copies.clear()
        for each in self.known.values():
            each.row = each.found = False

    def lose_records(self) -> None:
        self.target.kept.clear()
        for each in self.known.values():
            each.record = False

    def verify(self) -> None:
        """VERIFY of everything that the catalog knows: it must find whatever is wrong."""
        for name, copy in list(self.copies.items()):
            if copy.digest is None:
                continue
            found = verify(copy, self.target, self._now())
            self.copies[name] = found.copy
            file, known = self.target.find(TARGET.tape(name)), self.known.get(name)
            assert (found.failure is None) == (file is not None and digest_of(file.content) == copy.digest)
            if file is None or known is None:
                assert found.failure is not None
                assert found.failure.reason == "missing"
                continue
            if found.failure is None:  # these are the bytes that were published, whoever put them there
                self.known[name] = Known(row=True, record=known.record)
            elif known.row and (known.rotten or known.sneaked):
                known.found = True
            else:
                assert not known.row, f"VERIFY calls {name} damaged"

    # ---- runs --------------------------------------------------------------------------------------------------

    def run(self, *, replace: bool = False, room: bool = True, begins: int | None = None,
            committed: int | None = None, looks: int | None = None) -> None:
        """A run, and what must hold after it. `committed`: the catalog hears of so many outcomes only (a kill); after
        so many `looks` for a freeze there is one, until the run has ended."""
        before = self._contents()
        try:
            plan = self.plan(replace)
        except EmptySource:
            assert not self.source.pools[SOURCE]
            assert self._contents() == before
            return
        trusted_blindly = {name for name, known in self.known.items() if self._undetectable(known)}
        self.target.free, self.target.begins_left = 1 << 40 if room else 0, begins
        self.target.looks_left = looks
        outcomes = self._carry_out(plan)
        self.target.free, self.target.begins_left, self.target.looks_left = 1 << 40, None, None
        frozen = self.target.thaw(TARGET) is not None
        assert frozen or not any(each.failure is not None and each.failure.reason == "frozen" for each in outcomes)
        self._hold(plan, outcomes, before, trusted_blindly, replace)
        self._learn(outcomes, committed)
        if committed is None:
            self._hold_states()
        if committed is None and not any(each.result is Result.FAILED for each in outcomes):
            refused = {each.step.tape for each in outcomes if each.result is Result.REFUSED}
            for step in self.plan(replace).steps:
                assert step.action in (Action.NOTHING, Action.REFUSE) or step.tape in refused, (
                    f"the second run would {step.action} {step.tape}")

    def plan(self, replace: bool) -> Plan:
        names, _ = self.target.names()
        situation = Situation(
            SOURCE, TARGET, self.source.inventory(SOURCE), self.target.inventory(TARGET), dict(self.copies), {},
            elsewhere(names, TARGET), "a" * 32, ("*",), replace)
        return make_plan(dataclasses.replace(
            situation, records=self.target.records(TARGET, unexplained(situation))))

    def _carry_out(self, plan: Plan) -> list[Outcome]:
        self.runs += 1
        outcomes = list(carry_out(plan, self.source, self.target, Journey(
            f"RUN{self.runs}", "b" * 16, "a" * 32, self._now)))
        assert sorted(each.step.tape for each in outcomes) == sorted(each.tape for each in plan.steps)
        if any(isinstance(each.failure, Outage) for each in outcomes):
            self.target.sweep(TARGET, "b" * 16)  # over a lost road nothing can be removed; the next run does it
        assert not self.target.parts, "a part is left"
        return outcomes

    def _hold(self, plan: Plan, outcomes: list[Outcome], before: dict[Tape, bytes], blind: set[str],
              replace: bool) -> None:
        after = self._contents()
        for tape in before.keys() | after.keys():
            if tape.of != TARGET or tape.name not in self.source.pools[SOURCE]:
                assert after.get(tape) == before.get(tape), f"{tape} is not ours to touch"
        assert {each.step.tape for each in outcomes} == set(self.source.pools[SOURCE])
        for each in outcomes:
            name = each.step.tape
            here, there = self.source.pools[SOURCE][name].content, TARGET.tape(name)
            if each.result in (Result.REFUSED, Result.FAILED):
                assert after.get(there) == before.get(there), f"{name} was {each.result}, and changed"
                assert each.failure is not None
                assert each.result is Result.FAILED or self._may_refuse(name, each.failure.reason, replace)
            elif name not in blind or each.result is Result.COPIED:
                assert after[there] == here, f"{name} was {each.result}, and is not equal"
            if self._protected(name, here, before.get(there), replace):
                assert after.get(there) == before.get(there), f"{name} was protected, and replaced"

    def _protected(self, name: str, here: bytes, there: bytes | None, replace: bool) -> bool:
        if name in self.target.pools[OTHER]:
            return True
        if there is None:
            return False
        return here != there and (not here or (self.known[name].hand and not replace))

    def _may_refuse(self, name: str, reason: str, replace: bool) -> bool:
        if reason == "name-clash":
            return name in self.target.pools[OTHER]
        if reason == "frozen":  # whether there was a freeze at all was asked before
            return True
        if reason == "held":
            return not self.source.pools[SOURCE][name].content
        assert reason == "diverged"
        known = self.known[name]
        return not replace and (known.hand or not (known.row or known.record))

    def _undetectable(self, known: Known) -> bool:
        """Wrong bytes that a run cannot know of: nothing shows them, or nobody remembers what would."""
        if known.found:
            return False
        return known.rotten or (known.sneaked and (self.coarse or not known.row))

    def _learn(self, outcomes: list[Outcome], committed: int | None) -> None:
        for index, each in enumerate(outcomes):
            heard = committed is None or index < committed
            if heard and each.copy is not None:
                self.copies[each.step.tape] = each.copy
            known = self.known.setdefault(each.step.tape, Known())
            if each.result is Result.COPIED:
                self.known[each.step.tape] = Known(row=heard, record=True)
            elif each.result is Result.EQUAL and heard:
                unseen = self._undetectable(known)  # only the source was read
                adopted = each.read and not (each.step.known is not None and each.step.target is not None
                                             and each.step.known.explains(each.step.target))
                self.known[each.step.tape] = Known(row=True, record=known.record or adopted, rotten=unseen)
            elif each.result is Result.TRUSTED and heard:
                if self._undetectable(known):
                    known.rotten, known.sneaked = True, False  # what could have told is taken as it is now
                known.row = True

    def _hold_states(self) -> None:
        for name in NAMES:
            file = self.source.find(SOURCE.tape(name))
            facts = self.source.facts(SOURCE.tape(name)) if file is not None else None
            if state_of(facts, self.copies.get(name)) is TapeState.SAFE and not self._undetectable(self.known[name]):
                copy = self.target.find(TARGET.tape(name))
                assert file is not None
                assert copy is not None
                assert copy.content == file.content, f"{name} is called safe, and is not"

    def _contents(self) -> dict[Tape, bytes]:
        return {pool.tape(name): file.content for pool, files in self.target.pools.items()
                for name, file in files.items()}

    def _now(self) -> str:
        return f"2026-11-22T01:{self.runs // 60 % 60:02d}:{self.runs % 60:02d}Z"


def _as_long(content: bytes, length: int) -> bytes:
    return (content * length)[:length] if content else bytes(length)
