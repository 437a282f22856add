"""VERIFY: what is read over there, held against what was recorded."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit.transfer.faulty import NOW, TARGET, Source, Target, known
from vtspolicy.errors import Damaged, Diverged, Missing
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Identity
from vtspolicy.transfer.verify import verify


@pytest.mark.usefixtures("both")
def test_verify_finds_the_recorded_bytes(source: Source, target: Target) -> None:
    row = known(source, target, reason="unreachable", failed="then", target_identity=Identity(3, 1))
    found = verify(row, target, NOW)
    assert found.failure is None
    assert found.copy == dataclasses.replace(
        row, verified=NOW, reason=None, failed=None, target_identity=target.facts(TARGET.tape("T1")).identity)


@pytest.mark.usefixtures("both")
def test_bytes_that_are_there_do_not_undo_a_failed_fsync(source: Source, target: Target) -> None:
    row = known(source, target, reason="not-durable", failed="then")
    found = verify(row, target, NOW)
    assert found.failure is None
    assert found.copy == dataclasses.replace(row, verified=NOW)


@pytest.mark.usefixtures("both")
def test_verify_finds_rot(source: Source, target: Target) -> None:
    row = known(source, target)
    target.rot(TARGET.tape("T1"), b"rot")
    found = verify(row, target, NOW)
    assert found.copy == dataclasses.replace(row, reason="damaged", failed=NOW)
    assert isinstance(found.failure, Damaged)
    assert str(found.failure) == (f"there:/VAULT01/PAYROLL/T1: {digest_of(b'rot')[:23]} lies there, "
                                  f"{digest_of(b'old')[:23]} was recorded")


@pytest.mark.usefixtures("both")
def test_verify_tells_a_hand_from_rot(source: Source, target: Target) -> None:
    row = known(source, target)
    target.put(TARGET.tape("T1"), b"new")
    found = verify(row, target, NOW)
    assert found.copy == dataclasses.replace(row, reason="diverged", failed=NOW)
    assert isinstance(found.failure, Diverged)


@pytest.mark.usefixtures("both")
def test_verify_misses_what_is_gone(source: Source, target: Target) -> None:
    row = known(source, target)
    del target.pools[TARGET]["T1"]
    found = verify(row, target, NOW)
    assert (found.copy.reason, type(found.failure)) == ("missing", Missing)
