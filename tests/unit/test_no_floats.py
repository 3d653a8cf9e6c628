"""No binary fraction comes near money: all of billing is searched, but what is named here."""

import ast
from pathlib import Path

import pytest

import billing

_ROOT = Path(billing.__file__).parent
EXEMPT = {
    "charts.py": "positions in a drawing",
    "domain/forecast.py": "an estimate of calls; whole calls are priced, exactly",
    "domain/forecast_model.py": "an estimate of calls",
    "domain/unusual.py": "compares counts, in fractions",
}
MODULES = sorted(
    str(path.relative_to(_ROOT)) for path in _ROOT.rglob("*.py") if "migrations" not in path.parts
)


def floats_in(tree):
    """Numbers that are binary fractions, the type that makes them, and true division."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno
        if isinstance(node, ast.Name | ast.Attribute) and "float" in ast.unparse(node):
            yield node.lineno
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno


@pytest.mark.parametrize("module", [module for module in MODULES if module not in EXEMPT])
def test_no_float_comes_near_money(module):
    assert list(floats_in(ast.parse((_ROOT / module).read_text()))) == []


def test_money_is_searched_wherever_it_is():
    domain = {
        "pricing",
        "many_costs",
        "periods",
        "statements",
        "budgets",
        "focus",
        "reconciliation",
        "simulator",
    }
    wanted = {f"domain/{name}.py" for name in domain}
    wanted |= {"selectors/headings.py", "selectors/statement_rows.py", "exports/spreadsheet.py"}
    assert wanted <= set(MODULES) - EXEMPT.keys()


@pytest.mark.parametrize("module", EXEMPT)
def test_what_is_exempt_needs_it(module):
    assert list(floats_in(ast.parse((_ROOT / module).read_text())))


@pytest.mark.parametrize("code", ["x = 0.5", "x = float('1')", "x = a / b", "def f(x: float): ..."])
def test_the_search_for_floats_finds_them(code):
    assert list(floats_in(ast.parse(code))) == [1]
