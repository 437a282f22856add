"""A state in a folder of its own, and a copy to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vtspolicy.catalog.eventlog import Origin
from vtspolicy.catalog.state import State, open_state
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Pool
from vtspolicy.systems.facts import Identity

ORIGIN = Origin(user="operator", server="tapeserver01", pid=4711)
SOURCE = Pool("vts1", "VAULT01", "PAYROLL")
TARGET = Pool("vts2", "VAULT01", "PAYROLL")


def a_copy(name: str = "T00001", *, source: Pool = SOURCE, target: Pool = TARGET, size: int = 1000) -> Copy:
    return Copy(source.tape(name), target.tape(name), digest="ab" * 32, size=size,
                source_identity=Identity(size, 1_700_000_000_123_456_789, 2**64 - 1, -1),
                target_identity=Identity(size, 1_700_000_000_000_000_000),
                copied="2026-11-22T01:30:00.000Z", verified="2026-11-22T01:30:00.000Z", durable=True, run="R1")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "policies").mkdir()
    return str(tmp_path / "state")


@pytest.fixture
def policies(tmp_path: Path) -> str:
    return str(tmp_path / "policies")


@pytest.fixture
def state(folder: str, policies: str) -> Iterator[State]:
    with open_state(folder, policies, origin=ORIGIN) as opened:
        yield opened
