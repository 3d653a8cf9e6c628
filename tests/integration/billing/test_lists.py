"""Every list of finance: found in, sorted, taken along as a file; currencies never mixed."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from billing.models import Budget, Call, CustomerTerms, ExchangeRate, PriceBookEntry
from billing.services.statements import close_statement, open_statement
from billing.views.statements import parsed_month
from tenants import services
from tenants.domain.roles import Role
from tenants.models import Tenant
from tenants.services import TenantFacts
from tests.support.rows import add_person, add_tenant, add_usage

DAY = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.fixture
def tenants(db: None) -> list[Tenant]:
    """Three customers; the first has a second tenant in another cloud, priced in CNY."""
    PriceBookEntry.objects.create(
        cloud="china",
        unit_price=Decimal("0.015"),
        currency="CNY",
        rule="all",
        effective_from=DAY.replace(hour=0),
    )
    tenants = [add_tenant(slug) for slug in ("acme", "beech", "cedar")]
    facts = TenantFacts(name="Tenant far", slug="far", cloud="china", entra_id="far.example")
    tenants.append(services.add_tenant(customer=tenants[0].customer, facts=facts, by=None))
    for number, tenant in enumerate(tenants, 1):
        add_usage(tenant, DAY, 201, number, job="job:7")
        add_usage(tenant, DAY.replace(day=5), 404, 10 * number, "lookup", job="job:8")
    return tenants


@pytest.fixture
def finance(client: Client, tenants: list[Tenant]) -> Client:
    finance = add_person(Role.FINANCE, None)
    client.force_login(finance)
    Budget.objects.create(amount=Decimal("0.01"), customer=tenants[1].customer)
    Budget.objects.create(amount=5, customer=tenants[2].customer, tenant=tenants[2])
    ExchangeRate.objects.create(base="USD", quote="EUR", day=date(2026, 5, 1), rate=Decimal("0.9"))
    ExchangeRate.objects.create(base="CNY", quote="EUR", day=date(2026, 4, 1), rate=Decimal("0.1"))
    for month in (3, 4):
        CustomerTerms.objects.create(
            customer=tenants[0].customer,
            effective_from=date(2026, month, 1),
            fixed_fee=5,
            currency="EUR",
        )
    may = parsed_month("2026-05")
    close_statement(
        statement=open_statement(customer=tenants[1].customer, month=may, by=None), by=finance
    )
    for at, status in enumerate((204, 429, None)):
        Call.objects.create(
            customer=tenants[0].customer,
            tenant=tenants[0],
            job="job:7",
            purpose="update",
            method="PATCH",
            resource=f"/users/{at}",
            state="answered" if status else "uncertain",
            status=status,
            duration_ms=at,
            started_at=DAY.replace(minute=at),
        )
    return client


# Page, the list's name in files, its prefix, words that find some but not all, and the orders.
MONTH = "?month=2026-05"
LISTS = {
    "customers": (f"/costs/{MONTH}", "", "beech", ["change", "calls", "budget", "name"]),
    "tenants": (f"/costs/customers/customer-acme/{MONTH}", "", "far", ["calls", "name"]),
    "purposes": (f"/costs/tenants/acme/{MONTH}", "purpose_", "Looking", ["calls", "name"]),
    "days": (f"/costs/tenants/acme/{MONTH}", "day_", "5 May", ["cost", "calls"]),
    "jobs": ("/costs/tenants/acme/2026-05-04/?", "", "", ["calls", "name"]),
    "calls": ("/costs/tenants/acme/2026-05-04/?", "call_", "users/1", ["oldest", "slowest"]),
    "statements": (f"/costs/statements/{MONTH}", "", "cedar", ["number", "charge"]),
    "budgets": ("/costs/budgets/?", "", "beech", ["used", "expected"]),
    "prices": ("/costs/prices/?", "", "cny", ["cloud", "price"]),
    "rates": ("/costs/rates/?", "", "cny", ["currency"]),
    "terms": ("/costs/customers/customer-acme/terms/?", "", "march", ["oldest"]),
}


def rows(client: Client, name: str, ending: str = "json", **asked: str) -> list[dict[str, Any]]:
    url, prefix, *_ = LISTS[name]
    wishes = {f"{prefix}{key}": value for key, value in asked.items()}
    path, _, query = url.partition("?")
    given = {key: value[0] for key, value in parse_qs(query).items()}
    response = client.get(path, given | wishes | {"file": f"{name}.{ending}"})
    assert response.status_code == 200
    assert f'{name}.{ending}"' in response.headers["Content-Disposition"]
    return list(read(ending, response.getvalue()))


def read(ending: str, content: bytes) -> Iterator[dict[str, Any]]:
    if ending == "csv":
        yield from csv.DictReader(io.StringIO(content.decode()))
    elif ending == "xlsx":
        header, *body = load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
        yield from (dict(zip(header, row, strict=True)) for row in body)
    else:
        lines = json.loads(content) if ending == "json" else map(json.loads, content.splitlines())
        yield from lines


@pytest.mark.parametrize("name", LISTS)
def test_every_list_can_be_printed_and_taken_along(finance: Client, name: str) -> None:
    text = finance.get(LISTS[name][0]).content.decode()
    assert "data-print" in text
    for ending in ("csv", "xlsx", "json", "jsonl"):
        assert f"file={name}.{ending}" in text
        assert len(rows(finance, name, ending)) == len(rows(finance, name)) > 0


@pytest.mark.parametrize("name", [name for name, row in LISTS.items() if row[2]])
def test_every_list_is_found_in(finance: Client, name: str) -> None:
    everything, found = rows(finance, name), rows(finance, name, q=LISTS[name][2])
    assert 0 < len(found) < len(everything)
    assert all(row in everything for row in found)
    assert rows(finance, name, q="nothing like this") == []
    url, prefix, *_ = LISTS[name]
    page = finance.get(f"{url}&{prefix}q=nothing").content.decode()
    assert "Clear" in page
    assert f'name="{prefix}q"' in page
    assert f"file={name}." not in page  # nothing to take along
    assert "0\N{EN DASH}0" not in page


@pytest.mark.parametrize(("name", "order"), [(n, o) for n, row in LISTS.items() for o in row[3]])
def test_every_list_is_sorted_and_loses_nothing(finance: Client, name: str, order: str) -> None:
    usual, other = rows(finance, name), rows(finance, name, sort=order)
    key = json.dumps
    assert sorted(map(key, usual)) == sorted(map(key, other))
    assert rows(finance, name, sort="by magic") == usual


def test_orders_are_what_they_say(finance: Client) -> None:
    def column(name: str, of: str, sort: str) -> list[Any]:
        return [row[of] for row in rows(finance, name, sort=sort)]

    assert column("prices", "unit_price", "price") == ["0.015000000", "0.002000000"]
    assert column("days", "day", "cost") == ["2026-05-05", "2026-05-04"]
    assert column("rates", "base", "currency") == ["CNY", "USD"]
    assert column("terms", "from", "oldest") == ["2026-03-01", "2026-04-01"]
    assert column("calls", "resource", "oldest") == ["/users/0", "/users/1", "/users/2"]
    assert column("calls", "resource", "slowest") == ["/users/2", "/users/1", "/users/0"]
    assert column("statements", "customer", "charge")[0] == "Customer beech"
    names = column("customers", "customer", "name")
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("name", "only", "expected"),
    [
        ("statements", "closed", 1),
        ("statements", "none", 3),  # two customers, one of them with two currencies
        ("statements", "open", 0),
        ("calls", "2", 1),
        ("calls", "4", 1),
        ("calls", "none", 1),
        ("calls", "5", 0),
    ],
)
def test_kinds(finance: Client, name: str, only: str, expected: int) -> None:
    assert len(rows(finance, name, only=only)) == expected


def test_a_customer_of_two_currencies_has_a_line_for_each(finance: Client) -> None:
    acme = rows(finance, "customers", q="acme")
    assert {(row["currency"], row["amount"], row["billable"]) for row in acme} == {
        ("CNY", "0.660000000", 55),
        ("USD", "0.022000000", 0),  # counts stand in one line only, so that they add up
    }
    page = finance.get(f"/costs/{MONTH}").content.decode()
    assert "CNY 0.66" in page
    assert "USD 0.022" in page
    assert "0.00<" not in page


@pytest.mark.parametrize("path", [row[0] for row in LISTS.values()])
def test_pages_show_small_amounts_whole(finance: Client, path: str) -> None:
    text = finance.get(path).content.decode()
    for code in ("USD", "CNY", "EUR"):
        assert f"{code} 0.00<" not in text
        assert f"{code} 0.00," not in text


def test_figures_of_the_files_are_those_of_the_month(finance: Client) -> None:
    tenants = rows(finance, "tenants")
    for name in ("purposes", "days"):
        found = rows(finance, name)
        (wanted,) = (row for row in tenants if row["tenant"] == "Tenant acme")
        assert sum(Decimal(row["amount"]) for row in found) == Decimal(wanted["amount"])
        assert sum(row["calls"] for row in found) == wanted["calls"]


@pytest.mark.parametrize("wrong", ["nothing.csv", "customers.pdf", "customers", "customers."])
def test_no_such_file(finance: Client, wrong: str) -> None:
    assert finance.get("/costs/", {"file": wrong}).status_code == 404


def test_other_wishes_of_the_address_stay(finance: Client) -> None:
    url = "/costs/tenants/acme/?month=2026-05&day_sort=cost&purpose_q=look"
    text = finance.get(url).content.decode()
    assert text.count('<input type="hidden" name="month" value="2026-05">') == 2
    assert '<input type="hidden" name="day_sort" value="cost">' in text
    assert "file=days.csv" in text
    assert "purpose_q=look&amp;file=purposes.csv" in text


def test_files_are_of_ones_own_customers(client: Client, tenants: list[Tenant]) -> None:
    client.force_login(add_person(Role.FINANCE, tenants[0].customer))
    assert {row["customer"] for row in rows(client, "customers")} == {"Customer acme"}
    url = reverse("cost_tenant", args=["beech"])
    assert client.get(url, {"file": "days.csv"}).status_code == 404


def test_many_budgets_are_pages_and_one_file(finance: Client, tenants: list[Tenant]) -> None:
    few = Budget.objects.count()
    spans = ("month", "quarter", "year")
    Budget.objects.all().delete()
    for number in range(17):
        tenant = add_tenant(f"many{number}")
        for span in spans:
            Budget.objects.create(amount=5, customer=tenant.customer, tenant=tenant, span=span)
    total, url = 17 * len(spans), reverse("budget_list")
    pages = [finance.get(url, {"page": page}).content.decode() for page in (1, 2)]
    rows = [text.count('<td data-label="When it is used up">') for text in pages]
    assert (few, rows) == (2, [50, total - 50])
    assert f"{total} of {total} budgets" in pages[1]
    file = finance.get(url, {"file": "budgets.csv"}).getvalue().decode()
    assert len(list(csv.reader(io.StringIO(file)))) == total + 1
