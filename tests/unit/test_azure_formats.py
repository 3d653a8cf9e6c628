"""How exports write days, numbers and units, told by whole columns."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.azure_costs import Reason, read_costs
from billing.domain.azure_files import (
    AmbiguousExport,
)
from billing.domain.azure_formats import Formats, block_size, block_vote, comma_vote
from tests.support.azure_rows import DAY, OURS, SHORT, only, short


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-03", DAY),
        ("2026-04-03T00:00:00Z", DAY),
        ("2026-04-03T00:00Z", DAY),  # FOCUS 1.0
        ("2026-04-02T20:00:00-05:00", DAY),  # a UTC day is a UTC day
        ("2026-04-03 00:00:00", DAY),
        ("20260403", DAY),
        ("2026/04/03", DAY),
        ("04/03/2026", DAY),  # as Microsoft writes it
        ("4/3/2026 12:00:00 AM", DAY),
        ("03.04.2026", DAY),  # dots: the day is first
        ("2026-13-03", None),
        ("04/31/2026", None),
        ("Total", None),
        ("", None),
    ],
)
def test_days(text, expected):
    days = [day.day for day in read_costs(short(("2026-04-30", "1", "1"), (text, "1", "1"))).days]
    assert days == sorted([date(2026, 4, 30), *([expected] if expected else [])])


def test_one_day_above_twelve_tells_the_order_of_the_whole_column():
    data = short(("03/04/2026", "1", "0.002"), ("13/04/2026", "1", "0.002"))
    assert [day.day for day in read_costs(data).days] == [DAY, date(2026, 4, 13)]


def test_other_peoples_rows_help_to_tell_the_order():
    data = short(("03/04/2026", "1", "0.002"), ("13/04/2026", "1", "0.002", "USD", "/other"))
    assert only(data).day == DAY


def test_days_in_two_orders_are_refused_with_their_lines():
    data = short(("13/04/2026", "1", "0.002"), ("04/13/2026", "1", "0.002"))
    with pytest.raises(AmbiguousExport, match=r"Days .* lines 2 and 3") as caught:
        read_costs(data)
    assert caught.value.hint == "day_first"


def test_a_localized_file_whose_days_fit_both_orders_asks():
    data = short(("03/04/2026", "1", "0,002"), delimiter=";")
    with pytest.raises(AmbiguousExport) as caught:
        read_costs(data)
    assert caught.value.hint == "day_first"
    assert only(data, day_first=True).day == DAY
    assert only(data, day_first=False).day == date(2026, 3, 4)


def test_the_billing_period_tells_the_order_of_a_months_first_days():
    columns = [*SHORT, "BillingPeriodEndDate"]
    row = ",".join(["03/04/2026", "1", '"0,002"', "USD", OURS, "Usage", "30/04/2026"])
    assert only(f"{','.join(columns)}\n{row}\n".encode()).day == DAY


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1.234,56", "1"], ["1234.56", "1"]),
        (["1,234.56", "1"], ["1234.56", "1"]),
        (["0,002", "1.234"], ["0.002", "1234"]),
        (["0.002", "1,234"], ["0.002", "1234"]),
        (["1.234.567", "1,5"], ["1234567", "1.5"]),
        (["1 234,5", "2"], ["1234.5", "2"]),
        (["1\u00a0234,5", "1\u202f000,5"], ["1234.5", "1000.5"]),
        (["1'234.5", "2"], ["1234.5", "2"]),
        (["2E-05", "2.5e-3"], ["0.00002", "0.0025"]),
        (["-0,5", "+3"], ["-0.5", "3"]),
        ([".5", "-.25"], ["0.5", "-0.25"]),
        (["00,5", "7"], ["0.5", "7"]),
    ],
)
def test_numbers_are_read_by_the_whole_column(texts, numbers):
    rows = [("2026-04-03", text, "1", "USD", f"{OURS}{n}") for n, text in enumerate(texts)]
    days = read_costs(short(*rows, delimiter=";")).days
    assert [day.quantity for day in days] == [Decimal(number) for number in numbers]


def test_numbers_that_fit_both_ways_ask_in_a_localized_file():
    data = short(("2026-04-03", "1.234", "5"), delimiter=";")
    with pytest.raises(AmbiguousExport) as caught:
        read_costs(data)
    assert caught.value.hint == "decimal_comma"
    assert only(data, decimal_comma=True).quantity == 1234
    assert only(data, decimal_comma=False).quantity == Decimal("1.234")
    assert only(short(("2026-04-03", "1.234", "5"))).quantity == Decimal("1.234")


def test_groups_of_digits_have_three_and_the_first_one_to_three():
    assert Formats(day_first=False, decimal_comma=False).number("1234,567") is None
    assert comma_vote("1234,567") == (True, True)
    assert comma_vote("12,34.5") == (False, None)


def test_numbers_in_two_ways_are_refused():
    data = short(("2026-04-03", "0,5", "5"), ("2026-04-03", "0.5", "5"), delimiter=";")
    with pytest.raises(AmbiguousExport, match=r"Numbers .* lines 2 and 3"):
        read_costs(data)


@pytest.mark.parametrize(
    "text", ["", "n/a", "NaN", "Infinity", "1,23.4,5", "12,34.5", "1e999", "9" * 41, "1" + "0" * 30]
)
def test_what_is_no_number_is_left_out(text):
    data = short(("2026-04-03", text, "1.5"), ("2026-04-03", "1", "1.5"))
    imported = read_costs(data)
    assert imported.left_out[Reason.NO_FIGURES].rows == 1
    assert imported.left_out[Reason.NO_FIGURES].lines == [2]
    assert [day.quantity for day in imported.days] == [1]


@pytest.mark.parametrize(
    ("unit", "size"),
    [
        ("1", 1),
        ("1 Hour", 1),
        ("1K", 1_000),
        ("10K", 10_000),
        ("10K/Month", 10_000),
        ("1M", 1_000_000),
        ("1 Month", 1),
        ("1000 Requests", 1_000),
        ("1,000", 1_000),
        ("Requests", 1),
        ("", 1),
        ("0", 1),
    ],
)
def test_units_of_measure(unit, size):
    assert block_size(unit) == size


@pytest.mark.parametrize(
    ("quantity", "cost", "price", "blocks"),
    [
        ("0.25", "0.5", None, True),  # no call is divided
        ("3", "6", "2", True),  # three thousand calls at 2 for a thousand
        ("3000", "6", "2", False),  # as it is documented: calls, and the price of a block
        ("3", "5.6", "2", True),  # in another currency
        ("3000", "5.6", "2", False),
        ("3", "6", None, None),
        ("0", "0", "2", None),
        ("3", "900", "2", None),
    ],
)
def test_whether_a_quantity_counts_blocks(quantity, cost, price, blocks):
    found = block_vote(1000, Decimal(quantity), Decimal(cost), price and Decimal(price))
    assert found is blocks


def test_quantities_that_count_calls_are_left_as_they_are():
    columns = [*SHORT, "UnitOfMeasure", "UnitPrice"]
    row = ",".join(["2026-04-03", "3000", "6", "USD", OURS, "Usage", "1K", "2"])
    assert only(f"{','.join(columns)}\n{row}\n".encode()).quantity == 3000


@given(st.decimals(-(10**12), 10**12, places=6, allow_nan=False), st.booleans())
def test_numbers_come_back_however_they_are_written(number, comma):
    text = f"{number:,f}"
    text = text.translate(str.maketrans(",.", ".,")) if comma else text
    assert Formats(day_first=False, decimal_comma=comma).number(text) == number
    matters, answer = comma_vote(text)
    assert matters
    assert answer in (None, comma)


@pytest.mark.parametrize("far", ["0001-01-01", "1999-12-31", "2026-05-03", "9999-12-31"])
def test_days_that_no_bill_speaks_of_are_left_out(far):
    data = short(("2026-05-02", "1", "1"), (far, "1", "1.5"))
    imported = read_costs(data, until=date(2026, 5, 2))
    assert [day.day for day in imported.days] == [date(2026, 5, 2)]
    assert imported.left_out[Reason.FAR_DAY].lines == [3]
