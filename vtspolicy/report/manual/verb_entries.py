"""The verbs in vtspolicy(1), each from its definition: both forms, meaning, names, attributes, examples."""

from __future__ import annotations

import textwrap

from vtspolicy.command.describe import shell_syntax, syntax
from vtspolicy.command.grammar import Attribute, Form, Grammar, Verb
from vtspolicy.command.planned import PLANNED_OBJECTS, PLANNED_VERBS
from vtspolicy.command.verbs import VERBS
from vtspolicy.report.manual import roff
from vtspolicy.report.manual.roff import Lines

_WIDTH = 66


def verb_entries() -> Lines:
    """All verbs: those of NonStop sentences, those of the shell alone, those of VTSPolicy sentences."""
    ordered = sorted(VERBS, key=lambda each: (each.grammar is Grammar.VTSPOLICY, each.shell_only))
    planned = (f"The verbs {', '.join(PLANNED_VERBS)} and the objects {', '.join(PLANNED_OBJECTS)} have a meaning to "
               "come, and are refused by name until then.")
    return [*(each for verb in ordered for each in _entry(verb)),
            *roff.subsection("Words without a meaning yet", roff.plain(planned))]


def in_shell(verb: Verb) -> bool:
    """Whether the verb is a sub-command of the shell, too."""
    return verb.built and (verb.grammar is Grammar.NONSTOP or verb.word == "IDR")


def title_of(verb: Verb) -> str:
    """The verb as its section is called."""
    name = f"VTSPolicy {verb.word}" if verb.grammar is Grammar.VTSPOLICY else verb.word
    if verb.shell_only:
        return f"{name} (in the shell only)"
    return name if verb.built else f"{name} (not built)"


def _entry(verb: Verb) -> Lines:
    forms = [_broken(syntax(verb, form)) for form in verb.forms]
    if in_shell(verb) and not verb.shell_only:
        forms += [_broken(_shell(verb, form)) for form in verb.forms]
    return roff.subsection(
        title_of(verb), roff.plain(f"{verb.summary[0].upper()}{verb.summary[1:]}."), roff.display("\n".join(forms)),
        [".Pp"], roff.plain(verb.doc), _confirmation(verb), _words(verb), _examples(verb))


def _shell(verb: Verb, form: Form) -> tuple[str, ...]:
    parts = shell_syntax(verb, form)
    return (*parts, "[--keyword value]", "...") if form.fields else parts


def _broken(pieces: tuple[str, ...]) -> str:
    """A syntax line, broken between its pieces where it is long."""
    text = " ".join(piece.replace(" ", "\0") for piece in pieces)
    return textwrap.fill(text, _WIDTH, subsequent_indent="    ", break_long_words=False,
                         break_on_hyphens=False).replace("\0", " ")


def _confirmation(verb: Verb) -> Lines:
    if not (verb.destructive or verb.destructive_with) or not verb.built:
        return []
    unless = "".join(f", or {each} is given" for each in verb.confirmed_by)
    when = f"With `{'` or `'.join(verb.destructive_with)}` it" if verb.destructive_with else "It"
    return [".Pp", *roff.prose(f"{when} asks for a yes. Where nobody can be asked, the sentence must end with `!` (in "
                               f"the shell: `--yes`){unless}.")]


def _words(verb: Verb) -> Lines:
    names: dict[str, list[str]] = {}
    for operand in dict.fromkeys(form.operand for form in verb.forms if form.operand is not None):
        names.setdefault(operand.doc, []).append(operand.what)
    items = [(", ".join(what), roff.plain(doc)) for doc, what in names.items()]
    attributes = dict.fromkeys(each for form in verb.forms for each in form.attributes)
    items += [(head_of(verb, each), _meaning(each)) for each in attributes]
    return roff.tagged(items) if items else []


def head_of(verb: Verb, attribute: Attribute) -> str:
    """An attribute as it is written: `REF word`, `s=system, source=system`, `--keep`."""
    if verb.shell_only:
        return " ".join(filter(None, ("--" + attribute.keyword.lower(), attribute.what)))
    if verb.grammar is Grammar.VTSPOLICY:
        names = filter(None, (attribute.short, attribute.keyword))
        return ", ".join(f"{name}={attribute.what}" for name in names)
    return " ".join(filter(None, (", ".join(filter(None, (attribute.keyword, attribute.short))), attribute.what)))


def _meaning(attribute: Attribute) -> Lines:
    choices = f" One of: {', '.join(attribute.choices)}." if attribute.choices else ""
    limits = f" Expected: {attribute.expected}." if attribute.expected else ""
    return roff.plain(attribute.doc + choices + limits)


def _examples(verb: Verb) -> Lines:
    shown = [_example(verb, each) for each in verb.examples]
    return [".Pp", *roff.prose("For example:" if len(shown) == 1 else "Examples:"), *roff.display("\n".join(shown))]


def _example(verb: Verb, example: str) -> str:
    """The example; where it is long, on lines joined by `&`, so that it can be typed as it stands."""
    if verb.shell_only or verb.grammar is Grammar.VTSPOLICY or len(example) <= _WIDTH + 4:
        return example
    pieces = [piece.replace(" ", "\0") for piece in example.split(", ")]
    lines = textwrap.wrap(", ".join(pieces), _WIDTH, subsequent_indent="    ", break_long_words=False,
                          break_on_hyphens=False)
    return " &\n".join(lines).replace("\0", " ")
