"""What holds for every text, tree and record."""

import string

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from provisioning.domain.expressions import (
    FUNCTIONS,
    IGNORED,
    EvaluationError,
    ParseError,
    compile_expression,
    parse,
    to_source,
)
from provisioning.domain.expressions.tree import (
    Attribute,
    Call,
    Comparison,
    Number,
    Omitted,
    Text,
    Word,
)

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
)
RECORDS = st.fixed_dictionaries(dict.fromkeys(COLUMNS[:3], CELLS))


@given(PROGRAMS, RECORDS)
@settings(max_examples=600, deadline=None, suppress_health_check=SLOW)
def test_a_record_evaluates_or_is_an_evaluation_error(tree, record):
    try:
        compiled = compile_expression(tree)
    except ParseError:
        return
    try:
        value = compiled.evaluate(record)
    except EvaluationError:
        return
    assert value is IGNORED or value is None or isinstance(value, str | int | float | tuple)


@given(PROGRAMS, RECORDS)
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_the_same_record_gives_the_same_value(tree, record):
    def outcome():
        try:
            return compile_expression(tree).evaluate(record)
        except (ParseError, EvaluationError) as error:
            return str(error)

    assert outcome() == outcome()
