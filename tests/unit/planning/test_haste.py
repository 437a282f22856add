"""What was read within the second of its last change, where a clock tells no more than seconds."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit.planning.test_planner import HERE, THERE, copy, facts, step
from vtspolicy.planning.haste import is_hasty
from vtspolicy.planning.plan import Action
from vtspolicy.planning.states import TapeState, state_of
from vtspolicy.systems.facts import Identity

CHANGED = 1_700_000_000
"""2023-11-14T22:13:20Z"""


@pytest.mark.parametrize(("began", "hasty"), [
    ("2023-11-14T22:13:20.000Z", True), ("2023-11-14T22:13:20.999Z", True), ("2023-11-14T22:13:21.999Z", True),
    ("2023-11-14T22:13:22.000Z", False), ("2023-11-15T22:13:20.000Z", False),
    ("2023-11-14T22:13:00.000Z", True), ("2023-11-14T21:13:21.000Z", True), ("2023-11-14T21:13:20.000Z", False),
])
def test_the_second_of_the_change_and_the_next(began: str, hasty: bool) -> None:
    assert is_hasty(Identity(5, CHANGED * 10**9), began) is hasty
    assert not is_hasty(Identity(5, CHANGED * 10**9, 11, CHANGED * 10**9), began), "a ctime tells each change"


def test_such_a_copy_is_not_safe_and_is_compared() -> None:
    known = copy(hasty=True)
    assert state_of(facts(HERE), known) is TapeState.UNPROVEN
    assert state_of(facts(HERE), dataclasses.replace(known, hasty=False)) is TapeState.SAFE
    found = step(HERE, THERE, known)
    assert (found.action, found.if_unequal) == (Action.COMPARE, Action.COPY)
    assert step(HERE, THERE, dataclasses.replace(known, hasty=False)).action is Action.NOTHING
