"""One YAML document as a tree of texts with their places. Nothing here knows what a policy is.

All scalars are texts: no word, number or date is turned into anything else. What YAML can do beyond plain lists and
mappings of texts (anchors, aliases, tags, directives, several documents) is refused, all of it at once. Any bytes end
in a tree or in faults, in bounded time: size and characters are looked at before the parser is, and depth and count
while its events come in, without recursion.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import yaml

from vtspolicy.policy.syntax import excerpt, explained, odd_characters

LIMIT = 1_000_000
"""Largest file, bytes."""
DEPTH = 20
"""Deepest nesting."""
COUNT = 50_000
"""Most texts, lists and mappings in one file."""
FAULTS = 100
"""Faults of one file that are told; behind them stands that there are more."""
WHOLE_FILE = "file"
"""The path of a fault that belongs to no key."""


class Fault(NamedTuple):
    """Something that is wrong: the line (the first is 1), the path to the value, a sentence."""

    line: int
    path: str
    message: str


class Text(NamedTuple):
    """A scalar, and where it stands: lines from 1, columns from 0, the end behind its last character."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    plain: bool
    """Written without quotes."""


class Listing(NamedTuple):
    """A sequence. Without brackets it ends where its last item does."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    items: tuple[Node, ...]


class Table(NamedTuple):
    """A mapping in the order of the file, duplicates included. Without brackets it ends where its last value does."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    entries: tuple[tuple[Text, Node], ...]
    flow: bool
    """Written with { }."""


Node: TypeAlias = Text | Listing | Table


class Document(NamedTuple):
    """What a file holds."""

    root: Node | None
    faults: tuple[Fault, ...]
    whole: bool
    """False where reading ended early: then the root holds what stood in front of that."""


def read_document(data: bytes) -> Document:
    """The tree of a file's bytes, or what is wrong with them."""
    if len(data) > LIMIT:
        return _refused(1, f"larger than {LIMIT} bytes")
    if data.startswith(b"\xef\xbb\xbf"):
        return _refused(1, "begins with a byte order mark; save it as UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _refused(data.count(b"\n", 0, error.start) + 1, "is not UTF-8")
    rows = text.split("\n")
    faults: list[Fault] = []
    for line, message in odd_characters(rows):
        if not tell(faults, Fault(line, WHOLE_FILE, message)):
            break
    directives = [line for line, row in enumerate(rows, 1) if row.startswith("%")]
    if directives:
        faults.append(Fault(directives[0], WHOLE_FILE, "a line that begins with % is a directive; none is allowed"))
        return Document(None, tuple(faults), False)
    builder = _Builder(text, rows)
    if faults:  # the parser would stumble over the same characters; only what the file is about is of use
        builder.build()
        return Document(builder.root, tuple(faults), False)
    builder.build()
    if not text.endswith("\n"):
        builder.faults.append(Fault(len(rows), WHOLE_FILE, "is empty" if not text else
                                    "the last line has no end; the file may be cut"))
    elif builder.root is None and not builder.faults:
        builder.fault(1, WHOLE_FILE, "holds no policy")
    return Document(builder.root, tuple(builder.faults), builder.whole)


def tell(faults: list[Fault], fault: Fault) -> bool:
    """Add a fault. Of too many, the last says that there are more; False then."""
    if len(faults) > FAULTS:
        return False
    if len(faults) == FAULTS:
        fault = Fault(fault.line, WHOLE_FILE, "more is wrong from here on; repair this first")
    faults.append(fault)
    return len(faults) <= FAULTS


def _refused(line: int, message: str) -> Document:
    return Document(None, (Fault(line, WHOLE_FILE, message),), False)


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("event", "items", "key", "path")

    def __init__(self, event: Any, path: str) -> None:
        self.event = event
        self.path = path
        self.items: list[Any] = []
        self.key: Text | None = None


class _Builder:
    """Makes the tree from the parser's events."""

    def __init__(self, text: str, rows: list[str]) -> None:
        self.text = text
        self.rows = rows
        self.root: Node | None = None
        self.faults: list[Fault] = []
        self.whole = True
        self.open: list[_Open] = []
        self.count = 0

    def fault(self, line: int, path: str, message: str) -> None:
        tell(self.faults, Fault(line, path or WHOLE_FILE, message))

    def build(self) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            for event in yaml.parse(self.text, Loader=loader):
                if not self.take(event):
                    self.whole = False
                    break
        except yaml.YAMLError as error:
            self.whole = False
            line, message = explained(error, self.rows)
            self.fault(line, "", message)
        told = len(self.faults)
        while self.open:  # only after an early end: what stood in front of it is kept
            self.close(None)
        del self.faults[told:]

    def take(self, event: Any) -> bool:
        """Add one event. False to read no further."""
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                if self.root is not None:
                    self.fault(line, "", "a second document begins; one policy, one file")
                    return False
            case yaml.AliasEvent():
                path = self.path()
                self.fault(line, path, f"an alias (*{excerpt(event.anchor or '')}) is not allowed; "
                                       "quote a text that begins with *")
                self.add(self.text_of(event, path, "", False))
            case yaml.ScalarEvent():
                path = self.path(event.value)
                self.plain_only(event, path)
                plain = event.style in (None, "")
                self.add(self.text_of(event, path, event.value, plain))
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                path = self.path()
                self.plain_only(event, path)
                if len(self.open) >= DEPTH:
                    self.fault(line, "", f"nested deeper than {DEPTH}")
                    return False
                self.open.append(_Open(event, path))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.close(event)
        self.count += 1
        if self.count > COUNT:
            self.fault(line, "", f"holds more than {COUNT} values")
            return False
        return True

    def plain_only(self, event: Any, path: str) -> None:
        line = event.start_mark.line + 1
        if event.anchor is not None:
            self.fault(line, path, f"an anchor (&{excerpt(event.anchor)}) is not allowed")
        if event.tag is not None:
            self.fault(line, path, f"a tag ({excerpt(event.tag)}) is not allowed")

    def path(self, key: str = "") -> str:
        """The path of the node that comes next. `key` is its text, should it be a mapping's key."""
        if not self.open:
            return ""
        top = self.open[-1]
        if isinstance(top.event, yaml.SequenceStartEvent):
            return f"{top.path}[{len(top.items) + 1}]"
        if top.key is not None:
            return top.key.path
        return (f"{top.path}." if top.path else "") + excerpt(key)

    def text_of(self, event: Any, path: str, text: str, plain: bool) -> Text:
        start, end = event.start_mark, event.end_mark
        first = min(start.line + 1, len(self.rows))  # an empty text may stand behind the end
        line, column = end.line + 1, end.column
        while column == 0 and line > start.line + 1:  # a block text's mark is where the next text begins
            # Among odd characters, which are faults of their own, may be line ends that only the parser counts.
            row = self.rows[line - 2] if line - 2 < len(self.rows) else ""
            line, column = line - 1, len(row.rstrip(" "))
        return Text(path, first, start.column, line, column, text, plain)

    def add(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        top = self.open[-1]
        if isinstance(top.event, yaml.SequenceStartEvent):
            top.items.append(node)
        elif top.key is not None:
            top.items.append((top.key, node))
            top.key = None
        elif isinstance(node, Text):
            top.key = node
        else:
            self.fault(node.line, top.path, "a list or a mapping cannot be a key")
            self.whole = False
            top.key = Text(top.path, node.line, node.column, node.end_line, node.end_column, "", False)

    def close(self, event: Any) -> None:
        """End the innermost list or mapping: where its bracket stands, or with its last text."""
        done = self.open.pop()
        start = done.event.start_mark
        end_line, end_column = start.line + 1, start.column
        if done.event.flow_style and event is not None:
            end_line, end_column = event.end_mark.line + 1, event.end_mark.column
        elif done.items:
            last = done.items[-1]
            last = last if isinstance(done.event, yaml.SequenceStartEvent) else last[1]
            end_line, end_column = last.end_line, last.end_column
        place = (done.path, start.line + 1, start.column, end_line, end_column)
        if isinstance(done.event, yaml.SequenceStartEvent):
            self.add(Listing(*place, tuple(done.items)))
        else:
            self.add(Table(*place, tuple(done.items), bool(done.event.flow_style)))
