"""Whatever text comes in: a Command or a refusal, and nothing else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import tally
from vtspolicy.command.command import Command
from vtspolicy.command.complaint import WIDTH
from vtspolicy.command.printer import sentence_of
from vtspolicy.command.sentence import LIMIT, parse, split
from vtspolicy.command.verbs import VERBS
from vtspolicy.errors import NotBuilt, Usage

MUTATIONS = tally.count(1_000_000, 100_000)
SEED = tally.seed("mutated sentences")
SENTENCES = [example for verb in VERBS for example in verb.examples] + [
    "add scheme N, from /VAULT01/A, to (v2:/VAULT01/A, v3:/VAULT01/A)",
    "ALTER SCHEME N, NOTE 'it''s', RATE, TO (a b, \"c,d\") !",
    "ADD SCHEME N, & \n FROM /V/A, & == x\n TO v:/V/A",
    "VTSPolicy Erase - T1 T2 s=h",
    "VTSPolicy FTX '/VAULT01/Pool s=VTS1 st=VTS1 o=opt1 r=14,d'",
]
PIECES = [b"'", b'"', b",", b"(", b")", b";", b"&\n", b"!", b"==", b"=", b"\n", b" ", b"\0", b"\x1b", b"\xff",
          b"\xc3\xbc", b"\xe2\x80\x98", b"COMMENT ", b"VTSPolicy ", b"- ", b"ref=", b", BRIEF", b"''", b"\t", b"\r\n"]


def outcome(text: str) -> Command | Usage:
    """The command, which then can be printed and parsed again, or the refusal, which then can be printed."""
    try:
        command = parse(text)
    except Usage as refusal:
        lines = refusal.message.split("\n")
        assert len(lines) == 3, lines
        assert all(line.isascii() and line.isprintable() for line in lines), lines
        assert len(lines[0]) <= WIDTH
        assert 1 <= len(lines[1]) <= WIDTH + 4
        assert lines[1].strip(" ").strip("^") == ""
        assert lines[2].startswith("expected ") or (type(refusal) is NotBuilt and "is not built" in lines[2])
        return refusal
    sentence = sentence_of(command)
    if len(sentence) <= LIMIT:  # it may be longer than what was written: quotes are added
        assert parse(sentence) == command
    return command


@given(st.text(st.characters(exclude_categories=())))
def test_any_text(text: str) -> None:
    outcome(text)


@given(st.lists(st.one_of(st.sampled_from(SENTENCES), st.sampled_from([each.decode("latin-1") for each in PIECES]),
                          st.text(max_size=5))).map("".join))
def test_any_text_of_familiar_pieces(text: str) -> None:
    outcome(text)
    for sentence in split(text):
        assert text[sentence.start :].startswith(sentence.text)
        assert sentence.line == 1 + text.count("\n", 0, sentence.start)
        outcome(sentence.text)


def mutated(chance: random.Random, raw: bytes) -> bytes:
    """The bytes with one to four changes: replaced, removed, put in, doubled, cut, or turned around."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        length = chance.choice((1, 1, 1, 4, 12))
        match chance.randrange(6):
            case 0:
                changed[at : at + length] = chance.randbytes(length)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = chance.choice(PIECES)
            case 3:
                changed[at:at] = changed[at : at + length] * 2
            case 4:
                del changed[at:]
            case _:
                changed[at : at + length] = changed[at : at + length].swapcase()[::-1]
    return bytes(changed)


def test_mutated_sentences() -> None:
    chance = random.Random(SEED)
    raw = [sentence.encode() for sentence in SENTENCES]
    parsed = 0
    for _ in range(MUTATIONS):
        text = mutated(chance, chance.choice(raw)).decode("utf-8", "surrogateescape")
        parsed += isinstance(outcome(text), Command)
    assert 0 < parsed < MUTATIONS
    tally.tally("mutated sentences", MUTATIONS, at_least=MUTATIONS)


LARGE = {
    "single quotes": "'",
    "double quotes": '"',
    "both quotes": "'\"",
    "opening parentheses": "(",
    "closing parentheses": ")",
    "commas": ",",
    "blanks": " ",
    "tabs and joins": "&\t\n",
    "ampersands": "& ",
    "ampersand and blanks": "&" + " " * 1000,
    "semicolons": ";",
    "sentences": ";a",
    "sentences in quotes": ";'",
    "newlines": "\n",
    "carriage returns": "\r",
    "comments": "!\n",
    "joined comments": "==&\n",
    "words": "a ",
    "equals": "=",
    "equals and blanks": "= ",
    "hyphens": "- ",
    "one word": "a",
    "NUL": "\0",
    "escapes": "\x1b[",
    "lone surrogates": "\ud800",
    "escaped bytes": "\udcff",
    "letters of a keyword": "REPLACE",
    "repeated attributes": ", NOTE x",
    "nested lists": "(a, ",
    "VTSPolicy": "VTSPolicy\n",
    "bang": "! ",
}
HEADS = ("", "ADD SCHEME N, NOTE ", "ADD SCHEME N, TO (", "ADD SCHEME N", "START SCHEME ", "'", "VTSPolicy ",
         "VTSPolicy Erase ", "VTSPolicy IDR '", "! ", "== ")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("filling", LARGE.values(), ids=LARGE)
def test_64_kilobytes_of_it(filling: str) -> None:
    for head in HEADS:
        text = (head + filling * LIMIT)[:LIMIT]
        outcome(text)
        assert len(split(text)) <= LIMIT


def test_as_many_attributes_operands_and_values_as_fit() -> None:
    many = parse("ADD SCHEME N" + "".join(f", K{number} v" for number in range(5000)))
    assert len(many.attributes) == 5000
    assert len(parse("ADD SCHEME N, TO (" + ", ".join(["a"] * 20000) + ")").attributes["TO"]) == 20000  # type: ignore[arg-type]
    assert len(parse("VTSPolicy Erase" + " T" * 30000).operands) == 30000
