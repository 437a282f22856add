"""Help and syntax lines from the table."""

from __future__ import annotations

import pytest

from vtspolicy.command.describe import help_for, overview, shell_syntax, syntax
from vtspolicy.command.grammar import Grammar, Verb
from vtspolicy.command.planned import PLANNED_OBJECTS, PLANNED_VERBS
from vtspolicy.command.sentence import parse, split
from vtspolicy.command.verbs import VERBS, find_verb


def verb(word: str, grammar: Grammar = Grammar.NONSTOP) -> Verb:
    found = find_verb(word, grammar)
    assert found is not None
    return found


def test_the_whole_help_of_a_verb() -> None:
    assert help_for("start") == """\
START - run a scheme: copy what is new or changed, and verify it

  START SCHEME scheme [, REPLACE] [, REF word] [, BRIEF] [!]

Copies every tape of the scheme whose present bytes are not yet safe on the
target, reads each copy back, and puts it in the old one's place only then. One
tape that fails does not stop the others. Copying never deletes.

With REPLACE it asks for a yes. Where nobody can be asked, the sentence must end
with ! (in the shell: --yes).

Names:
  scheme        The scheme's name.

Attributes:
  REPLACE       Replace copies that were changed by someone else, or were never
                written by vtspolicy. A tape that is held because it became
                empty or shrank stays so: RELEASE TAPE lets it go.
  REF word      A word of your own; every event, STATUS and result of this run
                repeats it.
  BRIEF         One line for each object, in a form that does not change, for
                programs.

Examples:
  START SCHEME NIGHTLY
  START SCHEME NIGHTLY, REF PAY0304
  START SCHEME NIGHTLY, REPLACE, BRIEF !
"""


@pytest.mark.parametrize(("word", "line"), [
    ("ADD", "ADD SCHEME scheme [, KEYWORD value] ... [, NOCHECK]"), ("ADD", "ADD KEY system [, FROM address] [, READ]"),
    ("ALTER", "ALTER SCHEME scheme, KEYWORD [value] [, KEYWORD [value]] ... [, NOCHECK]"),
    ("DELETE", "DELETE SCHEME scheme [!]"),
    ("INFO", "INFO SCHEME [scheme] [, DETAIL | OBEYFORM | BRIEF]"),
    ("PLAN", "PLAN [START | RUN] SCHEME scheme [, CHECK] [, REPLACE] [, REF word] [, BRIEF]"),
    ("VERIFY", "VERIFY POOL [system:]/vault/pool [, TO system] [, OLDER time] [, LIMIT size] [, RATE rate] "
               "[, REF word] [, BRIEF]"),
    ("TRUST", "TRUST SYSTEM system [, FINGERPRINT fingerprint] [, REPLACE] [!]"),
    ("REBUILD", "REBUILD CATALOG [!]"),
    ("HELP", "HELP [topic]"),
    ("RECEIVE", "vtspolicy receive [--vault name=path] ... [--create-pool no|yes|frozen] "
                "[--allow-read] [--staging name=path] ... [--state dir] [--policies dir]"),
    ("COPY", "COPY TAPE /vault/pool/tape FROM system [, REPLACE] [, REF word] [, BRIEF] [!]"),
    ("PLAN", "PLAN [COPY] TAPE /vault/pool/tape FROM system [, CHECK] [, REPLACE] [, REF word] [, BRIEF]"),
    ("FREEZE", "FREEZE POOL /vault/pool [, REASON text]"), ("THAW", "THAW VAULT /vault"),
])
def test_syntax_of_nonstop_sentences(word: str, line: str) -> None:
    assert line in [" ".join(syntax(verb(word), form)) for form in verb(word).forms]


def test_other_syntax_lines() -> None:
    idr, erase = verb("IDR", Grammar.VTSPOLICY), verb("Erase", Grammar.VTSPOLICY)
    assert " ".join(syntax(idr, idr.forms[0])) == (
        "VTSPolicy IDR '{scheme | /vault/pool[/tape]} [s=system] [d=system] [ref=word]'")
    assert " ".join(syntax(erase, erase.forms[0])) == "VTSPolicy Erase - tape ... [s=system] [ref=word]"
    trust = verb("TRUST")
    assert " ".join(shell_syntax(trust, trust.forms[0])) == (
        "vtspolicy trust system system [--fingerprint fingerprint] [--replace] [--yes]")
    assert " ".join(shell_syntax(idr, idr.forms[0])) == (
        "vtspolicy idr {scheme | /vault/pool[/tape]} [s=system] [d=system] [ref=word] [--yes]")


@pytest.mark.parametrize("topic", [each.word for each in VERBS] + ["vtspolicy", "SCHEME", "stop", "job"])
def test_help_is_narrow_plain_and_ends_with_a_newline(topic: str) -> None:
    text = help_for(topic)
    assert text is not None
    assert text.isascii()
    assert text.endswith("\n")
    assert all(len(line) <= 80 and line.rstrip() == line for line in text.splitlines())


def test_every_verb_and_each_of_its_attributes_is_explained() -> None:
    for each in VERBS:
        assert each.doc.endswith(".")
        assert 1 <= len(each.examples) <= 4
        text = help_for(("VTSPolicy " if each.grammar is Grammar.VTSPOLICY else "") + each.word)
        assert text is not None
        for form in each.forms:
            for attribute in form.attributes:
                assert attribute.doc.endswith(".")
                assert (attribute.keyword.lower() if each.shell_only else attribute.keyword) in text
        assert each.word.lower() in overview().lower()
    assert all(len(line) <= 80 for line in overview().splitlines())


def test_examples_can_be_typed_as_help_shows_them() -> None:
    text = help_for("ADD")
    assert text is not None
    shown = split(text.split("Examples:\n")[1])
    assert [parse(each.text) for each in shown] == [parse(each) for each in verb("ADD").examples]


def test_topics() -> None:
    both = help_for("delete")
    assert both is not None
    assert "DELETE SCHEME scheme" in both
    assert "VTSPolicy Delete - tape" in both
    only = help_for("VTSPolicy delete")
    assert only is not None
    assert "DELETE SCHEME" not in only
    assert help_for("start scheme") == help_for("START")
    assert help_for("vtspolicy") == overview()
    assert help_for("autocopy") == "AUTOCOPY is an object of ADD, ALTER, DELETE, INFO.\n"
    assert help_for("624013") is None
    assert help_for("") is None
    for word in (*PLANNED_VERBS, *PLANNED_OBJECTS):
        assert help_for(word) == f"{word} is not built in this release.\n"


@pytest.mark.parametrize(("topic", "words"), [
    ("INFO", "With DETAIL, a * marks the fields that ALTER can change."),
    ("PLAN", "That a tape would be refused does not change the completion code. With CHECK it is 2 if a tape would be "
             "refused, else 1 if something would be done, 0 if not."),
    ("PLAN", "PLAN [VTSPolicy] IDR"),
    ("ALTER", "only comments between the lines of a list or mapping go with it when that is replaced"),
    ("ALTER", "A field that has the value already is not rewritten."),
])
def test_what_help_promises(topic: str, words: str) -> None:
    assert words in " ".join(str(help_for(topic)).split())


def test_a_verb_that_is_a_reason_word_too_is_explained_as_both() -> None:
    from vtspolicy.command.command import Command
    from vtspolicy.service.verbs import program

    text = program.help(None, Command("HELP", None, ("VERIFY",), {})).data["text"]  # type: ignore[arg-type]
    assert text.startswith("VERIFY - ") and "\n\n624007  ERROR" in text and "\n\n\n" not in text
