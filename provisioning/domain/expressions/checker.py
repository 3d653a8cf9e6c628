"""What the grammar cannot say: names, numbers of arguments, and where things may stand."""

from __future__ import annotations

from provisioning.domain.expressions.errors import ParseError
from provisioning.domain.expressions.registry import FUNCTIONS, WORDS, nearest
from provisioning.domain.expressions.signature import Function, RefusalError
from provisioning.domain.expressions.tree import (
    Argument,
    Call,
    Comparison,
    Node,
    Omitted,
    Word,
)


def check(tree: Node, text: str) -> None:
    """Raise ParseError for the first thing in the text that is not allowed."""
    try:
        _check(tree, condition=False, outermost=True)
    except RefusalError as refusal:
        raise refused(refusal, text) from None


def refused(refusal: RefusalError, text: str) -> ParseError:
    """The refusal as the error people see."""
    return ParseError(refusal.message, text, refusal.at.line, refusal.at.column)


def bound(call: Call, function: Function) -> tuple[Argument, ...]:
    """The call's arguments, one per parameter: omitted ones are added, needless ones dropped."""
    arguments, most = list(call.arguments), function.maximum
    if most is None:
        return tuple(arguments)
    while len(arguments) > most and isinstance(arguments[-1], Omitted):
        arguments.pop()
    return (*arguments, *[Omitted(call.at)] * (most - len(arguments)))


def _check(node: Argument, *, condition: bool, outermost: bool) -> None:
    if isinstance(node, Comparison):
        _check_comparison(node, condition)
    elif isinstance(node, Word):
        _check_word(node)
    elif isinstance(node, Call):
        _check_call(node, outermost)


def _check_comparison(node: Comparison, condition: bool) -> None:
    if not condition:
        message = (
            f"a comparison ({node.operator}) stands only as the condition of IIF or inside CBool"
        )
        raise RefusalError(f"{message}: write CBool(...) around it", node.at)
    _check(node.left, condition=False, outermost=False)
    _check(node.right, condition=False, outermost=False)


def _check_word(node: Word) -> None:
    if node.name in WORDS:
        return
    near = nearest(node.name, WORDS)
    hint = f"did you mean {near}?" if near else "an attribute is written [name], a string in quotes"
    if node.name in FUNCTIONS:
        hint = f"a function is called: {FUNCTIONS[node.name].signature}"
    raise RefusalError(f"unknown word {node.name}: {hint}", node.at)


def _check_call(call: Call, outermost: bool) -> None:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise RefusalError(_unknown(call.name), call.at)
    if function.outermost_only and not outermost:
        raise RefusalError(f"{call.name} must be the outermost function", call.at)
    if not function.evaluated:
        raise RefusalError(function.refusal, call.at)
    _check_count(call, function)
    for index, argument in enumerate(call.arguments):
        condition = function.takes_condition and index == 0
        _check(argument, condition=condition, outermost=False)


def _unknown(name: str) -> str:
    near = nearest(name, FUNCTIONS)
    if near is None:
        return f"unknown function {name}"
    if near.lower() == name.lower():
        return f"unknown function {name}: it is spelled {near} (upper and lower case matter)"
    return f"unknown function {name}: did you mean {near}?"


def _check_count(call: Call, function: Function) -> None:
    count = len(bound(call, function))
    if len(call.arguments) < function.minimum:
        raise RefusalError(_wrong_count(call, function, "too few"), call.at)
    if function.maximum is not None and count > function.maximum:
        raise RefusalError(_wrong_count(call, function, "too many"), call.at)


def _wrong_count(call: Call, function: Function, how: str) -> str:
    given = len(call.arguments)
    return f"{how} arguments for {call.name} ({given} given): {function.signature}"
