"""What is planned for a tape that is to come back; and that nothing comes which is not what was recorded."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.tally import count, seed, tally
from vtspolicy.errors import SourceChanged
from vtspolicy.planning.plan import Action, Copy, Plan
from vtspolicy.planning.returning import Return, plan_return, recorded, restored
from vtspolicy.planning.states import TapeState, state_of
from vtspolicy.policy.places import Pool
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Identity, Inventory, Piece, Record, TapeFacts
from vtspolicy.systems.memory import Memory, MemoryReader
from vtspolicy.transfer.carry_out import carry_out
from vtspolicy.transfer.journey import Journey
from vtspolicy.transfer.outcome import Outcome, Result

HERE, THERE = Pool("vts1", "VAULT01", "PAYROLL"), Pool("vts2", "VAULT01", "PAYROLL")
NOW = "2026-11-22T01:30:00.000Z"


def facts(size: int, mtime_ns: int = 7, inode: int = 1) -> TapeFacts:
    return TapeFacts("T1", Identity(size, mtime_ns, inode, 9), 0o640, size)


def record(identity: Identity, digest: str = "blake3:" + "1" * 64) -> Record:
    return Record("T1", digest, identity, HERE.tape("T1"), "a" * 32, Identity(5, 7), NOW, "RUN0", "b" * 16, 1, True)


def planned(source: TapeFacts | None, target: TapeFacts | None, **more: Any) -> Plan:
    return plan_return(Return(THERE, HERE, "T1", Inventory({"T1": source} if source else {}),
                              Inventory({"T1": target} if target else {}), **more))


@pytest.mark.parametrize(("source", "target", "more", "action", "reason", "if_unequal"), [
    (None, None, {}, Action.REFUSE, "missing", Action.REFUSE),
    (None, facts(5), {"replace": True}, Action.REFUSE, "missing", Action.REFUSE),
    (facts(5), None, {}, Action.COPY, None, Action.REFUSE),
    (facts(0), None, {}, Action.COPY, None, Action.REFUSE),
    (facts(5), facts(5), {}, Action.COMPARE, "diverged", Action.REFUSE),
    (facts(5), facts(5), {"replace": True}, Action.COMPARE, "diverged", Action.COPY),
    (facts(5), facts(6), {}, Action.REFUSE, "diverged", Action.REFUSE),
    (facts(5), facts(6), {"replace": True}, Action.COPY, None, Action.REFUSE),
    (facts(0), facts(6), {}, Action.REFUSE, "diverged", Action.REFUSE),
    (facts(5), None, {"clash": Pool("vts1", "VAULT01", "OTHER")}, Action.REFUSE, "name-clash", Action.REFUSE),
])
def test_one_step(source: TapeFacts | None, target: TapeFacts | None, more: dict[str, Any], action: Action,
                  reason: str | None, if_unequal: Action) -> None:
    step, = planned(source, target, **more).steps
    assert (step.action, step.reason, step.if_unequal) == (action, reason, if_unequal)


def test_the_record_that_fits_says_what_must_come_else_the_newest() -> None:
    there = facts(5)
    fitting, newer = record(there.identity, "blake3:" + "2" * 64), record(Identity(5, 8 * 10**9))
    assert recorded([newer, fitting], there) is fitting
    assert recorded([newer], there) is newer
    assert recorded([], there) is None
    assert planned(there, None, records=[newer, fitting]).steps[0].digest == fitting.digest
    assert planned(there, None).steps[0].digest is None


def test_the_copy_over_there_is_the_copy_of_what_came() -> None:
    came = Copy(THERE.tape("T1"), HERE.tape("T1"), "blake3:x", 5, facts(5).identity, facts(5, inode=4).identity,
                copied=NOW, verified=NOW, durable=True, run="RUN1")
    known = dataclasses.replace(restored(came, None, durable=True), copied="before", reason="verify", doubted="then",
                                accepted="then")
    found = restored(came, known, durable=True)
    assert (found.source, found.target, found.copied, found.verified) == (HERE.tape("T1"), THERE.tape("T1"), "before",
                                                                          NOW)
    assert (found.reason, found.doubted, found.accepted) == (None, None, None)
    assert found.explains(facts(5))
    assert state_of(facts(5, inode=4), found) is TapeState.SAFE
    assert state_of(facts(5, inode=4), restored(came, known, durable=False)) is TapeState.UNPROVEN
    assert state_of(facts(5, inode=5), found) is TapeState.STALE


class Liar(Memory):
    """A far side whose bytes are not always what lies there."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__("vts2", [THERE])
        self._dice = dice

    def read(self, tape: Any) -> MemoryReader:
        dice, system = self._dice, self

        class Reader(MemoryReader):
            def pieces(self) -> Iterator[Piece]:
                content = b"".join(bytes(each) for each in super().pieces())  # type: ignore[arg-type]
                how = dice.randrange(6)
                if how == 1 and content:
                    at = dice.randrange(len(content))
                    content = content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1:]
                elif how == 2:
                    content = content[:dice.randrange(len(content) + 1)]
                elif how == 3:
                    content += b"more"
                elif how == 4:
                    system.put(tape, content[::-1])
                elif how == 5 and dice.random() < 0.3:
                    raise SourceChanged("it changed", tape="T1", system="vts2")
                for start in range(0, len(content), 7):
                    yield content[start:start + 7]

        return Reader(self, tape)


def test_nothing_arrives_that_is_not_what_was_recorded() -> None:
    """Whatever the far side sends, what lies here afterwards is what lay here before, or the recorded bytes."""
    tries, start = count(10_000, 1_000), seed("bytes that a far side sends back")
    came = 0
    for number in range(start, start + tries):
        dice = random.Random(number)
        there, here = Liar(dice), Memory("vts1", [HERE])
        wanted = dice.randbytes(dice.randrange(40))
        there.put(THERE.tape("T1"), wanted)
        old: bytes | None = None
        if dice.random() < 0.5:
            old = dice.choice((wanted, dice.randbytes(len(wanted)), dice.randbytes(dice.randrange(40))))
            here.put(HERE.tape("T1"), old)
        replacing = dice.random() < 0.5
        lies_there = there.facts(THERE.tape("T1"))
        kept = [record(lies_there.identity, digest_of(wanted))]
        plan = plan_return(Return(THERE, HERE, "T1", there.inventory(THERE), here.inventory(HERE), kept,
                                  replace=replacing))
        outcome, = list(carry_out(plan, there, here, Journey("RUN1", "w" * 16, "a" * 32, lambda: NOW)))
        found = here.find(HERE.tape("T1"))
        content = None if found is None else found.content
        assert content in (old, wanted)
        assert here.parts == set()
        if outcome.failure is None:
            assert content == wanted
            assert _told(outcome) == digest_of(wanted)
            came += outcome.result is Result.COPIED
        elif old is not None and not replacing:
            assert content == old
    assert came > tries // 20
    tally("tapes brought back from a far side that lies", tries, at_least=tries)


def _told(outcome: Outcome) -> str | None:
    return outcome.copy.digest if outcome.copy else None
