"""What a sentence that is refused prints: itself, carets under the words in question, and what was expected."""

from __future__ import annotations

import pytest

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import WIDTH, excerpt, nearest, nearest_path, one_of, refuse, shown
from vtspolicy.command.grammar import Grammar
from vtspolicy.command.sentence import LIMIT, checked, parse
from vtspolicy.command.verbs import verbs_of
from vtspolicy.errors import NotBuilt, Usage

NONSTOP_VERBS = " or ".join(", ".join(verb.word for verb in verbs_of(Grammar.NONSTOP)).rsplit(", ", 1))
VTSPOLICY_VERBS = "IDR, Erase, Delete, TSM, NBU, LEG, BEX, HPD, ARC or FTX"
OBJECTS_OF_INFO = "SYSTEM, SCHEME, AUTOCOPY, UNPROTECTED, SETTINGS, POOL, TAPE or EVENT"
REF = "expected at most 16 of A-Z a-z 0-9 _ . -"

REFUSED = [
    # sentence, carets, expected
    ("infoo scheme *", "^^^^^", f"expected {NONSTOP_VERBS}; the nearest is INFO"),
    ("inf scheme *", "^^^", f"expected {NONSTOP_VERBS}; the nearest is INFO"),
    ("'info' scheme *", "^^^^^^", f"expected {NONSTOP_VERBS}"),
    (", info", "^", f"expected {NONSTOP_VERBS}"),
    ("idr NIGHTLY", "^^^", f"expected the word VTSPolicy in front of IDR, or a verb: {NONSTOP_VERBS}"),
    ("demo", "^^^^", "expected a verb of sentences; DEMO belongs to the shell: vtspolicy demo"),
    ("info scheem *", "     ^^^^^^", f"expected {OBJECTS_OF_INFO}; the nearest is SCHEME"),
    ("info", "    ^", f"expected {OBJECTS_OF_INFO}"),
    ("info sch *", "     ^^^", f"expected {OBJECTS_OF_INFO}; the nearest is SCHEME"),
    ("start 'scheme' N", "      ^^^^^^^^", "expected SCHEME"),
    ("plan start autocopy N", "           ^^^^^^^^", "expected SCHEME"),
    ("start scheme", "            ^", "expected a name: scheme"),
    ("start scheme, brief", "            ^", "expected a name: scheme"),
    ("start scheme A B", "               ^", "expected a comma and a keyword, or the end of the sentence"),
    ("start scheme (A)", "             ^", "expected a name: scheme"),
    ("check policy P", "             ^", "expected the end of the sentence"),
    ("delete scheme N, brief", "                 ^^^^^", "expected no attribute behind DELETE SCHEME"),
    ("env, x", "     ^", "expected no attribute behind ENV"),
    ("start scheme N, repalce", "                ^^^^^^^", "expected REPLACE, REF or BRIEF; the nearest is REPLACE"),
    ("start scheme N,", "               ^", "expected REPLACE, REF or BRIEF"),
    ("start scheme N,, brief", "               ^", "expected REPLACE, REF or BRIEF"),
    ("start scheme N, brief, BRIEF", "                       ^^^^^", "expected BRIEF only once"),
    ("start scheme N, brief yes", "                      ^^^", "expected no value behind BRIEF"),
    ("start scheme N, ref", "                   ^", "expected a value: REF word"),
    ("start scheme N, ref, brief", "                   ^", "expected a value: REF word"),
    ("start scheme N, ref (A)", "                    ^", "expected a value: REF word"),
    ("start scheme N, ref A B", "                    ^^^", REF),
    ("start scheme N, ref A(", "                     ^", "expected a comma or the end of the sentence"),
    ("start scheme N, ref 12345678901234567", "                    ^^^^^^^^^^^^^^^^^", REF),
    ("start scheme N, ref ''", "                    ^^", REF),
    ("info scheme *, brief, detail", "                      ^^^^^^", "expected only one of DETAIL, OBEYFORM or BRIEF"),
    ("info event, severity eror", "                     ^^^^",
     "expected info, warning, error or critical; the nearest is error"),
    ("info event, id 12", "               ^^", "expected a six-digit event id, such as 624013"),
    ("info event, limit 0", "                  ^", "expected a whole number from 1 on"),
    ("trust system s, fingerprint MD5:00", "                            ^^^^^^",
     "expected a fingerprint: SHA256: and 43 characters, as ssh-keygen -l prints it"),
    ("plan idr /V/P, d v, destination w", "                    ^^^^^^^^^^^", "expected DESTINATION only once"),
    ("add scheme N, from", "                  ^", "expected a value: FROM value"),
    ("add scheme N, 'from' x", "              ^^^^^^", "expected a keyword, such as NOTE"),
    ("add scheme N, 9x y", "              ^^", "expected a keyword, such as NOTE"),
    ("add scheme N, to (a, b", "                 ^", "expected a ) that closes this one"),
    ("add scheme N, to (a, (b))", "                     ^", "expected a value: TO value"),
    ("add scheme N, to (a (b))", "                    ^", "expected a comma or )"),
    ("add scheme N, to ()", "                  ^", "expected a value: TO value"),
    ("add scheme N, to (a,)", "                    ^", "expected a value: TO value"),
    ("add scheme N, to (a) b", "                     ^", "expected a comma or the end of the sentence"),
    ("add scheme N, to a)", "                  ^", "expected a comma or the end of the sentence"),
    ("alter scheme N", "              ^", "expected a comma and what to change: KEYWORD value"),
    ("delete scheme !", "              ^", "expected a name: scheme"),
    ("delete scheme N, !", "                 ^", "expected no attribute behind DELETE SCHEME"),
    # lexical
    ("add scheme N, note 'x", "                   ^", "expected a second quote that closes this one"),
    ("add scheme N, note it's", "                     ^",
     "expected a blank in front of a quote; within quotes it is written twice"),
    ("add scheme N, note 'a'b", "                      ^", "expected a blank or a comma behind the closing quote"),
    ("add scheme N, note a & b", "                     ^", "expected a further line behind &, or quotes around it"),
    ("add scheme N, note a &", "                     ^", "expected a further line behind &, or quotes around it"),
    ("env; env", "     ^^^", "expected one sentence at a time"),
    # VTSPolicy sentences
    ("VTSPolicy", "         ^", f"expected a verb: {VTSPOLICY_VERBS}"),
    ("VTSPolicy 'IDR X'", "          ^", f"expected a verb: {VTSPOLICY_VERBS}"),
    ("VTSPolicy Erace T1", "          ^^^^^", f"expected a verb: {VTSPOLICY_VERBS}; the nearest is Erase"),
    ("VTSPolicy START SCHEME N", "          ^^^^^", f"expected a verb: {VTSPOLICY_VERBS}"),
    ("VTSPolicy, IDR X", "^^^^^^^^^^", "expected the word VTSPolicy and a blank"),
    ("VTSPolicy IDR", "             ^", "expected a name: scheme | /vault/pool[/tape]"),
    ("VTSPolicy IDR ''", "               ^", "expected a name: scheme | /vault/pool[/tape]"),
    ("VTSPolicy IDR 'd=v'", "               ^", "expected a name: scheme | /vault/pool[/tape]"),
    ("VTSPolicy Erase -", "                 ^", "expected a name: tape"),
    ("VTSPolicy IDR A B", "                ^", "expected keyword=value, or the end of the sentence"),
    ("VTSPolicy IDR 'A d=v B'", "                     ^", "expected keyword=value, or the end of the sentence"),
    ("VTSPolicy FTX '/V/P r=14, d'", "                          ^",
     "expected keyword=value, or the end of the sentence"),
    ("VTSPolicy IDR 'A dest=v'", "                 ^^^^",
     "expected a keyword: s, source, d, destination or ref; the nearest is destination"),
    ("VTSPolicy IDR 'A D=v'", "                 ^",
     "expected a keyword: s, source, d, destination or ref; the nearest is d"),
    ("VTSPolicy IDR 'A d=v destination=w'", "                     ^^^^^^^^^^^", "expected destination only once"),
    ("VTSPolicy IDR 'A d='", "                   ^", "expected a value: d=system"),
    ("VTSPolicy IDR 'A d= =v'", "                    ^", "expected a value: d=system"),
    ("VTSPolicy IDR '= A'", "               ^", "expected a keyword in front of ="),
    ("VTSPolicy IDR 'A ref=12345678901234567'", "                     ^^^^^^^^^^^^^^^^^", REF),
    ("VTSPolicy IDR 'A", "              ^", "expected a second quote that closes this one"),
    ("VTSPolicy IDR 'A' B", "                 ^^", "expected nothing behind the closing quote"),
    ("VTSPolicy IDR'A'", "             ^", "expected a blank in front of the quote"),
    ("VTSPolicy TSM archive '/V/P'", "                      ^", "expected the whole argument in one pair of quotes"),
    ("VTSPolicy IDR A; ENV", "               ^", "expected nothing behind the sentence; it takes a line"),
]


def printed(text: str) -> str:
    with pytest.raises(Usage) as caught:
        parse(text)
    assert str(caught.value) == caught.value.message
    return caught.value.message


@pytest.mark.parametrize(("sentence", "carets", "expected"), REFUSED, ids=[each[0] for each in REFUSED])
def test_a_refusal_shows_where_and_what(sentence: str, carets: str, expected: str) -> None:
    assert printed(sentence) == f"{sentence}\n{carets}\n{expected}"


@pytest.mark.parametrize(("sentence", "line", "carets", "expected"), [
    ("add scheme N, note 'a\x1bb'", r"add scheme N, note 'a\x1bb'", "                     ^^^^",
     "expected printable characters"),
    ("add scheme N\x00", r"add scheme N\x00", "            ^^^^", "expected printable characters"),
    ("add scheme Z\u00fcrich", r"add scheme Z\xc3\xbcrich", "            ^^^^^^^^",
     "expected ASCII characters, or quotes around others"),
    ("add scheme '\udcff'", r"add scheme '\xff'", "            ^^^^", "expected printable characters"),
    ("add scheme '\ud800'", r"add scheme '\xed\xa0\x80'", "            ^^^^^^^^^^^^", "expected printable characters"),
    ("add scheme '\u202e'", r"add scheme '\xe2\x80\xae'", "            ^^^^^^^^^^^^", "expected printable characters"),
    ("add scheme 'a &\nb'", "add scheme 'a & b'", "               ^", "expected the closing quote on the same line"),
    ("VTSPolicy IDR \u2018A\u2019", r"VTSPolicy IDR \xe2\x80\x98A\xe2\x80\x99", "              ^^^^^^^^^^^^",
     "expected a straight quote, ' or \""),
    ("VTSPolicy IDR '\u00fc'", r"VTSPolicy IDR '\xc3\xbc'", "               ^^^^^^^^",
     "expected printable ASCII characters on one line"),
    ("VTSPolicy IDR 'A\x07'", r"VTSPolicy IDR 'A\x07'", "                ^^^^",
     "expected printable ASCII characters on one line"),
    ("start\tscheme & \n  N X", "start scheme &    N X", "                    ^",
     "expected a comma and a keyword, or the end of the sentence"),
])
def test_what_cannot_be_printed_is_shown_as_its_bytes(sentence: str, line: str, carets: str, expected: str) -> None:
    assert printed(sentence) == f"{line}\n{carets}\n{expected}"


@pytest.mark.parametrize("sentence", ["", "   ", "! only a comment"])
def test_no_sentence_at_all(sentence: str) -> None:
    assert printed(sentence).splitlines()[-1] == "expected a sentence, such as INFO SCHEME *"


def test_another_sentence_behind_a_newline() -> None:
    assert printed("ENV\nDELETE SCHEME N !") == (
        "ENV DELETE SCHEME N !\n    ^^^^^^^^^^^^^^^^^\nexpected one sentence at a time")


def test_a_vtspolicy_line_is_not_joined() -> None:
    assert printed("VTSPolicy IDR A &\nB").splitlines()[-1] == "expected one sentence at a time"


@pytest.mark.parametrize(("sentence", "carets", "word"), [
    ("stop scheme N", "^^^^", "STOP"), ("obey file", "^^^^", "OBEY"), ("status job *", "       ^^^", "JOB"),
    ("ADD HOST h, ADDRESS x", "    ^^^^", "HOST"), ("exit", "^^^^", "EXIT"), ("suspend", "^^^^^^^", "SUSPEND"),
])
def test_a_word_to_come_is_refused_by_name(sentence: str, carets: str, word: str) -> None:
    with pytest.raises(NotBuilt) as caught:
        parse(sentence)
    assert caught.value.message == f"{sentence}\n{carets}\n{word} is not built in this release"


def test_neither_grammar_is_tried_when_the_other_refuses() -> None:
    assert "expected a verb: IDR" in printed("VTSPolicy INFO SCHEME *")
    assert "VTSPolicy in front of TSM" in printed("TSM 'archive /V/P'")


# ---- the window -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 69, 70, 71, 100, 1000])
@pytest.mark.parametrize("character", ["x", "\u00fc", "\x1b"])
def test_a_window_is_narrow_and_its_carets_stand_under_the_span(length: int, character: str) -> None:
    marked = "\x01"
    for start in sorted({0, 1, length // 2, length - 1}):
        text = character * start + marked + character * (length - start - 1)
        line, carets = excerpt(text, start, start + 1)
        assert len(line) <= WIDTH
        assert line.isascii() and line.isprintable()
        assert line[carets.index("^") : len(carets)] == "\\x01"
        assert ("..." in line) == (sum(len(shown(each)) for each in text) > WIDTH)


def test_windows_of_a_long_sentence() -> None:
    text = "start scheme " + "N" * 200 + " X, brief"
    at = text.index("X")
    line, carets = excerpt(text, at, at + 1)
    assert line == "..." + "N" * 55 + " X, brief"
    assert carets == " " * 59 + "^"
    line, carets = excerpt(text, 6, 12)
    assert line == "start scheme " + "N" * 51 + "..."
    assert carets == "      ^^^^^^"
    line, carets = excerpt(text, 13, 213)
    assert line == "start scheme " + "N" * 51 + "..."
    assert carets == " " * 13 + "^" * 51
    line, carets = excerpt(text, len(text), len(text))
    assert line == "..." + text[-64:]
    assert carets == " " * 67 + "^"


def test_a_sentence_is_not_endless() -> None:
    assert parse("SAMPLE " + "N" * (LIMIT - 7)).operands == ("N" * (LIMIT - 7),)
    assert printed("SAMPLE " + "N" * (LIMIT - 6)).endswith(f"expected at most {LIMIT} characters")


# ---- refusals from behind the parser ----------------------------------------------------------------------------


def test_what_is_found_wrong_later_has_carets_too() -> None:
    command = parse("add scheme N, rate fast, to (a, b)")
    assert refuse(command, "RATE", "a rate", "fast").message == (
        "add scheme N, rate fast, to (a, b)\n                   ^^^^\nexpected a rate")
    assert refuse(command, "RATE", "no RATE").message.splitlines()[1] == "              ^^^^"
    assert refuse(command, "TO", "a place", "b").message.splitlines()[1] == " " * 32 + "^"
    assert refuse(command, "N", "a name").message.splitlines()[1] == " " * 11 + "^"
    assert refuse(command, "KEY", "a key").message.splitlines()[1] == " " * 34 + "^"


def test_a_command_from_arguments_is_held_against_the_same_rules() -> None:
    assert checked(Command("START", "SCHEME", ("N",), {"REF": "R"})) == parse("start scheme N, ref R")
    with pytest.raises(Usage) as caught:
        checked(Command("START", "SCHEME", ("N",), {"REF": "R" * 17}))
    assert caught.value.message.splitlines()[:2] == ["START SCHEME N, REF " + "R" * 17, " " * 20 + "^" * 17]


def test_the_nearest_word() -> None:
    assert nearest("SCHEM", ["SYSTEM", "SCHEME"]) == "SCHEME"
    assert nearest("qqq", ["SYSTEM", "SCHEME"]) is None
    assert nearest("SCHEME" * 100, ["SYSTEM", "SCHEME"]) is None
    assert one_of(["A"]) == "A"
    assert one_of(["A", "B"], "C") == "A or B"


@pytest.mark.parametrize(("path", "near"), [
    ("/V1/PAYROL", "/V1/PAYROLL"), ("/V1/payroll", "/V1/PAYROLL"), ("here:/V1/LEDGERS", "here:/V1/LEDGER"),
    ("/V01/PAYROLL", "/V1/PAYROLL"), ("/V1/ZZZ", None), ("/V1/LEDGER", None), ("/V1/PAYROLL/T00009", None),
])
def test_a_path_is_compared_by_the_part_that_differs(path: str, near: str | None) -> None:
    assert nearest_path(path, ("/V1/PAYROLL", "here:/V1/LEDGER", "/V2/OTHER")) == near
