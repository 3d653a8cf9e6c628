"""What holds for every text, tree and record."""

import random
import string
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from provisioning.domain.expressions import (
    CONTEXT,
    FUNCTIONS,
    IGNORED,
    Context,
    EvaluationError,
    ParseError,
    compile_expression,
    compile_together,
    parse,
    to_source,
)
from provisioning.domain.expressions.dateformats import read, write
from provisioning.domain.expressions.moments import Moment, add, crossed
from provisioning.domain.expressions.tree import (
    Attribute,
    Call,
    Comparison,
    Number,
    Omitted,
    Text,
    Word,
)
from tests.support.interpreter import interpret

# How long an example takes says nothing on a machine that runs other tests beside it.
SLOW = (HealthCheck.too_slow,)
NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8).filter(
    lambda name: not name[0].isdigit()
)
COLUMNS = ("a", "b", "c", "no such column")
LEAVES = st.one_of(
    st.builds(Text, st.text(max_size=12) | st.text('\\"ab', max_size=5)),
    st.builds(Number, st.integers(-(10**17), 10**17)),
    st.builds(Number, st.integers(-(10**9), 10**9).map(lambda number: number / 1000)),
    st.builds(Word, NAMES),
    st.builds(Attribute, st.text("abc .:-_äß\"'(),=", min_size=1, max_size=8)),
)
OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


@st.composite
def _calls(draw, operands):
    comparisons = st.builds(Comparison, operands, OPERATORS, operands)
    arguments = draw(st.lists(operands | comparisons | st.builds(Omitted), max_size=4))
    # One omitted argument is the text of none.
    return Call(draw(NAMES), () if arguments == [Omitted()] else tuple(arguments))


OPERANDS = st.recursive(LEAVES, _calls, max_leaves=12)
TREES = st.one_of(OPERANDS, st.builds(Comparison, OPERANDS, OPERATORS, OPERANDS))


@given(TREES)
@settings(deadline=None, suppress_health_check=SLOW)
def test_a_printed_tree_parses_to_itself(tree):
    assert parse(to_source(tree)) == tree


# Text that looks like the language finds more than text at random.
TOKENS = st.sampled_from(
    [*FUNCTIONS, "(", ")", ",", "[a]", '"x"', "\\", '"', "=", "<>", "&H", "1", "-", " ", "[", "\n"]
)
TEXTS = st.one_of(st.text(), st.lists(TOKENS, max_size=30).map("".join))


@given(TEXTS)
@example("(" * 20_000)
@example("Left(" * 4_000)
@example("Left(" * 4_000 + "1" + ",1)" * 4_000)
@example('"' * 19_999)
@example("[" * 20_000)
@example('"' + "\\" * 19_998)
@example("1" * 5_000)
@example('Replace([a],,"(?<a-b>x)",,"")')
@example('Replace([a],,"' + "(" * 5_000 + '",,"")')
@example('Replace([a],,"(?(",,"")')
@example('Replace([a],,"\\\\p{",,"")')
@settings(max_examples=400, deadline=None, suppress_health_check=SLOW)
def test_any_text_parses_or_is_a_parse_error(text):
    error = _refusal(text)
    assert error is None or (error.message and error.line >= 1 and error.column >= 1)


def _refusal(text):
    try:
        compile_expression(text)
    except ParseError as error:
        return error
    return None


def _calls_of(function):
    """Calls of one function with as many arguments as it takes."""

    if function.maximum == 0:
        return lambda _operands: st.just(Call(function.name))

    def build(operands):
        least = max(function.minimum, 1)
        most = function.maximum or least + 4
        conditions = st.builds(Comparison, operands, OPERATORS, operands)
        first = st.one_of(operands, conditions) if function.takes_condition else operands
        rest = st.lists(
            st.one_of(operands, st.builds(Omitted)), min_size=least - 1, max_size=most - 1
        )
        return st.builds(lambda head, tail: Call(function.name, (head, *tail)), first, rest)

    return build


CONSTANTS = st.one_of(
    st.sampled_from(COLUMNS).map(Attribute),
    st.builds(Text, st.one_of(st.text(max_size=6), st.sampled_from(["(?<x>a)", "x", "$1", "a*"]))),
    st.builds(Number, st.integers(-5, 300)),
    st.builds(Text, st.sampled_from(["d", "ww", "2026-03-01", "yyyy-MM-dd", "hh:mm tt"])),
    st.sampled_from(["True", "False", "vbTextCompare"]).map(Word),
)
EVALUATED = [function for function in FUNCTIONS.values() if function.evaluated]
PROGRAMS = st.recursive(
    CONSTANTS,
    lambda operands: st.sampled_from(EVALUATED).flatmap(lambda f: _calls_of(f)(operands)),
    max_leaves=10,
)
CELLS = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.sampled_from(
        ["1", "0", "True", "-3", "99999999999999999999", "²", "٣", "(a", "İß", "\ud800"]
    ),
    st.sampled_from(["2026-03-01", "0001-01-01T00:00+14:00", "9999-12-31 23:59:59", "yyyyMMdd"]),
    st.sampled_from(["m", "ww", "h", "d", "yyyy-MM-dd'T'HH:mm:ss.FFFzzz", "3/1/2026 1:02:03 PM"]),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=4),
    st.datetimes(timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=-11))])),
)
RECORDS = st.fixed_dictionaries(dict.fromkeys(COLUMNS[:3], CELLS))


def _context():
    return Context(now=datetime(2026, 3, 1, tzinfo=UTC), random=random.Random(3))


def _outcome(evaluate):
    """The value with its type, or that the language's own error was raised."""
    try:
        value = evaluate()
    except EvaluationError as error:
        return EvaluationError if error.message else "an error that says nothing"
    return type(value), repr(value)


@given(PROGRAMS, RECORDS)
@settings(max_examples=600, deadline=None, suppress_health_check=SLOW)
def test_compiled_and_interpreted_agree_and_raise_nothing_of_their_own(tree, record):
    try:
        compiled = compile_expression(tree)
    except ParseError:
        return
    quick = _outcome(lambda: compiled.evaluate(record, _context()))
    assert quick == _outcome(lambda: interpret(compiled.source, record, _context()))
    kinds = (str, bool, int, float, tuple, list, datetime, type(None), type(IGNORED))
    assert quick is EvaluationError or quick[0] in kinds


@given(st.lists(PROGRAMS, min_size=1, max_size=3), RECORDS)
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_evaluated_together_as_one_by_one(trees, record):
    texts = [to_source(tree) for tree in trees for _ in range(2)]
    try:
        alone = [compile_expression(text) for text in texts]
    except ParseError:
        return
    shared = {**record, CONTEXT: _context()}
    for one, other in zip(alone, compile_together(texts), strict=True):
        together = _outcome(lambda other=other: other.reader(shared))
        if not one.volatile:
            assert together == _outcome(lambda one=one: one.evaluate(record, _context()))


@given(st.datetimes(datetime(1601, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - naive is UTC
def test_a_file_time_is_its_date_again(at):
    at = at.replace(tzinfo=UTC)
    compiled = compile_expression("DateFromNum(NumFromDate([a]))")
    assert compiled.evaluate({"a": at}) == at


FORMATS = st.sampled_from(
    [
        "yyyy-MM-ddTHH:mm:ss.fffffffK",
        "dddd, d MMMM yyyy h:mm:ss.ffffff tt",
        "o",
        "yyyyMMddHHmmssffffff",
    ]
)


@given(st.datetimes(), FORMATS)
def test_a_written_date_reads_as_itself(at, pattern):
    moment = Moment(at.replace(tzinfo=UTC))
    assert read(write(moment, pattern), pattern).at == moment.at


@given(st.datetimes(), st.text(max_size=12) | st.text("yMdHhmsfFtzKg:/'\"\\% ", max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_format_writes_and_reads_or_is_an_evaluation_error(at, pattern):
    with suppress(EvaluationError):
        read(write(Moment(at.replace(tzinfo=UTC)), pattern), pattern)


@given(
    st.sampled_from(["yyyy", "m", "d", "ww", "h", "n", "s"]),
    st.integers(-500, 500),
    st.datetimes(datetime(1000, 1, 1), datetime(3000, 1, 1)),  # noqa: DTZ001 - naive is UTC
)
def test_what_is_added_is_the_difference(interval, number, at):
    at = at.replace(tzinfo=UTC)
    moved = add(interval, number, at)
    assert crossed(interval, at, moved) == number
    assert crossed(interval, moved, at) == -number
