"""The start of light verbs against the start of Python itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.acceptance.world import PROGRAM
from tests.bench.paired import line, rounds

REFERENCE = "python -c pass"
VERBS = {
    "vtspolicy info scheme *": ("info", "scheme", "*"),
    "vtspolicy parse": ("parse", "VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'"),
    "vtspolicy check policy (10 files)": ("check", "policy"),
}


def bench(folder: Path, count: int, environment: Mapping[str, str]) -> list[str]:
    """The lines of the report. The first start of each, which compiles byte code, is not counted."""
    policies = ten_policies(folder / "policies")
    commands: dict[str, Sequence[str]] = {REFERENCE: (sys.executable, "-c", "pass")}
    for name, words in VERBS.items():
        commands[name] = (PROGRAM, "--policies", str(policies), "--state", str(folder / "state"), *words)
    candidates = {name: _starter(command, environment) for name, command in commands.items()}
    for start in candidates.values():
        start()
    taken = rounds(count, candidates)
    return [line(taken, name, REFERENCE) for name in VERBS]


def ten_policies(folder: Path) -> Path:
    """A folder of ten policy files."""
    folder.mkdir()
    (folder / "here.yaml").write_text("kind: system\nname: here\nvaults: {VAULT01: /srv/vts/VAULT01}\n")
    (folder / "vts2.yaml").write_text("kind: system\nname: vts2\naddress: vts2.example.com\nuser: vts\n"
                                      "key: /etc/vtspolicy/keys/vts2\nvaults: {VAULT01: /srv/vts/VAULT01}\n")
    for number in range(8):
        (folder / f"s{number}.yaml").write_text(f"kind: scheme\nname: S{number}\nfrom: /VAULT01/P{number}\n"
                                                f"to: vts2:/VAULT01/P{number}\n")
    return folder


def _starter(command: Sequence[str], environment: Mapping[str, str]) -> Callable[[], float]:
    def start() -> float:
        from time import perf_counter

        begun = perf_counter()
        subprocess.run(command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return perf_counter() - begun

    return start
