"""Values that differ each time or hang on the directory: where a profile may use them; pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Protocol

from provisioning.domain.expressions import (
    FUNCTIONS,
    CompiledExpression,
    ParseError,
    compile_expression,
)
from provisioning.domain.expressions.tree import Call, walk


class MappedRule(Protocol):
    """What is asked of a profile's rule."""

    @property
    def target(self) -> str:
        """Path of the attribute."""

    @property
    def kind(self) -> str:
        """column, constant or expression."""

    @property
    def text(self) -> str:
        """The expression."""

    @property
    def once(self) -> bool:
        """Whether it applies only when an account is created."""


def creation_problems(
    rules: Iterable[MappedRule], matching: Container[str]
) -> Iterator[tuple[str, str]]:
    """Target and message of every rule that uses such a function where it must not.

    `matching` are the attributes that find existing accounts.
    """
    for rule in rules:
        if rule.kind != "expression":
            continue
        try:
            compiled = compile_expression(rule.text)
        except ParseError:
            continue  # said elsewhere, with its place
        if not rule.once:
            yield from ((rule.target, message) for message in _always(compiled))
        if compiled.alternatives and rule.target in matching:
            message = "finds existing accounts (matching), so SelectUniqueValue cannot make it"
            yield rule.target, f"{message}: no account would ever be found again"


def _always(compiled: CompiledExpression) -> Iterator[str]:
    calls = {node.name for node in walk(compiled.tree) if isinstance(node, Call)}
    only = 'let the rule apply only when an account is created ("when": "create")'
    for name in sorted(calls):
        if FUNCTIONS[name].volatile:
            reason = "gives another value each time and would change everyone on every run"
            yield f"{name} {reason}: {only}"
    if compiled.alternatives:
        yield f"SelectUniqueValue looks for a value that no account has yet: {only}"
