"""vtspolicy-events(7): every event id and every reason word, from the message table."""

from __future__ import annotations

import textwrap

from vtspolicy.catalog.log import LINE_LENGTH
from vtspolicy.events import SUBSYSTEMS, TABLE, TEXT_LENGTH, Message, Severity
from vtspolicy.report.manual import roff
from vtspolicy.report.manual.roff import Lines

NAME = "vtspolicy-events"

SEVERITIES = {
    Severity.INFO: "normal operation",
    Severity.WARNING: "suspicious; may not affect operation",
    Severity.ERROR: "something was not done, and the rest goes on",
    Severity.CRITICAL: "loss is possible until somebody acts",
}

LOG_FIELDS = (
    ("timestamp", "when, in the zone that the settings name, else in the machine's"),
    ("SEVERITY", "the severity's word"),
    ("id", "six digits"),
    ("system", "the system that is concerned, at most 7 characters"),
    ("address", "where the sentence came from, at most 15 characters; 127.0.0.1 for this machine"),
    ("server", "this machine's name, at most 15 characters"),
    ("user", "who gave the sentence, at most 15 characters"),
    ("program", "vtspolicy, at most 15 characters"),
    ("text", f"the event's text, at most {TEXT_LENGTH} characters"),
)
"""The fields of a log line, in order, and what they hold."""

JSON_FIELDS = (
    ("number", "the event's place in the log; it grows, and tells whether one was missed"),
    ("time", "UTC, RFC 3339"),
    ("severity", "the severity's word"),
    ("id", "six digits"),
    ("reason", "the reason word, or null"),
    ("system", "the system that is concerned, or null"),
    ("tape", "the tape's name without its pool, or null"),
    ("run", "the run's name, or null"),
    ("policy", "the scheme or the path that was asked for, or null"),
    ("ref", "the caller's own word, or null"),
    ("address", "where the sentence came from"),
    ("server", "this machine's name"),
    ("user", "who gave the sentence"),
    ("program", "vtspolicy"),
    ("pid", "the process"),
    ("text", "the event's text"),
    ("fields", "what the text was made of, uncut"),
)
"""The members of a line of events.jsonl."""


def page() -> str:
    """The page's source."""
    return roff.page(
        roff.head(NAME, 7, "event ids and reason words of vtspolicy"),
        roff.section("DESCRIPTION", roff.paragraphs(
            "Each thing that vtspolicy did, or did not do, is an event: a row that is committed together with what it "
            "reports, and a line of the event log. `INFO EVENT` shows the log; its attributes select by severity, id, "
            "tape, time, run and reference.",
            "What was not done has a reason word, too. It stands in the JSON envelope, in the completion line, in "
            "STATUS, and at the end of the event's text behind `rc=`. `vtspolicy help` with an id or a reason word "
            "prints what this page says of it. Error messages end with their id.")),
        roff.section("EVENT IDS", _ids()),
        roff.section("EVENT LOG", _log()),
        roff.section("REASON WORDS", _reasons()),
        roff.section("EVENTS", roff.paragraphs(
            "Words in braces stand for names and numbers; - stands for one that is not known."),
            *map(_entry, sorted(TABLE, key=lambda each: (each.id[1:], each.id)))),
        roff.section("SEE ALSO", roff.see_also(("vtspolicy", 1), ("vtspolicy-policy", 5))),
    )


def _ids() -> Lines:
    severities = [(str(int(each)), each.name, meaning) for each, meaning in SEVERITIES.items()]
    subsystems = [(digits, each.name, "ours" if each.ours else "documented for VTS")
                  for digits, each in SUBSYSTEMS.items()]
    return [
        *roff.paragraphs("An id has six digits. The first is the severity:"), *roff.table(severities),
        ".Pp", *roff.prose("The text of an INFO never holds the words error or failed."),
        ".Pp", *roff.prose("The second and the third are the subsystem:"), *roff.table(subsystems),
        ".Pp", *roff.prose("The last three are the event. One event may come in several severities. The meaning of "
                           "event numbers is ours, but for the documented 440002.")]


def _log() -> Lines:
    shape = "|".join(name for name, _ in LOG_FIELDS)
    return [
        *roff.paragraphs(
            "`log/event.log` in the state's folder holds one line for each event:"), *roff.display(shape),
        *roff.tagged([(name, roff.prose(meaning)) for name, meaning in LOG_FIELDS], width="timestamp"),
        ".Pp", *roff.paragraphs(
            f"A line has at most {LINE_LENGTH} characters, all of them printable ASCII; each other byte, and the bar, "
            "is written as `\\xNN`. What is too long is cut in its middle, where two dots stand.",
            "`log/events.jsonl` holds the same events as one JSON object a line, nothing cut:"),
        *roff.tagged([(name, roff.prose(meaning)) for name, meaning in JSON_FIELDS], width="severity"),
        ".Pp", *roff.prose(
            "Both files are written from the committed events with a stored cursor, so that neither a kill nor a "
            "rotation loses or doubles a line. Rotate by renaming; a rotation that copies and truncates may lose what "
            "is written in between.")]


def _reasons() -> Lines:
    words = sorted((each.reason, each.id, "may help" if each.retry else "no use before the recovery is done")
                   for each in TABLE if each.reason is not None)
    return [*roff.prose("Each word is explained by the event behind it. The last column says whether trying again "
                        "may help by itself."), *roff.table(words)]


def _entry(message: Message) -> Lines:
    title = f"{message.id} {message.severity.name}, {message.subsystem.name}"
    if message.reason is not None:
        title += f", reason {message.reason}"
    parts = [("Cause", message.cause), ("Effect", message.effect), ("Recovery", message.recovery)]
    if message.severity >= Severity.ERROR:
        again = "may help" if message.retry else "does not help before the recovery is done"
        parts.append(("Retry", f"Trying again {again}."))
    shown = textwrap.fill(message.text, 68, break_long_words=False, break_on_hyphens=False)
    return roff.subsection(title, roff.display(shown),
                           roff.tagged([(label, roff.plain(text)) for label, text in parts], width="Recovery"))
