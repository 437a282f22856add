"""What documented sentences are understood as, to the letter."""

from __future__ import annotations

import json

import pytest

from vtspolicy.command.command import Command, Door
from vtspolicy.command.grammar import Grammar, Verb
from vtspolicy.command.sentence import parse, split
from vtspolicy.command.verbs import VERBS, find_verb, form_of, needs_yes, verb_of, verbs_of

DOCUMENTED = {
    "VTSPolicy IDR 'NIGHTLY'":
        '{"verb":"IDR","object":null,"operands":["NIGHTLY"],"attributes":{}}',
    'VTSPolicy IDR "/VAULT01/PAYROLL/T00001 d = vts2"':
        '{"verb":"IDR","object":null,"operands":["/VAULT01/PAYROLL/T00001"],"attributes":{"destination":"vts2"}}',
    "VTSPolicy Erase - T1 T2 s=h":
        '{"verb":"Erase","object":null,"operands":["T1","T2"],"attributes":{"source":"h"}}',
    "VTSPolicy FTX '/VAULT01/Pool s=VTS1 st=VTS1 o=opt1 r=14,d'":
        '{"verb":"FTX","object":null,"operands":["/VAULT01/Pool"],"attributes":'
        '{"source":"VTS1","sourceTSM":"VTS1","optfile":"opt1","retention":"14,d"}}',
    "VTSPolicy TSM 'archive /VAULT01/P/C s=h'":
        '{"verb":"TSM","object":null,"operands":["archive","/VAULT01/P/C"],"attributes":{"source":"h"}}',
    "info scheme *, obeyform":
        '{"verb":"INFO","object":"SCHEME","operands":["*"],"attributes":{"OBEYFORM":true}}',
    "add scheme N, from /VAULT01/A, to (v2:/VAULT01/A, v3:/VAULT01/A)":
        '{"verb":"ADD","object":"SCHEME","operands":["N"],"attributes":'
        '{"FROM":"/VAULT01/A","TO":["v2:/VAULT01/A","v3:/VAULT01/A"]}}',
}


@pytest.mark.parametrize("sentence", DOCUMENTED)
def test_a_documented_sentence_gives_its_json(sentence: str) -> None:
    assert json.dumps(parse(sentence).as_json(), separators=(",", ":")) == DOCUMENTED[sentence]


def understood(sentence: str) -> tuple[str, str | None, tuple[str, ...], dict[str, object], bool]:
    command = parse(sentence)
    return command.verb, command.object, command.operands, dict(command.attributes), command.confirmed


@pytest.mark.parametrize(("sentence", "verb", "object_word", "operands", "attributes", "confirmed"), [
    # verb, object and keywords count in any case; names keep theirs
    ("StArT sChEmE Nightly, RePlAcE", "START", "SCHEME", ("Nightly",), {"REPLACE": True}, False),
    # a value goes up to the next comma, its words one blank apart
    ("ALTER SCHEME N,RATE   40   MiB/s , NOTE x", "ALTER", "SCHEME", ("N",),
     {"RATE": "40 MiB/s", "NOTE": "x"}, False),
    ("ALTER SCHEME N, RATE 40 & \r\n\tMiB/s", "ALTER", "SCHEME", ("N",), {"RATE": "40 MiB/s"}, False),
    ("ALTER SCHEME N, NOTE \"a,  (b); == & c\" d", "ALTER", "SCHEME", ("N",), {"NOTE": "a,  (b); == & c d"}, False),
    ("ALTER SCHEME N, NOTE 'it''s \"so\"'", "ALTER", "SCHEME", ("N",), {"NOTE": 'it\'s "so"'}, False),
    ("ALTER SCHEME N, NOTE 'für Z\u00fcrich'", "ALTER", "SCHEME", ("N",), {"NOTE": "für Zürich"}, False),
    # without a value, ALTER removes; "" is a value
    ("ALTER SCHEME N, RATE, NOTE \"\"", "ALTER", "SCHEME", ("N",), {"RATE": True, "NOTE": ""}, False),
    ("ADD SCHEME N, TO (a b, 'c,d'), EXCEPT (X)", "ADD", "SCHEME", ("N",),
     {"TO": ("a b", "c,d"), "EXCEPT": ("X",)}, False),
    # names that look like words of the language, and values that only look typed
    ("INFO SCHEME SCHEME", "INFO", "SCHEME", ("SCHEME",), {}, False),
    ("ADD SYSTEM NO, PORT 012345, NOTE 1:30", "ADD", "SYSTEM", ("NO",), {"PORT": "012345", "NOTE": "1:30"}, False),
    ("ADD SYSTEM v, VAULTS VAULT01=/srv/vts/VAULT01", "ADD", "SYSTEM", ("v",),
     {"VAULTS": "VAULT01=/srv/vts/VAULT01"}, False),
    ("ALTER SCHEME N, NOTE a==b", "ALTER", "SCHEME", ("N",), {"NOTE": "a==b"}, False),
    # the confirmation
    ("DELETE SCHEME N !", "DELETE", "SCHEME", ("N",), {}, True),
    ("DELETE SCHEME N!", "DELETE", "SCHEME", ("N!",), {}, False),
    ("DELETE SCHEME '!'", "DELETE", "SCHEME", ("!",), {}, False),
    ("REBUILD CATALOG !", "REBUILD", "CATALOG", (), {}, True),
    ("ALTER SCHEME N, NOTE hello ! ;", "ALTER", "SCHEME", ("N",), {"NOTE": "hello"}, True),
    ("DELETE SCHEME N &\n!", "DELETE", "SCHEME", ("N",), {}, True),
    # PLAN in all its forms
    ("PLAN SCHEME N, CHECK", "PLAN", "SCHEME", ("N",), {"CHECK": True}, False),
    ("PLAN START SCHEME N, REF R", "PLAN", "SCHEME", ("N",), {"REF": "R"}, False),
    ("PLAN RUN SCHEME N", "PLAN", "SCHEME", ("N",), {}, False),
    ("PLAN IDR /VAULT01/PAYROLL, D vts2, S vts1", "PLAN", "IDR", ("/VAULT01/PAYROLL",),
     {"DESTINATION": "vts2", "SOURCE": "vts1"}, False),
    # others
    ("INFO EVENT, SEVERITY Error, SINCE 2026-11-22 01:30", "INFO", "EVENT", (),
     {"SEVERITY": "error", "SINCE": "2026-11-22 01:30"}, False),
    ("INFO EVENT 624013, BRIEF", "INFO", "EVENT", ("624013",), {"BRIEF": True}, False),
    ("HELP", "HELP", None, (), {}, False),
    ("HELP START SCHEME", "HELP", None, ("START", "SCHEME"), {}, False),
    ("ENV == where am I?", "ENV", None, (), {}, False),
    # VTSPolicy sentences: blanks, case, quotes
    ("vtspolicy idr NIGHTLY", "IDR", None, ("NIGHTLY",), {}, False),
    (" \tVTSPOLICY\tDELETE T1 \r\n", "Delete", None, ("T1",), {}, False),
    ("VTSPolicy Delete '- T1 /VAULT01/P/T2 source= h.example.com ref =R1'", "Delete", None, ("T1", "/VAULT01/P/T2"),
     {"source": "h.example.com", "ref": "R1"}, False),
    ("VTSPolicy Erase - -", "Erase", None, ("-",), {}, False),
    ("VTSPolicy IDR '/VAULT01/a''b d=x'", "IDR", None, ("/VAULT01/a'b",), {"destination": "x"}, False),
    ("VTSPolicy IDR \"/VAULT01/a'b;c&\"", "IDR", None, ("/VAULT01/a'b;c&",), {}, False),
    ("VTSPolicy NBU '/VAULT01/P dt=y destination=v sourceTSM=y retention=1,d optfile=/o'", "NBU", None,
     ("/VAULT01/P",), {"destinationTSM": "y", "destination": "v", "sourceTSM": "y", "retention": "1,d",
                       "optfile": "/o"}, False),
    ("VTSPolicy IDR !", "IDR", None, ("!",), {}, False),
])
def test_a_sentence_is_understood(sentence: str, verb: str, object_word: str | None, operands: tuple[str, ...],
                                  attributes: dict[str, object], confirmed: bool) -> None:
    assert understood(sentence) == (verb, object_word, operands, attributes, confirmed)


def test_spans_show_where_words_stand() -> None:
    text = 'add scheme N, from /V/A, to (v2:/V/A, "v3:/V/A")'
    spans = parse(text).spans
    assert {key: text[span.start : span.end] for key, span in spans.items()} == {
        "N": "N", "FROM": "from", "FROM=/V/A": "/V/A", "TO": "to", "TO=v2:/V/A": "v2:/V/A", "TO=v3:/V/A": '"v3:/V/A"'}


def test_spans_of_a_vtspolicy_sentence() -> None:
    text = "VTSPolicy IDR '/V/P d = vts2'"
    assert {key: text[span.start : span.end] for key, span in parse(text).spans.items()} == {
        "/V/P": "/V/P", "destination": "d", "destination=vts2": "vts2"}


def test_a_command_keeps_its_sentence_and_its_door() -> None:
    command = parse("== first\n  ENV ;\n", Door.SSH)
    assert (command.text, command.door) == ("ENV", Door.SSH)
    assert command == parse("env", Door.SHELL)


def test_delete_is_one_verb_in_each_grammar() -> None:
    assert parse("DELETE SCHEME N").verb == "DELETE"
    assert parse("VTSPolicy DELETE N").verb == "Delete"


@pytest.mark.parametrize(("sentence", "asks"), [
    ("DELETE SCHEME N", True), ("DELETE SCHEME N !", False), ("REBUILD CATALOG", True), ("TRUST SYSTEM s", True),
    ("TRUST SYSTEM s, FINGERPRINT SHA256:BFbKtr8xqcGxKYCpUNm1Jh0zYxk4pQwCTRJLvQcuJ7E", False), ("INFO SCHEME", False),
    ("VTSPolicy Erase T1", True),
])
def test_destructive_sentences_need_a_yes(sentence: str, asks: bool) -> None:
    assert needs_yes(parse(sentence)) is asks


def test_no_two_words_of_the_table_are_the_same() -> None:
    for grammar in Grammar:
        words = [verb.word.lower() for verb in VERBS if verb.grammar is grammar]
        assert len(words) == len(set(words))
    assert len({verb.word for verb in VERBS}) == len(VERBS)
    for verb in VERBS:
        assert len({form.object for form in verb.forms}) == len(verb.forms)
        for form in verb.forms:
            words = [word for each in form.attributes for word in (each.keyword, each.short) if word is not None]
            assert len(words) == len(set(words)), verb.word
            assert set(form.exclusive) <= set(form.keywords)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if not verb.shell_only], ids=lambda verb: verb.word)
def test_every_example_is_a_sentence_of_its_verb(verb: Verb) -> None:
    for example in verb.examples:
        command = parse(example)
        assert verb_of(command) is verb
        assert form_of(command) is not None


def test_every_verb_is_found_by_its_word() -> None:
    for verb in VERBS:
        assert find_verb(verb.word.swapcase(), verb.grammar) is verb
    assert [verb.word for verb in verbs_of(Grammar.VTSPOLICY) if verb.built] == ["IDR"]
    assert verb_of(Command("NOSUCH")) is None
    assert form_of(Command("NOSUCH")) is None
    assert needs_yes(Command("NOSUCH")) is False


def test_lines_are_split_into_sentences() -> None:
    text = (
        "! a comment; DELETE SCHEME N !\n"
        "\n"
        "INFO SCHEME *; STATUS SYSTEM s == about s; ENV\r\n"
        "ADD SCHEME N, &\n"
        "    NOTE 'a; b == c', & \n"
        "    TO v2:/V/P\n"
        "comment this is; none &\n"
        "START SCHEME no\n"
        "== neither is &\n"
        "this\n"
        " ;; ENV; VTSPolicy IDR '/V/P'; junk == junk &\n"
        "!VTSPolicy IDR X\n"
        "ENV"
    )
    found = [(sentence.line, sentence.text) for sentence in split(text)]
    assert found == [
        (3, "INFO SCHEME *"), (3, "STATUS SYSTEM s"),
        (4, "ADD SCHEME N, &\n    NOTE 'a; b == c', & \n    TO v2:/V/P"),
        (11, "ENV"), (11, "VTSPolicy IDR '/V/P'; junk == junk &"),
        (13, "ENV"),
    ]
    for sentence in split(text):
        assert text[sentence.start :].startswith(sentence.text)


def test_an_open_quote_swallows_its_line_and_no_other() -> None:
    text = "ADD SCHEME N, NOTE 'open; DELETE SCHEME M !\nENV"
    assert [sentence.text for sentence in split(text)] == ["ADD SCHEME N, NOTE 'open; DELETE SCHEME M !", "ENV"]


@pytest.mark.parametrize("text", ["", " \t\r\n", ";;;\n;", "! x", "COMMENT", "comment x; ENV", "== x &\nENV", "&\n&\n"])
def test_nothing_is_no_sentence(text: str) -> None:
    assert split(text) == ()


@pytest.mark.parametrize("text", ["COMMENTARY x", "  ! x", "\rENV", "&"])
def test_what_only_looks_like_nothing_is_a_sentence(text: str) -> None:
    assert len(split(text)) == 1
