"""A statement as a file says what the statement says, and as FOCUS comes to its total."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.domain.periods import Month
from billing.models import CustomerTerms, ExchangeRate, PriceBookEntry, Statement
from billing.services.statements import add_correction, close_statement, open_statement
from tenants import services
from tenants.domain.roles import Role
from tenants.models import Tenant, User
from tenants.services import TenantFacts
from tests.support.focus_rules import violations
from tests.support.rows import add_person, add_tenant, add_usage

APRIL, MAY = Month(2026, 4), Month(2026, 5)
NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


@pytest.fixture
def finance(db: None, client: Client) -> User:
    person = add_person(Role.FINANCE, None)
    client.force_login(person)
    return person


@pytest.fixture
def tenant(db: None) -> Tenant:
    """Two tenants, two currencies, tiers, a markup, a fee and a charge in a third currency."""
    PriceBookEntry.objects.update(tiers=[[100, "0.0013"]])
    PriceBookEntry.objects.create(
        cloud="china",
        unit_price=Decimal("0.015"),
        currency="CNY",
        rule="2xx+404",
        effective_from=APRIL.start,
    )
    tenant = add_tenant("stated")
    facts = TenantFacts(name="Far", slug="far", cloud="china", entra_id="far.example")
    far = services.add_tenant(customer=tenant.customer, facts=facts, by=None)
    for day in (3, 10):
        add_usage(tenant, NOON.replace(day=day), 201, 77)
        add_usage(far, NOON.replace(day=day), 204, 7, "update")
    add_usage(tenant, NOON, 0, 2)
    add_usage(tenant, NOON.replace(month=4), 201, 5)
    for base, rate in (("USD", "0.923456789"), ("CNY", "0.127")):
        ExchangeRate.objects.create(
            base=base, quote="EUR", day=date(2026, 4, 1), rate=Decimal(rate)
        )
    CustomerTerms.objects.create(
        customer=tenant.customer,
        effective_from=date(2026, 4, 1),
        markup_percent=Decimal("12.345"),
        fixed_fee=Decimal("30.00"),
        currency="EUR",
    )
    return tenant


@pytest.fixture
def closed(tenant: Tenant, finance: User) -> Statement:
    """May, with a correction of April."""
    april = open_statement(customer=tenant.customer, month=APRIL, by=None)
    april = close_statement(statement=april, by=finance)
    may = open_statement(customer=tenant.customer, month=MAY, by=None)
    add_correction(
        corrects=april, currency="USD", amount=Decimal("-0.004"), note="=Twice", by=finance
    )
    return close_statement(statement=may, by=finance)


def rows(client: Client, statement: Statement, ending: str = "json") -> list[dict[str, Any]]:
    page = reverse("statement_detail", args=[statement.pk])
    content = client.get(page, {"file": f"statement.{ending}"}).getvalue()
    return list(
        csv.DictReader(io.StringIO(content.decode())) if ending == "csv" else json.loads(content)
    )


def parts(found: list[dict[str, Any]]) -> dict[str, Decimal]:
    return {row["part"]: Decimal(row["amount"]) for row in found if row["part"] != "usage"}


def test_a_closed_statement_adds_up_in_every_digit(client: Client, closed: Statement) -> None:
    found = rows(client, closed)
    usage = [row for row in found if row["part"] == "usage"]
    by_currency = {
        code: sum(Decimal(row["amount"]) for row in usage if row["currency"] == code)
        for code in ("USD", "CNY")
    }
    assert by_currency == {
        "USD": 100 * Decimal("0.002") + 54 * Decimal("0.0013"),
        "CNY": 14 * Decimal("0.015"),
    }
    assert sum(row["uncertain"] for row in usage) == 2
    said = parts(found)
    assert said["correction"] == Decimal("-0.004")
    whole = said["cost"] + said["markup"] + said["fee"] + said["corrections"]
    assert said["total"] == closed.total == round(whole, 2)
    assert {(row["statement"], row["month"], row["state"]) for row in found} == {
        (closed.number, "2026-05", "closed")
    }
    assert {row["part"] for row in found} == {
        *("usage", "correction", "cost", "markup", "fee", "corrections", "total")
    }


def test_what_comes_later_changes_no_closed_file(
    client: Client, closed: Statement, tenant: Tenant
) -> None:
    before, focus = rows(client, closed), _focus(client, closed)
    add_usage(tenant, NOON.replace(day=11), 201, 5)
    PriceBookEntry.objects.update(unit_price=7)
    CustomerTerms.objects.update(markup_percent=50)
    assert rows(client, closed) == before
    later = _focus(client, closed)
    assert sum(_costs(later)) == sum(_costs(focus)) == closed.total
    assert violations(_text(client, closed)) == []


def test_an_open_one_is_todays_and_says_so(client: Client, tenant: Tenant, finance: User) -> None:
    may = open_statement(customer=tenant.customer, month=MAY, by=None)
    first = rows(client, may)
    assert {row["state"] for row in first} == {"open"}
    add_usage(tenant, NOON.replace(day=11), 201, 500)
    assert parts(rows(client, may))["total"] > parts(first)["total"]
    assert client.get(reverse("statement_focus", args=[may.pk])).status_code == 404
    ExchangeRate.objects.all().delete()
    (total,) = (row for row in rows(client, may) if row["part"] == "total")
    assert total["amount"] is None
    assert "Enter what one" in total["note"]


def test_a_cell_is_no_formula(client: Client, closed: Statement) -> None:
    (row,) = (row for row in rows(client, closed, "csv") if row["part"] == "correction")
    assert row["note"] == "2026-00001: =Twice"
    assert row["tenant"] == ""


def _text(client: Client, statement: Statement) -> str:
    return client.get(reverse("statement_focus", args=[statement.pk])).getvalue().decode()


def _focus(client: Client, statement: Statement) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_text(client, statement))))


def _costs(found: list[dict[str, str]]) -> list[Decimal]:
    return [Decimal(row["BilledCost"]) for row in found]


def test_focus_comes_to_the_total(client: Client, closed: Statement) -> None:
    assert violations(_text(client, closed)) == []
    found = _focus(client, closed)
    assert sum(_costs(found)) == closed.total
    assert {row["BillingCurrency"] for row in found} == {"EUR"}
    assert {row["InvoiceId"] for row in found} == {closed.number}
    usage = [row for row in found if row["ChargeCategory"] == "Usage"]
    assert sum(Decimal(row["ConsumedQuantity"]) for row in usage) == 2 * 77 + 2 * 7
    assert len({row["ChargePeriodStart"] for row in usage}) == 2  # by day
    for row in usage:
        assert Decimal(row["BilledCost"]) == Decimal(row["ListCost"]) * Decimal("1.12345")
    (correction,) = (row for row in found if row["ChargeClass"] == "Correction")
    assert Decimal(correction["BilledCost"]) == Decimal("-0.004") * Decimal("0.923456789")
    assert correction["ChargePeriodStart"] == "2026-04-01T00:00:00Z"
    (fee,) = (row for row in found if row["ChargeCategory"] == "Purchase")
    assert Decimal(fee["BilledCost"]) == 30
    assert found[-1]["ChargeDescription"] == "Rounding to the cent"


def test_a_line_that_reads_otherwise_today_is_told_for_the_month(
    client: Client, closed: Statement, tenant: Tenant
) -> None:
    add_usage(tenant, NOON.replace(day=11), 201, 5)
    found = [row for row in _focus(client, closed) if row["x_Purpose"] == "create"]
    assert sum(Decimal(row["ConsumedQuantity"]) for row in found) == 2 * 77
    assert {(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in found} == {
        ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")
    }
    assert violations(_text(client, closed)) == []


def test_the_page_offers_the_files(client: Client, closed: Statement) -> None:
    text = client.get(reverse("statement_detail", args=[closed.pk])).content.decode()
    for ending in ("csv", "xlsx", "json", "jsonl"):
        assert f"?file=statement.{ending}" in text
    assert reverse("statement_focus", args=[closed.pk]) in text
    page = reverse("statement_detail", args=[closed.pk])
    assert client.get(page, {"file": "statement.pdf"}).status_code == 404
    assert client.get(page, {"file": "other.csv"}).status_code == 404


def test_totals_of_the_list_keep_currencies_apart(
    client: Client, closed: Statement, finance: User
) -> None:
    other = add_tenant("dollars")
    add_usage(other, NOON, 201, 1000)
    row = open_statement(customer=other.customer, month=MAY, by=None)
    close_statement(statement=row, by=finance)
    text = client.get(reverse("statement_list"), {"month": "2026-05"}).content.decode()
    assert "Closed, in EUR" in text
    assert "Closed, in USD" in text
