"""What an adoption makes of a run's steps: it compares what a run compares, and sends nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from vtspolicy.planning.adopting import adoption_of, kind_of
from vtspolicy.planning.plan import Action, Copy, Plan, Step
from vtspolicy.policy.places import Pool
from vtspolicy.systems.facts import Identity, TapeFacts

SOURCE, TARGET = Pool("here", "VAULT01", "PAYROLL"), Pool("there", "VAULT01", "PAYROLL")
HERE = TapeFacts("T1", Identity(5, 1, 1, 1), 0o640, 5)
THERE = TapeFacts("T1", Identity(5, 2, 2, 2), 0o640, 5)
KNOWN = Copy(SOURCE.tape("T1"), TARGET.tape("T1"), "blake3:" + "0" * 64, 5, HERE.identity, THERE.identity)


def step(action: Action, **more: Any) -> Step:
    return Step(action, "T1", "why", 5, HERE, **{"target": THERE, **more})


def adopted(one: Step) -> Step:
    return adoption_of(Plan(SOURCE, TARGET, (one,))).steps[0]


@pytest.mark.parametrize(("given", "action", "if_unequal", "reason"), [
    (step(Action.COMPARE, reason="diverged"), Action.COMPARE, Action.DIFFER, "diverged"),
    (step(Action.COMPARE, if_unequal=Action.COPY, known=KNOWN), Action.COMPARE, Action.DIFFER, "damaged"),
    (step(Action.COPY, target=None), Action.DIFFER, Action.REFUSE, None),
    (step(Action.COPY, target=None, known=KNOWN), Action.DIFFER, Action.REFUSE, "missing"),
    (step(Action.COPY, known=KNOWN), Action.DIFFER, Action.REFUSE, None),
    (step(Action.REFUSE, reason="diverged"), Action.DIFFER, Action.REFUSE, "diverged"),
    (step(Action.REFUSE, reason="held"), Action.DIFFER, Action.REFUSE, "held"),
    (step(Action.REFUSE, reason="name-clash"), Action.REFUSE, Action.REFUSE, "name-clash"),
    (step(Action.REFUSE, reason="missing", target=None), Action.REFUSE, Action.REFUSE, "missing"),
    (step(Action.NOTHING, known=KNOWN), Action.NOTHING, Action.REFUSE, None)])
def test_what_becomes_of_a_step(given: Step, action: Action, if_unequal: Action, reason: str | None) -> None:
    """What was found is noted, so that nobody calls it safe; only what a run refuses as diverged is noted as that, and
    what it would mend unasked it must still mend."""
    found = adopted(given)
    assert (found.action, found.if_unequal, found.reason) == (action, if_unequal, reason)
    assert (found.known, found.target) == (given.known, given.target)


def test_what_runs_tell_is_left_to_runs() -> None:
    plan = adoption_of(Plan(SOURCE, TARGET, (), gone=("T9",), too_many_gone=True, new_pool="yes", copied=9))
    assert (plan.gone, plan.too_many_gone, plan.new_pool, plan.copied) == ((), False, None, 9)


@pytest.mark.parametrize(("given", "kind"), [
    (step(Action.COPY, target=None), "missing"), (step(Action.COPY, known=KNOWN), "waiting"),
    (step(Action.REFUSE, reason="diverged"), "differing"), (step(Action.COMPARE), "differing"),
    (step(Action.COMPARE, known=KNOWN, if_unequal=Action.COPY), "differing"),
    (step(Action.REFUSE, reason="held", known=dataclasses.replace(KNOWN, reason="diverged")), "differing")])
def test_why_a_tape_was_left_alone(given: Step, kind: str) -> None:
    assert kind_of(adopted(given)) == kind
