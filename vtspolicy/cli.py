"""The shell's door: arguments → sentences or sub-commands → exit code.

Plain words are a sentence already (`vtspolicy info scheme NIGHTLY`) and go the short way; what has options goes
through typer. Either way it becomes a Command, and the session does the rest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from vtspolicy.command.command import Command, Door
from vtspolicy.command.grammar import Grammar
from vtspolicy.command.sentence import checked, parse, split
from vtspolicy.command.verbs import verbs_of
from vtspolicy.errors import Failure, Usage
from vtspolicy.service.result import failed
from vtspolicy.session import Options, Session, standard_input

_PLAIN = re.compile(r"[A-Za-z0-9_./:*?][A-Za-z0-9_./:*?-]*", re.ASCII)
_FLAGS = {"--json": "json", "--completion": "completion", "--yes": "yes"}
_VALUES = {"--policies": "policies", "--state": "state", "--allow": "allow"}
_COMPLETE = "_VTSPOLICY_COMPLETE"
"""What a shell sets when it asks which words may follow."""


def main(arguments: Sequence[str], program: str = "vtspolicy") -> int:
    """Run one invocation; give the completion code."""
    options: Options | None = None
    try:
        options, words = options_of(arguments)
        if program == "VTSPolicy":
            return _original(words, Session(options))
        if os.environ.get(_COMPLETE):
            from vtspolicy.subcommands import run

            return run([], Session(options))
        if words == ["-"]:
            return Session(options).sentences([each.text for each in split(standard_input(1 << 24))])
        if len(words) == 1 and any(character.isspace() for character in words[0]):
            return Session(options).sentences([each.text for each in split(words[0])])
        if not words:
            words = ["help"]
        if words[0].lower() == "receive" and words[1:] != ["--help"]:
            raise Usage("receive is the first word and takes no option but its own: vtspolicy receive --vault "
                        "NAME=/path")
        if is_plain(words):
            return Session(options).run(lambda: parse(" ".join(words), Door.SHELL))
        from vtspolicy.subcommands import run

        return run(words, Session(options))
    except Failure as failure:
        if options is None:
            options = Options(json="--json" in arguments, completion="--completion" in arguments)
        return Session(options).show(failed(None, [failure]))


def _original(words: list[str], session: Session) -> int:
    """The original's command: its words are a VTSPolicy sentence, but for the two options that every program has."""
    if words == ["--version"]:
        from vtspolicy.subcommands import run

        return run(words, session)
    if words[-1:] == ["--help"]:
        return session.run(lambda: checked(Command("HELP", None, ("VTSPolicy", *words[:-1][:1])), Door.SHELL))
    return session.sentences([f"VTSPolicy {' '.join(words)}"])


def options_of(words: Sequence[str]) -> tuple[Options, list[str]]:
    """The options that hold for every verb, wherever they stand, and the words that are left. Raise Usage."""
    found: dict[str, Any] = {}
    left: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            left += [word, *waiting]
            break
        if word in _FLAGS:
            found[_FLAGS[word]] = True
        elif name in _VALUES:
            if not equals and not waiting:
                raise Usage(f"{name} needs a value")
            found[_VALUES[name]] = value = value if equals else waiting.pop(0)
            if not value and name != "--allow":  # an unset variable must not stand for the usual folder
                raise Usage(f"{name} needs a value, and this one is empty")
        else:
            left.append(word)
    allow = found.get("allow", "0")
    if allow != "all" and not (allow.isascii() and allow.isdigit() and len(allow) < 10):
        raise Usage(f"--allow {allow}: expected a number, or all")
    return Options(**found), left


def is_plain(words: Sequence[str]) -> bool:
    """Whether the words, joined by blanks, are a NonStop sentence that says the same."""
    return all(_PLAIN.fullmatch(word) for word in words) and any(
        verb.word.lower() == words[0].lower() for verb in verbs_of(Grammar.NONSTOP))
