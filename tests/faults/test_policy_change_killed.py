"""ADD, ALTER and DELETE of a policy, killed at each change to the disk: the folder holds the old set or the new one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import tally
from tests.support.crash import CrashPoints
from vtspolicy.policy.folder import load
from vtspolicy.policy.policies import Policies

PROGRAM = """
import sys
from vtspolicy.command.sentence import parse
from vtspolicy.policy import writer
command = parse(sys.argv[2])
{"ADD": writer.add, "ALTER": writer.alter, "DELETE": writer.delete}[command.verb](sys.argv[1], command)
"""
SYSTEM = "kind: system\nname: here\nvaults: {VAULT01: /srv/VAULT01}\n# the end\n"


@pytest.mark.parametrize("sentence", [
    "ADD SYSTEM there, VAULTS VAULT02=/srv/VAULT02",
    "ALTER SYSTEM here, NOTE 'the first site'",
    "DELETE SYSTEM here !",
])
def test_old_or_new_wherever_it_is_killed(
    sentence: str, tmp_path: Path, crash_points: Callable[..., CrashPoints]
) -> None:
    world = tmp_path / "world"
    folder = world / "policies"

    def fresh() -> None:
        shutil.rmtree(world, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o755)
        (folder / "here.yaml").write_text(SYSTEM)
        (folder / "here.yaml").chmod(0o644)

    def now() -> Policies:
        return load(str(folder), may_be_missing=True)

    command = [sys.executable, "-c", PROGRAM, str(folder), sentence]
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    world.mkdir()
    points = crash_points([world])
    fresh()
    old = now()
    listed = points.proven(command, env=environment)
    new = now()
    assert new != old
    families = [point.family for point in listed]
    assert families.count("sync") == (1 if sentence.startswith("DELETE") else 2)  # the file, the folder
    for number in range(1, len(listed) + 1):
        fresh()
        points.run_killed(command, number, env=environment)
        assert now() in (old, new), f"killed at point {number}: {listed[number - 1]}"
        if now() == old:  # the same sentence again is not hindered by what the first left
            done = points.run(command, env=environment)
            assert done.returncode == 0, done.stderr.decode()
            assert now() == new
        assert all(path.name in ("here.yaml", "system-there.yaml") or path.name.startswith(".")
                   for path in folder.iterdir())
    tally.tally("policy changes killed", len(listed), at_least=1)


def test_a_first_policy_killed_while_its_folder_is_made(
    tmp_path: Path, crash_points: Callable[..., CrashPoints]
) -> None:
    world = tmp_path / "world"
    world.mkdir()
    folder = world / "a" / "policies"
    command = [sys.executable, "-c", PROGRAM, str(folder), "ADD SYSTEM here, VAULTS VAULT01=/srv/VAULT01"]
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    points = crash_points([world])
    listed = points.proven(command, env=environment)
    assert [point.family for point in listed].count("mkdir") == 2
    for number in range(1, len(listed) + 1):
        shutil.rmtree(world / "a")
        points.run_killed(command, number, env=environment)
        if not load(str(folder), may_be_missing=True).systems:
            assert points.run(command, env=environment).returncode == 0
        assert set(load(str(folder)).systems) == {"here"}
        if not (world / "a").exists():
            (world / "a").mkdir()
    tally.tally("policy changes killed", len(listed), at_least=1)
