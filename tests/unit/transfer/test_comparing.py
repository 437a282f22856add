"""Both sides of a tape are read at the same time, and whatever ends one of them, nobody is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from vtspolicy.errors import Failure, Outage, SourceUnreadable, Stopped
from vtspolicy.systems.facts import Identity, Progress, TapeFacts, no_progress
from vtspolicy.transfer import comparing
from vtspolicy.transfer.comparing import Read, both

OURS, THEIRS = (("blake3:" + word * 64, TapeFacts("T1", Identity(1, 1), 0o640, 1)) for word in "ab")


def never_cut() -> None:
    raise AssertionError("cut")


def test_each_waits_for_the_other() -> None:
    meeting = threading.Barrier(2, timeout=20)
    moved: list[int] = []

    def here(progress: Progress) -> Read:
        progress(7)
        meeting.wait()
        return OURS

    def there(progress: Progress) -> Read:
        progress(9)
        meeting.wait()
        return THEIRS

    assert both(here, there, moved.append, never_cut) == (OURS, THEIRS)
    assert sum(moved) == 7, "only this side is counted"


@pytest.mark.parametrize("error", [SourceUnreadable("no"), OSError("no")])
def test_a_failure_here_ends_the_reading_there_and_is_told(error: Exception) -> None:
    seen: list[str] = []

    def here(progress: Progress) -> Read:
        raise error

    def there(progress: Progress) -> Read:
        try:
            while True:
                progress(1)
                time.sleep(0.001)
        except Stopped:
            seen.append("stopped")
            raise

    with pytest.raises(type(error), match="no"):
        both(here, there, no_progress, never_cut)
    assert seen == ["stopped"]


def test_a_failure_there_is_told_once_this_side_is_done() -> None:
    def there(progress: Progress) -> Read:
        raise Outage("gone")

    with pytest.raises(Outage, match="gone"):
        both(lambda progress: OURS, there, no_progress, never_cut)


@pytest.mark.parametrize("hangs", [False, True])
def test_whoever_stops_the_work_does_not_wait_for_a_far_side(hangs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that looks is told; one that does not has its connection cut. None is left."""
    monkeypatch.setattr(comparing, "_PATIENCE", 0.05)
    cut = threading.Event()
    done: list[Failure] = []

    def there(progress: Progress) -> Read:
        try:
            if hangs:
                assert cut.wait(20)
                raise Outage("cut")
            while True:
                progress(0)
                time.sleep(0.001)
        except Failure as failure:
            done.append(failure)
            raise

    def asked(count: int) -> None:
        raise Stopped("SIGTERM")

    with pytest.raises(Stopped, match="SIGTERM"):
        both(lambda progress: OURS, there, asked, cut.set)
    assert len(done) == 1
    assert cut.is_set() == hangs
    assert not [each for each in threading.enumerate() if each.name == "other side"]
