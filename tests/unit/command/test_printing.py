"""A command as a sentence, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import tally
from vtspolicy.command.command import Command, Value
from vtspolicy.command.grammar import Attribute, Form, Grammar, Takes, Verb
from vtspolicy.command.printer import sentence_of
from vtspolicy.command.sentence import parse, split
from vtspolicy.command.verbs import VERBS
from vtspolicy.errors import Usage

PRINTABLE = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
TRAPS = st.sampled_from(["!", "==", "== x", "a !", "&", "a &", "", " ", "'", '"', "'\"", "it's", "a''b", ",", "(a)",
                         ";", "COMMENT", "VTSPolicy", "VTSPolicy IDR 'X'", "a  b", " a", "a ", "-", "*", "?", "NO",
                         "012345", "x==", "/VAULT01/*", "\u00fc", "\u65e5\u672c"])
TEXT = st.one_of(TRAPS, st.text(PRINTABLE), st.text("ab '\",;=!&()"))
WORD = st.one_of(
    st.sampled_from(["-", "!", "'", '"', "'\"", ";", "a'b;c\"d", "&", "(", "14,d", "/V/P"]),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="="), min_size=1))
SENTENCE_VERBS = [verb for verb in VERBS if not verb.shell_only]


def values(rule: Attribute) -> st.SearchStrategy[Value]:
    if rule.takes is Takes.FLAG:
        return st.just(True)
    if rule.choices:
        return st.sampled_from(rule.choices)
    if rule.pattern is not None:
        return st.from_regex(rule.pattern, fullmatch=True)
    if rule.takes is Takes.LIST:
        return st.one_of(TEXT, st.lists(TEXT, min_size=1, max_size=4).map(tuple))
    return TEXT


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Any command that some sentence can say."""
    verb: Verb = draw(st.sampled_from(SENTENCE_VERBS))
    form: Form = draw(st.sampled_from(verb.forms))
    vtspolicy = verb.grammar is Grammar.VTSPOLICY
    text = WORD if vtspolicy or form.object == "IDR" else TEXT    # behind PLAN IDR stands what VTSPolicy IDR takes
    operands: tuple[str, ...] = ()
    if form.operand is not None:
        high = 3 if form.operand.high is None else form.operand.high
        operands = tuple(draw(st.lists(text, min_size=form.operand.low, max_size=high)))
    chosen = draw(st.lists(st.sampled_from(form.attributes), unique=True)) if form.attributes else []
    chosen += [each for each in form.attributes if each.keyword in form.must and each not in chosen]
    exclusive = [each for each in chosen if each.keyword in form.exclusive]
    attributes: dict[str, Value] = {
        each.keyword: draw(WORD if vtspolicy and each.pattern is None else values(each))
        for each in chosen if each not in exclusive[1:]}
    if form.fields:
        keywords = st.from_regex(r"[A-Z][A-Z0-9-]{0,8}", fullmatch=True)
        value: st.SearchStrategy[Value] = values(Attribute("", Takes.LIST, ""))
        if form.removes:
            value = st.one_of(st.just(True), value)
        attributes = draw(st.dictionaries(keywords, value, min_size=int(form.removes), max_size=4))
    return Command(verb.word, form.object, operands, attributes, not vtspolicy and draw(st.booleans()))


@given(commands())
def test_a_printed_command_parses_to_itself(command: Command) -> None:
    sentence = sentence_of(command)
    assert [each.text for each in split(f"ENV\n{sentence}\nENV")] == ["ENV", sentence.strip(), "ENV"]
    assert parse(sentence) == command
    tally.tally("commands printed and parsed again", 1, at_least=100)


def test_the_strategy_reaches_every_form() -> None:
    wanted = {(verb.word, form.object) for verb in SENTENCE_VERBS for form in verb.forms}
    assert len(wanted) > 40
    for verb in SENTENCE_VERBS:
        for form in verb.forms:
            operands = ("N",) * (form.operand.low if form.operand else 0)
            attributes: dict[str, Value] = {"NOTE": "x"} if form.removes else dict.fromkeys(form.must, "x")
            command = Command(verb.word, form.object, operands, attributes)
            assert parse(sentence_of(command)) == command


@pytest.mark.parametrize(("command", "sentence"), [
    (Command("ADD", "SCHEME", ("N",), {"FROM": "/V/A", "TO": ("v2:/V/A", "v3:/V/A")}),
     "ADD SCHEME N, FROM /V/A, TO (v2:/V/A, v3:/V/A)"),
    (Command("ALTER", "SCHEME", ("N",), {"RATE": "40 MiB/s", "NOTE": True, "KEY": ""}),
     'ALTER SCHEME N, RATE 40 MiB/s, NOTE, KEY ""'),
    (Command("ALTER", "SCHEME", ("N",), {"NOTE": 'say "hi"'}), "ALTER SCHEME N, NOTE 'say \"hi\"'"),
    (Command("ALTER", "SCHEME", ("N",), {"NOTE": "'\""}), 'ALTER SCHEME N, NOTE "\'"""'),
    (Command("DELETE", "SCHEME", ("!",), {}, True), 'DELETE SCHEME "!" !'),
    (Command("HELP"), "HELP"),
    (Command("IDR", None, ("/V/P",), {"destination": "v"}), "VTSPolicy IDR '/V/P d=v'"),
    (Command("IDR", None, ("a'b",)), "VTSPolicy IDR \"a'b\""),
    (Command("IDR", None, ("a'b\"",)), "VTSPolicy IDR 'a''b\"'"),
    (Command("Erase", None, ("T1", "T2"), {"source": "h"}), "VTSPolicy Erase - T1 T2 s=h"),
    (Command("Erase", None, ("T;1",)), "VTSPolicy Erase '- T;1'"),
    (Command("TSM", None, ("archive", "/V/P"), {"sourceTSM": "y", "ref": "R"}),
     "VTSPolicy TSM 'archive /V/P st=y ref=R'"),
])
def test_a_command_is_printed(command: Command, sentence: str) -> None:
    assert sentence_of(command) == sentence
    assert parse(sentence) == command


@pytest.mark.parametrize(("command", "message"), [
    (Command("NO SUCH\n"), r"no sentence begins with 'NO SUCH\n'"),
    (Command("INFO", "POLICY"), "no sentence begins with 'INFO POLICY'"),
    (Command("DEMO"), "no sentence begins with 'DEMO'"),
    (Command("SAMPLE", None, ("a\nb",)), r"'a\nb' holds characters that no sentence can hold"),
    (Command("ADD", "SCHEME", ("N",), {"NOTE": ("\udcff",)}), r"'\udcff' holds characters that no sentence can hold"),
    (Command("ADD", "SCHEME", ("N",), {"TO": ()}), "an empty list cannot stand in a sentence"),
    (Command("IDR", None, ("a b",)), "'a b' cannot be a word of a VTSPolicy sentence"),
    (Command("IDR", None, ("",)), "'' cannot be a word of a VTSPolicy sentence"),
    (Command("IDR", None, ("X",), {"destination": "a=b"}), "'a=b' cannot be a word of a VTSPolicy sentence"),
    (Command("IDR", None, ("X",), {}, True), "VTSPolicy IDR takes no confirmation"),
])
def test_what_no_sentence_can_say_is_refused(command: Command, message: str) -> None:
    with pytest.raises(Usage) as caught:
        sentence_of(command)
    assert caught.value.message == message
