"""Evaluating touches nothing: no import, no file, no code, no process, no network."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# A hook of the interpreter cannot be taken off again, so this runs in a process of its own.
SCRIPT = """
import sys
from provisioning.domain.expressions import EvaluationError, ParseError, compile_expression
from tests.unit.expressions.rows import (
    creating, dateformats, dates, lists, logic, record, replacing, text,
)

compiled = []
for module in (creating, dateformats, dates, lists, logic, replacing, text):
    for expression, _ in module.ROWS:
        try:
            compiled.append(compile_expression(expression))
        except ParseError:
            pass
context = record.context()
seen, watching = [], False
WATCHED = ("import", "open", "exec", "compile", "os.", "subprocess.", "socket.", "ctypes.")

def hook(event, arguments):
    if watching and event.startswith(WATCHED):
        seen.append((event, arguments))

sys.addaudithook(hook)
watching = True
if sys.argv[1:] == ["open"]:
    open("manage.py").close()
for each in compiled:
    try:
        each.evaluate(record.RECORD, context)
    except EvaluationError:
        pass
watching = False
print(len(compiled), seen)
"""


def run(*arguments):
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    count, _, seen = done.stdout.partition(" ")
    return int(count), seen.strip()


def test_no_row_imports_opens_or_executes_anything():
    count, seen = run()
    assert count > 400
    assert seen == "[]"


def test_the_watch_sees_what_it_watches_for():
    assert "manage.py" in run("open")[1]
