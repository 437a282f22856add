"""When two identities may be the same state of the same file."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtspolicy.systems.facts import Hole, Identity, length_of

S = 10**9
FULL = Identity(5, 7 * S + 3, 11, 13)
NUMBER = st.integers(0, 2)
IDENTITIES = st.builds(Identity, NUMBER, st.sampled_from([0, 1, S, S + 1]), st.none() | NUMBER, st.none() | NUMBER)


@pytest.mark.parametrize(("other", "looks", "fits"), [
    (FULL, True, True),
    (dataclasses.replace(FULL, size=6), False, False),
    (dataclasses.replace(FULL, mtime_ns=7 * S + 4), False, False),
    (dataclasses.replace(FULL, inode=12), True, False),
    (dataclasses.replace(FULL, ctime_ns=14), True, False),
    (dataclasses.replace(FULL, ctime_ns=None), True, True),       # a record, before its rename
    (dataclasses.replace(FULL, inode=None), True, True),
    (Identity(5, 7 * S), True, True),                             # SFTP: whole seconds, and no more
    (Identity(5, 7 * S + 999), True, True),
    (Identity(5, 8 * S), False, False),
    (Identity(5, 7 * S, 11), False, False),                       # with an inode nanoseconds count
    (Identity(5, 7 * S, None, 14), True, False),
])
def test_what_both_know_must_be_equal(other: Identity, looks: bool, fits: bool) -> None:
    assert (FULL.looks_like(other), FULL.fits(other)) == (looks, fits)


@given(IDENTITIES, IDENTITIES)
def test_fitting_is_mutual_and_means_looking_alike(one: Identity, other: Identity) -> None:
    assert one.fits(one)
    assert one.fits(other) == other.fits(one)
    assert one.looks_like(other) == other.looks_like(one)
    assert one.looks_like(other) or not one.fits(other)


def test_a_piece_is_as_long_as_what_it_stands_for() -> None:
    assert (length_of(b"abc"), length_of(memoryview(b"ab")), length_of(Hole(9))) == (3, 2, 9)
