"""Mapping expressions from the command line: `manage.py evaluate EXPRESSION --record '{...}'`."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from provisioning.domain.expressions import Context, ExpressionError, ParseError
from provisioning.domain.expressions.moments import read_moment
from provisioning.domain.expressions.trial import Json, read_record, same, try_out

_ENTRIES = ("expression", "record", "expected")
_SHOWN = 100


class _Verdict(NamedTuple):
    """One line of --cases."""

    passed: bool
    line: str


class Command(BaseCommand):
    """Evaluates one expression, or checks a file of cases. Reads no database."""

    help = "Print an expression's value as JSON; with --cases, check a file of expectations."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """An expression with a record, or a file."""
        parser.add_argument("expression", nargs="?", help='for example: Join(" ", [first], [last])')
        parser.add_argument("--record", default="{}", help="a JSON object of values by attribute")
        parser.add_argument(
            "--cases",
            type=Path,
            metavar="FILE",
            help='a JSON list of {"expression", "record", "expected"}; expected may be left out',
        )
        parser.add_argument(
            "--now", metavar="DATE", help="the clock of Now(), in ISO 8601 (default: this moment)"
        )

    def handle(self, **options: Any) -> None:
        """Raises CommandError (exit code 1) for bad input and for failed expectations."""
        expression, cases = options["expression"], options["cases"]
        if (expression is None) == (cases is None):
            raise CommandError("Give either an expression or --cases FILE.")
        context = Context(now=_clock(options["now"]))
        if cases is None:
            self._print(_value(expression, options["record"], context))
        else:
            self._check(_cases(cases), context)

    def _print(self, value: Json) -> None:
        self.stdout.write(_json(value))

    def _check(self, cases: list[Any], context: Context) -> None:
        verdicts = [_verdict(number, case, context) for number, case in enumerate(cases, start=1)]
        for verdict in verdicts:
            self.stdout.write(verdict.line)
        failed = sum(not verdict.passed for verdict in verdicts)
        if failed:
            raise CommandError(f"{failed} of {len(verdicts)} cases failed.")


def _clock(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        return read_moment(text).at
    except ExpressionError as error:
        raise CommandError(f"--now: {error.message}") from None


def _value(expression: str, record: str, context: Context) -> Json:
    try:
        data = json.loads(record)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--record is no JSON: {error}") from None
    try:
        return try_out(expression, read_record(data), context).value
    except ExpressionError as error:
        raise CommandError(_explained(error)) from None


def _explained(error: ExpressionError) -> str:
    return f"{error}\n{error.caret}" if isinstance(error, ParseError) else error.message


def _cases(path: Path) -> list[Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is no JSON: {error}") from None
    if not isinstance(data, list) or not data:
        raise CommandError(f"{path} must hold a list of cases, and at least one.")
    return data


def _verdict(number: int, case: Any, context: Context) -> _Verdict:
    """How one case went: ok where the value is as expected, value where nothing is expected."""
    problem = _case_problem(case)
    if problem:
        return _Verdict(False, f"FAILED {number}: {problem}")
    label = f"{number}: {_cut(' '.join(case['expression'].split()))}"
    try:
        trial = try_out(case["expression"], read_record(case.get("record", {})), context)
    except ExpressionError as error:
        return _Verdict(False, f"FAILED {label}: {error}")
    # What a report may not show, the log of a build may not show either.
    value = "[Redact]" if trial.redacted else _json(trial.value)
    if "expected" not in case:
        return _Verdict(True, f"value  {label} -> {value}")
    if same(trial.value, case["expected"]):
        return _Verdict(True, f"ok     {label} -> {value}")
    wanted = "[Redact]" if trial.redacted else _json(case["expected"])
    return _Verdict(False, f"FAILED {label} -> {value}, expected {wanted}")


def _case_problem(case: Any) -> str:
    if not isinstance(case, Mapping) or not isinstance(case.get("expression"), str):
        return 'a case is an object with an "expression"'
    unknown = [repr(name) for name in case if name not in _ENTRIES]
    if unknown:
        return f"unknown entry {', '.join(unknown)}: a case has {', '.join(_ENTRIES)}"
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # Half of a surrogate pair cannot be printed as it is.
    return text if _printable(text) else json.dumps(value)


def _printable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
