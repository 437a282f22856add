"""The one word for a tape on a target."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from vtspolicy.planning.plan import Copy
from vtspolicy.planning.states import CONDITIONS, MEANINGS, REMEDIES, Condition, TapeState, legend, state_of
from vtspolicy.policy.places import Pool
from vtspolicy.systems.facts import Identity, TapeFacts

SOURCE, TARGET = Pool("here", "VAULT01", "PAYROLL"), Pool("there", "VAULT01", "PAYROLL")
HERE = Identity(100, 50, 7, 500)
FACTS = TapeFacts("T1", HERE, 0o640, 100)
COPY = Copy(SOURCE.tape("T1"), TARGET.tape("T1"), "blake3:" + "1" * 64, 100, HERE, Identity(100, 50),
            verified="2026-11-22T01:30:00.000Z", durable=True)


@pytest.mark.parametrize(("source", "changes", "state"), [
    (FACTS, {}, TapeState.SAFE),
    (FACTS, {"verified": None}, TapeState.UNPROVEN),
    (FACTS, {"durable": False}, TapeState.UNPROVEN),
    (FACTS, {"doubted": "2026-11-23T01:30:00.000Z"}, TapeState.UNPROVEN),
    (FACTS, {"doubted": "2026-11-23T01:30:00.000Z", "reason": "verify"}, TapeState.FAILED),
    (None, {"doubted": "2026-11-23T01:30:00.000Z"}, TapeState.HELD),
    (FACTS, {"digest": None}, TapeState.NEVER),
    (FACTS, {"source_identity": None}, TapeState.STALE),
    (FACTS, {"source_identity": dataclasses.replace(HERE, ctime_ns=501)}, TapeState.STALE),
    (FACTS, {"source_identity": dataclasses.replace(HERE, size=1), "durable": False}, TapeState.STALE),
    (None, {}, TapeState.HELD),
    (FACTS, {"reason": "held"}, TapeState.HELD),
    (FACTS, {"reason": "diverged"}, TapeState.DIVERGED),
    (FACTS, {"reason": "missing"}, TapeState.MISSING),
    (FACTS, {"reason": "verify"}, TapeState.FAILED),
    (FACTS, {"reason": "unreachable"}, TapeState.FAILED),
    (FACTS, {"reason": "space", "digest": None}, TapeState.FAILED),
    (None, {"reason": "verify"}, TapeState.FAILED),
])
def test_a_tape_has_its_word(source: TapeFacts | None, changes: dict[str, Any], state: TapeState) -> None:
    assert state_of(source, dataclasses.replace(COPY, **changes)) is state


def test_a_tape_of_which_nothing_is_known_was_never_copied() -> None:
    assert state_of(FACTS, None) is TapeState.NEVER
    assert state_of(None, None) is TapeState.NEVER


def test_a_source_that_nobody_could_look_at_is_not_called_gone() -> None:
    assert state_of(None, COPY, looked=False) is TapeState.UNPROVEN


def test_every_word_has_a_meaning() -> None:
    assert set(MEANINGS) == set(REMEDIES) == set(TapeState)
    assert set(CONDITIONS) == set(Condition)
    for word in TapeState:
        assert legend(word.upper()) == f"The state of a tape on a target: {MEANINGS[word]}. {REMEDIES[word]}"
    for condition in Condition:
        assert str(legend(condition)).endswith(f": {CONDITIONS[condition]}.")
    assert legend("start") is legend("") is None
