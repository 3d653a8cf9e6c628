"""Limits: a text or list that grows too large, and patterns that take too long."""

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.expressions import (
    Context,
    EvaluationError,
    SlowPatternError,
    compile_expression,
)
from provisioning.domain.expressions.pattern_cost import clockless_length
from provisioning.domain.expressions.patterns import TIME_LIMIT, compile_pattern
from provisioning.domain.expressions.values import MAX_TEXT, MAX_VALUES

LONG = "é," * (3 * MAX_TEXT // 8)

GROWING = [
    "Append([a], [a])",
    'Join("+", [a], [a])',
    'Join([a], "x", "y", "z", "z")',
    "Append([a], ConvertToUTF8Hex([a]))",
    "ConvertToUTF8Hex([a])",
    "ConvertToBase64([a])",
    'Replace([a], ",", , , "12345", , )',
    'Replace([a], , ",", , "12345", , )',
    'Replace([a], "x", , , , , "x x")',
]


@pytest.mark.parametrize("text", GROWING)
def test_a_text_that_grows_too_long_is_an_error(text):
    with pytest.raises(EvaluationError, match=f"longer than {MAX_TEXT} characters"):
        compile_expression(text).evaluate({"a": LONG})


def test_letters_written_out_do_not_grow_without_limit():
    with pytest.raises(EvaluationError, match=f"longer than {MAX_TEXT}"):
        compile_expression("NormalizeDiacritics([a])").evaluate({"a": "ß" * (MAX_TEXT // 2 + 1)})


def test_a_list_has_a_limit():
    compiled = compile_expression('Count(Split([a], ","))')
    assert compiled.evaluate({"a": "," * (MAX_VALUES - 1)}) == MAX_VALUES
    with pytest.raises(EvaluationError, match=f"more than {MAX_VALUES} values"):
        compiled.evaluate({"a": "," * MAX_VALUES})


CATASTROPHES = [
    ('Replace([a], , "(a|aa)+$", , "")', "a" * 60 + "b"),
    ('Replace([a], , "(?<x>(a|aa)+)$", "x", "")', "a" * 60 + "b"),
    ('Replace([absent], , "(?<x>(a|aa)+)$", "x", , [a], )', "a" * 60 + "b"),
    ('Replace([a], , "(x+x+)+y", , "")', "x" * 5_000),
    ('Replace([a], , [p], , "")', "a" * 60 + "b"),
]


@pytest.mark.parametrize(("text", "value"), CATASTROPHES)
def test_a_pattern_that_is_too_slow_is_an_error_soon(text, value):
    assert TIME_LIMIT <= 0.05
    compiled = compile_expression(text)
    start = time.perf_counter()
    with pytest.raises(SlowPatternError, match="longer than 20 ms"):
        compiled.evaluate({"a": value, "p": "(a|aa)+$"})
    assert time.perf_counter() - start < 2  # the limit is 0.02; the rest is a busy machine's


@pytest.mark.parametrize(
    ("pattern", "length"),
    [
        ("[^a-z0-9.-]", 10**6),  # one pass
        ("[^a-z]+", 10**6),
        ("(?<a>x)y", 10**6),
        ("a*b", 547),
        ("(?<local>.*)@(?<domain>.*)", 66),
        (".*.*.*x", 23),
        ("(a|aa)+$", 0),  # a repeated group
        ("(a+)+b", 0),
        ("a|b", 0),  # alternatives multiply too
        ("(?=a)b", 0),
        ("(?i)a", 0),
        (r"\bx\k<a>", 0),
        ("[a", 0),
        ("x" * 101, 0),
    ],
)
def test_how_long_a_text_may_be_without_a_clock(pattern, length):
    assert min(clockless_length(pattern), 10**6) == length


ATOMS = st.sampled_from(["a", ".", "[ab]", r"\w", "b", "[^a]"])
MARKS = st.sampled_from(["", "", "*", "+", "?", "*?", "+?", "{1,30}"])
PATTERNS = st.lists(st.tuples(ATOMS, MARKS).map("".join), min_size=1, max_size=6).map("".join)


@given(PATTERNS, st.sampled_from(["a", "ab", "aab", "ba", "aaaaaaab"]))
def test_without_a_clock_a_search_stays_short(pattern, piece):
    length = min(clockless_length(pattern), 20_000)
    compiled = compile_pattern(pattern).compiled
    # A whole second would be far beyond STEPS on any machine.
    start = time.process_time()
    compiled.sub("", (piece * length)[:length])
    assert time.process_time() - start < 1


def test_chance_has_a_limit():
    context = Context(now=datetime(2026, 3, 1, tzinfo=UTC), random=random.Random(3))
    with pytest.raises(EvaluationError, match="length must be between 0 and 1000"):
        compile_expression("RandomString(999999, 0, 0, 0, 0)").evaluate({}, context)
