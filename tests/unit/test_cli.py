"""The shell's door: options anywhere, sentences as they are, and sub-commands that mean the same as their sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from vtspolicy import subcommands
from vtspolicy.cli import is_plain, main, options_of
from vtspolicy.command.command import Command
from vtspolicy.command.grammar import Attribute, Form, Grammar, Takes, Verb
from vtspolicy.command.sentence import parse
from vtspolicy.command.tokens import is_bare, quoted
from vtspolicy.command.verbs import VERBS, find_verb
from vtspolicy.errors import Failure, Usage
from vtspolicy.policy.model import Shape, fields_of
from vtspolicy.session import Options, Session


class Catching(Session):
    """A session that keeps the command instead of carrying it out."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.caught: Command | None = None

    def run(self, command: Callable[[], Command]) -> int:
        self.caught = command()
        return 0


def typed(words: Sequence[str], *, yes: bool = False) -> Command:
    """The command that the sub-command makes of these words."""
    session = Catching(Options(yes=yes))
    assert subcommands.run(words, session) == 0
    assert session.caught is not None
    return session.caught


# ---- sub-commands and sentences --------------------------------------------------------------------------------------


class Case(NamedTuple):
    """The same in both doors."""

    words: tuple[str, ...]
    sentence: str
    yes: bool = False

    def __str__(self) -> str:
        return self.sentence.replace(" ", "_")[:60]


def values_of(verb: Verb, form: Form) -> list[tuple[Attribute, Any]]:
    """Each attribute with an example value."""
    if form.fields and form.object is not None:
        found: list[tuple[Attribute, Any]] = []
        for each in fields_of(form.object.lower()):
            example: Any = each.rule.example
            if each.rule.shape is Shape.MAPPING:
                example = tuple(f"{key}={value}" for key, value in example.items())
            if each.key != "name":
                takes = Takes.VALUE if each.rule.shape is Shape.TEXT else Takes.LIST
                found.append((Attribute(each.keyword, takes, ""), example))
        return found
    return [(each, True if each.takes is Takes.FLAG else each.example) for each in form.attributes]


def said(value: Any) -> str:
    if isinstance(value, tuple):
        return said(value[0]) if len(value) == 1 else f"({', '.join(map(said, value))})"
    text = str(value)
    return text if all(map(is_bare, text.split(" "))) else quoted(text)


def case(verb: Verb, form: Form, chosen: Sequence[tuple[Attribute, Any]], filler: str | None = None) -> Case:
    operand = () if form.operand is None else ("/VAULT01/PAYROLL/T00001" if "/" in form.operand.what else "NIGHTLY",)
    words = [verb.word.lower(), *([filler.lower()] if filler else []),
             *([form.object.lower()] if form.object else []), *operand]
    sentence = " ".join(filter(None, (verb.word, filler, form.object, *operand)))
    must = [each for each in values_of(verb, form) if each[0].keyword in form.must]
    for attribute, value in (*must, *(each for each in chosen if each not in must)):
        option = f"--{attribute.keyword.lower()}"
        if attribute.keyword in form.must:
            words += [option, value]
            sentence += f" {attribute.keyword} {said(value)}"
        elif value is True:
            words.append(option)
            sentence += f", {attribute.keyword}"
        else:
            for each in value if isinstance(value, tuple) else (value,):
                words += [option, str(each)]
            sentence += f", {attribute.keyword} {said(value)}"
    return Case(tuple(words), sentence + (" !" if verb.destructive else ""), verb.destructive)


def cases() -> Iterator[Case]:
    """Each verb with each object: bare, with each attribute alone, with all that go together."""
    for verb in VERBS:
        if verb.grammar is not Grammar.NONSTOP or verb.shell_only or not verb.built:
            continue
        for form in verb.forms:
            values = values_of(verb, form)
            if not form.removes:
                yield case(verb, form, [])
            for each in values:
                yield case(verb, form, [each])
            together = [each for each in values if each[0].keyword not in form.exclusive[1:]]
            if together:
                yield case(verb, form, together)
                for filler in form.fillers:
                    yield case(verb, form, together, filler)
            if form.operand is not None and form.operand.low == 0:
                bare = form._replace(operand=None)
                yield case(verb, bare, [])


CASES = list(cases())


def test_the_cases_come_from_the_whole_table() -> None:
    assert len(CASES) > 100
    built = {verb.word.lower() for verb in VERBS if verb.built and verb.grammar is Grammar.NONSTOP
             and not verb.shell_only}
    assert {each.words[0] for each in CASES} == built


@pytest.mark.parametrize("given", CASES, ids=str)
def test_a_sub_command_is_its_sentence(given: Case) -> None:
    assert typed(given.words, yes=given.yes) == parse(given.sentence)


@pytest.mark.parametrize(("words", "sentence"), [
    (("idr", "NIGHTLY"), "VTSPolicy IDR 'NIGHTLY'"),
    (("idr", "/VAULT01/P", "d=vts2"), "VTSPolicy IDR '/VAULT01/P d=vts2'"),
    (("idr", "/VAULT01/P d = vts2"), "VTSPolicy IDR '/VAULT01/P d=vts2'"),
    (("plan", "idr", "/VAULT01/P", "--destination", "vts2"), "PLAN IDR /VAULT01/P, DESTINATION vts2"),
    (("plan", "idr", "/VAULT01/P", "d=vts2"), "PLAN IDR /VAULT01/P, DESTINATION vts2"),
    (("info", "scheme", "a", "--detail"), "info scheme a, detail"),
    (("INFO", "SCHEME", "*"), "INFO SCHEME *"),
    (("alter", "scheme", "N", "--rate", ""), "ALTER SCHEME N, RATE"),
    (("alter", "scheme", "N", "--note", "a, b; c"), "ALTER SCHEME N, NOTE 'a, b; c'"),
    (("alter", "scheme", "N", "--tapes", "A*", "--tapes", "B*"), "ALTER SCHEME N, TAPES (A*, B*)"),
    (("start", "scheme", "N", "--replace", "--ref=R1"), "START SCHEME N, REPLACE, REF R1"),
])
def test_the_shell_says_the_same_in_its_own_words(words: tuple[str, ...], sentence: str) -> None:
    assert typed(words) == parse(sentence)


def test_options_of_the_shell_are_attributes_of_a_vtspolicy_sentence() -> None:
    found = typed(("idr", "NIGHTLY", "--ref", "R1", "--replace", "--brief"))
    assert (found.verb, found.operands) == ("IDR", ("NIGHTLY",))
    assert found.attributes == {"REF": "R1", "REPLACE": True, "BRIEF": True}


@pytest.mark.parametrize(("words", "message"), [
    (("launch",), "No such command 'launch'"),
    (("start",), "Missing command"),
    (("start", "rocket"), "No such command 'rocket'"),
    (("start", "scheme"), "Missing argument"),
    (("start", "scheme", "A", "B"), "Got unexpected extra argument(s) (B)"),
    (("start", "scheme", "A", "--nonsense"), "No such option: --nonsense"),
    (("start", "scheme", "A", "--ref"), "Option '--ref' requires an argument"),
    (("start", "scheme", "A", "--ref", "much too long for a word"), "expected at most 16 of"),
    (("info", "scheme", "A", "--brief", "--detail"), "expected only one of"),
    (("add", "scheme", "a\x1b[2J", "--from", "/V/P"), "holds characters that no sentence can hold"),
    (("erase", "T1"), "No such command 'erase'"),
    (("idr",), "Missing argument"),
    (("idr", "A", "B"), "expected"),
    (("alter", "scheme", "A"), "expected a comma and what to change"),
])
def test_words_that_are_no_sub_command_are_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(Failure) as caught:
        typed(words)
    assert message in str(caught.value)
    assert isinstance(caught.value, Usage)


@pytest.mark.parametrize("words", [
    (), *((verb.word.lower(),) for verb in VERBS if verb.built and verb.grammar is Grammar.NONSTOP),
    ("info", "event"), ("idr",), ("plan", "start", "scheme")])
def test_help_is_there_for_every_verb(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    out, err = capsys.readouterr()
    assert (out.startswith(("Usage: vtspolicy", "\nUsage: vtspolicy", " \n Usage: vtspolicy")), err) == (True, "")
    assert out.isascii()
    if words and find_verb(words[0], Grammar.NONSTOP) and len(words) == 1:
        verb = find_verb(words[0], Grammar.NONSTOP)
        assert verb is not None
        assert verb.summary[1:20] in out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from vtspolicy import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"vtspolicy {__version__}\n"


# ---- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "options", "left"), [
    ([], Options(), []),
    (["info", "scheme"], Options(), ["info", "scheme"]),
    (["--json", "info", "scheme"], Options(json=True), ["info", "scheme"]),
    (["info", "--json", "scheme"], Options(json=True), ["info", "scheme"]),
    (["info", "scheme", "--yes", "--completion"], Options(yes=True, completion=True), ["info", "scheme"]),
    (["--policies", "P", "x", "--state", "S"], Options(policies="P", state="S"), ["x"]),
    (["--policies=P", "--state=S", "x"], Options(policies="P", state="S"), ["x"]),
    (["--policies=a=b"], Options(policies="a=b"), []),
    (["--policies", "--json"], Options(policies="--json"), []),
    (["--allow", "5"], Options(allow="5"), []),
    (["--allow=all"], Options(allow="all"), []),
    (["--", "--json"], Options(), ["--", "--json"]),
    (["--detail", "--json=x"], Options(), ["--detail", "--json=x"]),
    (["--state", "A", "--state", "B"], Options(state="B"), []),
])
def test_options_may_stand_anywhere(words: list[str], options: Options, left: list[str]) -> None:
    assert options_of(words) == (options, left)


@pytest.mark.parametrize(("words", "message"), [
    (["--policies"], "--policies needs a value"), (["x", "--state"], "--state needs a value"),
    (["--policies", "", "env"], "--policies needs a value, and this one is empty"),
    (["--policies=", "env"], "--policies needs a value, and this one is empty"),
    (["--state", "", "env"], "--state needs a value, and this one is empty"),
    (["--allow"], "--allow needs a value"), (["--allow", "few"], "--allow few: expected a number, or all"),
    (["--allow", "-1"], "--allow -1: expected a number, or all"), (["--allow="], "--allow : expected a number, or all"),
    (["--allow", "\u0665"], "--allow \u0665: expected a number, or all"),
    (["--allow", "1" * 10], f"--allow {'1' * 10}: expected a number, or all")])
def test_an_option_that_is_wrong_is_refused(
        words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Usage) as caught:
        options_of(words)
    assert str(caught.value) == message
    assert main(["--json", *words]) == 2
    assert capsys.readouterr().out.startswith('{"vtspolicy": 1, "command": null')


def test_an_option_that_is_wrong_has_its_last_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--completion", "--allow", "few"]) == 2
    assert capsys.readouterr().out == "COMPLETION CODE 2: refused reason=usage done=0 failed=1\n"


@pytest.mark.parametrize(("words", "plain"), [
    (["info", "scheme", "NIGHTLY"], True), (["INFO", "scheme", "*"], True), (["status", "tape", "/V/P/T0?"], True),
    (["info", "scheme", "--detail"], False), (["info", "scheme", "a,b"], False), (["info", "scheme", "a b"], False),
    (["info", "scheme", ""], False), (["info", "scheme", "!"], False), (["info", "scheme", "a;b"], False),
    (["info", "scheme", "\u00e4"], False), (["parse", "info"], False), (["idr", "NIGHTLY"], False),
    (["launch", "x"], False), (["delete", "scheme", "x"], True), (["info", "scheme", "==x"], False)])
def test_plain_words_are_a_sentence(words: list[str], plain: bool) -> None:
    assert is_plain(words) is plain


@pytest.mark.parametrize("given", [each for each in CASES if is_plain(each.words)], ids=str)
def test_plain_words_mean_what_the_sub_command_means(given: Case) -> None:
    assert parse(" ".join(given.words)) == parse(given.sentence.removesuffix(" !"))


# ---- which way words go ----------------------------------------------------------------------------------------------


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What main hands to its session."""
    found: list[object] = []

    def sentences(self: Session, texts: Sequence[str]) -> int:
        found.append(list(texts))
        return 0

    def run(self: Session, command: Callable[[], Command]) -> int:
        found.append(command())
        return 0

    monkeypatch.setattr(Session, "sentences", sentences)
    monkeypatch.setattr(Session, "run", run)
    return found


@pytest.mark.parametrize(("words", "program", "way"), [
    (["info scheme *"], "vtspolicy", ["info scheme *"]),
    (["info scheme a; info scheme b"], "vtspolicy", ["info scheme a", "info scheme b"]),
    (["VTSPolicy IDR 'NIGHTLY'"], "vtspolicy", ["VTSPolicy IDR 'NIGHTLY'"]),
    (["IDR", "NIGHTLY"], "VTSPolicy", ["VTSPolicy IDR NIGHTLY"]),
    (["IDR", "/VAULT01/P d = vts2"], "VTSPolicy", ["VTSPolicy IDR /VAULT01/P d = vts2"]),
    (["info", "scheme", "*"], "vtspolicy", Command("INFO", "SCHEME", ("*",))),
    ([], "vtspolicy", Command("HELP")),
    (["--json"], "vtspolicy", Command("HELP")),
    (["start", "scheme", "N", "--replace"], "vtspolicy", Command("START", "SCHEME", ("N",), {"REPLACE": True})),
])
def test_words_go_their_way(words: list[str], program: str, way: object, ways: list[object]) -> None:
    assert main(words, program) == 0
    assert ways == [way]
