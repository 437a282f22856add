"""How a signal ends the work: at the next safe point, and else by cutting what it waits for."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from vtspolicy.errors import Failure, Outage, Stopped
from vtspolicy.service import interruption
from vtspolicy.service.interruption import SIGNALS, Interruption


def test_nothing_happens_unasked() -> None:
    stop = Interruption()
    stop.check()
    stop.sleep(0)
    failure = Outage("cut")
    assert stop.meaning_of(failure) is failure
    assert not stop.asked


def test_who_was_asked_stops_at_the_next_safe_point() -> None:
    stop = Interruption()
    stop.ask("SIGTERM")
    assert stop.asked
    with pytest.raises(Stopped, match=r"^stopped by SIGTERM; give the sentence again, it does what is left$"):
        stop.check()
    stop.ask("SIGINT")
    with pytest.raises(Stopped, match="SIGTERM"):
        stop.check()
    assert isinstance(stop.meaning_of(Outage("cut")), Stopped), "the road was cut for it"


def test_a_sleep_ends_when_asked() -> None:
    stop = Interruption()
    threading.Timer(0.05, stop.ask, ["SIGINT"]).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        stop.sleep(30)
    assert time.monotonic() - began < 10


def test_roads_are_cut_where_no_safe_point_comes_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "GRACE", 0.05)
    stop, cut, called = Interruption(), threading.Event(), list[str]()

    def broken() -> None:
        called.append("broken")
        raise OSError("closed already")

    def gone() -> None:
        called.append("gone")

    with stop.cutting(gone):
        pass
    with stop.cutting(broken), stop.cutting(cut.set):
        stop.ask("SIGTERM")
        assert not cut.is_set(), "there is a moment of grace"
        assert cut.wait(10)
    assert set(called) == {"broken"}


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_ask_while_someone_listens(number: signal.Signals) -> None:
    stop, before = Interruption(), [signal.getsignal(each) for each in SIGNALS]
    with stop.listening():
        os.kill(os.getpid(), number)
        with pytest.raises(Failure, match=f"stopped by {number.name}"):
            for _ in range(1000):
                stop.sleep(0.01)
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_signal_strikes_at_once_where_no_safe_point_can_come_by() -> None:
    stop = Interruption()
    with stop.listening(), pytest.raises(Stopped, match="SIGINT"), stop.at_once():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
    with pytest.raises(Stopped), stop.at_once():
        pytest.fail("it was asked before")


def test_signals_that_were_ignored_stay_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = Interruption()
        with stop.listening():
            os.kill(os.getpid(), signal.SIGHUP)
            stop.sleep(0.05)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
