"""Times for people: in the zone of the settings."""

from __future__ import annotations

import pytest
from freezegun import freeze_time

from vtspolicy.report.moments import age, of_seconds, of_text


def test_a_stored_time_is_shown_in_the_zone() -> None:
    assert of_text("2026-07-22T01:30:59.999Z", "Europe/Berlin") == "2026-07-22 03:30"
    assert of_text("2026-11-22T01:30:59.999Z", "Europe/Berlin", seconds=True) == "2026-11-22 02:30:59"
    assert of_text("2026-11-22T01:30:00Z", "America/New_York") == "2026-11-21 20:30"
    assert of_text(None, "UTC") == "-"


@pytest.mark.parametrize(("epoch", "shown"), [
    (None, "-"), (0.0, "1970-01-01 00:00"), (1e9, "2001-09-09 01:46"), (-1e9, "1938-04-24 22:13"), (1e300, "?"),
    (float("inf"), "?"), (float("nan"), "?"), (1e12, "?")])
def test_a_files_time_is_shown_whatever_it_is(epoch: float | None, shown: str) -> None:
    assert of_seconds(epoch, "UTC") == shown


@freeze_time("2026-11-22 12:00:00")
@pytest.mark.parametrize(("stored", "shown"), [
    (None, "-"), ("2026-11-22T12:00:00Z", "0 s"), ("2026-11-22T11:59:01Z", "59 s"),
    ("2026-11-22T11:00:00Z", "1 h 00 min"), ("2026-11-20T10:00:00Z", "2 d 02 h"),
    ("2027-01-01T00:00:00Z", "0 s")])
def test_an_age_is_never_below_zero(stored: str | None, shown: str) -> None:
    assert age(stored) == shown
