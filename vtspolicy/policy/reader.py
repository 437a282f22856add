"""One policy file, read strictly: the bytes end in a policy or in faults, all of them at once, and in nothing else.

Every value is a text until the field's own rule reads it, so `NO`, `012345`, `1:30` and dates stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vtspolicy.command.complaint import nearest, one_of
from vtspolicy.errors import PolicyInvalid
from vtspolicy.policy.document import (
    FAULTS,
    WHOLE_FILE,
    Fault,
    Listing,
    Node,
    Table,
    Text,
    read_document,
    tell,
)
from vtspolicy.policy.model import KINDS, KINDS_NOT_BUILT, NOT_BUILT, Field, Policy, Shape, fields_of
from vtspolicy.policy.places import is_name
from vtspolicy.policy.rules import Problem, problems_of
from vtspolicy.policy.spelling import with_article
from vtspolicy.policy.syntax import excerpt

MOST = 500
"""Most entries of a list or mapping."""
_MEANT = {("scheme", "pool"): "from", ("scheme", "source"): "from", ("autocopy", "from"): "pool",
          ("autocopy", "source"): "pool", ("system", "host"): "address", ("scheme", "destination"): "to"}
"""Keys that are not near in spelling but in meaning."""
_NOTHING = ("~", "null", "Null", "NULL")
"""What YAML takes for no value. As a text it must be quoted, so that nobody takes it for a default."""


@dataclass(frozen=True)
class Reading:
    """What a file holds, and where its values stand."""

    policy: Policy | None
    """None where there is any fault."""
    kind: str | None
    """Also of a file with faults, where it could be read."""
    name: str | None
    faults: tuple[Fault, ...]
    root: Table | None
    places: Mapping[tuple[str, int | str | None], tuple[int, str]] = field(default_factory=dict)
    """Line and path of each value: by key, and by key and position or inner key."""

    def fault(self, problem: Problem) -> Fault:
        """A problem of the policy as a fault of its file."""
        line, path = self.places.get((problem.key, problem.entry)) or self.places.get(
            (problem.key, None), (1, problem.key))
        return Fault(line, path, problem.message)


def error_lines(file: str, faults: Iterable[Fault]) -> tuple[str, ...]:
    """`file:line: path: message` for each fault, in the order of the file."""
    return tuple(f"{excerpt(file, 1000)}:{fault.line}: {fault.path}: {fault.message}"
                 for fault in sorted(dict.fromkeys(faults), key=lambda fault: fault.line))


def policy_of(data: bytes, file: str) -> Policy:
    """The policy that the file's bytes hold. Raise PolicyInvalid with a line for each fault."""
    reading = read_policy(data)
    if reading.policy is None:
        raise PolicyInvalid("\n".join(error_lines(file, reading.faults)))
    return reading.policy


def read_policy(data: bytes) -> Reading:
    """Read the bytes of one policy file."""
    document = read_document(data)
    reader = _Reader(document.root)
    if document.whole and document.root is not None:
        policy = reader.policy()
        faults = (*document.faults, *reader.faults)
        return Reading(None if faults else policy, reader.kind(), reader.name(), faults, reader.root, reader.places)
    return Reading(None, reader.kind(), reader.name(), document.faults, None)


class _Reader:
    """Turns a tree into a policy and gathers what is wrong."""

    def __init__(self, root: Node | None) -> None:
        self.node = root
        self.root = root if isinstance(root, Table) else None
        self.faults: list[Fault] = []
        self.places: dict[tuple[str, int | str | None], tuple[int, str]] = {}

    def wrong(self, node: Node, message: str, path: str | None = None) -> None:
        tell(self.faults, Fault(node.line, path or node.path or WHOLE_FILE, message))

    def first(self, key: str) -> Node | None:
        """The value of the first key of that name."""
        entries = () if self.root is None else self.root.entries
        return next((value for found, value in entries if found.text == key), None)

    def kind(self) -> str | None:
        node = self.first("kind")
        return node.text if isinstance(node, Text) and node.text in KINDS else None

    def name(self) -> str | None:
        node = self.first("name")
        return node.text if isinstance(node, Text) and is_name(node.text) else None

    def policy(self) -> Policy | None:
        if self.root is None or self.root.flow:
            if self.node is not None:
                self.wrong(self.node, "expected one 'key: value' on each line")
            return None
        keys = [key.text for key, _ in self.root.entries]
        for position, head in enumerate(("kind", "name")):
            if head not in keys:
                self.wrong(self.root, "is missing", head)
            elif keys.index(head) != position and "kind" in keys:
                self.wrong(self.root.entries[keys.index(head)][0], f"must stand {('first', 'behind kind')[position]}")
        kind = self.kind()
        if kind is None:
            self.unknown_kind()
            return None
        fields = {each.key: each for each in fields_of(kind)}
        values: dict[str, Any] = {}
        given: set[str] = set()
        for key, node in self.root.entries:
            if key.text in given:
                self.wrong(key, "stands twice")
                continue
            given.add(key.text)
            self.places[(key.text, None)] = (key.line, key.path)
            if key.text in fields:
                self.read(fields[key.text], node, values)
            elif key.text != "kind":
                self.unknown_key(kind, key, fields)
        for each in fields.values():
            if each.rule.required and not given & {each.key, each.rule.unless} and each.key != "name":
                self.wrong(self.root, "is missing", each.key)
        reading = Reading(None, kind, None, (), None, self.places)
        for problem in problems_of(kind, values, given):
            if not tell(self.faults, reading.fault(problem)):
                break
        if self.faults:
            return None
        return KINDS[kind](**{fields[key].attribute: value for key, value in values.items()})

    def unknown_kind(self) -> None:
        node = self.first("kind")
        if isinstance(node, Text) and node.text in KINDS_NOT_BUILT:
            self.wrong(node, f"the kind {node.text} is not built in this release")
        elif isinstance(node, Text):
            self.wrong(node, f"unknown kind '{excerpt(node.text)}'; expected {one_of(KINDS, node.text)}")
        elif node is not None:
            self.wrong(node, f"expected {one_of(KINDS)}")

    def unknown_key(self, kind: str, key: Text, fields: Mapping[str, Field]) -> None:
        if key.text in NOT_BUILT[kind]:
            self.wrong(key, "is not built in this release")
            return
        near = _MEANT.get((kind, key.text))
        if near is None and len(self.faults) < FAULTS:
            near = nearest(key.text, ("kind", *fields, *NOT_BUILT[kind]))
        self.wrong(key, f"unknown key of {with_article(kind)}" + (f"; the nearest is {near}" if near else ""))

    def read(self, rule: Field, node: Node, values: dict[str, Any]) -> None:
        before = len(self.faults)
        value = {Shape.TEXT: self.text, Shape.LIST: self.list, Shape.MAPPING: self.mapping}[rule.rule.shape](rule, node)
        if len(self.faults) == before:
            values[rule.key] = value

    def text(self, rule: Field, node: Node, key: str | None = None) -> Any:
        """One text, read by the field's rule: for a mapping, the value of `key`. None with a fault where it cannot
        be."""
        if not isinstance(node, Text):
            self.wrong(node, f"expected a text ({rule.rule.what}), found a {_shape(node)}")
        elif node.plain and not node.text:
            self.wrong(node, "has no value; write '' for an empty text, or leave the key out")
        elif node.plain and node.text in _NOTHING:
            self.wrong(node, f"{node.text} is no value; leave the key out, or write '{node.text}' for the text")
        elif not node.text.isprintable():
            self.wrong(node, "holds characters that cannot be seen, or more than one line")
        else:
            try:
                return rule.rule.value(key, node.text)
            except ValueError as error:
                self.wrong(node, f"{error}, found '{excerpt(node.text)}'")
        return None

    def list(self, rule: Field, node: Node) -> tuple[Any, ...]:
        if not isinstance(node, Listing):
            if isinstance(node, Table):
                self.wrong(node, f"expected a text or a list ({rule.rule.what}), found a mapping")
                return ()
            return (self.text(rule, node),)
        if not node.items:
            self.wrong(node, "the list is empty")
        if len(node.items) > MOST:
            self.wrong(node, f"holds more than {MOST} entries; use templates")
            return ()
        values: dict[Any, None] = {}
        for index, item in enumerate(node.items):
            self.places[(rule.key, index)] = (item.line, item.path)
            value = self.text(rule, item)
            if value is not None and value in values:
                self.wrong(item, f"'{excerpt(item.text) if isinstance(item, Text) else ''}' stands twice")
            values[value] = None
        return tuple(values)

    def mapping(self, rule: Field, node: Node) -> dict[str, Any]:
        if not isinstance(node, Table):
            self.wrong(node, f"expected a mapping ({rule.rule.what}), found a {_shape(node)}")
            return {}
        if not node.entries:
            self.wrong(node, "the mapping is empty")
        if len(node.entries) > MOST:
            self.wrong(node, f"holds more than {MOST} entries")
            return {}
        values: dict[str, Any] = {}
        for key, value in node.entries:
            if key.text in values:
                self.wrong(key, "stands twice")
                continue
            self.places[(rule.key, key.text)] = (key.line, key.path)
            try:
                if rule.rule.read_key is not None:
                    rule.rule.read_key(key.text)
            except ValueError as error:
                self.wrong(key, f"{error}, found '{excerpt(key.text)}'")
                continue
            values[key.text] = self.text(rule, value, key.text)
        return values


def _shape(node: Node) -> str:
    return "text" if isinstance(node, Text) else "list" if isinstance(node, Listing) else "mapping"
