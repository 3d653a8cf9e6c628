"""The sandbox's cost export, imported as Azure's would be: exact, and it reconciles by cause."""

import gzip
from datetime import timedelta
from decimal import Decimal

from billing.domain.azure_costs import CostImport, read_costs
from billing.domain.reconciliation import Cause, MeteredDay, billed_days, reconcile
from tests.contract.sandbox.helpers import NOBODY, Directory
from tests.contract.sandbox.test_sandbox_costs import WHOLE, _call, _export, _to_midnight

PRICE = Decimal("0.002")


def _imported(directory: Directory) -> CostImport:
    return read_costs(_export(directory, **WHOLE).content)


def test_it_is_read_exactly_by_day_and_directory(directory: Directory) -> None:
    midnight = _to_midnight(directory.sandbox, 300)
    assert [_call(directory, "/users") for _ in range(3)] == [200] * 3
    assert _call(directory, "/users?count=x") == 400
    directory.sandbox.advance_clock(600)
    assert _call(directory, f"/users/{NOBODY}") == 404
    imported = _imported(directory)
    assert imported.variant == "Enterprise Agreement"
    assert imported.left_out == {}
    before = midnight.date() - timedelta(days=1)
    assert [(day.day, day.quantity, day.cost) for day in imported.days] == [
        (before, 3, 3 * PRICE),
        (midnight.date(), 1, PRICE),
    ]
    assert {(day.tenant, day.currency, day.price) for day in imported.days} == {
        (directory.tenant, "USD", PRICE)
    }
    assert sum(day.quantity for day in imported.usage) == directory.usage()["billable"]


def test_a_price_of_many_digits_and_another_currency(directory: Directory) -> None:
    directory.settings(unit_price="0.0012345678", billing_currency="EUR")
    for _ in range(3):
        _call(directory, "/users")
    (day,) = _imported(directory).days
    assert (day.cost, day.currency) == (Decimal("0.0037037034"), "EUR")
    assert day.price == Decimal("0.0012345678")


def test_a_name_made_of_separators_moves_no_column(directory: Directory) -> None:
    directory.sandbox.put_tenant(directory.tenant, name='"a";,\nTotal,\t,04/05/2026')
    _call(directory, "/users")
    (day,) = _imported(directory).days
    assert (day.quantity, day.cost) == (1, PRICE)


def test_without_calls_there_is_nothing_to_import(directory: Directory) -> None:
    imported = _imported(directory)
    assert (imported.rows, imported.days) == (0, ())


def test_a_packed_copy_is_the_same_import(directory: Directory) -> None:
    _call(directory, "/users")
    content = _export(directory, **WHOLE).content
    assert read_costs(gzip.compress(content)) == read_costs(content)


def test_calls_of_somebody_else_and_uncertain_ones_are_told_apart(directory: Directory) -> None:
    for _ in range(7):
        _call(directory, "/users")
    imported = _imported(directory)
    theirs, unknown = billed_days(imported.usage, {directory.tenant: "acme"})
    assert unknown == []
    assert imported.covered
    ours = MeteredDay(theirs[0].day, "acme", 3, 2, 3 * PRICE, "USD", PRICE)
    (finding,) = reconcile([ours], theirs, imported.covered)
    assert {cause: share.calls for cause, share in finding.shares.items()} == {
        Cause.UNCERTAIN: 2,
        Cause.FOREIGN: 2,
    }
    assert finding.alert
