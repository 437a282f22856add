"""From text to commands: which grammar a sentence belongs to, and where one sentence ends and the next begins.

Lines are those of standard input or of a file. A `;` or the end of a line ends a NonStop sentence; an `&` as the last
character of a line joins the next line to it, in comments too. A comment is: `!` as the first character of a line,
`COMMENT` as the first word of a sentence, `==` as the beginning of a word; each up to the end of the (joined) line.
A VTSPolicy sentence takes the rest of its line, whatever stands there, and is not joined.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from vtspolicy.command.command import Command, Door
from vtspolicy.command.complaint import usage
from vtspolicy.command.nonstop_sentence import parse_nonstop
from vtspolicy.command.printer import sentence_of
from vtspolicy.command.vtspolicy_sentence import parse_vtspolicy

LIMIT = 65536
"""Longest sentence, characters."""

_BETWEEN = re.compile(r"(?:[ \t\n;]|\r\n|&[ \t]*\r?\n)*")
_VTSPOLICY = re.compile(r"[ \t]*vtspolicy(?![A-Za-z0-9_.:/\\-])", re.ASCII | re.IGNORECASE)
_COMMENT = re.compile(r"==|comment(?![A-Za-z0-9-])", re.ASCII | re.IGNORECASE)
_STOP = re.compile(r"&[ \t]*\r?\n|['\"\n;]|(?:(?<=[ \t\n,()'\"])|^)==")
_BLANK = " \t\r\n"


class Sentence(NamedTuple):
    """One sentence of several."""

    text: str
    line: int
    """The line on which it begins; the first is 1."""
    start: int
    """Where it begins in the whole text."""


def parse(text: str, door: Door = Door.SENTENCE) -> Command:
    """The command of one sentence. Raise Usage or NotBuilt, for whatever text, and nothing else.

    A sentence that begins with the word VTSPolicy belongs to the first grammar, any other to the second; where one
    refuses, the other is not asked.
    """
    if len(text) > LIMIT:
        raise usage(text, LIMIT, LIMIT + 1, f"at most {LIMIT} characters")
    sentences = split(text)
    if not sentences:
        raise usage(text, len(text), len(text), "a sentence, such as INFO SCHEME *")
    if len(sentences) > 1:
        second = sentences[1]
        raise usage(text, second.start, second.start + len(second.text), "one sentence at a time")
    sentence = sentences[0].text
    if _VTSPOLICY.match(sentence):
        return parse_vtspolicy(sentence, door)
    return parse_nonstop(sentence, door)


def checked(command: Command, door: Door = Door.SHELL) -> Command:
    """The command as its own sentence would give it: the way in for commands that were put together from arguments.

    So the shell's sub-commands are held against the same rules, and their errors show the sentence. Raise Usage.
    """
    return parse(sentence_of(command), door)


def split(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text, without comments. They need not be right: each is judged when it is parsed."""
    found: list[Sentence] = []
    position, line, counted = 0, 1, 0
    while True:
        position = _end_of(_BETWEEN, text, position)
        if position >= len(text):
            return tuple(found)
        remark = text[position] == "!" and (position == 0 or text[position - 1] == "\n")
        if remark or _COMMENT.match(text, position):
            position = _line_end(text, position)
            continue
        end, behind = _sentence_end(text, position)
        line += text.count("\n", counted, position)
        counted = position
        found.append(Sentence(text[position:end].rstrip(_BLANK), line, position))
        position = behind


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return position if found is None else found.end()


def _line_end(text: str, position: int) -> int:
    """Where the joined line that holds this position ends."""
    while True:
        newline = text.find("\n", position)
        if newline < 0:
            return len(text)
        last = newline - 1
        while last >= position and text[last] in _BLANK:
            last -= 1
        if last < position or text[last] != "&":
            return newline
        position = newline + 1


def _sentence_end(text: str, start: int) -> tuple[int, int]:
    """Where the sentence that starts here ends, and where to look for the next one."""
    if _VTSPOLICY.match(text, start):
        newline = text.find("\n", start)
        end = len(text) if newline < 0 else newline
        return end, end
    position, newline = start, -1
    while (stop := _STOP.search(text, position)) is not None:
        position = stop.end()
        if stop[0] in ("'", '"'):
            if newline < position:
                newline = text.find("\n", position)
                newline = len(text) if newline < 0 else newline
            closing = text.find(stop[0], position, newline)
            if closing < 0:  # the parser will say so; until then nothing on this line is a sentence of its own
                end = _line_end(text, position)
                return end, end
            position = closing + 1
        elif stop[0] == "==":
            return stop.start(), _line_end(text, position)
        elif stop[0][0] != "&":
            return stop.start(), position
    return len(text), len(text)
