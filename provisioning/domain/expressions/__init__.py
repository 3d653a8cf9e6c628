"""The mapping expression language: Entra's provisioning expressions, compiled once per profile.

    compiled = compile_expression('Join(" ", [first], [last])')
    compiled.evaluate({"first": "Ada", "last": "Byron"})  # "Ada Byron"

Parsing raises ParseError only, evaluating EvaluationError only.
"""

from provisioning.domain.expressions.compiler import CompiledExpression, compile_expression
from provisioning.domain.expressions.errors import (
    EvaluationError,
    ExpressionError,
    ParseError,
)
from provisioning.domain.expressions.parser import MAX_DEPTH, MAX_LENGTH, parse
from provisioning.domain.expressions.registry import FUNCTIONS, nearest
from provisioning.domain.expressions.signature import Function
from provisioning.domain.expressions.tree import to_source
from provisioning.domain.expressions.values import IGNORED, Ignored, Value, to_text

__all__ = [
    "FUNCTIONS",
    "IGNORED",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "CompiledExpression",
    "EvaluationError",
    "ExpressionError",
    "Function",
    "Ignored",
    "ParseError",
    "Value",
    "compile_expression",
    "nearest",
    "parse",
    "to_source",
    "to_text",
]
