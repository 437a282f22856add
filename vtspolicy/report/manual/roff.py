"""Text as mdoc(7) source: whatever a text holds, the page shows it as it is, and nothing of it is taken for a macro.

The source is plain ASCII. Hyphens, quotes and carets are written so that every formatter shows the ASCII character and
a sentence can be copied out of the page and typed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from vtspolicy import __version__

Lines = list[str]

DATE = "November 22, 2026"
"""The date that the pages carry: when their text last changed in meaning. It is set by hand, so that making the pages
again changes nothing."""

_SPECIAL = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z0-9(`])")
_BOLD = re.compile(r"`([^`]+)`")
_WIDTH = 78


def escaped(text: str) -> str:
    """The text as roff shows it literally, in one line; a control character is shown as `\\xNN`."""
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
        return rf"\ex{code:02x}"
    return rf"\[u{code:04X}]"


def line(text: str) -> str:
    """A text line: never empty, and what it begins with is no request."""
    return rf"\&{text}" if not text or text[0] in ". '" else text


def word(text: str) -> str:
    """The text as one argument of a macro: kept together, and neither a macro's name nor punctuation."""
    return rf'"\&{escaped(text)}"'


def bold(text: str) -> str:
    """The text as it is to be typed, within a text line."""
    return rf"\fB{escaped(text)}\fP"


def prose(text: str) -> Lines:
    """A paragraph's lines. What stands between back quotes is to be typed; each sentence begins a line."""
    found: Lines = []
    for sentence in _SENTENCE_END.split(" ".join(text.split())):
        found += textwrap.wrap(_marked(sentence), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [line(each) for each in found]


def _marked(text: str) -> str:
    pieces = _BOLD.split(text)
    return "".join(bold(piece) if index % 2 else escaped(piece) for index, piece in enumerate(pieces))


def plain(text: str) -> Lines:
    """A paragraph of a text in which back quotes mean nothing."""
    sentences = _SENTENCE_END.split(" ".join(text.split()))
    return [line(each) for sentence in sentences
            for each in textwrap.wrap(escaped(sentence), _WIDTH, break_long_words=False, break_on_hyphens=False)]


def paragraphs(*texts: str) -> Lines:
    """Paragraphs with space between them."""
    found: Lines = []
    for text in texts:
        found += [".Pp", *prose(text)] if found else prose(text)
    return found


def head(name: str, section: int, summary: str) -> Lines:
    """The beginning of a page, up to its summary."""
    return [
        r'.\" Made by "make man" from the definitions in vtspolicy. Change those, not this.',
        f".Dd {DATE}", f".Dt {name.upper()} {section}", f".Os vtspolicy {__version__}",
        ".Sh NAME", f".Nm {name}", f".Nd {escaped(summary)}"]


def section(title: str, *blocks: Iterable[str]) -> Lines:
    """A section. Its title is in capitals: so no macro is called like it, and formatters know the usual ones."""
    return [f".Sh {title.upper()}", *(each for block in blocks for each in block)]


def subsection(title: str, *blocks: Iterable[str]) -> Lines:
    """A part of a section."""
    return [f".Ss {word(title)}", *(each for block in blocks for each in block)]


def tagged(items: Iterable[tuple[str, Lines]], *, width: str = "Ds") -> Lines:
    """Words, and what they mean; `width` is the longest word that has its meaning beside it."""
    found = [f".Bl -tag -width {width}"]
    for term, meaning in items:
        found += [f".It Ic {word(term)}", *(meaning or [r"\&"])]
    return [*found, ".El"]


def bullets(items: Iterable[str]) -> Lines:
    """Points, one below the other."""
    found = [".Pp", ".Bl -bullet -compact"]
    for text in items:
        found += [".It", *prose(text)]
    return [*found, ".El"]


def table(rows: Sequence[Sequence[str]]) -> Lines:
    """Columns whose widths follow from what stands in them."""
    widths = [max(rows, key=lambda row: len(row[column]))[column] for column in range(len(rows[0]))]
    found = [f".Bl -column {' '.join(word(each) for each in widths)}"]
    found += [".It " + " Ta ".join(word(cell) for cell in row) for row in rows]
    return [*found, ".El"]


def display(text: str) -> Lines:
    """Lines as they stand, indented."""
    return [".Bd -literal -offset indent", *(line(escaped(each)) if each.strip() else "" for each in text.splitlines()),
            ".Ed"]


def see_also(*references: tuple[str, int]) -> Lines:
    """References to other pages, in order."""
    ordered = sorted(references, key=lambda each: (each[1], each[0]))
    return [f".Xr {name} {number}" + (" ," if (name, number) != ordered[-1] else "") for name, number in ordered]


def page(*blocks: Iterable[str]) -> str:
    """The whole page: space stands behind each display that text follows, and none in front of a section's first."""
    found: Lines = []
    for each in (each for block in blocks for each in block):
        before = found[-1] if found else ""
        if each == ".Pp" and before.startswith((".Sh", ".Ss", ".Pp")):
            continue
        if before == ".Ed" and not each.startswith("."):
            found.append(".Pp")
        found.append(each)
    return "".join(each + "\n" for each in found)
