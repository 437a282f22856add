"""What a receiver refused is told on its own side, where there is a log that it may write; and nothing is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.service.world import World
from vtspolicy.errors import Frozen
from vtspolicy.service.sites.refused import tell_refused

REFUSED = Frozen("pool there:/VAULT02/PAYROLL is frozen since 2026-11-22 01:30 UTC by root@vts2", system="there")


def test_it_is_told_in_the_event_log(world: World) -> None:
    world.say("info", "event")
    tell_refused(REFUSED, str(world.policies), str(world.state_folder),
                 {"SSH_CONNECTION": "192.0.2.7 4711 192.0.2.8 22"})
    with world.state() as state:
        event, = state.events()
    assert event.id == "422003"
    assert event.text == f"A copy from 192.0.2.7 refused here, {REFUSED.message}"
    assert event.text in (world.state_folder / "log" / "event.log").read_text()


@pytest.mark.parametrize("there", ["nothing", "a file", "another's"])
def test_without_a_log_nothing_is_made_and_nothing_breaks(world: World, tmp_path: Path, there: str) -> None:
    folder = tmp_path / "far-state"
    if there == "a file":
        folder.write_text("x")
    elif there == "another's":
        folder = world.state_folder
        world.say("info", "event")
    before = sorted(tmp_path.rglob("*"))
    tell_refused(REFUSED, str(tmp_path / "no-policies"), str(folder), {})
    assert sorted(tmp_path.rglob("*")) == before
    if there == "another's":
        assert world.events() == []
