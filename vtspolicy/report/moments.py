"""Times as people read them: in the settings' zone, to the minute or second."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from vtspolicy.catalog.times import parse_utc, zone_of
from vtspolicy.policy.units import format_duration


def of_text(utc: str | None, zone: str | None, *, seconds: bool = False) -> str:
    """A stored UTC time; `-` where there is none."""
    return "-" if utc is None else _shown(parse_utc(utc), zone, seconds)


def of_seconds(epoch: float | None, zone: str | None) -> str:
    """Seconds since 1970; `-` where there are none, or where no calendar has them."""
    if epoch is None:
        return "-"
    try:
        return _shown(datetime.fromtimestamp(epoch, UTC), zone, seconds=False)
    except (ValueError, OverflowError, OSError):
        return "?"


def age(utc: str | None) -> str:
    """How long ago a stored time was."""
    return "-" if utc is None else format_duration(max(0.0, time.time() - parse_utc(utc).timestamp()))


def _shown(moment: datetime, zone: str | None, seconds: bool) -> str:
    local = moment.astimezone(zone_of(zone))
    return local.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
