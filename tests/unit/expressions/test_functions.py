"""Each function's value, row by row: null, empty, lists, Unicode, omitted arguments."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta, timezone

import pytest

from provisioning.domain.expressions import (
    FUNCTIONS,
    EvaluationError,
    ParseError,
    compile_expression,
    parse,
    to_text,
)
from provisioning.domain.expressions.tree import Call, walk
from tests.unit.expressions.rows import (
    creating,
    dateformats,
    dates,
    lists,
    logic,
    replacing,
    text,
)
from tests.unit.expressions.rows.record import RECORD, Fails, Matches, Refused, context

MODULES = (creating, dateformats, dates, lists, logic, replacing, text)
ROWS = [row for module in MODULES for row in module.ROWS]

# How a row shows that it is about null, empty text, a list, or more than ASCII.
KINDS = {
    "null": re.compile(r"\[absent\]|\[null\]|,\s*[,)]|\(\s*,"),
    "empty": re.compile(r'\[empty\]|""'),
    "list": re.compile(r"\[names\]|Split\("),
    "unicode": re.compile(r"[^\x00-\x7f]|\[(?:first|last|emoji|turkish|names)\]"),
}


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_value(expression, expected):
    if isinstance(expected, Refused):
        with pytest.raises(ParseError) as refused:
            compile_expression(expression)
        assert refused.value.message.startswith(expected.message)
        return
    compiled = compile_expression(expression)
    if isinstance(expected, Fails):
        with pytest.raises(EvaluationError) as failed:
            compiled.evaluate(RECORD, context())
        assert str(failed.value).startswith(expected.message)
        return
    value = compiled.evaluate(RECORD, context())
    if isinstance(expected, Matches):
        assert re.fullmatch(expected.pattern, value)
        return
    assert value == expected
    assert type(value) is type(expected)


def rows_by_function():
    """The rows whose outermost function it is; without parameters, those where it stands at all."""
    found = defaultdict(list)
    for expression, _ in ROWS:
        tree = parse(expression)
        names = {node.name for node in walk(tree) if isinstance(node, Call) and not node.arguments}
        for name in names | ({tree.name} if isinstance(tree, Call) else set()):
            found[name].append(expression)
    return found


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_every_function_has_rows_of_every_kind(function):
    rows = rows_by_function()[function.name]
    assert len(rows) >= 4
    if function.parameters:
        missing = {
            kind for kind, shows in KINDS.items() if not any(shows.search(row) for row in rows)
        }
        assert not missing


FORMAT_LETTERS = "y{1,4} M{1,4} d{1,4} H{1,2} h{1,2} m{1,2} s{1,2} f{1,7} F{1,7} t{1,2} z{1,3} K g"


@pytest.mark.parametrize("which", ["WRITTEN", "READ"])
def test_every_letter_of_a_date_format_is_written_and_read(which):
    formats = [row[0] if which == "WRITTEN" else row[1] for row in getattr(dateformats, which)]
    # A letter alone is a standard format, which says nothing about the letter.
    runs = {
        run[0] for each in formats if len(each) > 1 for run in re.finditer(r"([a-zA-Z])\1*", each)
    }
    for letters in FORMAT_LETTERS.split():
        letter, _, times = letters.partition("{1,")
        for count in range(1, int(times.rstrip("}") or 1) + 1):
            assert letter * count in runs, letter * count


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "True"),
        (False, "False"),
        (1.0, "1"),
        (1e22, "10000000000000000000000"),
        (0.1, "0.1"),
        (datetime(2026, 3, 1, 0, 5, 9, tzinfo=UTC), "3/1/2026 12:05:09 AM"),
        (datetime(2026, 12, 31, 13, 0, 0), "12/31/2026 1:00:00 PM"),  # noqa: DTZ001 - naive is UTC
        # Another offset is turned into UTC: it is still the day before.
        (datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2/28/2026 11:00:00 PM"),
    ],
)
def test_text_of_a_value(value, text):
    assert to_text(value) == text


def test_dates_compare_as_dates():
    # As text "10/..." would sort before "9/...".
    early, late = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    compiled = compile_expression("IIF([a]<[b], 1, 2)")
    assert compiled.evaluate({"a": early, "b": late}) == 1


def test_without_a_job_there_is_no_clock():
    with pytest.raises(EvaluationError, match="Now: it needs the clock"):
        compile_expression("Append(Now(), 1)").evaluate({})
