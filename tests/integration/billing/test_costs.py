"""Cost pages' figures: whose they are, at which price, and how they leave as CSV."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing import selectors
from billing.domain.periods import Month
from billing.domain.pricing import Cost, NoPrice
from billing.exports import cell
from billing.models import PriceBookEntry
from tenants.domain.roles import Role
from tenants.models import Tenant
from tests.support.rows import add_person, add_tenant, add_usage

MAY = Month(2026, 5)


@pytest.fixture
def tenants(db: None) -> tuple[Tenant, Tenant]:
    first, second = add_tenant("first"), add_tenant("second")
    add_usage(first, datetime(2026, 5, 1, 0, tzinfo=UTC), 201, 3)
    add_usage(first, datetime(2026, 5, 31, 23, tzinfo=UTC), 404, 1, "lookup")
    add_usage(first, datetime(2026, 5, 31, 23, tzinfo=UTC), 429, 5)
    add_usage(first, datetime(2026, 5, 31, 23, tzinfo=UTC), 0, 2)
    add_usage(first, datetime(2026, 6, 1, 0, tzinfo=UTC), 201, 100)  # June already
    add_usage(second, datetime(2026, 5, 1, 0, tzinfo=UTC), 201, 1000)
    return first, second


def test_a_month_is_counted_and_priced_per_tenant(tenants: tuple[Tenant, Tenant]) -> None:
    first, second = selectors.month_costs(add_person(Role.FINANCE, None), MAY)
    assert first.cost == Cost(11, 4, 2, {"USD": Decimal("0.008")})
    assert second.cost == Cost(1000, 1000, 0, {"USD": Decimal("2.000")})


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ENGINEER])
def test_costs_are_those_of_ones_own_customers(tenants: tuple[Tenant, Tenant], role: Role) -> None:
    person = add_person(role, tenants[0].customer)
    assert [row.tenant for row in selectors.month_costs(person, MAY)] == [tenants[0]]
    assert {day.customer for day in selectors.day_costs(person, MAY)} == {tenants[0].customer}


def test_a_viewer_sees_no_cost(tenants: tuple[Tenant, Tenant]) -> None:
    person = add_person(Role.VIEWER, tenants[0].customer)
    assert selectors.month_costs(person, MAY) == []
    assert selectors.day_costs(person, MAY) == []


def test_days_and_purposes_add_up_to_the_month(tenants: tuple[Tenant, Tenant]) -> None:
    person = add_person(Role.FINANCE, None)
    month = sum((row.cost for row in selectors.month_costs(person, MAY)), Cost())
    days = sum((day.cost for day in selectors.day_costs(person, MAY)), Cost())
    purposes = [cost for t in tenants for _, cost in selectors.purpose_costs(t, MAY)]
    assert month == days == sum(purposes, Cost())


def test_a_new_price_leaves_earlier_days_as_they_were(tenants: tuple[Tenant, Tenant]) -> None:
    PriceBookEntry.objects.create(
        unit_price=Decimal("0.003"),
        currency="USD",
        rule="all",
        effective_from=datetime(2026, 5, 31, tzinfo=UTC),
    )
    (row,) = selectors.costs_of([tenants[0]], MAY)
    # Three calls at 0.002 on the first; then all answered calls at 0.003, uncertain ones never.
    assert row.cost.amounts == {"USD": Decimal("0.006") + 6 * Decimal("0.003")}


def test_another_billing_rule_is_data(tenants: tuple[Tenant, Tenant]) -> None:
    PriceBookEntry.objects.update(rule="all")
    (row,) = selectors.costs_of([tenants[0]], MAY)
    assert row.cost.billable == 9


def test_before_the_first_price_there_is_none(tenants: tuple[Tenant, Tenant]) -> None:
    with pytest.raises(NoPrice):
        selectors.quote_for(tenants[0], 1, datetime(2026, 2, 28, 23, 59, tzinfo=UTC))
    assert selectors.quote_for(tenants[0], 5, datetime(2026, 3, 1, tzinfo=UTC)).amounts == {
        "USD": Decimal("0.010")
    }


def test_a_job_is_priced_by_its_own_calls(tenants: tuple[Tenant, Tenant]) -> None:
    when = datetime(2026, 5, 2, 10, tzinfo=UTC)
    for label in ("job:1", "job:2"):
        for status in (201, 429, 0):
            add_usage(tenants[0], when, status, 1, job=label)
    cost = selectors.job_cost(tenants[0], "job:1")
    assert (cost.calls, cost.billable, cost.uncertain) == (3, 1, 1)
    assert cost.amounts == {"USD": Decimal("0.002")}


def test_tiers_count_a_tenants_month(tenants: tuple[Tenant, Tenant]) -> None:
    PriceBookEntry.objects.update(tiers=[[2, "0.001"]])
    add_usage(tenants[0], datetime(2026, 5, 31, 23, tzinfo=UTC), 201, 10, "update", "job:1")
    first, second = selectors.costs_of(tenants, MAY)
    assert first.cost.amounts == {"USD": 2 * Decimal("0.002") + 12 * Decimal("0.001")}
    assert second.cost.amounts == {"USD": Decimal("1.002")}
    days = selectors.day_costs(add_person(Role.FINANCE, None), MAY, tenants[0].customer)
    purposes = selectors.purpose_costs(tenants[0], MAY)
    assert sum((day.cost for day in days), Cost()) == first.cost
    assert sum((cost for _, cost in purposes), Cost()) == first.cost
    # Three calls came before its hour, so that a job is priced in the second tier, as a quote is.
    assert selectors.job_cost(tenants[0], "job:1").amounts == {"USD": Decimal("0.010")}
    at = datetime(2026, 5, 31, 23, 30, tzinfo=UTC)
    assert selectors.quote_for(tenants[0], 1, at).amounts == {"USD": Decimal("0.001")}


def test_the_csv_adds_up_and_carries_every_digit(
    client: Client, tenants: tuple[Tenant, Tenant]
) -> None:
    client.force_login(add_person(Role.FINANCE, None))
    text = client.get(reverse("cost_file", args=["csv"]), {"month": "2026-05"}).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("2.008")
    assert sum(int(row["calls"]) for row in rows) == 1011


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_is_no_formula(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell("Northmoor") == "Northmoor"


@pytest.mark.parametrize("month", ["2026-13", "x", "2026", "9999-12"])
def test_no_month_is_no_page(client: Client, tenants: tuple[Tenant, Tenant], month: str) -> None:
    client.force_login(add_person(Role.FINANCE, None))
    assert client.get(reverse("cost_overview"), {"month": month}).status_code == 404


def price(**changes: str) -> dict[str, str]:
    given = {
        "cloud": "",
        "unit_price": "0.0025",
        "currency": "usd",
        "rule": "2xx + 404",
        "tiers": "1000: 0.001",
        "effective_from": "2026-12-01",
        "note": "New agreement",
    }
    return given | changes


def test_an_administrator_adds_a_price_without_code(client: Client, db: None) -> None:
    client.force_login(add_person(Role.ADMIN, None))
    assert client.post(reverse("price_add"), price()).status_code == 302
    entry = PriceBookEntry.objects.first()
    assert entry is not None
    assert (entry.unit_price, entry.currency) == (Decimal("0.0025"), "USD")
    assert entry.effective_from == datetime(2026, 12, 1, tzinfo=UTC)
    assert (entry.rule, entry.as_price().amount(1001)) == ("2xx+404", Decimal("2.501"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit_price": "-1"},
        {"unit_price": "NaN"},
        {"currency": "US"},
        {"rule": "some"},
        {"tiers": "0: 1"},
        {"tiers": "many"},
        {"effective_from": "2026-03-01"},  # has a price already
        {"effective_from": "soon"},
    ],
)
def test_a_wrong_price_is_refused(client: Client, db: None, wrong: dict[str, str]) -> None:
    client.force_login(add_person(Role.ADMIN, None))
    assert client.post(reverse("price_add"), price(**wrong)).status_code == 200
    assert PriceBookEntry.objects.count() == 1
