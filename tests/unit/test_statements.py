"""What a statement comes to: exact parts, one rounding, no currency mixed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.periods import Month
from billing.domain.pricing import Cost, to_cents
from billing.domain.statements import (
    NoRate,
    Rate,
    Terms,
    UsageCost,
    charge,
    differences,
    rate_for,
    totals,
    usage_lines,
)

MAY = Month(2026, 5)
amounts = st.decimals(-(10**6), 10**6, places=9)
codes = st.sampled_from(("USD", "EUR", "CHF"))
lines = st.lists(
    st.builds(
        UsageCost,
        st.integers(1, 3),
        st.sampled_from(("create", "update", "inventory")),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.integers(0, 9),
        codes,
        amounts,
    ),
    max_size=9,
    unique_by=lambda line: (line.tenant, line.purpose, line.currency),
)
RATES = [
    Rate("EUR", "USD", date(2026, 4, 1), Decimal("1.1")),
    Rate("CHF", "USD", date(2026, 1, 1), Decimal("1.2")),
]


def bill(costs, corrections=None, percent="0", fee="0", rates=RATES):
    terms = Terms("USD", Decimal(percent), Decimal(fee))
    return charge(costs, corrections or {}, terms, rates, MAY)


@pytest.mark.parametrize(
    ("costs", "percent", "fee", "total"),
    [
        ({}, "0", "0", "0.00"),
        ({"USD": "3.152"}, "0", "0", "3.15"),
        ({"USD": "3.155"}, "0", "0", "3.16"),  # half-up
        ({"USD": "0.002"}, "0", "0", "0.00"),  # an invoice has cents; the cost beside it is exact
        ({"USD": "10"}, "15", "5", "16.50"),
        ({"USD": "10"}, "-100", "0", "0.00"),
        ({"USD": "1", "EUR": "1"}, "0", "0", "2.10"),
        ({"EUR": "1"}, "10", "0.01", "1.22"),  # 1.1 + 0.11 + 0.01
    ],
)
def test_the_charge(costs, percent, fee, total):
    found = bill({code: Decimal(text) for code, text in costs.items()}, percent=percent, fee=fee)
    assert (found.total, str(found.total)) == (Decimal(total), total)


def test_corrections_are_charged_without_markup():
    found = bill({"USD": Decimal(10)}, {"EUR": Decimal("-1")}, percent="10")
    assert (found.corrections, found.total) == (Decimal("-1.1"), Decimal("9.90"))


@given(lines, st.decimals(-100, 500, places=3), st.decimals(0, 10**5, places=2))
def test_the_total_is_its_parts_rounded_once(usage, percent, fee):
    costs = totals(usage)
    found = bill(costs, percent=str(percent), fee=str(fee))
    whole = costs.get("USD", 0) + costs.get("EUR", 0) * RATES[0].rate
    whole += costs.get("CHF", 0) * RATES[1].rate
    assert found.cost == whole
    assert found.markup * 100 == whole * percent
    assert found.total == to_cents(whole + whole * percent / 100 + fee)


@given(lines)
def test_totals_never_mix_currencies(usage):
    sums = totals(usage)
    for code in ("USD", "EUR", "CHF"):
        assert sums.get(code, 0) == sum(line.amount for line in usage if line.currency == code)
    assert sum(sums.values()) == sum(line.amount for line in usage)


def test_a_currency_without_a_rate_is_never_taken_for_another():
    with pytest.raises(NoRate, match="one EUR is in USD"):
        bill({"EUR": Decimal(1)}, rates=[])
    with pytest.raises(NoRate):  # the other direction is another rate
        bill({"EUR": Decimal(1)}, rates=[Rate("USD", "EUR", date(2026, 1, 1), Decimal("0.9"))])
    assert bill({"EUR": Decimal(0)}, rates=[]).total == 0


def test_the_rate_is_the_latest_of_the_month_or_before():
    days = [date(2026, 4, 1), date(2026, 5, 31), date(2026, 6, 1)]
    rates = [Rate("EUR", "USD", day, Decimal(n)) for n, day in enumerate(days, 1)]
    assert rate_for(rates, "EUR", "USD", MAY) == 2
    assert rate_for(rates, "EUR", "USD", MAY.next()) == 3
    with pytest.raises(NoRate):
        rate_for(rates, "EUR", "USD", Month(2026, 3))


def test_a_cost_in_two_currencies_makes_two_lines_and_counts_once():
    cost = Cost(9, 7, 1, {"USD": Decimal("0.01"), "EUR": Decimal("0.004"), "CHF": Decimal(0)})
    first, second = usage_lines(1, "create", cost, "USD")
    assert first == UsageCost(1, "create", 9, 7, 1, "EUR", Decimal("0.004"))
    assert second == UsageCost(1, "create", 0, 0, 0, "USD", Decimal("0.01"))
    assert usage_lines(1, "create", Cost(3, 0, 3), "CHF") == [
        UsageCost(1, "create", 3, 0, 3, "CHF", Decimal(0))
    ]


@given(lines, lines)
def test_differences_are_all_there_is_between_two_days(before, after):
    found = differences(before, after)
    assert differences(before, before) == []
    changed = {(old.tenant, old.purpose, old.currency): new for old, new in found}
    kept = {(x.tenant, x.purpose, x.currency): x for x in before}
    empty = UsageCost(0, "", 0, 0, 0, "", Decimal(0))
    for key, line in {(x.tenant, x.purpose, x.currency): x for x in after}.items():
        assert changed.get(key, kept.get(key, empty)).amount == line.amount
    net = sum((new.amount - old.amount for old, new in found), Decimal(0))
    assert net == sum(x.amount for x in after) - sum(x.amount for x in before)


def test_days_of_rates_are_whole_days():
    day = MAY.end.date() - timedelta(days=1)
    assert rate_for([Rate("EUR", "USD", day, Decimal(2))], "EUR", "USD", MAY) == 2
