"""Two senders at once for the same tapes: each tape that results is whole and one of theirs; who loses is told so."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, POOL, Stage
from tests.support import journey, tally
from tests.support.signals import Running
from tests.support.sshd import SshServer
from tests.support.tapes import random_bytes
from vtspolicy.systems.digest import digest_of

TAPES = ("T00001", "T00002", "T00003")


@pytest.mark.parametrize("kind", FAR_ENDS)
def test_two_programs(kind: str, tmp_path: Path, sshd: SshServer) -> None:
    """Each rewrites its own source before each run, and replaces what the other brought there."""
    rounds = tally.count(40, 8)
    stages = [Stage(kind, tmp_path / name, sshd, far=tmp_path / "far") for name in ("one", "two")]
    for number, stage in enumerate(stages):
        journey.initialise(stage.near, 10 + number)
        for name in TAPES:
            stage.put(name, b"first")
        stage.sender.writer = f"{number:016x}"
    specs = [journey.write_spec(tmp_path / f"spec{number}", stage.sender, runs=rounds, rewrite=30_000 + number,
                                replace=True) for number, stage in enumerate(stages)]
    stop = threading.Event()
    seen: Counter[int] = Counter()

    def look() -> None:
        """A reader there never sees anything but whole tapes: their sizes tell whose."""
        while not stop.is_set():
            for name in TAPES:
                content = stages[0].there(name)
                seen[-1 if content is None else len(content)] += 1

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with Running(journey.command(specs[0])) as one, Running(journey.command(specs[1])) as two:
            codes = [one.wait(120), two.wait(120)]
            told = [[json.loads(line) for line in each.output.splitlines()] for each in (one, two)]
            assert codes == [0, 0], (one.errors, two.errors)
            assert (one.errors, two.errors) == ("", "")
    finally:
        stop.set()
        watcher.join()
    assert set(seen) <= {-1, 30_000, 30_001}, seen
    reasons: Counter[str] = Counter()
    for reports in told:
        assert len(reports) == rounds
        for report in reports:
            assert set(report["done"]) | set(report["failed"]) == set(TAPES), report
            reasons.update(report["failed"].values())
    told_so = {"diverged", "locked"}
    if kind == "sftp":  # in whole seconds, the other's new tape can look like the one that was replaced
        told_so.add("target-write")
    assert set(reasons) <= told_so, reasons
    sshd.wait_idle()
    for name in TAPES:
        assert stages[0].there(name) in [(stage.near / POOL / name).read_bytes() for stage in stages] or reasons
    assert stages[0].parts() == []
    tally.tally(f"runs of two senders ({kind})", 2 * rounds, at_least=2 * rounds)
    tally.tally("tapes lost to the other sender", sum(reasons.values()), at_least=1)


def test_two_at_the_last_step(tmp_path: Path, sshd: SshServer) -> None:
    """Both have sent their tape and planned against the same old one; one wins, the other is told that it diverged."""
    stages = [Stage("receiver", tmp_path / name, sshd, far=tmp_path / "far") for name in ("one", "two")]
    journey.initialise(stages[1].near, 11)
    stages[1].sender.writer = "b" * 16
    for number in range(tally.count(100, 10)):
        contents = [stage.put("T00001", random_bytes(20_000 + index, number)) for index, stage in enumerate(stages)]
        meet = threading.Barrier(2)
        reports: dict[int, journey.Report] = {}

        def go(index: int) -> None:
            def progress(count: int) -> None:
                if count:
                    meet.wait(10)  # noqa: B023  # joined before the next turn

            reports[index] = stages[index].sender.run(replace=True, progress=progress)  # noqa: B023

        threads = [threading.Thread(target=go, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [index for index, report in reports.items() if report.done]
        assert len(winners) == 1, {index: report.as_json() for index, report in reports.items()}
        assert stages[0].there("T00001") == contents[winners[0]]
        assert reports[1 - winners[0]].reasons == {"diverged"}
        record = stages[0].far / POOL / ".vtspolicy" / "T00001.record"
        assert json.loads(record.read_bytes())["records"][0]["digest"] == digest_of(contents[winners[0]])
        tally.tally("races for the last step", 1, at_least=10)
