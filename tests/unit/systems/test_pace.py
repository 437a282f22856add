"""The rate limit, with a clock that only sleeping moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vtspolicy.systems.facts import Hole
from vtspolicy.systems.layers import Pace

BURST = 0.25


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds


@given(st.integers(1, 1000), st.lists(st.tuples(st.integers(0, 500), st.floats(0, 3)), max_size=20))
def test_between_any_two_moments_no_more_goes_than_rate_and_burst_allow(
        rate: int, pieces: list[tuple[int, float]]) -> None:
    clock = Clock()
    pace = Pace(rate, clock.now, clock.sleep)
    gone: list[tuple[float, int]] = []
    for size, pause in pieces:
        clock.time += pause
        pace.spend(bytes(size))
        gone.append((clock.time, size))
    for first in range(len(gone)):
        begun = gone[first][0]
        total = 0
        for time, size in gone[first + 1:]:
            total += size
            assert total <= rate * (time - begun + BURST) + 1e-6


def test_what_is_always_ready_goes_at_the_rate() -> None:
    clock = Clock()
    pace = Pace(100, clock.now, clock.sleep)
    for _ in range(50):
        pace.spend(bytes(10))
    assert abs(clock.time - 1005.0) < 1e-6


def test_after_a_pause_a_short_burst_goes_at_once() -> None:
    clock = Clock()
    pace = Pace(100, clock.now, clock.sleep)
    clock.time += 60
    pace.spend(bytes(25))
    assert clock.time == 1060.0
    pace.spend(bytes(100))
    assert abs(clock.time - 1061.0) < 1e-6


def test_holes_cost_nothing() -> None:
    clock = Clock()
    Pace(1, clock.now, clock.sleep).spend(Hole(1 << 40))
    assert clock.time == 1000.0
