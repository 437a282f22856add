"""How a sentence is refused: the sentence, carets under the words in question, and what was expected."""

from __future__ import annotations

from collections.abc import Iterable

from vtspolicy.command.command import Command, Span
from vtspolicy.errors import NotBuilt, Usage

WIDTH = 70
"""Columns of the sentence that are shown; of a longer one, a window round the span."""

_BEHIND = 40
"""Columns of a window that the span, and what follows it, may take before what stands in front is shown."""


def shown(character: str) -> str:
    """The character as it can be printed anywhere: control and non-ASCII ones as the `\\xNN` of their UTF-8 bytes."""
    if " " <= character <= "~":
        return character
    if character in "\t\n":
        return " "
    try:
        raw = character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = character.encode("utf-8", "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in raw)


def _take(characters: Iterable[str], columns: int) -> list[str]:
    """As many of the characters, as they are shown, as fit into so many columns."""
    taken: list[str] = []
    for character in characters:
        cell = shown(character)
        columns -= len(cell)
        if columns < 0:
            break
        taken.append(cell)
    return taken


def excerpt(text: str, start: int, end: int) -> tuple[str, str]:
    """The sentence, or a window of it, as one line of printable ASCII, and the line of carets under the span."""
    whole = _take(text, WIDTH)
    if len(whole) == len(text):
        before, behind = whole[:start], whole[start:]
        left = right = ""
    else:
        room = WIDTH - 2 * len("...")
        ahead = (text[index] for index in range(start, len(text)))
        behind = _take(ahead, max(_BEHIND, room - start))
        room -= sum(map(len, behind))
        back = (text[index] for index in range(start - 1, -1, -1))
        before = _take(back, room)[::-1]
        left = "..." if len(before) < start else ""
        right = "..." if start + len(behind) < len(text) else ""
    carets = sum(map(len, behind[: end - start]))
    line = left + "".join(before) + "".join(behind) + right
    return line.rstrip(), " " * (len(left) + sum(map(len, before))) + "^" * max(1, carets)


def _message(text: str, start: int, end: int, sentence: str) -> str:
    return "\n".join((*excerpt(text, start, end), sentence))


def usage(text: str, start: int, end: int, expected: str) -> Usage:
    """The refusal of a sentence that cannot be understood. `expected` follows that word in the message."""
    return Usage(_message(text, start, end, f"expected {expected}"))


def not_built(text: str, start: int, end: int) -> NotBuilt:
    """The refusal of a word that is known and does nothing yet."""
    return NotBuilt(_message(text, start, end, f"{text[start:end].upper()} is not built in this release"))


def refuse(command: Command, key: str, expected: str, value: str | None = None) -> Usage:
    """The refusal of an operand or attribute that was found wrong behind the parser.

    `key` is the operand or the attribute's keyword; with `value`, the carets stand under that value of it.
    """
    span = command.spans.get(f"{key}={value}") if value is not None else None
    span = span or command.spans.get(key) or Span(len(command.text), len(command.text))
    return usage(command.text, span.start, span.end, expected)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the word is most likely meant to be, whatever its case; None if none is near."""
    if not 0 < len(word) <= 32:
        return None
    import difflib  # only a refusal needs it

    spelled = {candidate.lower(): candidate for candidate in candidates}
    begun = [candidate for lower, candidate in spelled.items() if len(word) > 1 and lower.startswith(word.lower())]
    if begun:
        return begun[0]
    found = difflib.get_close_matches(word.lower(), spelled, n=1)
    return spelled[found[0]] if found else None


def nearest_path(path: str, candidates: Iterable[str]) -> str | None:
    """The path that is most likely meant: of a like name in the same place, else of the same name in a like place."""
    place, _, name = path.rpartition("/")
    others = [(candidate, *candidate.rpartition("/")[::2]) for candidate in candidates]
    beside = {word: candidate for candidate, where, word in others if where == place}
    near = nearest(name, beside)
    if near is not None:
        return beside[near]
    elsewhere = {where: candidate for candidate, where, word in others if word == name}
    found = nearest(place, elsewhere)
    return elsewhere[found] if found is not None else None


def one_of(words: Iterable[str], instead_of: str | None = None) -> str:
    """`A, B or C`, and which of them is nearest to the word that stands in their place."""
    words = tuple(words)
    text = " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
    near = nearest(instead_of, words) if instead_of is not None and len(words) > 1 else None
    return text if near is None else f"{text}; the nearest is {near}"
