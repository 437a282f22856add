"""Words of a sentence with their spans: one lexer for each of the two grammars.

NonStop sentences: words of printable ASCII; strings in single or double quotes, in which the quote itself is written
twice; `,` `(` `)`. An `&` that ends a line joins the next one. Strings may hold any printable character.

VTSPolicy sentences (6.02 Installation Guide p.52): the word VTSPolicy, a verb, then one string in single or double
quotes, or bare words. `=` separates a keyword from its value, with or without blanks. `/`, `,` and `.` are parts of
words. Such a sentence is one line of printable ASCII.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from vtspolicy.command.complaint import usage


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    EQUALS = "="
    COMMA = ","
    OPEN = "("
    CLOSE = ")"
    END = "end"


class Token(NamedTuple):
    """A word, string or separator. `value` is without quotes; `start` and `end` are offsets into the sentence."""

    kind: Kind
    value: str
    start: int
    end: int


_BLANK = re.compile(r"(?:[ \t]|&[ \t]*\r?\n)*")
_WORD = re.compile(r"[!#-%*+\--:<-~]+")
_SEPARATORS = {",": Kind.COMMA, "(": Kind.OPEN, ")": Kind.CLOSE}

_NOT_PLAIN = re.compile(r"[^\t -~]")
_HEAD = re.compile(r"[ \t]*([^ \t'\"=]+)")
_ARGUMENT = re.compile(r"=|[^ \t=]+")
_NOT_BARE = re.compile(r"['\";]")


def is_bare(text: str) -> bool:
    """Whether the text is one word of a NonStop sentence without quotes."""
    return _WORD.fullmatch(text) is not None and text != "!" and not text.startswith("==")


def quoted(text: str) -> str:
    """The text as a string: in double quotes, or single ones where that avoids doubling."""
    quote = "'" if '"' in text and "'" not in text else '"'
    return quote + text.replace(quote, quote * 2) + quote


def _closing(text: str, start: int) -> int:
    """Where the string that starts here has its closing quote; a doubled quote is none. -1 if it has none."""
    quote = text[start]
    found = text.find(quote, start + 1)
    while found >= 0 and text[found + 1 : found + 2] == quote:
        found = text.find(quote, found + 2)
    return found


# ---- NonStop sentences ------------------------------------------------------------------------------------------


def nonstop_tokens(text: str) -> list[Token]:
    """The tokens of one NonStop sentence, an END behind them. Raises Usage."""
    tokens: list[Token] = []
    position = _end_of_blank(text, 0)
    while position < len(text):
        character = text[position]
        if character in _SEPARATORS:
            tokens.append(Token(_SEPARATORS[character], character, position, position + 1))
        elif character in "'\"":
            tokens.append(_string(text, position))
        elif (word := _WORD.match(text, position)) is not None:
            tokens.append(Token(Kind.WORD, word[0], position, word.end()))
        else:
            raise _stray(text, position)
        position = tokens[-1].end
        if tokens[-1].kind is Kind.WORD and text[position : position + 1] in ("'", '"'):
            raise usage(text, position, position + 1, "a blank in front of a quote; within quotes it is written twice")
        if tokens[-1].kind is Kind.STRING and _WORD.match(text, position):
            raise usage(text, position, position + 1, "a blank or a comma behind the closing quote")
        position = _end_of_blank(text, position)
    tokens.append(Token(Kind.END, "", len(text), len(text)))
    return tokens


def _end_of_blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return position if found is None else found.end()


def _string(text: str, start: int) -> Token:
    end = _closing(text, start)
    if end < 0:
        raise usage(text, start, start + 1, "a second quote that closes this one")
    for index in range(start + 1, end):
        if not text[index].isprintable():
            what = "the closing quote on the same line" if text[index] == "\n" else "printable characters"
            raise usage(text, index, index + 1, what)
    quote = text[start]
    return Token(Kind.STRING, text[start + 1 : end].replace(quote * 2, quote), start, end + 1)


def _stray(text: str, position: int) -> Exception:
    character = text[position]
    if character == "&":
        expected = "a further line behind &, or quotes around it"
    elif character in ";\n":
        expected = "one sentence at a time"
    elif character.isprintable():
        expected = "ASCII characters, or quotes around others"
    else:
        expected = "printable characters"
    return usage(text, position, position + 1, expected)


# ---- VTSPolicy sentences ----------------------------------------------------------------------------------------


def vtspolicy_tokens(text: str) -> list[Token]:
    """The tokens of one VTSPolicy sentence: VTSPolicy, the verb, its argument's words and `=`, and an END.

    The END stands where the next word would: in front of the closing quote, if there is one. Where no word stands in
    the verb's place, there is only VTSPolicy and an END. Raises Usage.
    """
    if (found := _NOT_PLAIN.search(text)) is not None:
        curly = found[0] in "\u2018\u2019\u201c\u201d"
        raise usage(text, found.start(), found.end(),
                    "a straight quote, ' or \"" if curly else "printable ASCII characters on one line")
    tokens: list[Token] = []
    position = 0
    for _ in range(2):
        word = _HEAD.match(text, position)
        if word is None:
            position = _end_of_blank(text, position)
            return [*tokens, Token(Kind.END, "", position, position)]
        position = word.end()
        tokens.append(Token(Kind.WORD, word[1], word.start(1), position))
    if text[position : position + 1] in ("'", '"'):
        raise usage(text, position, position + 1, "a blank in front of the quote")
    start, end = _argument(text, position)
    tokens.extend(_words(text, start, end))
    return tokens


def _argument(text: str, position: int) -> tuple[int, int]:
    """Where the verb's argument starts and ends, without its quotes."""
    position = _end_of_blank(text, position)
    if text[position : position + 1] not in ("'", '"'):
        bare = _NOT_BARE.search(text, position)
        if bare is not None:
            expected = "nothing behind the sentence; it takes a line" if bare[0] == ";" else \
                "the whole argument in one pair of quotes"
            raise usage(text, bare.start(), bare.end(), expected)
        return position, len(text)
    end = _closing(text, position)
    if end < 0:
        raise usage(text, position, position + 1, "a second quote that closes this one")
    if text[end + 1 :].strip():
        raise usage(text, end + 1, len(text), "nothing behind the closing quote")
    return position + 1, end


def _words(text: str, start: int, end: int) -> list[Token]:
    quote = text[end : end + 1]
    found = [
        Token(Kind.EQUALS if each[0] == "=" else Kind.WORD, each[0].replace(quote * 2, quote) if quote else each[0],
              each.start(), each.end())
        for each in _ARGUMENT.finditer(text, start, end)
    ]
    last = found[-1].end if found else start
    found.append(Token(Kind.END, "", last, last))
    return found
