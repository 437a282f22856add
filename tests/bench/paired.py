"""Paired rounds: in each round every candidate runs once, in turn, so that what slows the machine slows all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from statistics import median


def seconds_of(work: Callable[[], object]) -> float:
    """How long the work takes. What was written before is on the disk by then and costs it nothing."""
    os.sync()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def rounds(count: int, candidates: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """The seconds of each candidate in each round. A candidate measures itself; each round begins with another one."""
    names = list(candidates)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(count):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            taken[name].append(candidates[name]())
    return taken


def ratio(taken: Mapping[str, list[float]], name: str, reference: str) -> float:
    """The median of the rounds' ratios."""
    return median(ours / theirs for ours, theirs in zip(taken[name], taken[reference], strict=True))


def line(taken: Mapping[str, list[float]], name: str, reference: str) -> str:
    """The ratio, its range, and the median times behind it."""
    found = sorted(ours / theirs for ours, theirs in zip(taken[name], taken[reference], strict=True))
    return (f"  {name} / {reference}: {ratio(taken, name, reference):.2f}   "
            f"({found[0]:.2f} to {found[-1]:.2f}; {median(taken[name]):.3g} s to {median(taken[reference]):.3g} s)")
