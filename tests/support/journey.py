"""The line without its catalog: connect, look at both sides, plan, carry out. What fault tests drive.

In this process it is a `Sender`; `python -m tests.support.journey SPEC` is the same as a program of its own (for
another network namespace, a crash library or a rival), and prints one JSON line for each run. SPEC is a JSON file.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vtspolicy.errors import EmptySource, Failure, Outage
from vtspolicy.planning.guards import check_apart, check_identity, check_space, elsewhere
from vtspolicy.planning.plan import Action, Copy, Plan
from vtspolicy.planning.planner import Situation, make_plan, unexplained
from vtspolicy.policy import model
from vtspolicy.policy.places import Pool
from vtspolicy.systems.connect import connect
from vtspolicy.systems.contract import System
from vtspolicy.systems.facts import Progress, no_progress
from vtspolicy.systems.layers import Pace
from vtspolicy.transfer.carry_out import carry_out
from vtspolicy.transfer.journey import Journey
from vtspolicy.transfer.outcome import Outcome, Result

HERE, THERE, VAULT, POOL = "here", "there", "VAULT01", "PAYROLL"
PROGRAM = "journey"


@dataclass
class Report:
    """What became of a run."""

    plan: Plan | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    ended: Failure | None = None
    """What ended the whole run; None where every step has an outcome."""
    by_records: Plan | None = None
    """After the run: the plan of someone who knows only the far side's own records."""
    swept: int = 0
    chatter: str = ""
    seconds: float = 0.0

    @property
    def failures(self) -> list[Failure]:
        """Everything that went wrong."""
        return [each.failure for each in self.outcomes if each.failure] + ([self.ended] if self.ended else [])

    @property
    def reasons(self) -> set[str]:
        return {failure.reason for failure in self.failures}

    def having(self, *results: Result) -> set[str]:
        """The tapes with one of these results."""
        return {each.step.tape for each in self.outcomes if each.result in results}

    @property
    def done(self) -> set[str]:
        """The tapes that the run calls copied or equal."""
        return self.having(Result.COPIED, Result.EQUAL, Result.TRUSTED)

    def as_json(self) -> dict[str, Any]:
        return {
            "done": sorted(self.done),
            "failed": {each.step.tape: each.failure.reason for each in self.outcomes if each.failure},
            "messages": [failure.message for failure in self.failures],
            "ended": self.ended.reason if self.ended else None,
            "seconds": round(self.seconds, 3),
        }


class Sender:
    """One side that copies from a vault here to a system there. It remembers its copies as a catalog would."""

    def __init__(self, root: Path, there: model.System, known_hosts: Path | str = "", *,
                 writer: str = "a1b2c3d4e5f60718") -> None:
        self.here = model.System(name=HERE, vaults={VAULT: str(root)})
        self.there = there
        self.known_hosts = str(known_hosts)
        self.writer = writer
        self.copies: dict[str, Copy] = {}
        self._runs = 0

    def run(self, *, pool: str = POOL, tapes: tuple[str, ...] = ("*",), replace: bool = False,
            before: Callable[[Plan, System], None] | None = None, after: Callable[[], None] | None = None,
            progress: Progress = no_progress, pace: Pace | None = None) -> Report:
        """Plan and copy once. `before` is called between the plan and the copying, `after` when the last tape's fate
        is certain. Only Failure is caught."""
        report, began = Report(), time.monotonic()
        stack = ExitStack()
        try:
            with stack:
                self._run(stack, report, Pool(HERE, VAULT, pool), Pool(THERE, VAULT, pool), tapes, replace, before,
                          after, progress, pace)
        except Failure as failure:
            report.ended = failure
        report.seconds = time.monotonic() - began
        return report

    def _run(self, stack: ExitStack, report: Report, near: Pool, far: Pool, tapes: tuple[str, ...], replace: bool,
             before: Callable[[Plan, System], None] | None, after: Callable[[], None] | None, progress: Progress,
             pace: Pace | None) -> None:
        source = stack.enter_context(connect(self.here, self.known_hosts, PROGRAM, None))
        target = stack.enter_context(connect(self.there, self.known_hosts, PROGRAM, None))
        report.chatter = getattr(target, "chatter", "")
        source_id = check_identity(near.of, source.vault(near.of), None)
        check_apart(near.of, source_id, far.of, check_identity(far.of, target.vault(far.of), None))
        report.plan = self._plan(source, target, near, far, source_id, self.copies, tapes, replace)
        free = target.inventory(far).free
        check_space(far, free, report.plan.steps)
        report.swept = target.sweep(far, self.writer)
        if before is not None:
            before(report.plan, target)
        self._runs += 1
        journey = Journey(f"RUN{self._runs}", self.writer, source_id, _now, pace, progress)
        for outcome in carry_out(report.plan, source, target, journey):
            report.outcomes.append(outcome)
            if outcome.copy is not None:
                self.copies[outcome.step.tape] = outcome.copy
        if after is not None:
            after()
        if not any(isinstance(failure, Outage) for failure in report.failures):
            with suppress(EmptySource):  # the only source tape may be gone by now
                report.by_records = self._plan(source, target, near, far, source_id, {}, tapes, replace)

    @staticmethod
    def _plan(source: System, target: System, near: Pool, far: Pool, source_id: str, copies: Mapping[str, Copy],
              tapes: tuple[str, ...], replace: bool) -> Plan:
        names, warnings = target.names()
        situation = Situation(near, far, source.inventory(near), target.inventory(far), dict(copies), {},
                              elsewhere(names, far), source_id, tapes, replace, warnings)
        unknown = unexplained(situation)
        if unknown:
            situation = Situation(**{**vars(situation), "records": target.records(far, unknown)})
        return make_plan(situation)


def needs_nothing(plan: Plan | None) -> bool:
    """True for a plan in which every tape is known and unchanged."""
    return plan is not None and all(step.action is Action.NOTHING for step in plan.steps)


def initialise(root: Path, number: int, *pools: str) -> None:
    """Makes a vault with an id of its own, and pools in it."""
    for pool in pools or (POOL,):
        (root / pool).mkdir(parents=True, exist_ok=True)
    (root / ".vtspolicy-vault").write_text(f"{number:032x}\n")


def facts(there: model.System) -> dict[str, Any]:
    """A system's policy for a SPEC."""
    return {"name": there.name, "address": there.address, "port": there.port, "user": there.user, "key": there.key,
            "far_end": there.far_end, "stall": there.stall, "vaults": dict(there.vaults)}


def write_spec(path: Path, sender: Sender, **more: Any) -> Path:
    """A SPEC for the program: the sender's own settings, and `runs`, `replace`, `rewrite`, `rate` as wanted."""
    path.write_text(json.dumps({
        "root": sender.here.vaults[VAULT], "there": facts(sender.there), "known_hosts": sender.known_hosts,
        "writer": sender.writer, **more}))
    return path


def command(spec: Path) -> list[str]:
    """The words that run a SPEC."""
    return [sys.executable, "-m", "tests.support.journey", str(spec)]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def main(spec_path: str) -> int:
    """Run a SPEC. `rewrite` gives each tape new bytes before each run, so that there is always something to copy."""
    with open(spec_path, encoding="utf-8") as file:
        spec = json.load(file)
    sender = Sender(Path(spec["root"]), model.System(**spec["there"]), spec["known_hosts"], writer=spec["writer"])
    for _ in range(spec.get("runs", 1)):
        for path in sorted((Path(spec["root"]) / POOL).glob("T*")) if spec.get("rewrite") else ():
            path.write_bytes(os.urandom(int(spec["rewrite"])))
        pace = Pace(int(spec["rate"])) if spec.get("rate") else None
        report = sender.run(replace=bool(spec.get("replace")), pace=pace)
        print(json.dumps(report.as_json()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
