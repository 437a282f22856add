"""INFO EVENT, and the times that people write behind SINCE."""

from __future__ import annotations

import pytest
from freezegun import freeze_time

from tests.unit.service.world import World
from vtspolicy.errors import Usage
from vtspolicy.service.standing.history import _moment as moment

NOW = "2026-11-22 12:00:00"


@freeze_time(NOW)
@pytest.mark.parametrize(("text", "zone", "utc"), [
    ("2 h", None, "2026-11-22T10:00:00.000Z"),
    ("30 min", "Europe/Berlin", "2026-11-22T11:30:00.000Z"),
    ("30 days", None, "2026-10-23T12:00:00.000Z"),
    ("2026-11-22 01:30", "UTC", "2026-11-22T01:30:00.000Z"),
    ("2026-11-22 01:30:15", "Europe/Berlin", "2026-11-22T00:30:15.000Z"),
    ("2026-07-22 01:30", "Europe/Berlin", "2026-07-21T23:30:00.000Z"),
    ("2026-11-22", "America/New_York", "2026-11-22T05:00:00.000Z"),
    ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"),   # a time that the clocks left out
    ("2026-11-22T01:30:00Z", "Europe/Berlin", "2026-11-22T01:30:00.000Z"),
    ("2026-11-22T01:30:00+05:00", "Europe/Berlin", "2026-11-21T20:30:00.000Z"),
])
def test_a_moment_as_a_person_writes_it(text: str, zone: str | None, utc: str) -> None:
    assert moment(text, zone) == utc


@freeze_time(NOW)
@pytest.mark.parametrize("text", [
    "yesterday", "", "2 weeks", "-2 h", "2026-13-01", "2026-11-22 25:00", "99999999999999 days", "1e3 s",
    "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "\u0664 h"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Usage) as caught:
        moment(text, "UTC")
    assert str(caught.value) == (
        f"SINCE {text!r}: expected a time such as 2026-11-22 01:30, or how long ago, such as 2 h")


def test_times_without_a_zone_are_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert moment("2026-11-22 09:00", None) == "2026-11-22T00:00:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.fixture
def full(world: World) -> World:
    world.policy("SETTINGS", "kind: settings\nname: SETTINGS\nzone: Europe/Berlin\n")
    for name in ("T1", "T2", "X1"):
        world.tape(name)
    with freeze_time("2026-11-21 12:00:00", real_asyncio=True):
        assert world.say("start", "scheme", "NIGHTLY", "--ref", "ONE").code == 0
    with freeze_time("2026-11-22 11:00:00"):
        assert world.say("verify", "tape", "/VAULT01/PAYROLL/T1", "--ref", "TWO").code == 0
    return world


@freeze_time(NOW)
@pytest.mark.parametrize(("words", "ids"), [
    ((), ["224001", "224004", "224004", "224004", "224002", "224007"]),
    (("--since", "2 h"), ["224007"]),
    (("--since", "2026-11-22"), ["224007"]),
    (("--since", "2026-11-21 13:30"), ["224007"]),
    (("--since", "2026-11-21 13:00"), ["224001", "224004", "224004", "224004", "224002", "224007"]),
    (("224004",), ["224004"] * 3),
    (("--id", "224002"), ["224002"]),
    (("--limit", "2"), ["224002", "224007"]),
    (("--tape", "T1"), ["224004", "224007"]),
    (("--tape", "/VAULT01/PAYROLL/T1"), ["224004", "224007"]),
    (("--tape", "T?"), ["224004", "224004", "224007"]),
    (("--tape", "T?", "--limit", "2"), ["224004", "224007"]),
    (("--tape", "Z*"), []),
    (("--ref", "TWO"), ["224007"]),
    (("--ref", "ONE", "--id", "224002"), ["224002"]),
    (("--severity", "error"), []),
    (("--severity", "info", "--limit", "1"), ["224007"]),
])
def test_events_are_selected(full: World, words: tuple[str, ...], ids: list[str]) -> None:
    said = full.say("info", "event", *words, "--json")
    assert [each["id"] for each in said.json["data"]["events"]] == ids


@freeze_time(NOW)
def test_events_are_shown_in_the_settings_zone(full: World) -> None:
    said = full.say("info", "event", "--since", "2 h")
    assert said.out.startswith("2026-11-22 12:00:00 INFO     224007 Cartridge here:/VAULT01/PAYROLL/T1 verified on ")
    brief = full.say("info", "event", "--since", "2 h", "--brief").out.split()
    assert brief[:4] == ["EVENT", "2026-11-22T11:00:00.000Z", "INFO", "224007"]
    assert brief[4:6] == ["system=there", "tape=T1"]
    assert (brief[7], brief[8]) == ("ref=TWO", "reason=-")


def test_a_wrong_since_is_a_usage_error(world: World) -> None:
    said = world.say("info", "event", "--since", "tomorrow")
    assert (said.code, said.out) == (2, "")
    assert said.err == ("*ERROR* SINCE 'tomorrow': expected a time such as 2026-11-22 01:30, or how long ago, such as "
                        "2 h (690001)\n")
