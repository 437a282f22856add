"""Two systems on this machine, a scheme between them, and the program's front door in this process."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vtspolicy import cli
from vtspolicy.catalog.state import State, open_state
from vtspolicy.policy.places import Pool

SOURCE, TARGET = Pool("here", "VAULT01", "PAYROLL"), Pool("there", "VAULT02", "PAYROLL")
START = ("start", "scheme", "NIGHTLY")
SYSTEM = "kind: system\nname: {name}\nvaults:\n  {vault}: {path}\n"
SCHEME = """kind: scheme
name: NIGHTLY
from: /VAULT01/PAYROLL
to: there:/VAULT02/PAYROLL
"""


@dataclass(frozen=True)
class Said:
    """What one invocation came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.splitlines()[0])
        return found


class World:
    """`here:/VAULT01/PAYROLL` and `there:/VAULT02/PAYROLL`."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.capsys = capsys
        self.monkeypatch = monkeypatch
        self.policies, self.state_folder = root / "policies", root / "state"
        self.source, self.target = root / "here" / "PAYROLL", root / "there" / "PAYROLL"
        for folder in (self.policies, self.source, self.target):
            folder.mkdir(parents=True)
        self.policy("here", SYSTEM.format(name="here", vault="VAULT01", path=root / "here"))
        self.policy("there", SYSTEM.format(name="there", vault="VAULT02", path=root / "there"))
        self.policy("NIGHTLY", SCHEME)
        for vault, number in (("here", 1), ("there", 2)):
            (root / vault / ".vtspolicy-vault").write_text(f"{number:032x}\n")

    def policy(self, name: str, text: str) -> None:
        (self.policies / f"{name}.yaml").write_text(text)

    def tape(self, name: str, content: bytes = b"content") -> Path:
        path = self.source / name
        path.write_bytes(content)
        os.utime(path, ns=(1_700_000_000_000_000_000, 1_700_000_000_000_000_000))
        return path

    def say(self, *words: str, stdin: bytes = b"", program: str = "vtspolicy") -> Said:
        """Run the program with these words."""
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = cli.main([*words, "--policies", str(self.policies), "--state", str(self.state_folder)], program)
        out, err = self.capsys.readouterr()
        return Said(code, out, err)

    def state(self) -> State:
        return open_state(str(self.state_folder), str(self.policies))

    def events(self) -> list[str]:
        """The ids of all events, oldest first."""
        with self.state() as state:
            return [each.id for each in state.events()]

    def states(self) -> dict[str, str]:
        """The state word of each tape."""
        data = self.say("status", "scheme", "NIGHTLY", "--json").json["data"]
        return {each["tape"].rpartition("/")[2]: each["state"] for each in data["tapes"]}

    def database(self) -> Path:
        """The state's file."""
        return next(path for path in self.state_folder.iterdir()
                    if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")
