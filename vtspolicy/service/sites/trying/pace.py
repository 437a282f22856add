"""How fast the way is, and how far the clocks are apart."""

from __future__ import annotations

import os
import statistics
import time
from contextlib import suppress

from vtspolicy.errors import Failure, Outage
from vtspolicy.policy.places import Pool
from vtspolicy.policy.units import format_size
from vtspolicy.service.sites.trying.steps import Steps
from vtspolicy.systems.contract import System
from vtspolicy.systems.files import PART_SUFFIX
from vtspolicy.systems.metadata import Metadata

PULSES = 7
APART = 5.0
"""Seconds that two clocks may differ before it is warned of."""
SMALL, LARGE = 256 << 10, 4 << 20
"""Bytes that are sent: the large piece only where the small one went quickly."""
SLOW = 1 << 20
"""Bytes per second below which it is warned of."""


def ahead(clock: float) -> float:
    """How far a clock is ahead of ours, seconds."""
    return clock - time.time()


def pulse(there: System, steps: Steps, from_file: float | None) -> None:
    """The steps `clock` and `round trip`. `from_file`: how far the far clock is ahead by the time of a file, whole
    seconds, where it was told so."""
    trips, clocks = [], []
    for _ in range(PULSES):
        before, start = time.time(), time.monotonic()
        clock = there.pulse()
        trips.append(time.monotonic() - start)
        if clock is not None:
            clocks.append(clock - before - trips[-1] / 2)
    steps.ok("round trip", f"{statistics.median(trips) * 1000:.1f} ms (median of {PULSES})")
    difference = statistics.median(clocks) if clocks else from_file
    if difference is None:
        steps.skip("clock", "the system tells no time")
        return
    allowed = APART if clocks else APART + 1
    words = f"{abs(difference):.1f} s {'ahead' if difference > 0 else 'behind'}"
    if abs(difference) > allowed:
        steps.warn("clock", words, "run chrony or another NTP client on both sides: times in records and logs differ")
    else:
        steps.ok("clock", words)


def rate(there: System, pool: Pool, writer: str, steps: Steps) -> None:
    """The step `rate`, once in a test: bytes to a part file that is flushed, read back, and removed."""
    if any(each.step == "rate" for each in steps.taken) or there.promises.far_end in ("local", "memory"):
        return
    try:
        seconds, size = _sent(there, pool, writer, SMALL), SMALL
        if seconds < 1:
            seconds, size = _sent(there, pool, writer, LARGE), LARGE
    except Outage:
        raise
    except Failure:
        return  # the trial that follows says why
    per_second = int(size / max(seconds, 1e-6))
    words = f"{format_size(per_second)}/s ({format_size(size)} written, flushed and read back)"
    if per_second < SLOW:
        steps.warn("rate", words, "look at the link, and at the disk over there; a tape of 1 GiB takes "
                   f"{(1 << 30) / max(per_second, 1) / 60:.0f} min", pool)
    else:
        steps.ok("rate", words, pool)


def _sent(there: System, pool: Pool, writer: str, size: int) -> float:
    """Send so many bytes; the seconds until they were read back there."""
    content = os.urandom(SMALL)
    part = there.begin(pool.tape("PROBE"), size, f"{writer}.probe.rate{PART_SUFFIX}")
    try:
        start = time.monotonic()
        for _ in range(size // SMALL):
            part.write(content)
        part.seal(Metadata(0o600, 0))
        part.sealed()
        return time.monotonic() - start
    finally:
        with suppress(Failure):
            part.discard()
