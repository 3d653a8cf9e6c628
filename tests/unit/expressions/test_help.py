"""The help of functions, and the page made from it."""

import json
from pathlib import Path

import pytest

from provisioning.domain.expressions import (
    FUNCTIONS,
    ParseError,
    compile_expression,
    function_help,
)
from provisioning.domain.expressions.help import EXAMPLE_RECORD, example_context, help_page
from provisioning.domain.expressions.trial import to_json

PAGE = Path(__file__).parents[3] / "docs" / "expressions.md"


def test_every_function_is_in_the_help():
    assert [each.name for each in function_help()] == list(FUNCTIONS)


@pytest.mark.parametrize("entry", function_help(), ids=lambda entry: entry.name)
def test_the_example_gives_the_value_that_is_shown(entry):
    assert entry.signature.startswith(f"{entry.name}(")
    assert entry.summary.endswith(".")
    assert f"{entry.name}(" in entry.example
    if not FUNCTIONS[entry.name].evaluated:
        with pytest.raises(ParseError) as refused:
            compile_expression(entry.example)
        assert refused.value.message == entry.value
        return
    value = compile_expression(entry.example).evaluate(EXAMPLE_RECORD, example_context())
    assert to_json(value) == json.loads(entry.value)


def test_the_page_is_in_step_with_the_functions():
    command = 'python -c "from provisioning.domain.expressions.help import *; print(help_page())"'
    assert PAGE.read_text(encoding="utf-8") == help_page(), f"write it anew: {command}"
