"""What the demonstration shows: words, and commands as a user types them, which then run as the real program."""

from __future__ import annotations

import shlex
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence

from vtspolicy.demo.processes import end
from vtspolicy.errors import Refusal, Stopped

PROGRAM = (sys.executable, "-P", "-m", "vtspolicy")
"""This very program, whatever PATH and the present folder hold."""
WIDTH = 78
_PATIENCE = 12.0
"""Seconds that an interrupted command has to end; it promises ten."""


class Screen:
    """Standard output, told in order with what the commands print."""

    def __init__(self, folder: str, environment: Mapping[str, str], prompt: str = "$") -> None:
        """Commands run in `folder`, with `environment`; `prompt` says whose machine it is."""
        self._folder = folder
        self._prompt = prompt
        self._environment = dict(environment)

    def act(self, title: str, text: str) -> None:
        """The next part of the story, and what it is about."""
        self.show(f"-- {title} {'-' * (WIDTH - len(title) - 4)}")
        self.say(text)

    def say(self, text: str) -> None:
        """A paragraph."""
        self.show(textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n")

    def show(self, text: str) -> None:
        """A line or more as they are. Raise Stopped where nobody can read them."""
        try:
            sys.stdout.write(text.encode("ascii", "backslashreplace").decode("ascii") + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            raise Stopped("standard output is closed, so the demo ends") from None

    def run(self, *words: str, code: int = 0) -> None:
        """Show a command and run it. Raise Refusal where it ends with another code."""
        self.show(typed(words, self._prompt))
        child = subprocess.Popen([*PROGRAM, *words], stdin=subprocess.DEVNULL, cwd=self._folder, env=self._environment)
        try:
            found = child.wait()
        except KeyboardInterrupt:
            end(child, _PATIENCE)
            raise
        if found != code:
            raise Refusal(f"the demo ends here, because {shlex.join(('vtspolicy', *words))} ended with code {found}, "
                          f"not {code}")
        if found:
            self.show(f"{self._prompt} echo $?\n{found}")
        self.show("")


def typed(words: Sequence[str], prompt: str = "$") -> str:
    """The command as it would be typed, over several lines where one is too short; an option keeps its value."""
    pieces: list[str] = []
    for word in words:
        if pieces and pieces[-1].startswith("--") and " " not in pieces[-1] and not word.startswith("--"):
            pieces[-1] += " " + _quoted(word)
        else:
            pieces.append(_quoted(word))
    lines = [f"{prompt} vtspolicy"]
    for piece in pieces:
        if len(lines[-1]) + len(piece) + 3 > WIDTH:
            lines[-1] += " \\"
            lines.append("    " + piece)
        else:
            lines[-1] += " " + piece
    return "\n".join(lines)


def _quoted(word: str) -> str:
    """The word as a person would quote it for the shell."""
    return f'"{word}"' if "'" in word and not set(word) & set('"$`\\!') else shlex.quote(word)
