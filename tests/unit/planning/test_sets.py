"""Tapes and their companions: who belongs to whom, what is selected, and how a set stands."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.planning.test_planner import HERE, SOURCE, TARGET, THERE, VAULT_ID, copy, facts, inventory
from vtspolicy.planning.plan import Action, Copy
from vtspolicy.planning.planner import Situation, make_plan
from vtspolicy.planning.sets import chosen, companions_in, lost_from, state_of_set, states_of, told_companions
from vtspolicy.planning.states import TapeState
from vtspolicy.systems.facts import Inventory

META = ("{tape}.meta",)


@pytest.mark.parametrize(("names", "templates", "found"), [
    (("T1", "T1.meta"), META, {"T1.meta": "T1"}),
    (("T1.meta",), META, {}),
    (("T1", "T2.meta"), META, {}),
    (("T1", "T1.meta", "T1.meta.meta"), META, {"T1.meta": "T1"}),
    (("T1", "T1.meta", "T1.idx"), (*META, "{tape}.idx"), {"T1.meta": "T1", "T1.idx": "T1"}),
    (("T1", "XT1", "XXT1"), ("X{tape}",), {"XT1": "T1"}),
    (("T1", "T1.meta"), (), {}),
    ((".meta", "T1"), META, {}),
])
def test_a_companion_is_known_by_its_name_and_its_tape(names: tuple[str, ...], templates: tuple[str, ...],
                                                       found: dict[str, str]) -> None:
    for order in itertools.permutations(names):
        assert companions_in(order, templates) == found


@given(st.sets(st.text("T1.m", min_size=1, max_size=6)))
def test_nothing_is_lost_and_no_companion_has_companions(names: set[str]) -> None:
    of = companions_in(names, ("{tape}.m", "m{tape}"))
    assert set(of.values()) <= names - of.keys()
    assert sorted(chosen(names, ("*",), ("{tape}.m", "m{tape}"))) == sorted(names)
    order = chosen(names, ("*",), ("{tape}.m", "m{tape}"))
    assert all(order.index(companion) < order.index(tape) for companion, tape in of.items())


def test_a_set_is_selected_by_its_tape_or_by_its_exact_name() -> None:
    names = ("T1", "T1.meta", "T2", "T2.meta", "X.meta")
    assert chosen(names, ("*",), META) == ("T1.meta", "T1", "T2.meta", "T2", "X.meta")
    assert chosen(names, ("T?",), META) == ("T1.meta", "T1", "T2.meta", "T2")
    assert chosen(names, ("T1",), META) == ("T1.meta", "T1")
    assert chosen(names, ("T1.meta",), META) == ("T1.meta", "T1")
    assert chosen(names, ("*.meta",), META) == ("X.meta",)


@pytest.mark.parametrize(("told", "found"), [
    ({"T1": None, "LABEL-OF-T1": "T1"}, {"LABEL-OF-T1": "T1"}),
    ({"T1.meta": "T1"}, {}),
    ({"T1": "T1"}, {}),
    ({"T1": "T2", "T2": "T1"}, {}),
    ({"T1": None, "A": "T1", "B": "A"}, {"A": "T1"}),
])
def test_records_tell_of_companions_whose_tape_is_told_of_too(told: dict[str, str | None],
                                                              found: dict[str, str]) -> None:
    assert told_companions(told) == found


S = TapeState


@pytest.mark.parametrize(("tape", "companions", "together"), [
    (S.SAFE, (), S.SAFE), (S.SAFE, (S.SAFE,), S.SAFE), (S.SAFE, (S.MISSING,), S.STALE), (S.SAFE, (S.NEVER,), S.STALE),
    (S.SAFE, (S.STALE,), S.STALE), (S.SAFE, (S.FAILED, S.STALE), S.FAILED), (S.SAFE, (S.UNPROVEN,), S.UNPROVEN),
    (S.SAFE, (S.DIVERGED,), S.DIVERGED), (S.SAFE, (S.HELD,), S.HELD), (S.NEVER, (S.SAFE,), S.NEVER),
    (S.NEVER, (S.NEVER,), S.NEVER), (S.MISSING, (S.SAFE,), S.MISSING), (S.UNPROVEN, (S.SAFE,), S.UNPROVEN)])
def test_a_set_stands_as_the_worst_of_it(tape: TapeState, companions: tuple[TapeState, ...],
                                         together: TapeState) -> None:
    assert state_of_set(tape, companions) is together


@given(st.sampled_from(S), st.lists(st.sampled_from(S)))
def test_a_set_is_safe_only_together(tape: TapeState, companions: list[TapeState]) -> None:
    assert (state_of_set(tape, companions) is S.SAFE) == (tape is S.SAFE and set(companions) <= {S.SAFE})


def of(name: str) -> Copy:
    return dataclasses.replace(copy(), source=SOURCE.tape(name), target=TARGET.tape(name))


def situation(here: Inventory, there: Inventory, *known: str, tapes: tuple[str, ...] = ("*",)) -> Situation:
    return Situation(SOURCE, TARGET, here, there, {name: of(name) for name in known}, source_vault=VAULT_ID,
                     tapes=tapes, companions=META)


def test_companions_are_planned_before_their_tape() -> None:
    here = inventory(facts(HERE), facts(HERE, "T1.meta"), facts(HERE, "T2"))
    plan = make_plan(situation(here, inventory(facts(THERE)), "T1", tapes=("T1",)))
    assert [(each.tape, each.action, each.accompanies) for each in plan.steps] == [
        ("T1.meta", Action.COPY, "T1"), ("T1", Action.NOTHING, None)]
    assert states_of(plan) == [S.STALE]
    assert plan.copied == 1


def test_what_goes_as_a_set_is_gone_once() -> None:
    plan = make_plan(situation(inventory(facts(HERE, "T2")), inventory(), "T1", "T1.meta", "T2"))
    assert (plan.gone, plan.copied) == (("T1",), 2)
    plan = make_plan(situation(inventory(facts(HERE)), inventory(), "T1", "T1.meta"))
    assert plan.gone == ("T1.meta",)
    assert lost_from({"T2"}, {"T1": 1, "T1.meta": 1, "U1": 1}, ("T?",), META) == ("T1",)
