"""`manage.py evaluate`: a value as JSON, files of cases, and how mistakes are told."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[3]
RECORD = json.dumps({"first": "Zoë", "last": "Łoś", "n": 5, "yes": True, "tags": ["a", 1, "a"]})


def evaluate(expression, record=RECORD, **options):
    out = StringIO()
    call_command("evaluate", expression, record=record, stdout=out, **options)
    return json.loads(out.getvalue())


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('Join(" ", [first], [last])', "Zoë Łoś"),
        ("[n]", 5),
        ("[yes]", True),
        ("[nothing]", None),
        ("RemoveDuplicates([tags])", ["a", "1"]),
        ('IIF([n]=5, "five", "other")', "five"),
        ('CDate("2026-03-01")', "3/1/2026 12:00:00 AM"),
        ("IgnoreFlowIfNullOrEmpty([nothing])", {"ignored": True}),
        ('SelectUniqueValue([first], "x")', "Zoë"),
        ("Redact([first])", "Zoë"),
    ],
)
def test_it_prints_the_value_as_json(expression, value):
    found = evaluate(expression)
    assert found == value
    assert type(found) is type(value)


def test_the_clock_can_be_set():
    assert evaluate("Now()", now="2026-03-01T10:30:00+01:00") == "3/1/2026 9:30:00 AM"
    assert str(evaluate('FormatDateTime(Now(), , , "yyyy")')).startswith("20")


def refusal(expression, record=RECORD, **options):
    with pytest.raises(CommandError) as caught:
        evaluate(expression, record, **options)
    return str(caught.value)


def test_a_parse_error_shows_the_place():
    message = refusal('Join(" ",\n  jon([first]))')
    assert message.splitlines() == [
        "line 2, column 3: unknown function jon: did you mean Join?",
        "  jon([first]))",
        "  ^",
    ]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[First]", "it is spelled first (upper and lower case matter)"),
        ("Append([frist], 1)", "did you mean first?"),
    ],
)
def test_a_misspelt_attribute_is_told_with_its_place(expression, message):
    told, _, caret = refusal(expression).splitlines()
    assert message in told
    assert caret.index("^") == expression.index("[")


@pytest.mark.parametrize("expression", ["[extensionAttribute2]", "Coalesce([emails], [email])"])
def test_an_absent_attribute_is_no_mistake(expression):
    evaluate(expression, '{"extensionAttribute1": "x", "email": "y"}')


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "--record is no JSON"),
        ("[1]", "the record must be a JSON object"),
        ('{"a": {"b": 1}}', "the value of a must be null, text, a number, a boolean or a list"),
        ('{"a": [null]}', "the list a may hold texts"),
        ('{"a": 1e999}', "the value of a is no number"),
        ("[" * 100_000, "--record is no JSON"),
    ],
)
def test_a_record_that_is_none_is_told(record, message):
    assert refusal("[a]", record).startswith(message)


def test_an_error_of_the_record_is_told():
    assert refusal('Left([first], "x")') == 'Left: count must be a whole number, not "x"'
    assert refusal("Now()", now="soon").startswith('--now: "soon" is no date')


def test_it_wants_an_expression_or_a_file():
    with pytest.raises(CommandError, match="Give either an expression or --cases FILE"):
        call_command("evaluate")
    assert refusal("[a]", cases=Path("x.json")) == "Give either an expression or --cases FILE."


def check(tmp_path, cases):
    path = tmp_path / "cases.json"
    path.write_text(cases if isinstance(cases, str) else json.dumps(cases), encoding="utf-8")
    out = StringIO()
    try:
        call_command("evaluate", cases=path, stdout=out)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return out.getvalue().splitlines(), None


PASSING = {"expression": "ToUpper([a])", "record": {"a": "é"}, "expected": "É"}


def test_cases_that_pass(tmp_path):
    shown = {"expression": "[a]", "record": {"a": ["x"]}}
    number = {"expression": "Count([a])", "record": {}, "expected": 0.0}
    lines, failure = check(tmp_path, [PASSING, shown, number])
    assert lines == [
        'ok     1: ToUpper([a]) -> "É"',
        'value  2: [a] -> ["x"]',
        "ok     3: Count([a]) -> 0",
    ]
    assert failure is None


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ({**PASSING, "expected": "é"}, 'FAILED 2: ToUpper([a]) -> "É", expected "é"'),
        ({"expression": "[a]", "expected": ""}, 'FAILED 2: [a] -> null, expected ""'),
        ({"expression": "IsNull([a])", "expected": 1}, "FAILED 2: IsNull([a]) -> true, expected 1"),
        ({"expression": "Lft([a])"}, "FAILED 2: Lft([a]): line 1, column 1: unknown function Lft"),
        ({"expression": "Not(5)"}, "FAILED 2: Not(5): Not: source must be True or False"),
        ({"record": {}}, 'FAILED 2: a case is an object with an "expression"'),
        ({"expression": "[a]", "expect": 1}, "FAILED 2: unknown entry 'expect'"),
        ({"expression": "[a]", "record": 5}, "FAILED 2: [a]: the record must be a JSON object"),
        (
            {"expression": "Redact([a])", "record": {"a": "secret"}, "expected": "other"},
            "FAILED 2: Redact([a]) -> [Redact], expected [Redact]",
        ),
    ],
)
def test_a_failing_case_is_named_and_the_others_go_on(tmp_path, case, line):
    lines, failure = check(tmp_path, [PASSING, case, PASSING])
    assert lines[1].startswith(line)
    assert [each[:6] for each in lines] == ["ok    ", "FAILED", "ok    "]
    assert failure == "1 of 3 cases failed."


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is no JSON"), ("{}", "must hold a list of cases"), ("[]", "and at least one")],
)
def test_a_file_that_is_none_is_told(tmp_path, text, message):
    assert message in check(tmp_path, text)[1]


def test_a_missing_file_is_told():
    with pytest.raises(CommandError, match=r"none\.json cannot be read: No such file"):
        call_command("evaluate", cases=Path("none.json"))


def test_as_a_program_it_answers_on_stderr_and_by_its_exit_code():
    command = [sys.executable, "manage.py", "evaluate", "Join([first]", "--record", RECORD]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    told, source, caret = done.stderr.splitlines()
    assert told.startswith("CommandError: line 1, column 13: the expression ends too early")
    assert (source, caret.index("^")) == ("Join([first]", 12)
