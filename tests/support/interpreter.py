"""The mapping language evaluated the plain way, node by node: what the compiled form must equal.

Shares the functions of the language with the compiler and nothing else of it.
"""

from datetime import datetime

from provisioning.domain.expressions import CONTEXT, FUNCTIONS, IGNORED, parse
from provisioning.domain.expressions.functions.logic import FlowIgnored
from provisioning.domain.expressions.registry import WORDS
from provisioning.domain.expressions.signature import Operand
from provisioning.domain.expressions.tree import (
    Attribute,
    Call,
    Comparison,
    Number,
    Omitted,
    Text,
    Word,
)
from provisioning.domain.expressions.values import to_number, to_text, to_utc


def interpret(text, record, context):
    """The value of a text that the compiler accepts. Raises EvaluationError."""
    try:
        return _value(parse(text), {**record, CONTEXT: context})
    except FlowIgnored:
        return IGNORED


def _value(node, record):
    match node:
        case Omitted():
            return None
        case Text() | Number():
            return node.value
        case Word():
            return WORDS[node.name]
        case Attribute():
            return record.get(node.name)
        case Comparison():
            return _compare(node.operator, _value(node.left, record), _value(node.right, record))
        case Call():
            return _call(node, record)
    raise TypeError(node)


def _call(call, record):
    function = FUNCTIONS[call.name]
    arguments = list(call.arguments)
    if not function.repeats:
        wanted = len(function.parameters)
        arguments = (arguments + [Omitted(call.at)] * wanted)[:wanted]
    if function.strict:
        return function.strict(*[_value(argument, record) for argument in arguments])
    operands = [
        Operand(argument, lambda row, argument=argument: _value(argument, row))
        for argument in arguments
    ]
    return function.lazy(operands)(record)


def _compare(operator, left, right):
    if left is None or right is None:
        return False
    if isinstance(left, datetime) and isinstance(right, datetime):
        left, right = to_utc(left), to_utc(right)
    elif to_number(left) is not None and to_number(right) is not None:
        left, right = to_number(left), to_number(right)
    else:
        left, right = to_text(left), to_text(right)
    if operator == "=":
        return left == right
    if operator == "<>":
        return left != right
    if operator in ("<", "<="):
        return left < right or (operator == "<=" and left == right)
    return left > right or (operator == ">=" and left == right)
