"""Worlds for the acceptance tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import KINDS, World
from tests.support.sshd import SshServer


@pytest.fixture
def make_world(tmp_path: Path, sshd: SshServer) -> Callable[..., World]:
    """Makes a world of a kind: `make_world("receiver", stall="5 s")`. Once in a test, unless a folder is named."""

    def make(kind: str, *, folder: str = "", **more: object) -> World:
        return World(kind, tmp_path / folder if folder else tmp_path, sshd, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """The same for each far end."""
    return make_world(request.param)
