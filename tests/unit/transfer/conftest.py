"""A source and a target in memory."""

from __future__ import annotations

import pytest

from tests.unit.transfer.faulty import SOURCE, TARGET, Source, Target


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def both(source: Source, target: Target) -> None:
    source.put(SOURCE.tape("T1"), b"old")
    target.put(TARGET.tape("T1"), b"old")
