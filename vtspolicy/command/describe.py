"""Help for verbs, and their syntax lines, made from the table: plain ASCII, at most 80 columns."""

from __future__ import annotations

import textwrap

from vtspolicy.command.grammar import Attribute, Form, Grammar, Takes, Verb
from vtspolicy.command.planned import PLANNED_OBJECTS, PLANNED_VERBS
from vtspolicy.command.verbs import VERBS
from vtspolicy.command.vtspolicy_sentence import LONE_HYPHEN

WIDTH = 80
_YES = " asks for a yes. Where nobody can be asked, the sentence must end with ! (in the shell: --yes)"


def syntax(verb: Verb, form: Form) -> tuple[str, ...]:
    """The form's syntax in pieces between which a line may break; joined by blanks they are the syntax line."""
    if verb.shell_only:
        return shell_syntax(verb, form)
    if verb.grammar is Grammar.VTSPOLICY:
        return _vtspolicy_syntax(verb, form)
    parts = [verb.word]
    if form.fillers:
        parts.append(f"[{' | '.join(form.fillers)}]")
    if form.object is not None:
        parts.append(form.object)
    parts.extend(_operand(form))
    if form.removes:
        parts[-1] += ","
        parts.append("KEYWORD [value] [, KEYWORD [value]] ...")
    elif form.fields:
        parts.append("[, KEYWORD value] ...")
    if form.exclusive:
        parts.append(f"[, {' | '.join(form.exclusive)}]")
    parts.extend(_phrase(each) for each in form.attributes if each.keyword in form.must)
    parts.extend(f"[, {_phrase(each)}]" for each in form.attributes
                 if each.keyword not in (*form.exclusive, *form.must))
    if verb.destructive or verb.destructive_with:
        parts.append("[!]")
    return tuple(parts)


def shell_syntax(verb: Verb, form: Form) -> tuple[str, ...]:
    """The form as a shell sub-command, in pieces like those of `syntax`. Of policy fields it says nothing."""
    parts = ["vtspolicy", verb.word.lower()]
    if form.object is not None:
        parts.append(form.object.lower())
    parts.extend(_operand(form))
    if verb.grammar is Grammar.VTSPOLICY:
        parts.extend(f"[{each.short or each.keyword}={each.what}]" for each in form.attributes)
    else:
        for each in form.attributes:
            more = " ..." if each.takes is Takes.LIST else ""
            word = " ".join(filter(None, ("--" + each.keyword.lower(), each.what)))
            parts.append(word if each.keyword in form.must else f"[{word}]{more}")
    if verb.destructive or verb.destructive_with:
        parts.append("[--yes]")
    return tuple(parts)


def _vtspolicy_syntax(verb: Verb, form: Form) -> tuple[str, ...]:
    keywords = [f"[{each.short or each.keyword}={each.what}]" for each in form.attributes]
    parts = [*_operand(form), *keywords]
    if verb.word in LONE_HYPHEN:
        return ("VTSPolicy", verb.word, "-", *parts)
    parts[0] = "'" + parts[0]
    parts[-1] += "'"
    return ("VTSPolicy", verb.word, *parts)


def _operand(form: Form) -> tuple[str, ...]:
    if form.operand is None:
        return ()
    what = form.operand.what
    if form.operand.low == 0:
        return (f"[{what}]",)
    if " | " in what and not what.startswith("["):
        return (f"{{{what}}}",)
    return (f"{what} ..." if form.operand.high is None else what,)


def _phrase(attribute: Attribute) -> str:
    names = attribute.keyword if attribute.short is None else f"{attribute.keyword} | {attribute.short}"
    return " ".join(filter(None, (names, "|".join(attribute.choices) or attribute.what)))


# ---- help -------------------------------------------------------------------------------------------------------


def help_for(topic: str) -> str | None:
    """The help text of a verb or an object, in any case, with or without the word VTSPolicy; None if it is neither.

    Behind a verb an object may stand; the verb's whole text is the answer. Lines end with a newline.
    """
    words = topic.upper().split()
    vtspolicy_only = words[:1] == ["VTSPOLICY"]
    words = words[vtspolicy_only:]
    if not words:
        return overview() if vtspolicy_only else None
    found = [each for each in VERBS if each.word.upper() == words[0]
             and (each.grammar is Grammar.VTSPOLICY or not vtspolicy_only)]
    if found:
        return "\n".join(_verb_help(each) for each in found)
    if words[0] in PLANNED_VERBS or words[0] in PLANNED_OBJECTS:
        return f"{words[0]} is not built in this release.\n"
    verbs = [each.word for each in VERBS if words[0] in each.objects]
    return _wrap(f"{words[0]} is an object of {', '.join(verbs)}.", "") if verbs else None


def overview() -> str:
    """All verbs, a line or two for each."""
    parts = ["NonStop sentences (HELP verb explains one):\n"]
    parts += [_entry(each.word, each.summary) for each in VERBS
              if each.grammar is Grammar.NONSTOP and not each.shell_only]
    parts += ["\nVTSPolicy sentences:\n"]
    parts += [_entry(each.word, each.summary + ("" if each.built else " (not built)")) for each in VERBS
              if each.grammar is Grammar.VTSPOLICY]
    parts += ["\nIn the shell only:\n"]
    parts += [_entry(each.word.lower(), each.summary) for each in VERBS if each.shell_only]
    return "".join(parts)


def _verb_help(verb: Verb) -> str:
    name = f"VTSPolicy {verb.word}" if verb.grammar is Grammar.VTSPOLICY else \
        verb.word.lower() if verb.shell_only else verb.word
    parts = [_wrap(f"{name} - {verb.summary}", ""), "\n"]
    parts += [_wrap(_unbreakable(syntax(verb, form)), "  ", "      ") for form in verb.forms]
    parts += ["\n", _wrap(verb.doc, "")]
    if (verb.destructive or verb.destructive_with) and verb.built:
        but = "".join(f", or {each} is given" for each in verb.confirmed_by)
        when = f"With {' or '.join(verb.destructive_with)} it" if verb.destructive_with else "It"
        parts += ["\n", _wrap(f"{when}{_YES}{but}.", "")]
    operands: dict[str, list[str]] = {}
    for operand in dict.fromkeys(form.operand for form in verb.forms if form.operand is not None):
        operands.setdefault(operand.doc, []).append(operand.what)
    parts += ["\nNames:\n"] * bool(operands)
    parts += [_entry(", ".join(what), doc) for doc, what in operands.items()]
    attributes = dict.fromkeys(each for form in verb.forms for each in form.attributes)
    parts += ["\nAttributes:\n"] * bool(attributes)
    parts += [_attribute(verb, each) for each in attributes]
    parts += ["\nExamples:\n"]
    parts += [_example(verb, each) for each in verb.examples]
    return "".join(parts)


def _attribute(verb: Verb, attribute: Attribute) -> str:
    if verb.shell_only:
        head = " ".join(filter(None, ("--" + attribute.keyword.lower(), attribute.what)))
    elif verb.grammar is Grammar.VTSPOLICY:
        names = filter(None, (attribute.short, attribute.keyword))
        head = ", ".join(f"{name}={attribute.what}" for name in names)
    else:
        head = " ".join(filter(None, (", ".join(filter(None, (attribute.keyword, attribute.short))), attribute.what)))
    choices = f" One of: {', '.join(attribute.choices)}." if attribute.choices else ""
    return _entry(head, attribute.doc + choices)


def _example(verb: Verb, example: str) -> str:
    """The example, on several lines joined by `&` where it is long, so that it can be typed as it stands."""
    if verb.shell_only or verb.grammar is Grammar.VTSPOLICY or len(example) <= WIDTH - 2:
        return f"  {example}\n"
    lines = textwrap.wrap(example, WIDTH - 2, initial_indent="  ", subsequent_indent="      ",
                          break_long_words=False, break_on_hyphens=False)
    return " &\n".join(lines) + "\n"


def _entry(head: str, text: str) -> str:
    """A word and its meaning, beside each other; the meaning below where the word is long."""
    column = 16
    if len(head) + 4 > column:
        return f"  {head}\n" + _wrap(text, " " * column)
    return _wrap(text, f"  {head}".ljust(column), " " * column)


def _unbreakable(pieces: tuple[str, ...]) -> str:
    return " ".join(piece.replace(" ", "\0") for piece in pieces)


def _wrap(text: str, indent: str, behind: str | None = None) -> str:
    lines = textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent if behind is None else behind,
                          break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ") + "\n"
