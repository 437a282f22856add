"""The first command of a new release is killed at each call that changes the state folder: the next one needs no hand.

At every moment the old program could be put back: the state file is the old one, or its copy lies beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.acceptance.world import PROGRAM
from tests.support import tally
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.unit.catalog.test_migration import put_old, rows


class Upgrade:
    """A state folder of the old release, made anew for each trial."""

    def __init__(self, root: Path) -> None:
        self.state, self.policies = root / "state", root / "policies"
        self.policies.mkdir()
        self.old = self.set()
        self.known = rows(self.state / "state.db")

    def set(self) -> bytes:
        """The old state; its bytes."""
        shutil.rmtree(self.state, ignore_errors=True)
        path = put_old(self.state, 1)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE state SET policies = ?", (str(self.policies),))
        (self.state / "state.db-journal").unlink(missing_ok=True)
        return path.read_bytes()

    @property
    def command(self) -> list[str]:
        return [PROGRAM, "--policies", str(self.policies), "--state", str(self.state), "info", "event", "--json"]

    def check(self) -> None:
        """Old or new; then one command brings it to its end."""
        looked = self.policies.parent / "looked"
        shutil.copytree(self.state, looked)  # because a look may roll a transaction back
        with closing(sqlite3.connect(looked / "state.db")) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        assert version == 2 or rows(looked / "state.db") == self.known
        shutil.rmtree(looked)
        kept = self.state / "state.db.v1"
        assert version == 1 or kept.read_bytes() == self.old, "there is no way back"
        assert not kept.exists() or kept.read_bytes() == self.old
        done = subprocess.run(self.command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        ids = [each["id"] for each in json.loads(done.stdout)["data"]["events"]]
        assert ids == [*(each["id"] for each in self.known["event"]), "231004"]
        assert kept.read_bytes() == self.old
        new = rows(self.state / "state.db")
        for table in ("copy", "run", "vault", "state"):
            assert [{key: each[key] for key in was} for was, each in zip(self.known[table], new[table], strict=True)
                    ] == self.known[table]
        assert sorted(set(os.listdir(self.state)) - {"state.db-journal"}) == [
            "log", "state.db", "state.db.v1", "state.lock"]
        logged = (self.state / "log" / "event.log").read_text().splitlines()
        assert len([line for line in logged if "|231004|" in line]) == 1


def test_the_next_command_completes_the_migration(tmp_path: Path, crash_points: Callable[..., CrashPoints]) -> None:
    upgrade = Upgrade(tmp_path)
    crash = crash_points([upgrade.state])
    assert crash.run(upgrade.command, traced=True).returncode == 0
    assert_same(crash.points(), crash.traced_points())
    upgrade.check()
    upgrade.set()
    assert crash.run(upgrade.command).returncode == 0
    total = crash.count()
    assert total >= 20, crash.points()
    killed = 0
    points = tally.spread(total, tally.count(total, -(-total // 10)))
    for number in points:
        upgrade.set()
        done = crash.run(upgrade.command, Strike(number))
        struck = done.returncode == -signal.SIGKILL
        assert struck or (done.returncode == 0 and crash.count() < number), done
        killed += struck
        upgrade.check()
    tally.tally("kills at the migration of a state", killed, at_least=len(points) - 2)
