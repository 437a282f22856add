"""The grammar of NonStop-style sentences: `VERB OBJECT name, KEYWORD value, KEYWORD (value, value), KEYWORD !`.

Verbs, objects and keywords are accepted in any case and never abbreviated. A value is everything up to the next
comma, its words joined by one blank. A `!` as the last word confirms.
"""

from __future__ import annotations

import re

from vtspolicy.command.command import Command, Door, Span, Value
from vtspolicy.command.complaint import not_built, one_of, usage
from vtspolicy.command.grammar import Attribute, Form, Grammar, Takes, Verb
from vtspolicy.command.planned import PLANNED_OBJECTS, PLANNED_VERBS
from vtspolicy.command.tokens import Kind, Token, nonstop_tokens, quoted
from vtspolicy.command.verbs import find_verb, verbs_of
from vtspolicy.command.vtspolicy_sentence import parse_vtspolicy

_KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def parse_nonstop(text: str, door: Door) -> Command:
    """The command of one sentence. Raise Usage or NotBuilt."""
    return _Sentence(text, door).command()


class _Sentence:
    """One sentence while it is read, from left to right."""

    def __init__(self, text: str, door: Door) -> None:
        self.text = text
        self.door = door
        self.tokens = nonstop_tokens(text)
        self.index = 0
        self.attributes: dict[str, Value] = {}
        self.spans: dict[str, Span] = {}
        self.confirmed = len(self.tokens) > 1 and self.tokens[-2][:2] == (Kind.WORD, "!")
        if self.confirmed:  # the sentence ends where its ! stands
            self.tokens[-2:] = [self.tokens[-2]._replace(kind=Kind.END, value="")]

    @property
    def next(self) -> Token:
        """The token that is to be read next."""
        return self.tokens[self.index]

    def read(self) -> Token:
        """Go on by one token; never beyond the END."""
        token = self.tokens[self.index]
        self.index += token.kind is not Kind.END
        return token

    def wrong(self, token: Token, expected: str) -> Exception:
        return usage(self.text, token.start, token.end, expected)

    def command(self) -> Command:
        verb = self.verb()
        form = self.form(verb)
        operands = self.of_idr() if form.object == "IDR" else self.operands(verb, form)
        if self.next.kind is Kind.WORD:
            self.attribute(verb, form)
        while self.next.kind is Kind.COMMA:
            self.read()
            self.attribute(verb, form)
        if form.removes and not self.attributes:
            raise self.wrong(self.next, "a comma and what to change: KEYWORD value")
        missing = [each for each in form.attributes if each.keyword in form.must
                   and each.keyword not in self.attributes]
        if missing:
            raise self.wrong(self.next, " and ".join(f"{each.keyword} {each.what}" for each in missing))
        return Command(verb.word, form.object, operands, self.attributes, self.confirmed, self.text, self.door,
                       self.spans)

    def verb(self) -> Verb:
        token = self.read()
        word = token.value.upper() if token.kind is Kind.WORD else ""
        if word in PLANNED_VERBS:
            raise not_built(self.text, token.start, token.end)
        verb = find_verb(word, Grammar.NONSTOP)
        if verb is None:
            known = [each.word for each in verbs_of(Grammar.NONSTOP)]
            other = find_verb(word, Grammar.VTSPOLICY)
            raise self.wrong(token, one_of(known, word) if other is None else
                             f"the word VTSPolicy in front of {other.word}, or a verb: {one_of(known)}")
        if verb.shell_only:
            raise self.wrong(token, f"a verb of sentences; {verb.word} belongs to the shell: "
                                    f"vtspolicy {verb.word.lower()}")
        return verb

    def form(self, verb: Verb) -> Form:
        if not verb.objects:
            return verb.forms[0]
        token = self.read()
        word = token.value.upper() if token.kind is Kind.WORD else ""
        objects = verb.objects
        fillers = {filler.upper(): form for form in verb.forms for filler in form.fillers}
        if word in fillers:
            objects = (str(fillers[word].object),)
            token = self.read()
            word = token.value.upper() if token.kind is Kind.WORD else ""
        if word in PLANNED_OBJECTS:
            raise not_built(self.text, token.start, token.end)
        form = verb.form(word) if word in objects else None
        if form is None:
            raise self.wrong(token, one_of(objects, word))
        return form

    def of_idr(self) -> tuple[str, ...]:
        """What stands behind IDR, quoted or bare, read as VTSPolicy IDR reads it; its keywords become attributes."""
        first, words = self.next, list[str]()
        last = first
        while self.next.kind in (Kind.WORD, Kind.STRING):
            last = self.read()
            words.append(last.value)
        bridged = parse_vtspolicy("VTSPolicy IDR " + quoted(" ".join(words)), self.door)
        if self.next.kind not in (Kind.COMMA, Kind.END):
            raise self.wrong(self.next, "a comma and a keyword, or the end of the sentence")
        span = Span(first.start, last.end)
        for keyword, value in bridged.attributes.items():
            self.attributes[keyword.upper()] = value
            self.spans[keyword.upper()] = self.spans[f"{keyword.upper()}={value}"] = span
        self.spans.update(dict.fromkeys(bridged.operands, span))
        return bridged.operands

    def operands(self, verb: Verb, form: Form) -> tuple[str, ...]:
        found: list[str] = []
        rule = form.operand
        high = 0 if rule is None else rule.high
        while self.next.kind in (Kind.WORD, Kind.STRING) and (high is None or len(found) < high):
            token = self.read()
            found.append(token.value)
            self.spans[token.value] = Span(token.start, token.end)
        if rule is not None and len(found) < rule.low:
            raise self.wrong(self.next, f"a name: {rule.what}")
        if self.next.kind is Kind.WORD and self.next.value.upper() in form.must:
            return tuple(found)
        if self.next.kind not in (Kind.COMMA, Kind.END):
            raise self.wrong(self.next, f"{one_of(form.must)}, or a comma and a keyword" if form.must else
                             "a comma and a keyword, or the end of the sentence"
                             if form.attributes or form.fields else "the end of the sentence")
        return tuple(found)

    def attribute(self, verb: Verb, form: Form) -> None:
        token = self.read()
        keyword = token.value.upper() if token.kind is Kind.WORD else ""
        rule = form.attribute(keyword)
        if rule is None and form.fields and _KEYWORD.fullmatch(keyword):
            rule = Attribute(keyword, Takes.LIST, "")
        if rule is None:
            name = verb.word if form.object is None else f"{verb.word} {form.object}"
            raise self.wrong(token, "a keyword, such as NOTE" if form.fields else
                             one_of(form.keywords, keyword) if form.keywords else f"no attribute behind {name}")
        if rule.keyword in self.attributes:
            raise self.wrong(token, f"{rule.keyword} only once")
        other = [each for each in form.exclusive if each in self.attributes and rule.keyword in form.exclusive]
        if other:
            raise self.wrong(token, f"only one of {one_of(form.exclusive)}")
        self.spans[rule.keyword] = Span(token.start, token.end)
        self.attributes[rule.keyword] = self.value(rule, form.removes)

    def value(self, rule: Attribute, removes: bool) -> Value:
        if rule.takes is Takes.FLAG:
            if self.next.kind not in (Kind.COMMA, Kind.END):
                raise self.wrong(self.next, f"no value behind {rule.keyword}")
            return True
        if removes and self.next.kind in (Kind.COMMA, Kind.END):
            return True
        if self.next.kind is Kind.OPEN and rule.takes is Takes.LIST:
            return self.values(rule)
        value = self.text_value(rule)
        if self.next.kind not in (Kind.COMMA, Kind.END):
            raise self.wrong(self.next, "a comma or the end of the sentence")
        return value

    def values(self, rule: Attribute) -> tuple[str, ...]:
        opening = self.read()
        found = [self.text_value(rule)]
        while self.next.kind is Kind.COMMA:
            self.read()
            found.append(self.text_value(rule))
        if self.next.kind is Kind.END:
            raise self.wrong(opening, "a ) that closes this one")
        if self.next.kind is Kind.OPEN:
            raise self.wrong(self.next, "a comma or )")
        self.read()
        if self.next.kind not in (Kind.COMMA, Kind.END):
            raise self.wrong(self.next, "a comma or the end of the sentence")
        return tuple(found)

    def text_value(self, rule: Attribute) -> str:
        """Words up to the next separator, joined by one blank, and held against the attribute's rule."""
        first = last = self.next
        words: list[str] = []
        while self.next.kind in (Kind.WORD, Kind.STRING):
            last = self.read()
            words.append(last.value)
        if not words:
            raise self.wrong(self.next, f"a value: {rule.keyword} {rule.what or 'value'}")
        value = " ".join(words)
        whole = Token(Kind.WORD, value, first.start, last.end)
        if rule.choices:
            if value.lower() not in rule.choices:
                raise self.wrong(whole, one_of(rule.choices, value))
            value = value.lower()
        if rule.pattern is not None and re.fullmatch(rule.pattern, value) is None:
            raise self.wrong(whole, rule.expected)
        self.spans[f"{rule.keyword}={value}"] = Span(first.start, last.end)
        return value
