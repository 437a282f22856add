"""One invocation: sentences in order, what is shown and what is not, and the code at the end."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.service.world import World
from vtspolicy import events, session
from vtspolicy.command.command import Command
from vtspolicy.errors import StateUnusable
from vtspolicy.planning.states import Condition, TapeState, legend
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.session import Options, Session

Answers = dict[str, Result]


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("TZ", "UTC")
    return World(tmp_path, capsys, monkeypatch)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Answers], Callable[..., Session]]:
    """Sessions in which sentences come to what the test says, by their first operand."""
    monkeypatch.setenv("VTSPOLICY_POLICIES", str(tmp_path))

    def prepare(answers: Answers) -> Callable[..., Session]:
        def perform(context: object, command: Command) -> Result:
            given = answers[command.operands[0]]
            return Result(command, given.status, given.data, given.errors, given.warnings, given.run, given.ref)

        monkeypatch.setattr("vtspolicy.service.commands.perform", perform)
        return lambda **options: Session(Options(**options))

    return prepare


BAD = Result(None, Status.REFUSED, errors=(Trouble("unknown", "there is no such thing"),))
TORN = Result(None, Status.PARTIAL, {"legs": [{"copied": 5, "equal": 1, "trusted": 2, "refused": 0, "failed": 3,
                                               "source": "a", "target": "b", "bytes": 0, "seconds": 0}]},
              errors=(Trouble("space", "1"), Trouble("space", "2"), Trouble("space", "3")), run="R1", ref="PAY1")
ANSWERS = {
    "good": Result(None, Status.DONE), "warned": Result(None, Status.WARNINGS, warnings=("look\nhere",)), "bad": BAD,
    "torn": TORN, "stopped": Result(None, Status.STOPPED, errors=(Trouble("interrupted", "stopped"),)),
    "bug": Result(None, Status.BUG, errors=(Trouble("bug", "broken"),)),
    "nothing": Result(None, Status.NOTHING)}


def sentences(*names: str) -> list[str]:
    return [f"START SCHEME {name}" for name in names]


@pytest.mark.parametrize(("names", "allow", "code", "not_run"), [
    ([], "0", 0, 0),
    (["good", "nothing"], "0", 0, 0),
    (["good", "warned", "good"], "0", 1, 0),
    (["bad", "good", "good"], "0", 2, 2),
    (["bad", "good", "bad", "good"], "1", 2, 1),
    (["bad", "bad", "bad", "good"], "3", 2, 0),
    (["bad", "bad", "good"], "all", 2, 0),
    (["torn", "good"], "0", 2, 1),
    (["torn", "good"], "1", 2, 0),
    (["torn", "torn", "good"], "all", 2, 0),
    (["stopped", "good"], "all", 3, 1),
    (["bad", "bug", "good"], "all", 5, 1),
    (["warned", "stopped"], "0", 3, 0),
])
def test_errors_end_the_sentences_unless_they_are_allowed(
        names: list[str], allow: str, code: int, not_run: int, answering: Callable[[Answers], Callable[..., Session]],
        capsys: pytest.CaptureFixture[str]) -> None:
    assert answering(ANSWERS)(allow=allow).sentences(sentences(*names)) == code
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("not run: ")]
    assert told == [f"not run: START SCHEME {name}" for name in names[len(names) - not_run:]]


def test_a_sentence_that_cannot_be_understood_is_an_error_among_the_others(
        answering: Callable[[Answers], Callable[..., Session]], capsys: pytest.CaptureFixture[str]) -> None:
    assert answering(ANSWERS)(allow="1").sentences(["LAUNCH", *sentences("good"), "LAUNCH", *sentences("good")]) == 2
    err = capsys.readouterr().err
    assert err.count("*ERROR* LAUNCH") == 2
    assert err.endswith("not run: START SCHEME good\n")


@pytest.mark.parametrize(("names", "line"), [
    ([], "COMPLETION CODE 0: done done=0 failed=0"),
    (["nothing"], "COMPLETION CODE 0: nothing done=1 failed=0"),
    (["good", "warned"], "COMPLETION CODE 1: warnings done=2 failed=0"),
    (["torn"], "COMPLETION CODE 2: partial reason=space done=8 failed=3 ref=PAY1"),
    (["good", "bad"], "COMPLETION CODE 2: refused reason=unknown done=1 failed=1"),
    (["bad", "torn"], "COMPLETION CODE 2: refused reason=unknown done=0 failed=1"),
    (["stopped"], "COMPLETION CODE 3: stopped reason=interrupted done=0 failed=1"),
    (["bug"], "COMPLETION CODE 5: bug reason=bug done=0 failed=1"),
])
def test_the_last_line_is_the_completion(
        names: list[str], line: str, answering: Callable[[Answers], Callable[..., Session]],
        capsys: pytest.CaptureFixture[str]) -> None:
    answering(ANSWERS)(completion=True).sentences(sentences(*names))
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_json_is_one_envelope_for_each_sentence_and_nothing_else(
        answering: Callable[[Answers], Callable[..., Session]], capsys: pytest.CaptureFixture[str]) -> None:
    answering(ANSWERS)(json=True, allow="all").sentences([*sentences("good", "torn", "bad"), "LAUNCH \u00e4"])
    out, err = capsys.readouterr()
    shown = [json.loads(line) for line in out.splitlines()]
    assert [(each["status"], each["code"]) for each in shown] == [
        ("done", 0), ("partial", 2), ("refused", 2), ("refused", 2)]
    assert shown[3]["command"] is None
    assert shown[3]["errors"][0]["reason"] == "usage"
    assert (err, out.isascii()) == ("", True)


def test_yes_confirms_every_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VTSPOLICY_POLICIES", str(tmp_path))
    seen: list[bool] = []

    def perform(context: object, command: Command) -> Result:
        seen.append(command.confirmed)
        return Result(command, Status.DONE)

    monkeypatch.setattr("vtspolicy.service.commands.perform", perform)
    for yes in (False, True):
        Session(Options(yes=yes)).sentences(["DELETE SCHEME A", "DELETE SCHEME A !"])
    assert seen == [False, True, True, True]


def test_what_ends_the_state_is_a_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VTSPOLICY_POLICIES", str(tmp_path))

    def perform(context: object, command: Command) -> Result:
        raise StateUnusable("gone")

    monkeypatch.setattr("vtspolicy.service.commands.perform", perform)
    assert Session(Options()).sentences(sentences("x", "y")) == 3
    assert capsys.readouterr().err == "*ERROR* gone (831001)\nnot run: START SCHEME y\n"


# ---- what is shown ---------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("words", "shown"), [
    (("start", "scheme", "NIGHTLY"), False), (("run", "scheme", "NIGHTLY"), False), (("idr", "NIGHTLY"), False),
    (("verify", "scheme", "NIGHTLY"), False),
    (("start", "scheme", "NIGHTLY", "--brief"), True), (("start", "scheme", "NIGHTLY", "--completion"), True),
    (("start", "scheme", "NIGHTLY", "--json"), True), (("status", "scheme", "NIGHTLY"), True),
    (("plan", "scheme", "NIGHTLY"), True)])
def test_success_is_silent_where_nobody_looks(world: World, words: tuple[str, ...], shown: bool) -> None:
    world.tape("T1")
    world.say("start", "scheme", "NIGHTLY")
    said = world.say(*words)
    assert (said.code, bool(said.out), said.err) == (0, shown, "")


def test_on_a_terminal_success_is_told(world: World) -> None:
    world.tape("T1")
    screen = Terminal()
    world.monkeypatch.setattr(sys, "stdout", screen)
    assert world.say("start", "scheme", "NIGHTLY").code == 0
    lines = screen.getvalue().splitlines()
    assert lines[0] == "here:/VAULT01/PAYROLL -> there:/VAULT02/PAYROLL"
    assert lines[1].startswith("  1 copied, 7 B sent in ")
    assert lines[2].endswith(": done")


def test_trouble_is_told_whoever_looks(world: World) -> None:
    said = world.say("start", "scheme", "NIGHTLY")
    assert (said.code, said.err) == (2, "*ERROR* pool here:/VAULT01/PAYROLL holds no tape (624010)\n")


class Broken(io.StringIO):
    """A standard output that is closed or full."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


@pytest.mark.parametrize("stream", [
    Broken(BrokenPipeError()), Broken(OSError(28, "No space left on device")), Broken(ValueError("closed")), None])
@pytest.mark.parametrize("words", [("start", "scheme", "NIGHTLY", "--json"), ("start", "scheme", "NIGHTLY")])
def test_whoever_stops_reading_does_not_stop_the_copying(
        world: World, stream: io.StringIO | None, words: tuple[str, ...]) -> None:
    world.tape("T1")
    world.monkeypatch.setattr(sys, "stdout", stream)
    world.monkeypatch.setattr(sys, "stderr", stream)
    assert world.say(*words).code == 0
    assert (world.target / "T1").read_bytes() == b"content"


def test_what_is_printed_is_printable_ascii(world: World) -> None:
    (world.source / "\u00e4\x1b[2J\udcff").write_text("x")
    world.tape("T1")
    said = world.say("plan", "scheme", "NIGHTLY")
    assert "skipped: \\xc3\\xa4\\x1b[2J\\xff: not a tape's name" in said.out
    assert all(" " <= character <= "~" or character == "\n" for character in said.out + said.err)


# ---- questions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, False), ("YES\n", 0, False), ("n\n", 2, True),
                                                       ("\n", 2, True), ("", 2, True)])
def test_a_person_is_asked_before_something_is_deleted(world: World, answer: str, code: int, left: bool) -> None:
    keyboard, screen = Terminal(answer), Terminal()
    world.monkeypatch.setattr(session, "_is_terminal", lambda stream: stream in (sys.stdin, sys.stderr))
    world.monkeypatch.setattr(sys, "stderr", screen)
    world.monkeypatch.setattr(io, "TextIOWrapper", lambda stream: keyboard)
    assert world.say("delete", "scheme", "NIGHTLY").code == code
    assert "DELETE SCHEME NIGHTLY: are you sure? (y/N) " in screen.getvalue()
    assert (world.policies / "NIGHTLY.yaml").exists() is left


def test_where_nobody_can_be_asked_the_sentence_must_say_it(world: World) -> None:
    said = world.say("delete", "scheme", "NIGHTLY")
    assert (said.code, said.err) == (2, "*ERROR* DELETE SCHEME needs a yes: end the sentence with !, or use --yes "
                                        "(690001)\n")
    assert world.say("DELETE SCHEME NIGHTLY !").code == 0


@pytest.mark.parametrize("word", [*TapeState, *Condition, "Stale"])
def test_help_explains_each_word_that_status_shows(world: World, word: str) -> None:
    said = world.say("help", *word.split())
    assert (said.code, said.err) == (0, "")
    assert all(len(line) <= 80 for line in said.out.splitlines())
    head, _, told = said.out.rpartition(f"{word.lower()}\n")
    assert " ".join(told.split()) == legend(word)
    message = events.find(word)
    assert head == ("" if message is None else f"{events.explain(message)}\n\n")
    if message is not None:
        assert world.say("help", message.id).out == said.out
    assert not os.path.exists(world.state_folder)


# ---- sentences on standard input, and PARSE --------------------------------------------------------------------------


def test_lines_on_standard_input_are_sentences(world: World) -> None:
    world.tape("T1")
    said = world.say("-", "--completion", stdin=b"! a comment\nINFO SCHEME *, &\n OBEYFORM; STATUS SYSTEM here, BRIEF\n"
                                                b"VTSPolicy IDR 'NIGHTLY ref=PAY1'\n")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "ADD SCHEME NIGHTLY, FROM /VAULT01/PAYROLL, TO there:/VAULT02/PAYROLL"
    assert lines[1].startswith("SYSTEM here state=ok answers=local address=-")
    assert lines[-1].startswith("COMPLETION CODE 0: ")


@pytest.mark.parametrize("stdin", [b"\xff\xfe\x00", b"\x1b[2J", b"&" * 1000, b"'" * 1000, b";" * 1000, b""])
def test_any_bytes_on_standard_input_are_harmless(world: World, stdin: bytes) -> None:
    said = world.say("-", stdin=stdin)
    assert said.code in (0, 2)
    assert all(" " <= character <= "~" or character == "\n" for character in said.out + said.err)


@pytest.mark.parametrize(("words", "stdin", "code", "shown"), [
    (("info scheme *, obeyform",), b"", 0, {"verb": "INFO", "object": "SCHEME", "operands": ["*"],
                                            "attributes": {"OBEYFORM": True}}),
    (("-",), b"VTSPolicy IDR 'NIGHTLY'\n", 0, {"verb": "IDR", "object": None, "operands": ["NIGHTLY"],
                                              "attributes": {}}),
    (("launch",), b"", 2, None), (("-",), b"x" * 70_000, 2, None), (("-",), b"\xff", 2, None),
])
def test_parse_shows_the_command_and_does_nothing(
        world: World, words: tuple[str, ...], stdin: bytes, code: int, shown: dict[str, object] | None) -> None:
    said = world.say("parse", *words, stdin=stdin)
    assert said.code == code
    assert (json.loads(said.out) if said.out else None) == shown
    assert bool(said.err) is (shown is None)
    assert not os.path.exists(world.state_folder)
