"""Light verbs load no heavy library. How fast they start is measured by `make bench`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.light import ten_policies

HEAVY = {"paramiko", "cryptography", "pydantic", "rich", "tabulate", "sqlite3", "blake3", "zoneinfo", "asyncio", "ssl",
         "vtspolicy.systems.ssh.link", "vtspolicy.catalog.state", "vtspolicy.report.manual"}
PROGRAM = """\
import json, sys
from vtspolicy.entry import _run
code = _run(sys.argv[1:], "vtspolicy")
print(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ten policy files."""
    return ten_policies(tmp_path_factory.mktemp("light") / "policies")


@pytest.mark.parametrize(("words", "shown"), [
    (("info", "scheme", "*"), "S7"),
    (("INFO SCHEME *, OBEYFORM",), "ADD SCHEME S7"),
    (("parse", "VTSPolicy IDR 'NIGHTLY'"), '"NIGHTLY"'),
    (("parse", "info scheme *, obeyform"), '"OBEYFORM"'),
    (("check", "policy"), "OK"), (("help", "stale"), "START SCHEME"),
], ids=("info", "INFO", "parse VTSPolicy", "parse NonStop", "check", "help"))
def test_light_verbs_load_nothing_heavy(policies: Path, words: tuple[str, ...], shown: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "--policies", str(policies), "--state", str(policies / "none"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *output, last = done.stdout.splitlines()
    code, modules = json.loads(last)
    assert (code, done.stderr) == (0, "")
    assert shown in "\n".join(output)
    assert HEAVY & set(modules) == set()
    assert not (policies / "none").exists()
