"""The one table of messages: every event id and every reason word, with text, Cause, Effect and Recovery."""

from __future__ import annotations

from collections.abc import Mapping

from vtspolicy.events import housekeeping, links, runs, tapes
from vtspolicy.events.message import SUBSYSTEMS, TEXT_LENGTH, Message, Severity, Subsystem
from vtspolicy.events.text import explain, printable, render, shorten

__all__ = ["SUBSYSTEMS", "TABLE", "TEXT_LENGTH", "Message", "Severity", "Subsystem", "by_reason", "explain", "find",
           "message", "printable", "render", "shorten"]

TABLE: tuple[Message, ...] = (*runs.MESSAGES, *tapes.MESSAGES, *links.MESSAGES, *housekeeping.MESSAGES)
"""Every message, by subject."""

_BY_ID: Mapping[str, Message] = {each.id: each for each in TABLE}
_BY_REASON: Mapping[str, Message] = {each.reason: each for each in TABLE if each.reason is not None}


def message(id: str) -> Message:
    """The message with this id. Raise KeyError where there is none."""
    return _BY_ID[id]


def by_reason(word: str) -> Message:
    """The message that explains this reason word. Raise KeyError where there is none."""
    return _BY_REASON[word]


def find(topic: str) -> Message | None:
    """The message that a person asks for, by id or by reason word in any case; None where there is none."""
    word = topic.strip().lower()
    return _BY_ID.get(word) or _BY_REASON.get(word)
