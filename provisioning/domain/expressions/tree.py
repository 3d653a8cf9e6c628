"""The syntax tree of an expression, and its way back to text.

Nodes are values: two trees are equal when they mean the same, wherever they stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a node begins: 1-based line and column."""

    line: int = 1
    column: int = 1


_START = Position()


class _Printable:
    """`str(node)`, and so `print(node)`, gives the expression's text."""

    __slots__ = ()

    def __str__(self) -> str:
        return to_source(self)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Text(_Printable):
    """A string constant; `value` is without quotes and escapes."""

    value: str
    at: Position = field(default=_START, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number(_Printable):
    """A number; hexadecimal literals are numbers too."""

    value: int | float
    at: Position = field(default=_START, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Word(_Printable):
    """A bare enum word such as vbTextCompare."""

    name: str
    at: Position = field(default=_START, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Attribute(_Printable):
    """`[name]`: a value of the record."""

    name: str
    at: Position = field(default=_START, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Omitted(_Printable):
    """An argument left out between two commas: null. Its place is that of its call."""

    at: Position = field(default=_START, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call(_Printable):
    """`Name(argument, ...)`. One argument that is omitted is the same text as none: `Name()`."""

    name: str
    arguments: tuple[Argument, ...] = ()
    at: Position = field(default=_START, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comparison(_Printable):
    """`left operator right`; legal as the condition of IIF and CBool only."""

    left: Operand
    operator: Operator
    right: Operand
    at: Position = field(default=_START, compare=False, repr=False)


Operand: TypeAlias = Text | Number | Word | Attribute | Call
Node: TypeAlias = Operand | Comparison
Argument: TypeAlias = Node | Omitted


def to_source(node: Argument) -> str:
    """The text of a tree: parsing it gives an equal tree again."""
    match node:
        case Text():
            return quoted(node.value)
        case Number():
            return _number(node.value)
        case Word():
            return node.name
        case Attribute():
            return f"[{node.name}]"
        case Omitted():
            return ""
        case Comparison():
            return f"{to_source(node.left)} {node.operator} {to_source(node.right)}"
        case Call():
            return f"{node.name}({', '.join(map(to_source, node.arguments))})"


def quoted(text: str) -> str:
    """A string constant that stands for the text, with the two escapes of the language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(number: int | float) -> str:
    # The language has no exponents; Decimal writes a float's digits out without changing it.
    text = format(Decimal(repr(number)), "f")
    return text if isinstance(number, int) or "." in text else f"{text}.0"


def walk(node: Argument) -> Iterator[Argument]:
    """The node and everything below it, in the order of the text."""
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from walk(argument)
    elif isinstance(node, Comparison):
        yield from walk(node.left)
        yield from walk(node.right)
