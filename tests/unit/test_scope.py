"""Scoping filters: what a condition says, and that compiling it changes nothing of that."""

import re
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.domain.scope import (
    TESTS,
    Condition,
    ScopeError,
    UnreadableError,
    compile_scope,
    parse_rules,
    parse_scope,
    scope_json,
)

TODAY = date(2026, 3, 10)
COLUMNS = ("status", "grade", "until")


def says(condition, record, rules=None, today=TODAY):
    named = parse_rules(rules or {})
    return compile_scope(parse_scope(condition, named), named)(record, today)


def where(test, value=None, column="x"):
    given = {"column": column, "is": test}
    return given if value is None else {**given, "value": value}


@pytest.mark.parametrize(
    ("condition", "cell", "holds"),
    [
        (where("equals", "active"), "active", True),
        (where("equals", "active"), " active ", True),  # a spreadsheet's blanks mean nothing
        (where("equals", "active"), "Active", False),  # case does
        (where("equals", 7), "7", True),
        (where("equals", 1), "1", True),
        (where("not_equals", "active"), "left", True),
        (where("not_equals", "active"), "", True),
        (where("in", ["SE", "NO"]), "NO", True),
        (where("in", [1, 2]), "2", True),
        (where("in", ["SE", "NO"]), "DK", False),
        (where("in", "SE"), "SE", True),  # one value need not be a list
        (where("matches", "^E[0-9]+$"), "E12", True),
        (where("matches", "^E[0-9]+$"), "xE12", False),
        (where("includes", "ver"), "Silver", True),
        (where("includes", "ver"), "Gold", False),
        (where("greater", 9), "10", True),  # as numbers, not as texts
        (where("greater", "9.5"), "9.50", False),
        (where("greater", 9), "", False),
        (where("less", 10), "9", True),
        (where("less", 10), "-11", True),
        (where("present"), "x", True),
        (where("present"), "  ", False),
        (where("absent"), " ", True),
        (where("absent"), "x", False),
        (where("before", "2026-03-10"), "2026-03-09", True),
        (where("before", "today"), "2026-03-10", False),
        (where("before", "today+14"), "2026-03-20T08:00:00Z", True),
        (where("after", "today-30"), "2026-02-09", True),
        (where("after", "today - 30"), "2026-02-08", False),
        (where("after", "today"), "", False),
    ],
)
def test_what_a_condition_says(condition, cell, holds):
    assert says(condition, {"x": cell}) is holds
    assert says({"all": [condition, where("equals", "y", "y")]}, {"x": cell, "y": "y"}) is holds
    assert says({"any": [condition, where("equals", "y", "y")]}, {"x": cell, "y": "n"}) is holds


def test_a_rule_is_named_and_used_again():
    rules = {
        "nordic": where("in", ["SE", "NO"], "country"),
        "pilot": {"all": [{"rule": "nordic"}, where("present", column="badge")]},
    }
    assert says({"rule": "pilot"}, {"country": "SE", "badge": "7"}, rules)
    assert not says({"rule": "pilot"}, {"country": "DK", "badge": "7"}, rules)


@pytest.mark.parametrize(
    ("condition", "cell"),
    [
        (where("greater", 9), "many"),
        (where("less", 9), "9" * 5000),
        (where("before", "today"), "soon"),
        (where("after", "today"), "2026-02-31"),
    ],
)
def test_a_cell_that_cannot_be_compared_stops_its_record_and_names_the_column(condition, cell):
    with pytest.raises(UnreadableError, match="column x"):
        says(condition, {"x": cell})


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({}, 'needs a "column"'),
        ("x", "is an object"),
        (where("like", "x"), "must be one of"),
        (where("equals"), "needs a value"),
        (where("equals", True), "needs a value"),
        (where("in", []), "needs a value"),
        (where("present", "x"), "takes no value"),
        (where("greater", "ten"), "is no number"),
        (where("before", "tomorrow"), "neither a date"),
        (where("before", "2026-13-01"), "neither a date"),
        (where("matches", "("), "column x"),
        ({"all": []}, "holds a list"),
        ({"all": [where("present")], "any": []}, "stands alone"),
        ({"rule": "pilt"}, "there is no rule pilt: did you mean pilot"),
        ({**where("present"), "or": 1}, "unknown in a condition"),
    ],
)
def test_what_cannot_be_used_is_named(condition, words):
    with pytest.raises(ScopeError, match=re.escape(words)):
        parse_scope(condition, {"pilot": Condition("x", "present")})


def test_rules_that_name_rules_cannot_grow_without_bound():
    doubling = {"r0": where("present")}
    for number in range(1, 40):
        doubling[f"r{number}"] = {"any": [{"rule": f"r{number - 1}"}] * 2}
    with pytest.raises(ScopeError, match="more than 1000 conditions"):
        parse_rules(doubling)
    chain = {"r0": where("present")}
    for number in range(1, 40):
        chain[f"r{number}"] = {"rule": f"r{number - 1}"}
    with pytest.raises(ScopeError, match="30 levels"):
        parse_rules(chain)


# A naive interpreter, written from the words above.

cells = st.sampled_from(
    ["", " ", "a", "A", "ab", "7", "7.0", "-3", "010", "1e3", "2026-03-10", "2026-03-11T10:00:00Z",
     "2026-02-30", "x" * 200, "9" * 5000, "٣", "nan", "Infinity"]
) | st.text(max_size=6)  # fmt: skip
texts = st.sampled_from(["a", "ab", "7", "-3", "2026-03-10"]) | st.text(min_size=1, max_size=4)
days = st.one_of(
    st.dates(date(1, 1, 2), date(9999, 12, 30)).map(date.isoformat),
    st.integers(-99_999, 99_999).map(lambda n: f"today{n:+d}"),
    st.just("today"),
)
numbers = st.integers(-10, 10).map(str) | st.decimals(-9, 9, places=2).map(str)
plain = texts.map(str.strip)
VALUES = {
    **dict.fromkeys(("equals", "not_equals", "includes"), plain),
    "matches": st.sampled_from(["a+", "^[0-9]", "b$", "(?<n>a)|7", "."]),
    **dict.fromkeys(("greater", "less"), numbers),
    **dict.fromkeys(("before", "after"), days),
}


@st.composite
def conditions(draw):
    test = draw(st.sampled_from(sorted(TESTS)))
    given = {"column": draw(st.sampled_from(COLUMNS)), "is": test}
    if test == "in":
        given["value"] = draw(st.lists(VALUES["equals"].filter(bool), min_size=1, max_size=3))
    elif test in VALUES:
        given["value"] = draw(VALUES[test].filter(bool))
    return given


def groups(inner):
    return st.builds(
        lambda word, parts: {word: parts},
        st.sampled_from(["all", "any"]),
        st.lists(inner, min_size=1, max_size=3),
    )


scopes = st.recursive(conditions() | st.just({"rule": "named"}), groups, max_leaves=6)
records = st.dictionaries(st.sampled_from(COLUMNS), cells)


def naive(data, rules, record, today):
    """Whether it holds, or None when a cell cannot be compared."""
    if "rule" in data:
        return naive(rules[data["rule"]], rules, record, today)
    for word, decides in (("all", False), ("any", True)):
        if word in data:
            for part in data[word]:
                answer = naive(part, rules, record, today)
                if answer is None or answer is decides:
                    return answer
            return not decides
    return naive_condition(data["is"], data.get("value"), record.get(data["column"], ""), today)


def naive_condition(test, value, raw, today):
    cell = raw.strip()
    if test in SIMPLE:
        return SIMPLE[test](cell, value, raw)
    if cell == "":
        return False
    read, bound = (naive_number, Decimal) if test in ("greater", "less") else (naive_day, None)
    found = read(cell)
    if found is None:
        return None
    limit = bound(value) if bound else naive_bound(value, today)
    return found > limit if test in ("greater", "after") else found < limit


SIMPLE = {
    "present": lambda cell, value, raw: cell != "",
    "absent": lambda cell, value, raw: cell == "",
    "equals": lambda cell, value, raw: cell == value,
    "not_equals": lambda cell, value, raw: cell != value,
    "in": lambda cell, value, raw: cell in value,
    "includes": lambda cell, value, raw: value in raw,
    "matches": lambda cell, value, raw: re.search(value.replace("(?<", "(?P<"), raw) is not None,
}


def naive_bound(value, today):
    if value.startswith("today"):
        return today + timedelta(days=int(value.removeprefix("today") or 0))
    return date.fromisoformat(value)


def naive_number(cell):
    # What the expression language takes for a number: no exponents, no other scripts' digits.
    if len(cell) > 100 or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell):
        return None
    return Decimal(cell)


def naive_day(cell):
    try:
        return (
            date.fromisoformat(cell[:10]) if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell) else None
        )
    except ValueError:
        return None


@given(scopes, conditions(), records)
@settings(max_examples=400)
def test_compiled_it_says_what_it_says(scope, named, record):
    rules = parse_rules({"named": named})
    part = parse_scope(scope, rules)
    try:
        answer = compile_scope(part, rules)(record, TODAY)
    except UnreadableError:
        answer = None
    assert answer is naive(scope, {"named": named}, record, TODAY)
    assert parse_scope(scope_json(part), rules) == part
    assert isinstance(str(part), str)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "rule", "column", "is", "value", "x"])
            | st.text(max_size=3),
            inner | st.sampled_from(sorted(TESTS)),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(anything, records)
@settings(max_examples=300)
def test_whatever_is_given_it_raises_nothing_but_its_own_errors(data, record):
    with suppress(ScopeError, UnreadableError):
        rules = parse_rules({"named": data})
        part = parse_scope(data, rules)
        assert compile_scope(part, rules)(record, TODAY) in (True, False)
