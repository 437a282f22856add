"""The manual: fresh, clean, and complete, each against the definitions that the program works by."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support.manual import complaints, rendered
from tests.support.needs import need
from vtspolicy import cli, events
from vtspolicy.command.describe import shell_syntax, syntax
from vtspolicy.command.grammar import Grammar, Verb
from vtspolicy.command.planned import PLANNED_OBJECTS, PLANNED_VERBS
from vtspolicy.command.sentence import parse, split
from vtspolicy.command.verbs import VERBS
from vtspolicy.errors import Bug, Failure, Partial, leaves
from vtspolicy.planning.states import CONDITIONS, MEANINGS, REMEDIES, Condition, TapeState
from vtspolicy.policy.model import KINDS, KINDS_NOT_BUILT, NOT_BUILT, fields_of
from vtspolicy.policy.reader import policy_of
from vtspolicy.report.brief import FORMS
from vtspolicy.report.manual import __main__ as program
from vtspolicy.report.manual import copying, output, pages, policy_page, program_page
from vtspolicy.report.manual.event_page import JSON_FIELDS, LOG_FIELDS, SEVERITIES
from vtspolicy.report.manual.verb_entries import head_of, in_shell, title_of
from vtspolicy.service.result import Result, Status, failed
from vtspolicy.service.standing.stand import Basis

MAN = Path(__file__).parents[4] / "man"
PROGRAM, POLICY, EVENTS = "man1/vtspolicy.1", "man5/vtspolicy-policy.5", "man7/vtspolicy-events.7"


@cache
def page(name: str) -> str:
    """A page as it is read, on one line."""
    return " ".join(rendered(pages()[name]).split())


def flat(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def test_the_files_are_fresh() -> None:
    found = {str(path.relative_to(MAN)): path.read_text() for path in MAN.rglob("*") if path.is_file()}
    assert found == dict(pages()), "run make man"


def test_the_program_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([str(tmp_path / "man")]) == 0
    assert {str(path.relative_to(tmp_path / "man")) for path in tmp_path.rglob("*.?")} == set(pages())
    assert (tmp_path / "man" / PROGRAM).read_text() == pages()[PROGRAM]
    assert program.main([]) == 2
    assert capsys.readouterr().err == "usage: python -m vtspolicy.report.manual FOLDER\n"


def test_the_files_are_clean() -> None:
    files = sorted(MAN.rglob("*.?"))
    assert len(files) == 3
    assert [complaints(path.read_text()) for path in files] == ["", "", ""]


@pytest.mark.parametrize("name", [PROGRAM, POLICY, EVENTS])
def test_pages_are_ascii_and_made_the_same_each_time(name: str) -> None:
    assert pages()[name].isascii()
    assert pages()[name] == pages()[name]
    assert not re.search(r"0x[0-9a-f]{6}|<object|\bNone,", page(name))


# ---- vtspolicy(1) ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS, ids=title_of)
def test_each_verb_stands_there_whole(verb: Verb) -> None:
    shown = page(PROGRAM)
    assert f" {title_of(verb)} {verb.summary[0].upper()}{verb.summary[1:]}. " in shown
    assert flat(verb.doc) in shown.replace("`", "")
    for form in verb.forms:
        assert " ".join(syntax(verb, form)) in shown
        if in_shell(verb):
            assert " ".join(shell_syntax(verb, form)) in shown
        for attribute in form.attributes:
            assert f" {head_of(verb, attribute)} {flat(attribute.doc)}" in shown
        if form.operand is not None:
            assert flat(form.operand.doc) in shown
    for example in verb.examples:
        assert example in shown.replace(" & ", " ")


def test_long_examples_can_be_typed_as_they_stand() -> None:
    source = rendered(pages()[PROGRAM])
    joined = re.findall(r"^ +[A-Z]+ .*&\n(?: +.*&\n)* +.*$", source, re.MULTILINE)
    assert len(joined) >= 3
    for text in joined:
        for sentence in split("\n".join(line.strip() for line in text.splitlines())):
            assert parse(sentence.text).verb in {verb.word for verb in VERBS}


def test_words_without_a_meaning_yet() -> None:
    for word in (*PLANNED_VERBS, *PLANNED_OBJECTS):
        assert re.search(rf" {word}[, ]", page(PROGRAM))


def test_each_option_of_the_program() -> None:
    told = {head.split()[0] for head, _ in program_page.OPTIONS}
    assert {*cli._FLAGS, *cli._VALUES, "--version"} <= told
    for head, meaning in program_page.OPTIONS:
        assert f" {head} {flat(meaning)}" in page(PROGRAM)


def test_exit_codes_are_those_of_results() -> None:
    reachable = {Result(None, status).code for status in Status}
    reachable |= {failed(None, [leaf("x")]).code for leaf in leaves()} | {leaf.code for leaf in leaves()}
    assert set(output.EXIT_CODES) == reachable == {0, 1, 2, 3, 5}
    for code, meaning in output.EXIT_CODES.items():
        assert f" {code} {flat(meaning)}" in page(PROGRAM)


def test_the_envelope_is_that_of_results() -> None:
    result = failed(None, [Failure("a failure")])
    assert [name for name, _ in output.ENVELOPE] == list(result.as_json())
    about_errors = dict(output.ENVELOPE)["errors"]
    for name in result.errors[0].as_json():
        assert re.search(rf"\b{name}\b", about_errors)
    for status in Status:
        assert re.search(rf"\b{status}[,.]", dict(output.ENVELOPE)["status"])
    for name, meaning in output.ENVELOPE:
        assert f" {name} {flat(meaning)}" in page(PROGRAM)


def test_data_is_told_of_each_verb() -> None:
    told = {verb for verbs, _ in output.DATA for verb in verbs.split(", ")}
    assert told == {verb.word for verb in VERBS if in_shell(verb)} - {"DEMO", "RECEIVE"}
    for verbs, members in output.DATA:
        assert f" {verbs} {flat(members)}." in page(PROGRAM)


def test_each_brief_form() -> None:
    for form in FORMS.values():
        assert form in page(PROGRAM)


def test_folders_files_and_variables() -> None:
    for word in ("VTSPOLICY_POLICIES", "VTSPOLICY_STATE", "/etc/vtspolicy/policies", "~/.config/vtspolicy/policies",
                 "/var/lib/vtspolicy", "~/.local/state/vtspolicy", "event.log", "events.jsonl", "known_hosts",
                 "state.db", ".vtspolicy-vault", "authorized_keys", "COMPLETION CODE 2: partial reason=unreachable"):
        assert word in page(PROGRAM)


def test_what_verified_means() -> None:
    assert "Verified means: re-read through the far file system" in page(PROGRAM)
    assert "The page cache of the far machine may answer" in page(PROGRAM)
    assert "Copying never deletes." in page(PROGRAM)


def test_the_line_for_authorized_keys_starts_the_receiver() -> None:
    from vtspolicy.receive import vaults_of

    forced = re.search(r'command="vtspolicy receive ([^"]*)"', copying.AUTHORIZED_KEYS)
    assert forced is not None
    assert vaults_of(forced[1].split()) == {"VAULT01": "/srv/vts/VAULT01"}
    assert copying.AUTHORIZED_KEYS in page(PROGRAM)


def test_the_lines_for_sshd_are_understood_by_it(tmp_path: Path) -> None:
    """sshd itself reads them, and would then do what they say for the user."""
    key = tmp_path / "host"
    subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    config = tmp_path / "sshd_config"
    config.write_text(f"HostKey {key}\n{copying.SSHD_CONFIG}\n")
    Path("/run/sshd").mkdir(exist_ok=True)
    shown = subprocess.run(
        [need("sshd"), "-T", "-f", config, "-C", "user=vts,host=here,addr=127.0.0.1"], capture_output=True, text=True,
        check=False)
    assert shown.returncode == 0, shown.stderr
    for line in ("chrootdirectory /srv/vts", "forcecommand internal-sftp", "disableforwarding yes", "permittty no"):
        assert line in shown.stdout


# ---- vtspolicy-policy(5) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_of_each_kind(kind: str) -> None:
    shown = page(POLICY)
    _, _, part = shown.partition(f" {kind} {flat(str(KINDS[kind].__doc__))}")
    assert part
    for field in fields_of(kind):
        _, found, part = part.partition(f" {field.key}: {flat(field.rule.doc)} Value: {flat(field.rule.what)}")
        assert found, field.key
        assert part.split(" Value: ")[0].count(flat(policy_page.default_of(field))) == 1
        assert "{}" not in policy_page.default_of(field)
        assert flat(policy_page.example_of(field)) in part


def test_examples_of_fields_are_what_a_file_would_hold() -> None:
    for kind in KINDS:
        lines = [policy_page.example_of(field) for field in fields_of(kind)
                 if (kind, field.key) not in {("scheme", "except"), ("autocopy", "except")}]
        text = "\n".join([f"kind: {kind}", *lines]) + "\n"
        assert policy_of(text.encode(), "example.yaml").kind == kind


def test_states_and_what_is_not_built() -> None:
    assert (set(MEANINGS), set(CONDITIONS)) == (set(TapeState), set(Condition))
    for state, meaning in MEANINGS.items():
        assert f" {state} {meaning}. {REMEDIES[state]}" in page(POLICY)
    for condition, meaning in CONDITIONS.items():
        assert f" {condition} {meaning}." in page(POLICY)
    for basis in Basis:
        assert f" {basis}" in page(POLICY).partition("STATES OF A TAPE")[2].partition("STATES OF SYSTEMS")[0]
    for kind, keys in NOT_BUILT.items():
        assert f" {kind} {', '.join(keys)}" in page(POLICY)
    for kind in KINDS_NOT_BUILT:
        assert re.search(rf"the kinds .*\b{kind}\b", page(POLICY))


def test_example_policies_can_be_loaded() -> None:
    source = rendered(pages()[POLICY])
    texts = re.findall(r"^ +kind: \w+\n(?: +\S.*\n)+", source[source.index("\nEXAMPLES"):], re.MULTILINE)
    kinds = []
    for text in texts:
        indent = len(text) - len(text.lstrip())
        kinds.append(policy_of("".join(line[indent:] + "\n" for line in text.splitlines()).encode(), "x.yaml").kind)
    assert kinds == ["system", "system", "scheme"]


# ---- vtspolicy-events(7) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", events.TABLE, ids=lambda each: each.id)
def test_each_event_stands_there_whole(message: events.Message) -> None:
    shown = page(EVENTS)
    head = f" {message.id} {message.severity.name}, {message.subsystem.name}"
    head += f", reason {message.reason}" if message.reason else ""
    assert (f"{head} {flat(message.text)} Cause {flat(message.cause)} Effect {flat(message.effect)} "
            f"Recovery {flat(message.recovery)}") in shown


def test_each_reason_word() -> None:
    words = {leaf.reason for leaf in leaves()}
    assert {Bug.reason, Partial.reason} < words
    for word in words:
        assert f" {word} {events.by_reason(word).id} " in page(EVENTS)


def test_severities_subsystems_and_the_log_line() -> None:
    assert set(SEVERITIES) == set(events.Severity)
    for severity, meaning in SEVERITIES.items():
        assert f" {int(severity)} {severity.name} {meaning}" in page(EVENTS)
    for digits, subsystem in events.SUBSYSTEMS.items():
        assert f" {digits} {subsystem.name} {'ours' if subsystem.ours else 'documented for VTS'}" in page(EVENTS)
    assert "timestamp|SEVERITY|id|system|address|server|user|program|text" in page(EVENTS)


def test_the_lines_of_both_logs_have_the_fields_that_are_told() -> None:
    from datetime import UTC

    from vtspolicy.catalog.eventlog import Event
    from vtspolicy.catalog.log import text_line

    event = Event(1, "2026-11-22T01:30:00Z", "224001", None, "vts2", None, None, None, None, "127.0.0.1", "here",
                  "root", "vtspolicy", 1, "a text", {})
    assert len(text_line(event, UTC).split("|")) == len(LOG_FIELDS)
    assert [name for name, _ in JSON_FIELDS] == list(event.as_json())


def test_both_doors_are_in_the_synopsis() -> None:
    assert {verb.grammar for verb in VERBS} == set(Grammar)
    assert 'vtspolicy [options] verb [object] [name] [--keyword value] ...' in page(PROGRAM)
    assert "VTSPolicy [options] verb argument" in page(PROGRAM)
