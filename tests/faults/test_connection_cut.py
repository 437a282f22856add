"""The connection is cut at a chosen byte: in the handshake, in the data, between the data and the last answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, Stage, old_of
from tests.support import tally
from tests.support.proxy import UP, Cut, Proxy, Way
from tests.support.sshd import SshServer
from tests.support.tapes import random_bytes
from vtspolicy.errors import Outage

SIZE = 1_500_000
QUIET = 0.3
"""Seconds after which all that was sent has passed the proxy."""


@dataclass(frozen=True)
class Offsets:
    """How many bytes had passed, in each way, when each stretch of a good run ended."""

    planned: dict[Way, int]
    """Handshake, login, greeting, and both sides looked at."""
    sent: dict[Way, int]
    certain: dict[Way, int]


def measured(stage: Stage) -> Offsets:
    """The offsets of a run without a fault."""
    marks: dict[str, dict[Way, int]] = {}
    sent = 0
    with Proxy(stage.server.port, record=True) as proxy:

        def mark(name: str) -> None:
            time.sleep(QUIET)
            marks[name] = {way: proxy.passed(way) for way in Way}

        def progress(count: int) -> None:
            nonlocal sent
            sent += count
            if sent == SIZE and "sent" not in marks:
                mark("sent")

        stage.put("T00001", random_bytes(SIZE, 1))
        stage.sender.there = stage.described(port=proxy.port)
        stage.sender.known_hosts = str(stage.server.known_hosts(port=proxy.port))
        report = stage.sender.run(before=lambda plan, target: mark("planned"), progress=progress,
                                  after=lambda: mark("certain"))
        assert report.done == {"T00001"}, [failure.message for failure in report.failures]
    stage.sender = stage.new_sender()
    return Offsets(marks["planned"], marks["sent"], marks["certain"])


def between(low: int, high: int, count: int) -> list[int]:
    """So many offsets in (low, high], evenly apart."""
    return [low + max(1, round((high - low) * (index + 1) / count)) for index in range(count)]


def cuts(offsets: Offsets, where: str, count: int) -> list[Cut]:
    """Cuts in one stretch, in both ways, by reset and by a normal close in turn."""
    if where == "handshake":
        pairs = [(way, at) for way in Way for at in between(0, offsets.planned[way] - 1, count // 2)]
    elif where == "data":
        pairs = [(UP, at) for at in between(offsets.planned[UP], offsets.sent[UP], count)]
    else:
        pairs = [(way, at) for way in Way
                 for at in between(offsets.sent[way], offsets.certain[way] - 1, count // 2)]
    return [Cut(way, at, reset=index % 2 == 0) for index, (way, at) in enumerate(pairs)]


@pytest.mark.parametrize(("where", "full"), [("handshake", 24), ("data", 40), ("last answer", 40)])
@pytest.mark.parametrize("kind", FAR_ENDS)
def test_cut(kind: str, where: str, full: int, tmp_path: Path, sshd: SshServer) -> None:
    stage = Stage(kind, tmp_path, sshd)
    offsets = measured(stage)
    chosen = cuts(offsets, where, full)
    struck = 0
    for index in tally.spread(len(chosen), tally.count(len(chosen), len(chosen) // 4)):
        cut = chosen[index - 1]
        if index % 3 == 0:
            stage.forget()
        new = {"T00001": stage.put("T00001", random_bytes(SIZE, 100 + index))}
        old = old_of(stage, new)
        with Proxy(sshd.port, [cut]) as proxy:
            report = stage.through(proxy.port)
            struck += bool(proxy.connections and proxy.connections[0].struck)
        stage.check(report, old, new)
        assert all(isinstance(failure, Outage) for failure in report.failures), (
            cut, [failure.message for failure in report.failures])
        if where != "last answer":
            assert report.failures, f"{cut}, and nothing was reported"
        stage.check_recovery(new)
    tally.tally(f"cuts in the {where} ({kind})", struck, at_least=full // 2 if tally.TORTURE else full // 10)
