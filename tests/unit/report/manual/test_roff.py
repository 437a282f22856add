"""Whatever a text holds, the page shows it as it is: judged by mandoc, which renders the source."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.manual import complaints, rendered
from vtspolicy.report.manual import roff

NASTY = (
    ".Sh NAME", "'\\\" comment", "\\", "\\fBbold\\fP", "\\n(.s \\*(xx \\e \\&", "--yes -x a-b \u2013",
    "'quoted' \"twice\"", "`back`", "^ ~ $ % # @ !", "No Op Ar In Pp .Pp", "Nm", "Ta Xo Xc", ", . ; : ( ) [ ] ? !", "|",
    "a\tb", "a\x1b[31mred", "caf\u00e9 \u20ac \U0001f4fc", "...", ". leading", " blank in front", "x" * 300, "'", ".",
    "-", '"', '""', "{pool}", "\\x0a", "end\\", "T1 'd=v2' \\\n.ig\nmore",
)


def a_page(*blocks: list[str]) -> str:
    return roff.page(roff.head("a-page", 7, "a page"), *blocks)


def literally(text: str) -> str:
    """How a text stands on the page: in one line, control characters as \\xNN."""
    flat = " ".join(text.split())
    return "".join(f"\\x{ord(each):02x}" if ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 else each for each in flat)


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts_stand_on_the_page_as_they_are(text: str) -> None:
    flat = " ".join(text.split())
    source = a_page(
        roff.section("DESCRIPTION", roff.plain(text), roff.tagged([(flat, roff.plain("its meaning"))])),
        roff.section("ROOM", roff.subsection(flat, roff.plain("text")), roff.table([[flat, "beside"]])),
        roff.section("LITERAL", roff.display(flat)))
    assert complaints(source) == ""
    page = " ".join(rendered(source).split())
    wanted = " ".join(literally(text).split())
    assert page.count(wanted) >= 5, page


def test_what_is_displayed_keeps_its_lines_and_blanks() -> None:
    page = rendered(a_page(roff.section("DESCRIPTION", roff.display("first\n    .indented\n\n'last'")))).splitlines()
    first = next(number for number, line in enumerate(page) if line.endswith("first"))
    indent = page[first].index("first")
    assert [line[indent:] for line in page[first:first + 4]] == ["first", "    .indented", "", "'last'"]


def test_hyphens_quotes_and_carets_are_ascii_so_that_they_can_be_copied() -> None:
    typed = "vtspolicy --yes 'a' \"b\" c-d ^ ~"
    blocks = roff.plain(typed), roff.prose(f"`{typed}`"), roff.display(typed)
    page = rendered(a_page(roff.section("DESCRIPTION", *blocks)))
    assert page.count(typed) == 3


def test_marks_are_bold_and_not_shown() -> None:
    assert roff.prose("Say `START SCHEME` now.") == [r"Say \fBSTART SCHEME\fP now."]
    assert rendered(a_page(roff.section("DESCRIPTION", roff.prose("Say `.x -y` now.")))).count("Say .x -y now.") == 1


def test_each_sentence_begins_a_line_and_long_ones_are_broken() -> None:
    lines = roff.prose("One. Two ends here. Three " + "word " * 40)
    assert lines[:2] == ["One.", "Two ends here."]
    assert len(lines) > 3
    assert max(map(len, lines)) <= 78


def test_references_stand_in_order() -> None:
    assert roff.see_also(("b", 7), ("a", 7), ("z", 1)) == [".Xr z 1 ,", ".Xr a 7 ,", ".Xr b 7"]


def test_space_stands_behind_displays_and_not_behind_headings() -> None:
    assert roff.page([".Sh X", ".Pp", "text", ".Ed", "more"]) == ".Sh X\ntext\n.Ed\n.Pp\nmore\n"


@given(st.text(max_size=60))
def test_any_text_is_one_harmless_ascii_line(text: str) -> None:
    for line in (roff.line(roff.escaped(text)), roff.word(text)):
        assert line.isascii()
        assert line.isprintable()
        assert line
        assert line[0] not in ".'"


def test_every_text_of_a_sweep_at_once(tmp_path: Path) -> None:
    """All printable ASCII pairs: one page, one run of mandoc."""
    texts = [chr(first) + chr(second) for first in range(33, 127) for second in range(33, 127)]
    source = a_page(roff.section("DESCRIPTION", *(roff.display(text) for text in texts)))
    page = tmp_path / "page.7"
    page.write_text(source)
    assert complaints(source) == ""
    shown = [line.strip() for line in rendered(source).splitlines() if line.strip()]
    assert [each for each in texts if each not in shown] == []
