"""What a function of the language is: its signature, its help text, and how it is evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from provisioning.domain.expressions.tree import Argument, Omitted, Position, Text
from provisioning.domain.expressions.values import Evaluator, Value

_SIGNATURE = re.compile(r"(?P<name>\w+)\((?P<parameters>[^)]*)\)")


class RefusalError(Exception):
    """A function cannot be built from these arguments; the compiler makes a ParseError of it."""

    def __init__(self, message: str, at: Position) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


@dataclass(frozen=True, slots=True)
class Operand:
    """One argument handed to a lazy function: its node and the closure that evaluates it."""

    node: Argument
    evaluate: Evaluator

    @property
    def omitted(self) -> bool:
        """Whether nothing stood between the commas."""
        return isinstance(self.node, Omitted)

    @property
    def constant(self) -> str | None:
        """The text, if the argument is a string constant."""
        return self.node.value if isinstance(self.node, Text) else None


Builder: TypeAlias = Callable[[Sequence[Operand]], Evaluator]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    One of three: `strict` is called with its arguments' values (one per parameter, None where
    omitted); `lazy` gets the arguments unevaluated and returns the closure; with neither the
    function is only known by name, and `refusal` says why it is not evaluated.
    """

    name: str
    parameters: tuple[str, ...]
    repeats: bool
    doc: str
    example: str
    strict: Callable[..., Value] | None = None
    lazy: Builder | None = None
    refusal: str = ""
    takes_condition: bool = False
    outermost_only: bool = False
    volatile: bool = False
    """Differs each time: used where an account is created only."""
    clocked: bool = False
    """Reads the job's clock."""

    @property
    def signature(self) -> str:
        """As help texts print it; `?` marks what may be left out."""
        more = ", ..." if self.repeats else ""
        return f"{self.name}({', '.join(self.parameters)}{more})"

    @property
    def evaluated(self) -> bool:
        """Whether the portal can evaluate it."""
        return self.strict is not None or self.lazy is not None

    @property
    def minimum(self) -> int:
        """The fewest arguments."""
        return sum(not parameter.endswith("?") for parameter in self.parameters)

    @property
    def maximum(self) -> int | None:
        """The most arguments; None when there is no upper bound."""
        return None if self.repeats else len(self.parameters)


def describe(signature: str, doc: str, example: str = "", **kind: Any) -> Function:
    """A function from its printed signature, e.g. "InStr(s, find, start?, compareType?)"."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"not a signature: {signature}")
    names = [name.strip() for name in match["parameters"].split(",") if name.strip()]
    repeats = names[-1:] == ["..."]
    parameters = tuple(names[:-1] if repeats else names)
    return Function(match["name"], parameters, repeats, doc, example, **kind)


def strict(signature: str, doc: str, example: str) -> Callable[[Callable[..., Value]], Function]:
    """Make a function of the language of one that takes its arguments' values."""
    return lambda function: describe(signature, doc, example, strict=function)


def lazy(signature: str, doc: str, example: str, **kind: bool) -> Callable[[Builder], Function]:
    """Make a function of the language of one that builds a closure from its arguments.

    `kind` are the flags of Function: takes_condition, outermost_only, volatile, clocked.
    """
    return lambda builder: describe(signature, doc, example, lazy=builder, **kind)
