"""The message table is whole, and its texts are safe to print anywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vtspolicy import events
from vtspolicy.command.sentence import parse
from vtspolicy.errors import Failure, leaves
from vtspolicy.events import SUBSYSTEMS, TABLE, TEXT_LENGTH, Message, Severity
from vtspolicy.policy.places import NAME_LENGTH, TAPE_LENGTH

REASONS = {leaf.reason for leaf in leaves()}
NAMED = {
    "tape": f"{'s' * NAME_LENGTH}:/{'v' * NAME_LENGTH}/{'p' * TAPE_LENGTH}/{'t' * TAPE_LENGTH}",
    "source": f"{'s' * NAME_LENGTH}:/{'v' * NAME_LENGTH}/{'p' * TAPE_LENGTH}",
    "target": f"{'s' * NAME_LENGTH}:/{'v' * NAME_LENGTH}/{'p' * TAPE_LENGTH}",
    "pool": f"{'s' * NAME_LENGTH}:/{'v' * NAME_LENGTH}/{'p' * TAPE_LENGTH}",
    "vault": f"{'s' * NAME_LENGTH}:/{'v' * NAME_LENGTH}",
    "digest": "d" * 64, "size": "9" * 19, "bytes": "9" * 19, "seconds": "9" * 9, "reason": "source-changed",
}
ORDINARY = {"tape": "vts1:/VAULT01/PAYROLL/T00001", "target": "vts2:/VAULT01/PAYROLL",
            "source": "vts1:/VAULT01/PAYROLL", "pool": "vts2:/VAULT01/PAYROLL", "digest": "0123456789abcdef",
            "size": 1 << 30, "seconds": "12.3"}


def ids(message: Message) -> str:
    return message.id


every_message = pytest.mark.parametrize("message", TABLE, ids=ids)


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.__name__)
def test_each_failure_has_its_message(leaf: type[Failure]) -> None:
    message = events.by_reason(leaf.reason)
    assert message.severity >= Severity.ERROR
    assert message.retry == next(each.retry for each in leaves() if each.reason == leaf.reason)


def test_each_reason_belongs_to_one_message_and_to_a_failure() -> None:
    words = [message.reason for message in TABLE if message.reason is not None]
    assert sorted(words) == sorted(REASONS)
    assert events.by_reason("diverged").id == "624013"


def test_no_id_stands_twice() -> None:
    assert len({message.id for message in TABLE}) == len(TABLE)


@every_message
def test_the_id_is_made_of_severity_subsystem_and_number(message: Message) -> None:
    assert re.fullmatch(r"[2468][0-9]{5}", message.id)
    assert message.id[1:3] in SUBSYSTEMS
    assert message.id[3:] != "000"


@every_message
def test_no_text_is_missing(message: Message) -> None:
    for text in (message.text, message.cause, message.effect, message.recovery):
        assert text.strip() == text
        assert len(text) > 10
        assert text.isascii()
        assert text.isprintable()
    for text in (message.cause, message.effect, message.recovery):
        assert text[-1] in ".)"
    assert not message.text.endswith(".")


@every_message
def test_the_effect_says_what_became_of_the_copies(message: Message) -> None:
    assert re.search(r"cop(y|ies|ying)|tape", message.effect, re.IGNORECASE)
    if message.severity >= Severity.ERROR:
        assert re.search(r"intact|not be relied|no copy", message.effect)
        assert re.search(r"exposed|may be the only|last good|is lost", message.effect)


@every_message
def test_an_info_text_never_sounds_like_a_failure_and_a_failure_ends_with_its_reason(message: Message) -> None:
    if message.severity is Severity.INFO:
        assert not re.search("error|failed", message.text, re.IGNORECASE)
    if message.severity >= Severity.ERROR:
        word = message.text.rpartition(", rc=")[2]
        assert word == (message.reason or word)
        assert word in REASONS | {"{reason}"}
    else:
        assert "rc=" not in message.text


@every_message
def test_the_text_fits_with_the_longest_names_and_keeps_its_end(message: Message) -> None:
    fields = {name: NAMED.get(name, "x" * TAPE_LENGTH) for name in message.fields} | {"detail": "y" * 500}
    text = events.render(message, fields)
    assert len(text) <= TEXT_LENGTH
    assert text.startswith(message.text.partition("{")[0])
    last = message.text.rpartition("}")[2]
    assert text.endswith(last)


@every_message
def test_nothing_is_cut_with_ordinary_names(message: Message) -> None:
    fields = {name: ORDINARY.get(name, "ABCDEFGH") for name in message.fields}
    assert events.render(message, fields) == message.text.format_map(fields)


SENTENCE = re.compile(r"[A-Z]{3,} [A-Z]{3,}(?: (?:name|\*|system:/vault))?(?: FROM system)?"
                      r"(?:, [A-Z-]{3,}(?: (?:run|sftp|120 s|no|WARNING|ERROR)\b)?)*(?: !)?")


def test_the_sentences_to_type_are_understood() -> None:
    typed = {found[0] for message in TABLE for found in SENTENCE.finditer(message.recovery)}
    assert {"ADD KEY name", "COPY TAPE name FROM system", "ADD SETTINGS name, UNIQUE-NAMES no"} <= typed
    assert len(typed) > 30
    for sentence in typed:
        for word, real in (("name", "NIGHTLY"), ("system:/vault", "vts2:/VAULT01"), ("run", "R1")):
            sentence = re.sub(rf"\b{word}\b", real, sentence)
        parse(sentence)


@every_message
def test_the_explanation_holds_everything_in_80_columns(message: Message) -> None:
    text = events.explain(message)
    lines = text.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split()[:2] == [message.id, message.severity.name]
    flat = " ".join(text.split())
    for part in (message.text, message.cause, message.effect, message.recovery):
        assert " ".join(part.split()) in flat
    assert ("Retry:" in text) == (message.severity >= Severity.ERROR)


def test_a_message_is_found_by_id_and_by_reason() -> None:
    assert events.find("624013") is events.message("624013")
    assert events.find(" Diverged ") is events.message("624013")
    assert events.find("source-changed") is events.by_reason("source-changed")
    assert events.find("000000") is None
    assert events.find("") is None
    with pytest.raises(KeyError):
        events.message("000000")


def test_a_field_without_value_is_a_dash() -> None:
    assert events.render(events.message("240010"), {"system": None}) == "Host key of - pinned, -"


def test_a_field_cannot_forge_a_line_or_a_column() -> None:
    fields = {"system": "a\n2026|CRITICAL|\x1b[31m", "fingerprint": "ü\udc80\ud800"}
    text = events.render(events.message("240010"), fields)
    assert text == (r"Host key of a\x0a2026\x7cCRITICAL\x7c\x1b[31m pinned, "
                    r"\xc3\xbc\xed\xb2\x80\xed\xa0\x80")


def test_a_raw_byte_of_a_name_is_shown_as_it_is() -> None:
    assert events.printable("T\udcff1") == r"T\xff1"


@pytest.mark.parametrize(("text", "limit", "short"), [
    ("abcdefghij", 10, "abcdefghij"),
    ("abcdefghijk", 10, "abcd..hijk"),
    (r"ab\xff\xffcd", 8, "ab..cd"),
    (r"\xff" * 9, 12, r"\xff..\xff"),
])
def test_the_middle_gives_way_and_no_escape_is_cut(text: str, limit: int, short: str) -> None:
    assert events.shorten(text, limit) == short


@settings(max_examples=300, derandomize=True, deadline=None)
@given(message=st.sampled_from(TABLE), data=st.data())
def test_any_field_gives_one_printable_line_that_fits(message: Message, data: st.DataObject) -> None:
    value = st.one_of(st.none(), st.integers(), st.text(st.characters(), max_size=300))
    fields = {name: data.draw(value) for name in message.fields}
    text = events.render(message, fields)
    assert len(text) <= TEXT_LENGTH
    assert text.isascii()
    assert text.isprintable()
    assert "|" not in text
    if message.reason is not None:
        assert text.endswith(f"rc={message.reason}")
