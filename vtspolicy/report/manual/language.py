"""The command language in short, for vtspolicy(1)."""

from __future__ import annotations

from vtspolicy.command.sentence import LIMIT
from vtspolicy.report.manual import roff
from vtspolicy.report.manual.roff import Lines


def language() -> Lines:
    """The section's text."""
    return [
        *roff.paragraphs(
            "There are two forms of sentences. One that begins with the word VTSPolicy belongs to the first, any other "
            "to the second; where one refuses, the other is not asked. A sentence that is not understood is shown with "
            "carets under the place and what was expected there, changes nothing, and ends with code 2. Nothing of a "
            f"sentence ever reaches a shell. A sentence has at most {LIMIT} characters. `PARSE` shows how one is "
            "understood."),
        *roff.subsection("NonStop sentences", roff.display(
            "VERB OBJECT name, KEYWORD value, KEYWORD (value, value)"),
            roff.bullets([
                "Verb, object and keywords count in any case and are never abbreviated; names keep their case.",
                "A value is all up to the next comma. Several values stand in parentheses. A value with a comma, a "
                "parenthesis or a quote in it stands in single or double quotes, in which the quote itself is written "
                "twice.",
                "`&` as the last character of a line joins the next one; `;` or the end of the line ends a sentence.",
                "`!` as the first character of a line, `COMMENT` as the first word of a sentence, and `==` begin a "
                "comment.",
                "`!` as the last word confirms a sentence that would ask for a yes.",
                "In a name `*` stands for any run of characters and `?` for one, where several may be meant.",
            ])),
        *roff.subsection("VTSPolicy sentences", roff.display("VTSPolicy VERB 'operands keyword=value keyword=value'"),
            roff.bullets([
                "The words VTSPolicy and the verb count in any case, keywords as they are written here. A keyword has "
                "a long name and most have a short one.",
                "The argument stands in one pair of single or double quotes, or bare. `=` separates with or without "
                "blanks; `/`, `,` and `.` are parts of words.",
                "Keywords stand behind the operands, each once. The sentence takes its whole line, printable ASCII "
                "only; `!`, `&` and `;` mean nothing in it.",
                "`s=` and `d=` narrow what a policy already covers. Only in this machine's own shell does `d=` also "
                "say where a pool goes that no policy covers.",
            ]),
            [".Pp"], roff.prose(
                "The sentences are those of the manuals of VTS; the meaning of `IDR` is ours, because no manual that "
                "is available shows it.")),
        *roff.subsection("In the shell", roff.prose(
            "The same verbs are sub-commands: verb and object in small letters, then the names, then each keyword as "
            "an option. A list is an option that is given several times; a field is removed (ALTER) by an empty value. "
            "What they come to is held against the same rules as the sentence."),
            roff.display("vtspolicy start scheme NIGHTLY --ref PAY0304\n"
                         "vtspolicy \"START SCHEME NIGHTLY, REF PAY0304\"\n"
                         "vtspolicy idr NIGHTLY\n"
                         "VTSPolicy IDR NIGHTLY")),
    ]
