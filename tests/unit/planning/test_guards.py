"""The guards before a run: what they let pass, and what they say."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtspolicy.errors import IdentityMismatch, NoSpace
from vtspolicy.planning.guards import check_apart, check_identity, check_space, elsewhere, space_needed
from vtspolicy.planning.plan import WINDOW_BYTES, WINDOW_PARTS, Action, Step
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.facts import Identity, TapeFacts, VaultFacts

VAULT, OTHER = Vault("vts1", "VAULT01"), Vault("vts2", "VAULT01")
POOL = Pool("vts2", "VAULT01", "PAYROLL")
BIG = WINDOW_BYTES


def test_a_vault_is_the_one_that_it_was() -> None:
    assert check_identity(VAULT, VaultFacts("a" * 32, (), 0), None) == "a" * 32
    assert check_identity(VAULT, VaultFacts("a" * 32, (), 0), "a" * 32) == "a" * 32


@pytest.mark.parametrize(("identity", "remembered", "message"), [
    (None, None, "vault vts1:/VAULT01 has no id; INIT VAULT vts1:/VAULT01 gives it one"),
    (None, "a" * 32, f"vault vts1:/VAULT01 has no id; it had {'a' * 32} before: is its disk mounted? If "
                     "another disk is meant to be there: INIT VAULT vts1:/VAULT01, REPLACE !"),
    ("b" * 32, "a" * 32, f"vault vts1:/VAULT01 has the id {'b' * 32}, and had {'a' * 32} before: another disk or "
                         "machine answers under its name. If it is meant to: TRUST VAULT vts1:/VAULT01 !"),
])
def test_a_vault_that_is_not_the_one_is_refused(identity: str | None, remembered: str | None, message: str) -> None:
    with pytest.raises(IdentityMismatch) as caught:
        check_identity(VAULT, VaultFacts(identity, (), 0), remembered)
    assert (str(caught.value), caught.value.system) == (message, "vts1")


def test_two_vaults_with_one_id_are_a_vault_and_its_clone() -> None:
    others = {OTHER: "a" * 32, VAULT: "c" * 32}
    assert check_identity(VAULT, VaultFacts("c" * 32, (), 0), "c" * 32, others) == "c" * 32
    for remembered in (None, "c" * 32):
        with pytest.raises(IdentityMismatch) as caught:
            check_identity(VAULT, VaultFacts("a" * 32, (), 0), remembered, others)
        assert str(caught.value) == (
            f"vault vts1:/VAULT01 has the id {'a' * 32}, which is that of vts2:/VAULT01: one of them is a clone, or "
            "both names mean one vault. Where it is the clone: INIT VAULT vts1:/VAULT01, REPLACE !")


def test_a_vault_is_not_copied_onto_itself() -> None:
    check_apart(VAULT, "a" * 32, OTHER, "b" * 32)
    with pytest.raises(IdentityMismatch) as caught:
        check_apart(VAULT, "a" * 32, OTHER, "a" * 32)
    assert str(caught.value) == f"vts1:/VAULT01 and vts2:/VAULT01 are the same vault (id {'a' * 32})"


def test_names_of_other_pools_only() -> None:
    other = Pool("vts2", "VAULT02", "PAYROLL")
    assert elsewhere({POOL: frozenset({"T1"}), other: frozenset({"T2", "T3"})}, POOL) == {"T2": other, "T3": other}


def step(size: int, replaced: int | None = None, *, allocated: int | None = None, action: Action = Action.COPY) -> Step:
    source = TapeFacts("T", Identity(size, 0), 0o600, size if allocated is None else allocated)
    target = None if replaced is None else TapeFacts("T", Identity(replaced, 0), 0o600, replaced)
    return Step(action, "T", "", size, source, target)


@pytest.mark.parametrize(("steps", "needed"), [
    ([], 0),
    ([step(100)], 100),
    ([step(100), step(50)], 150),
    ([step(100, 100)], 100),                         # the part lies beside what it replaces
    ([step(100, 100), step(50)], 150),               # within a window nothing is given back yet
    ([step(BIG, BIG), step(BIG, BIG)], BIG),         # what was replaced serves the next window
    ([step(BIG, 10), step(50)], BIG + 40),
    ([step(BIG, BIG + 70), step(BIG + 100)], BIG + 30),
    ([step(1, 1)] * 200, WINDOW_PARTS),
    ([step(1 << 40, allocated=4096)], 4096),         # holes take no room
    ([step(10, allocated=4096)], 10),
    ([step(100, action=Action.COMPARE), step(100, action=Action.NOTHING), step(100, action=Action.REFUSE)], 0),
    ([Step(Action.REFUSE, "T", "", reason="missing")], 0),
])
def test_the_worst_moment_counts(steps: list[Step], needed: int) -> None:
    assert space_needed(steps) == needed


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=3 * WINDOW_PARTS))
def test_the_worst_moment_is_that_of_a_disk_on_which_it_happens(tapes: list[tuple[int, int | None]]) -> None:
    steps = [step(size, replaced) for size, replaced in tapes]
    changes = itertools.chain.from_iterable(
        [*(size for size, _ in window), -sum(replaced or 0 for _, replaced in window)]
        for window in (tapes[start:start + WINDOW_PARTS] for start in range(0, len(tapes), WINDOW_PARTS)))
    assert space_needed(steps) == max(0, *itertools.accumulate(changes, initial=0))


def test_space_is_refused_only_where_it_is_known_to_be_too_little() -> None:
    steps = [step(2048)]
    check_space(POOL, 2048, steps)
    check_space(POOL, None, steps)
    check_space(POOL, 0, [])
    with pytest.raises(NoSpace) as caught:
        check_space(POOL, 2047, steps)
    assert str(caught.value) == "vts2:/VAULT01/PAYROLL has 2047 bytes free, the copies need 2048 bytes"
