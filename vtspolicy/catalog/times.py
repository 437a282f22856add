"""Times as they are stored: UTC, RFC 3339, always of one width, so that their texts sort as they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


def utc_text(moment: datetime) -> str:
    """A moment as stored: `2026-11-22T16:25:18.042Z`. A moment without a zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def now() -> str:
    """The present moment as stored."""
    return utc_text(datetime.now(UTC))


def ago(seconds: float) -> str:
    """The moment so long ago as stored; before all that is stored where no calendar has it."""
    try:
        return utc_text(datetime.now(UTC) - timedelta(seconds=seconds))
    except OverflowError:
        return ""


def parse_utc(text: str) -> datetime:
    """A stored time, or any RFC 3339 time; without an offset it is UTC. Raise ValueError where it is none."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def zone_of(name: str | None) -> tzinfo | None:
    """The zone of the settings; None stands for the machine's. Raise ValueError where there is no such zone."""
    if name is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, KeyError):
        raise ValueError(f"no time zone is called {name}") from None


def local_text(text: str, zone: tzinfo | None) -> str:
    """A stored time for people: `2026-11-22 17:25:18` in the zone, or in the machine's."""
    return parse_utc(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
