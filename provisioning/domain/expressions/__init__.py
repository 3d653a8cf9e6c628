"""The mapping expression language: Entra's provisioning expressions, compiled once per profile.

    compiled = compile_expression('Join(" ", [first], [last])')
    compiled.evaluate({"first": "Ada", "last": "Byron"})  # "Ada Byron"

Parsing raises ParseError only, evaluating EvaluationError only.
"""

from provisioning.domain.expressions.compiler import (
    CompiledExpression,
    compile_expression,
    compile_together,
    select_unique,
)
from provisioning.domain.expressions.context import CONTEXT, Context
from provisioning.domain.expressions.errors import (
    EvaluationError,
    ExpressionError,
    ParseError,
    SlowPatternError,
)
from provisioning.domain.expressions.help import FunctionHelp, function_help
from provisioning.domain.expressions.parser import MAX_DEPTH, MAX_LENGTH, parse
from provisioning.domain.expressions.registry import FUNCTIONS, nearest
from provisioning.domain.expressions.signature import Function
from provisioning.domain.expressions.tree import to_source
from provisioning.domain.expressions.trial import misspelt_attributes
from provisioning.domain.expressions.values import IGNORED, Ignored, Value, to_text

__all__ = [
    "CONTEXT",
    "FUNCTIONS",
    "IGNORED",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "CompiledExpression",
    "Context",
    "EvaluationError",
    "ExpressionError",
    "Function",
    "FunctionHelp",
    "Ignored",
    "ParseError",
    "SlowPatternError",
    "Value",
    "compile_expression",
    "compile_together",
    "function_help",
    "misspelt_attributes",
    "nearest",
    "parse",
    "select_unique",
    "to_source",
    "to_text",
]
