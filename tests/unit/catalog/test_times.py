"""Stored times sort as texts and are shown in the zone of the settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from freezegun import freeze_time

from vtspolicy.catalog.times import local_text, now, parse_utc, utc_text, zone_of


@pytest.mark.parametrize(("moment", "text"), [
    (datetime(2026, 11, 22, 16, 25, 18, 42_999, UTC), "2026-11-22T16:25:18.042Z"),
    (datetime(2026, 11, 22, 16, 25, 18), "2026-11-22T16:25:18.000Z"),
    (datetime(2026, 11, 22, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-11-21T23:00:00.000Z"),
])
def test_a_moment_is_stored_in_utc_and_one_width(moment: datetime, text: str) -> None:
    assert utc_text(moment) == text
    assert utc_text(parse_utc(text)) == text


@freeze_time("2026-11-22 16:25:18.5")
def test_now_is_now() -> None:
    assert now() == "2026-11-22T16:25:18.500Z"


@pytest.mark.parametrize(("zone", "text"), [("UTC", "2026-07-01 22:30:00"), ("Europe/Berlin", "2026-07-02 00:30:00"),
                                            ("America/New_York", "2026-07-01 18:30:00")])
def test_people_read_local_time(zone: str, text: str) -> None:
    assert local_text("2026-07-01T22:30:00.000Z", zone_of(zone)) == text


def test_without_a_zone_the_machine_decides() -> None:
    assert zone_of(None) is None
    expected = datetime(2026, 7, 1, 22, 30, tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert local_text("2026-07-01T22:30:00.000Z", None) == expected


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(ValueError, match="Mars/Olympus"):
        zone_of("Mars/Olympus")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_utc(text)
