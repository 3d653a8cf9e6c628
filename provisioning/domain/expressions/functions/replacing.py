"""Replace: five functions in one, told apart by which arguments are present."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.patterns import (
    PatternError,
    compile_pattern,
    find_group,
    replace_group,
    substitution,
)
from provisioning.domain.expressions.signature import Function, Operand, RefusalError, lazy
from provisioning.domain.expressions.values import (
    MAX_TEXT,
    Evaluator,
    Record,
    Value,
    to_text,
    too_large,
)

_NAMES = (
    "oldValue",
    "regexPattern",
    "regexGroupName",
    "replacementValue",
    "replacementAttribute",
    "template",
)
# The values of the form's arguments, in the order of _NAMES, to the result.
_Form: TypeAlias = Callable[..., Value]


def _plain(source: Value, old: str, replacement: str) -> Value:
    """Every old value; an empty one replaces nothing."""
    if source is None or not old:
        return source
    text = to_text(source)
    if len(text) + text.count(old) * len(replacement) > MAX_TEXT:
        raise too_large()
    return text.replace(old, replacement)


def _template(source: Value, old: str, template: str) -> Value:
    """The template with the source put in for old; null without a source."""
    return None if source is None else _plain(template, old, to_text(source))


def _by_pattern(source: Value, pattern: str, replacement: str) -> Value:
    return None if source is None else substitution(pattern, replacement)(to_text(source))


def _by_group(source: Value, pattern: str, group: str, replacement: str) -> Value:
    if source is None:
        return None
    compiled = compile_pattern(pattern)
    index = compiled.required_group(group)
    return replace_group(compiled, index, replacement, to_text(source))


def _from_attribute(source: Value, pattern: str, group: str, attribute: str) -> Value:
    """The source if it has a value, otherwise the group's match in the other attribute."""
    if to_text(source):
        return source
    compiled = compile_pattern(pattern)
    return find_group(compiled, compiled.required_group(group), attribute)


_FORMS: dict[tuple[str, ...], _Form] = {
    ("oldValue", "replacementValue"): _plain,
    ("oldValue", "template"): _template,
    ("regexPattern", "replacementValue"): _by_pattern,
    ("regexPattern", "regexGroupName", "replacementValue"): _by_group,
    ("regexPattern", "regexGroupName", "replacementAttribute"): _from_attribute,
}


@lazy(
    "Replace(source, oldValue?, regexPattern?, regexGroupName?, replacementValue?, "
    "replacementAttribute?, template?)",
    "oldValue with replacementValue: every oldValue is replaced. oldValue with template: source is "
    "put into the template. regexPattern with replacementValue: every match is replaced, ${name} "
    "stands for a group. With regexGroupName: only that group is replaced; with "
    "replacementAttribute: source, or that group's match in the other attribute.",
    'Replace([mail], , "(?<name>.*)@(?<domain>.*)", , "${name}@customer.example", , )',
)
def replace(operands: Sequence[Operand]) -> Evaluator:
    """The form is fixed when the expression is compiled, and constant patterns are checked then."""
    source, *rest = operands
    given = {name: operand for name, operand in zip(_NAMES, rest, strict=True)}  # noqa: C416
    present = {name: operand for name, operand in given.items() if not operand.omitted}
    form = _FORMS.get(tuple(present))
    if form is None:
        raise RefusalError(_wrong_form(tuple(present)), source.node.at)
    _check_constants(present)
    constants = [operand.constant for operand in present.values()]
    texts = [text for text in constants if text is not None]
    if len(texts) == len(constants):
        return _run_constant(form, source.evaluate, texts)
    return _run(form, source.evaluate, [operand.evaluate for operand in present.values()])


def _wrong_form(present: tuple[str, ...]) -> str:
    forms = "; ".join(" + ".join(form) for form in _FORMS)
    given = " + ".join(present) or "none of them"
    return f"Replace takes one of these sets of arguments: {forms} (given: {given})"


def _run_constant(form: _Form, source: Evaluator, texts: list[str]) -> Evaluator:
    # Everything but the source was checked when the expression was compiled.
    return lambda record: form(source(record), *texts)


def _run(form: _Form, source: Evaluator, rest: list[Evaluator]) -> Evaluator:
    def run(record: Record) -> Value:
        try:
            return form(source(record), *[to_text(argument(record)) for argument in rest])
        except PatternError as error:
            raise EvaluationError(str(error)) from None

    return run


def _check_constants(present: dict[str, Operand]) -> None:
    """Say what is wrong with a constant pattern, group or replacement before any record comes."""
    constants = {name: operand.constant for name, operand in present.items()}
    pattern_text = constants.get("regexPattern")
    if pattern_text is None:
        return
    checked = "regexPattern"
    try:
        pattern = compile_pattern(pattern_text)
        group = constants.get("regexGroupName")
        if group is not None:
            checked = "regexGroupName"
            pattern.required_group(group)
        replacement = constants.get("replacementValue")
        if replacement is not None and "regexGroupName" not in present:
            checked = "replacementValue"
            substitution(pattern_text, replacement)
    except PatternError as error:
        raise RefusalError(str(error), present[checked].node.at) from None


FUNCTIONS: tuple[Function, ...] = (replace,)
