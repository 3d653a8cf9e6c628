"""From syntax tree to closures: compiled once per profile version, then called once per record."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from provisioning.domain.expressions.checker import bound, check, refused
from provisioning.domain.expressions.closures import (
    OPERATORS,
    comparison,
    comparison_with,
    constant,
    named,
    strict_call,
)
from provisioning.domain.expressions.context import CONTEXT, Context
from provisioning.domain.expressions.functions.logic import FlowIgnored
from provisioning.domain.expressions.memory import Memory
from provisioning.domain.expressions.parser import parse
from provisioning.domain.expressions.registry import FUNCTIONS, WORDS
from provisioning.domain.expressions.signature import Operand, RefusalError
from provisioning.domain.expressions.tree import (
    Argument,
    Attribute,
    Call,
    Comparison,
    Node,
    Number,
    Omitted,
    Text,
    Word,
    to_source,
    walk,
)
from provisioning.domain.expressions.values import (
    IGNORED,
    Evaluator,
    Ignored,
    Record,
    Value,
)


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """An expression ready to be evaluated, and what it reads."""

    source: str
    tree: Node
    attributes: frozenset[str]
    redacted: bool
    """Whether plans, reports and logs must show [Redact] instead of the value."""
    volatile: bool
    """Whether the value differs each time (Guid, RandomString): for creation only."""
    clocked: bool
    """Whether the value depends on the job's clock (Now)."""
    alternatives: tuple[CompiledExpression, ...]
    """The rules of SelectUniqueValue in their order, otherwise nothing."""
    reader: Callable[[Record], Value | Ignored] = field(repr=False, compare=False)
    """`evaluate` for a record that carries its context under CONTEXT already."""

    def evaluate(self, record: Record, context: Context | None = None) -> Value | Ignored:
        """The value for one record; an absent attribute is null.

        Returns IGNORED when IgnoreFlowIfNullOrEmpty dropped the attribute. Raises EvaluationError.
        """
        return self.reader(record if context is None else {**record, CONTEXT: context})


def compile_expression(expression: str | Node) -> CompiledExpression:
    """Parse (a text), check and compile an expression. Raises ParseError."""
    # A tree is printed and read again, so that errors point into a text that exists.
    text = expression if isinstance(expression, str) else to_source(expression)
    return _built(text, checked_tree(text), Memory())


def compile_together(texts: Sequence[str]) -> list[CompiledExpression]:
    """Compile expressions that are evaluated on the same record, one after the other.

    What several of them contain is evaluated once. The record must be a dict of its own for each
    round: it keeps those values. Raises ParseError.
    """
    trees = [checked_tree(text) for text in texts]
    memory = Memory(trees)
    return [_built(text, tree, memory) for text, tree in zip(texts, trees, strict=True)]


def checked_tree(text: str) -> Node:
    """The tree of a text that names only what exists. Raises ParseError."""
    tree = parse(text)
    check(tree, text)
    return tree


def select_unique(
    expression: CompiledExpression,
    record: Record,
    context: Context,
    taken: Callable[[str], bool],
) -> Value | Ignored:
    """The first value of a SelectUniqueValue that is not taken. Raises EvaluationError."""
    return expression.evaluate(record, replace(context, taken=taken))


def _built(text: str, tree: Node, memory: Memory) -> CompiledExpression:
    try:
        evaluate = _Compiler(memory).compiled(tree)
    except RefusalError as refusal:
        raise refused(refusal, text) from None
    nodes = list(walk(tree))
    calls = {node.name for node in nodes if isinstance(node, Call)}
    unique = isinstance(tree, Call) and FUNCTIONS[tree.name].outermost_only
    rules = bound(tree, FUNCTIONS[tree.name]) if isinstance(tree, Call) and unique else ()
    return CompiledExpression(
        source=text,
        tree=tree,
        attributes=frozenset(node.name for node in nodes if isinstance(node, Attribute)),
        redacted="Redact" in calls,
        volatile=any(FUNCTIONS[name].volatile for name in calls),
        clocked=any(FUNCTIONS[name].clocked for name in calls),
        alternatives=tuple(
            _built(to_source(rule), rule, memory) for rule in rules if not isinstance(rule, Omitted)
        ),
        reader=_catching(evaluate) if "IgnoreFlowIfNullOrEmpty" in calls else evaluate,
    )


def _catching(evaluate: Evaluator) -> Callable[[Record], Value | Ignored]:
    def read(record: Record) -> Value | Ignored:
        try:
            return evaluate(record)
        except FlowIgnored:
            return IGNORED

    return read


class _Compiler:
    """Builds the closures of one tree."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def compiled(self, node: Argument) -> Evaluator:
        """The closure that gives the node's value."""
        match node:
            case Text() | Number():
                return constant(node.value)
            case Word():
                return constant(WORDS[node.name])
            case Omitted():
                return constant(None)
            case Attribute():
                # A C callable: the quickest way to read one column.
                return operator.methodcaller("get", node.name)
            case Comparison():
                left, right = self.compiled(node.left), self.compiled(node.right)
                compare = OPERATORS[node.operator]
                if isinstance(node.right, Text | Number):
                    return comparison_with(left, node.right.value, compare)
                return comparison(left, right, compare)
            case Call():
                return self._memory.remembering(node, self._call(node))

    def _call(self, call: Call) -> Evaluator:
        function = FUNCTIONS[call.name]
        nodes = bound(call, function)
        if function.strict is not None:
            return strict_call(
                call.name, function.strict, nodes, [self.compiled(node) for node in nodes]
            )
        if function.lazy is None:
            raise RefusalError(function.refusal, call.at)
        operands = [Operand(node, self.compiled(node)) for node in nodes]
        return named(call.name, function.lazy(operands))
