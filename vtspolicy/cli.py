"""The shell's door: arguments → sentences or sub-commands → exit code.

Plain words are a sentence already (`vtspolicy info scheme NIGHTLY`) and go the short way; what has options goes
through typer. Either way it becomes a Command, and the session does the rest.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

from vtspolicy.command.command import Door
from vtspolicy.command.grammar import Grammar
from vtspolicy.command.sentence import parse, split
from vtspolicy.command.verbs import verbs_of
from vtspolicy.errors import Failure, Usage
from vtspolicy.service.result import failed
from vtspolicy.session import Options, Session

_PLAIN = re.compile(r"[A-Za-z0-9_./:*?][A-Za-z0-9_./:*?-]*", re.ASCII)
_FLAGS = {"--json": "json", "--completion": "completion", "--yes": "yes"}
_VALUES = {"--policies": "policies", "--state": "state", "--allow": "allow"}


def main(arguments: Sequence[str], program: str = "vtspolicy") -> int:
    """Run one invocation; give the completion code."""
    options: Options | None = None
    try:
        options, words = options_of(arguments)
        if program == "VTSPolicy":
            return Session(options).sentences([f"VTSPolicy {' '.join(words)}"])
        if words == ["-"]:
            text = sys.stdin.buffer.read(1 << 24).decode("utf-8", "surrogateescape")
            return Session(options).sentences([each.text for each in split(text)])
        if len(words) == 1 and any(character.isspace() for character in words[0]):
            return Session(options).sentences([each.text for each in split(words[0])])
        if not words:
            words = ["help"]
        if is_plain(words):
            return Session(options).run(lambda: parse(" ".join(words), Door.SHELL))
        from vtspolicy.subcommands import run

        return run(words, Session(options))
    except Failure as failure:
        if options is None:
            options = Options(json="--json" in arguments, completion="--completion" in arguments)
        return Session(options).show(failed(None, [failure]))


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
            found[_VALUES[name]] = value if equals else waiting.pop(0)
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
