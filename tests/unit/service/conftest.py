"""The world of two systems on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.service.world import World


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("TZ", "UTC")
    return World(tmp_path, capsys, monkeypatch)
