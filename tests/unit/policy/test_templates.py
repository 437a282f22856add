"""Overlap and cover of templates, held against every short name."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtspolicy.policy.places import matches
from vtspolicy.policy.templates import covers, overlap

NAMES = ["".join(word) for length in range(6) for word in itertools.product("ab", repeat=length)]
TEMPLATES = st.text("ab*?", max_size=5)


@given(TEMPLATES, TEMPLATES)
def test_templates_overlap_where_some_name_is_selected_by_both(one: str, other: str) -> None:
    both = [name for name in NAMES if matches(name, one) and matches(name, other)]
    letters = sum(letter != "*" for letter in one) + sum(letter != "*" for letter in other)
    if both or letters <= 5:  # a name in both needs no more letters than both templates have
        assert overlap(one, other) == bool(both)
    assert overlap(one, other) == overlap(other, one)


@given(TEMPLATES, TEMPLATES)
def test_a_template_covers_only_what_it_selects(general: str, special: str) -> None:
    if covers(general, special):
        assert all(matches(name, general) for name in NAMES if matches(name, special))


@pytest.mark.parametrize(("general", "special"), [
    ("*", "*"), ("*", "A"), ("*", "A*"), ("A*", "A*"), ("A*", "AB*"), ("A?", "A1"), ("??", "A?"), ("A*C", "AB*C"),
    ("SCRATCH*", "SCRATCH"), ("**", "*")])
def test_covers(general: str, special: str) -> None:
    assert covers(general, special)


@pytest.mark.parametrize(("general", "special"), [
    ("A", "*"), ("A", "?"), ("A?", "A*"), ("A*", "*"), ("B*", "A*"), ("A", "AB"), ("", "*")])
def test_does_not_cover(general: str, special: str) -> None:
    assert not covers(general, special)


@given(st.text("ab*?", max_size=5), st.sampled_from(NAMES))
def test_a_name_overlaps_a_template_that_selects_it(template: str, name: str) -> None:
    assert overlap(template, name) == matches(name, template) == covers(template, name)
