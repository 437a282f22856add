"""Runs as rows: what was asked for, by whom, and how it ended."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vtspolicy.catalog.schema import whole
from vtspolicy.events import printable
from vtspolicy.systems.leftovers import RUN_DIGITS


@dataclass(frozen=True)
class Run:
    """One sentence that was carried out."""

    id: str
    verb: str
    policy: str | None = None
    """The scheme or AutoCopy policy; None where the sentence said it all."""
    ref: str | None = None
    """The caller's own word."""
    user: str = ""
    pid: int = 0
    started: str = ""
    """UTC, RFC 3339."""
    ended: str | None = None
    """None while it runs, and where its process was killed."""
    status: str | None = None
    """The status word of the result: done, nothing, warnings, partial, failed, refused, stopped, bug."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many of what: `{"done": 41, "failed": 1}`."""


def new_run_id() -> str:
    """A run's id: 12 letters and digits. Ids sort by time, to a hundredth of a second; the last four are random."""
    number = time.time_ns() // 10**7 << 20 | secrets.randbits(20)
    return "".join(RUN_DIGITS[number >> shift & 31] for shift in range(55, -1, -5))


def row_of(run: Run) -> tuple[Any, ...]:
    """The run as START_RUN takes it."""
    policy, ref = (None if word is None else printable(word) for word in (run.policy, run.ref))
    return (run.id, printable(run.verb), policy, ref, printable(run.user), whole(run.pid, "the process id"),
            run.started, run.ended, run.status, counts_text(run.counts))


def counts_text(counts: Mapping[str, int]) -> str:
    """Counts as stored."""
    return json.dumps({name: whole(count, name) for name, count in counts.items()})


def run_of(row: tuple[Any, ...]) -> Run:
    """The run that a row holds. Raise ValueError or TypeError where it cannot be what was stored."""
    *texts, counts = row
    found = json.loads(counts)
    if not all(isinstance(text, str | int | None) for text in texts) or not isinstance(found, dict):
        raise TypeError("a column of a run has the wrong type")
    return Run(*(*texts, found))
