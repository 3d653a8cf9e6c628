"""YAML as a tree that knows where everything stands; pure.

Only what is plain data is read: no tags, no anchors and aliases (so no document that grows while
it is read), one document, no key twice. Every scalar stays the text that was written: `no`, `007`
and `2026-03-01` are texts, whatever a version of YAML makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

MAX_BYTES = 512 * 1024
"""Bytes of one file; a profile of 200 long rules has a tenth of that."""
MAX_DEPTH = 32
MAX_NODES = 20_000


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong at a place of a file; line and column are 1-based, `caret` may show it."""

    line: int
    column: int
    message: str
    target: str = ""
    caret: str = ""

    def __str__(self) -> str:
        said = f"{self.target}: {self.message}" if self.target else self.message
        return f"line {self.line}, column {self.column}: {said}"


class FileError(Exception):
    """A file cannot be used; `problems` holds all that is wrong with it."""

    def __init__(self, problems: list[FileProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(sorted(problems, key=lambda each: (each.line, each.column)))


@dataclass(slots=True)
class Scalar:
    """One text; `style` is None for a plain one, else its quote, | or >."""

    line: int
    column: int
    value: str
    style: str | None = None

    @property
    def absent(self) -> bool:
        """Whether nothing is written here: `key:`, `key: ~` or `key: null`."""
        return self.style is None and self.value in ("", "~", "null")


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """Values by key, in the order of the text."""

    line: int
    column: int
    items: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Scalar] = field(default_factory=dict)


Node: TypeAlias = Scalar | Sequence | Table


def decode(data: bytes) -> str:
    """The text of a file; raises FileError when it is too large or no UTF-8."""
    if len(data) > MAX_BYTES:
        raise FileError([FileProblem(1, 1, f"the file is larger than {MAX_BYTES // 1024} KiB")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].split(b"\n")
        problem = "this is no UTF-8: save the file as UTF-8"
        raise FileError([FileProblem(len(before), len(before[-1]) + 1, problem)]) from None


def compose(text: str) -> Node:
    """The tree of a document; raises FileError."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise FileError([FileProblem(1, 1, f"the file is larger than {MAX_BYTES // 1024} KiB")])
    try:
        return _Builder().build(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        context = f" {error.context}" if error.context else ""
        message = f"this is no YAML{context}: {error.problem}".replace("\n", " ")
        raise FileError([FileProblem(line, column, message)]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position].split("\n")
        message = f"the character U+{ord(text[error.position]):04X} cannot stand in YAML"
        raise FileError([FileProblem(len(before), len(before[-1]) + 1, message)]) from None


class _Builder:
    """Builds the tree from the parser's events, without recursion, under the limits."""

    def __init__(self) -> None:
        self._root: Node | None = None
        self._open: list[Sequence | Table] = []
        self._pending: list[Scalar | None] = []
        self._count = 0

    def build(self, events: Iterator[yaml.Event]) -> Node:
        documents = 0
        for event in events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise _refusal(event, "a file holds one profile: --- begins a second")
            self._take(event)
        if self._root is None:
            raise FileError([FileProblem(1, 1, "the file is empty")])
        return self._root

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal(event, "anchors (&) and aliases (*) are not read: write it out")
        if tag := getattr(event, "tag", None):
            raise _refusal(event, f"tags such as {tag} are not read")
        line, column = _place(event)
        if isinstance(event, yaml.ScalarEvent):
            self._put(Scalar(line, column, event.value, event.style or None), event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._put(Sequence(line, column), event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._put(Table(line, column), event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._pending.pop()

    def _put(self, node: Node, event: yaml.Event) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise _refusal(event, f"the file holds more than {MAX_NODES} values")
        self._attach(node, event)
        if not isinstance(node, Scalar):
            if len(self._open) >= MAX_DEPTH:
                raise _refusal(event, f"this is nested deeper than {MAX_DEPTH}")
            self._open.append(node)
            self._pending.append(None)

    def _attach(self, node: Node, event: yaml.Event) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self._pending[-1]
        if key is not None:
            parent.items[key.value] = node
            self._pending[-1] = None
        elif not isinstance(node, Scalar):
            raise _refusal(event, "a key is a text")
        elif node.value in parent.keys:
            raise _refusal(event, f"{node.value} stands here twice")
        else:
            parent.keys[node.value] = self._pending[-1] = node


def _refusal(event: yaml.Event, message: str) -> FileError:
    return FileError([FileProblem(*_place(event), message)])


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def place_inside(scalar: Scalar, text: str, line: int, column: int) -> tuple[int, int]:
    """Where line and column (1-based) of a scalar's value stand in the file's text.

    Exact for blocks that keep their line breaks and for texts written as they are on one line;
    otherwise the place where the scalar begins.
    """
    lines = text.split("\n")
    if scalar.style == "|":
        indent = _indent_of(scalar, lines)
        return scalar.line + line, indent + column
    quote = 1 if scalar.style in ("'", '"') else 0
    begin = scalar.column - 1 + quote
    written = lines[scalar.line - 1][begin : begin + len(scalar.value)]
    return scalar.line, begin + column if written == scalar.value else scalar.column


def _indent_of(block: Scalar, lines: list[str]) -> int:
    """Columns before the value's first character, in the first line that is not blank."""
    written = next((each for each in lines[block.line :] if each.strip()), "")
    value = next((each for each in block.value.split("\n") if each.strip()), "")
    return max(0, len(written.rstrip("\r")) - len(value))
