"""INFO EVENT: the event log, asked for by severity, id, tape, run, caller's word and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from vtspolicy.catalog.eventlog import EventFilter
from vtspolicy.catalog.times import parse_utc, utc_text, zone_of
from vtspolicy.command.command import Command
from vtspolicy.command.complaint import refuse
from vtspolicy.errors import Usage
from vtspolicy.events import Severity
from vtspolicy.policy.places import has_wildcard, matches
from vtspolicy.policy.units import parse_duration
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status

_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def events_of(context: Context, command: Command) -> Result:
    """The events that are asked for, oldest first. Raise Usage where SINCE is no time, or the id is none or two."""
    severity = command.word("SEVERITY")
    limit = command.word("LIMIT")
    since = command.word("SINCE")
    tape = command.word("TAPE")
    template = tape if tape is not None and has_wildcard(tape) else None
    wanted = next((each for each in command.operands if each != "*"), None)
    if wanted is not None:
        if re.fullmatch(r"[0-9]{6}", wanted) is None:
            raise refuse(command, wanted, "a six-digit event id, such as 624013, or *")
        if command.word("ID") is not None:
            raise refuse(command, "ID", "the id once: behind EVENT, or as ID")
    found = context.state.events(EventFilter(
        at_least=Severity[severity.upper()] if severity else None,
        id=wanted or command.word("ID"),
        tape=None if template else tape, since=_moment(since, context.policies.settings.zone) if since else None,
        run=command.word("RUN"), ref=command.word("REF"),
        limit=int(limit) if limit and not template else None))
    if template is not None:
        found = tuple(each for each in found if each.tape is not None and matches(each.tape, template))
        found = found[-int(limit):] if limit else found
    return Result(command, Status.DONE, {"events": [each.as_json() for each in found]})


def _moment(text: str, zone: str | None) -> str:
    """A time that a person wrote, in UTC: so long ago, or a date, with or without a time of the day."""
    try:
        return utc_text(datetime.now(UTC) - timedelta(seconds=parse_duration(text)))
    except (ValueError, OverflowError):
        pass
    for form in _FORMS:
        try:
            local = datetime.strptime(text, form).replace(tzinfo=zone_of(zone))
            return utc_text(local.astimezone(UTC))
        except (ValueError, OverflowError):
            continue
    try:
        return utc_text(parse_utc(text))
    except (ValueError, OverflowError):
        raise Usage(f"SINCE {text!r}: expected a time such as 2026-11-22 01:30, or how long ago, such as 2 h"
                    ) from None
