"""Whatever happened to tapes, catalog and records: a run leaves equal copies, and touches nothing that it must not."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.tally import count, tally
from tests.unit.transfer.history import NAMES, World

NAME = st.sampled_from(NAMES)
CONTENT = st.sampled_from([b"", b"a", b"b", b"aa", b"ab", b"abc", b"abd"])
COUNT = st.integers(0, 2)

HAPPENINGS = st.one_of(
    st.tuples(st.just("write_source"), NAME, CONTENT),
    st.tuples(st.just("sneak_source"), NAME, CONTENT),
    st.tuples(st.just("remove_source"), NAME),
    st.tuples(st.just("empty_source")),
    st.tuples(st.just("write_target"), NAME, CONTENT),
    st.tuples(st.just("remove_target"), NAME),
    st.tuples(st.just("rot"), NAME, CONTENT),
    st.tuples(st.just("sneak_target"), NAME, CONTENT),
    st.tuples(st.just("clash"), NAME),
    st.tuples(st.just("unclash")),
    st.tuples(st.just("lose_catalog")),
    st.tuples(st.just("lose_records")),
    st.tuples(st.just("verify")),
)
RUNS = st.fixed_dictionaries({}, optional={
    "replace": st.booleans(), "room": st.booleans(), "begins": COUNT, "committed": COUNT, "looks": st.integers(0, 6)})

TRIALS = count(full=5000, part=1000)
ONE = [("T1", b"ab")]


@example(False, ONE, [("rot", "T1", b"b"), ("verify",), {"room": False}])  # a repair that failed is not forgotten
@example(False, ONE, [("sneak_target", "T1", b"b"), ("verify",), {"begins": 0}])
@example(False, ONE, [("write_source", "T1", b"abc"), ("clash", "T1")])
@example(False, ONE, [("write_target", "T1", b"aa"), {"replace": False}, {"replace": True}])
@example(True, ONE, [("write_target", "T1", b"aa"), ("lose_catalog",), {"replace": False}])
@example(False, ONE, [("write_source", "T1", b""), {"replace": False}, {"replace": True}])
@example(False, ONE, [("write_source", "T1", b"b"), {"looks": 0}, {"looks": 1}])
@example(False, ONE, [("write_source", "T1", b"b"), {"committed": 0}, ("sneak_target", "T1", b"c")])
@settings(max_examples=TRIALS)
@given(st.booleans(), st.lists(st.tuples(NAME, CONTENT), min_size=1, max_size=3),
       st.lists(st.one_of(HAPPENINGS, HAPPENINGS, RUNS), max_size=12))
def test_every_history_ends_in_equal_copies(
        coarse: bool, first: list[tuple[str, bytes]], history: list[tuple[str, ...] | dict[str, Any]]) -> None:
    world = World(coarse)
    for name, content in first:
        world.write_source(name, content)
    world.run()
    for each in history:
        if isinstance(each, dict):
            world.run(**each)
        else:
            getattr(world, each[0])(*each[1:])
    world.run()
    world.verify()
    world.run()
    tally("histories of planner and transfer", 1, at_least=TRIALS)
