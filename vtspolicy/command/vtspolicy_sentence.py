"""The grammar of VTSPolicy sentences: `VTSPolicy VERB 'operands keyword=value ...'`, the argument quoted or bare.

The rules are those of the original's manual (6.02 Installation Guide p.52, 6.04.04 O&A p.52 and p.97); where it is
silent: the word VTSPolicy and the verb count in any case, keywords stand behind the operands, each once. A `!` has no
meaning in these sentences.
"""

from __future__ import annotations

import re

from vtspolicy.command.command import Command, Door, Span, Value
from vtspolicy.command.complaint import one_of, usage
from vtspolicy.command.grammar import Attribute, Form, Grammar, Verb
from vtspolicy.command.tokens import Kind, Token, vtspolicy_tokens
from vtspolicy.command.verbs import find_verb, verbs_of

LONE_HYPHEN = ("Erase", "Delete")
"""Verbs whose documented form has a hyphen, alone, in front of the tapes (6.04.04 O&A p.52)."""


def parse_vtspolicy(text: str, door: Door) -> Command:
    """The command of one sentence that begins with the word VTSPolicy. Raise Usage."""
    tokens = vtspolicy_tokens(text)
    if tokens[0].value.lower() != "vtspolicy":
        raise _wrong(text, tokens[0], "the word VTSPolicy and a blank")
    verb = _verb(text, tokens[1])
    form = verb.forms[0]
    index = 3 if verb.word in LONE_HYPHEN and tokens[2].value == "-" else 2
    operands: list[str] = []
    attributes: dict[str, Value] = {}
    spans: dict[str, Span] = {}
    while tokens[index].kind is not Kind.END:
        token = tokens[index]
        bound = index + 1 < len(tokens) and tokens[index + 1].kind is Kind.EQUALS
        if token.kind is Kind.EQUALS:
            raise _wrong(text, token, "a keyword in front of =")
        if bound:
            rule, value = _attribute(text, form, token, tokens[index + 2])
            if rule.keyword in attributes:
                raise _wrong(text, token, f"{rule.keyword} only once")
            attributes[rule.keyword] = value.value
            spans[rule.keyword] = Span(token.start, token.end)
            spans[f"{rule.keyword}={value.value}"] = Span(value.start, value.end)
            index += 3
            continue
        if attributes:
            raise _wrong(text, token, "keyword=value, or the end of the sentence")
        if form.operand is not None and form.operand.high is not None and len(operands) == form.operand.high:
            raise _wrong(text, token, "keyword=value, or the end of the sentence")
        operands.append(token.value)
        spans.setdefault(token.value, Span(token.start, token.end))
        index += 1
    if form.operand is not None and len(operands) < form.operand.low:
        first = tokens[2] if attributes else tokens[-1]
        raise _wrong(text, first, f"a name: {form.operand.what}")
    return Command(verb.word, None, tuple(operands), attributes, False, text, door, spans)


def _wrong(text: str, token: Token, expected: str) -> Exception:
    return usage(text, token.start, token.end, expected)


def _verb(text: str, token: Token) -> Verb:
    verb = find_verb(token.value, Grammar.VTSPOLICY)
    if verb is None:
        known = [each.word for each in verbs_of(Grammar.VTSPOLICY)]
        raise _wrong(text, token, f"a verb: {one_of(known, token.value)}")
    return verb


def _attribute(text: str, form: Form, keyword: Token, value: Token) -> tuple[Attribute, Token]:
    rule = form.attribute(keyword.value)
    if rule is None:
        known = [word for each in form.attributes for word in (each.short, each.keyword) if word is not None]
        raise _wrong(text, keyword, f"a keyword: {one_of(known, keyword.value)}")
    if value.kind is not Kind.WORD:
        raise _wrong(text, value, f"a value: {keyword.value}={rule.what}")
    if rule.pattern is not None and re.fullmatch(rule.pattern, value.value) is None:
        raise _wrong(text, value, rule.expected)
    return rule, value
