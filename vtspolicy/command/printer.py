"""A command as a sentence, so that parsing the sentence gives an equal command.

In NonStop sentences a text is printed bare where its words are plain and one blank apart, else as a string; a quote
within a string is doubled. In VTSPolicy sentences the argument is one string, doubled quotes likewise; Erase and
Delete, as documented, are bare where they can be. What a grammar has no way to say (control characters; in a VTSPolicy
sentence also blanks, `=`, non-ASCII and nothing at all within a word, and a confirmation) is refused.
"""

from __future__ import annotations

import re

from vtspolicy.command.command import Command, Value
from vtspolicy.command.grammar import Form, Grammar, Verb
from vtspolicy.command.tokens import is_bare, quoted
from vtspolicy.command.verbs import verb_of
from vtspolicy.command.vtspolicy_sentence import LONE_HYPHEN
from vtspolicy.errors import Usage

_PLAIN = re.compile(r"[!-<>-~]+")


def sentence_of(command: Command) -> str:
    """The sentence. Raise Usage where no sentence says this."""
    verb = verb_of(command)
    form = None if verb is None else verb.form(command.object)
    if verb is None or form is None or verb.shell_only:
        words = " ".join(filter(None, (command.verb, command.object)))
        raise Usage(f"no sentence begins with {words!a}")
    if verb.grammar is Grammar.VTSPOLICY:
        return _vtspolicy(command, verb, form)
    return _nonstop(command)


def _nonstop(command: Command) -> str:
    head = [command.verb, *([command.object] if command.object else []), *map(_name, command.operands)]
    parts = [" ".join(head)]
    for keyword, value in command.attributes.items():
        parts.append(keyword if value is True else f"{keyword} {_value(value)}")
    return ", ".join(parts) + (" !" if command.confirmed else "")


def _name(text: str) -> str:
    if is_bare(text):
        return text
    if not text.isprintable():
        raise Usage(f"{text!a} holds characters that no sentence can hold")
    return quoted(text)


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        if not value:
            raise Usage("an empty list cannot stand in a sentence")
        return f"({', '.join(map(_text, value))})"
    return _text(str(value))


def _text(text: str) -> str:
    return text if all(map(is_bare, text.split(" "))) else _name(text)


def _vtspolicy(command: Command, verb: Verb, form: Form) -> str:
    if command.confirmed:
        raise Usage(f"VTSPolicy {verb.word} takes no confirmation")
    words = list(command.operands)
    for keyword, value in command.attributes.items():
        rule = form.attribute(keyword)
        words.append(f"{keyword if rule is None else rule.short or keyword}={value}")
    for word in (*command.operands, *map(str, command.attributes.values())):
        if _PLAIN.fullmatch(word) is None:
            raise Usage(f"{word!a} cannot be a word of a VTSPolicy sentence")
    argument = " ".join(words)
    if verb.word in LONE_HYPHEN:
        argument = f"- {argument}"
        if not any(character in "'\";" for character in argument):
            return f"VTSPolicy {verb.word} {argument}"
    quote = '"' if "'" in argument and '"' not in argument else "'"
    return f"VTSPolicy {verb.word} {quote}{argument.replace(quote, quote * 2)}{quote}"
