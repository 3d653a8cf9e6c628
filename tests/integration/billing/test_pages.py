"""Pages of finance: overview, the way down to single calls, statements, budgets, terms, rates."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from billing.domain.periods import Month
from billing.models import (
    Budget,
    Call,
    CustomerTerms,
    ExchangeRate,
    PriceBookEntry,
    Statement,
)
from billing.selectors.overview import customer_months
from tenants.domain.roles import Role
from tenants.models import Tenant
from tests.support.asked import at_most
from tests.support.focus_rules import violations
from tests.support.rows import add_person, add_tenant, add_usage

MAY = Month(2026, 5)


@pytest.fixture
def tenants(db: None) -> list[Tenant]:
    tenants = [add_tenant(slug) for slug in ("acme", "beech", "cedar")]
    for number, tenant in enumerate(tenants, 1):
        add_usage(tenant, datetime(2026, 5, number, 9, tzinfo=UTC), 201, 100 * number, job="job:7")
        add_usage(tenant, datetime(2026, 4, 30, 9, tzinfo=UTC), 201, 150)
    return tenants


@pytest.fixture
def finance(client: Client, tenants: list[Tenant]) -> Client:
    client.force_login(add_person(Role.FINANCE, None))
    return client


def page(client: Client, name: str, query: Any = None, **kwargs: Any) -> str:
    response = client.get(reverse(name, kwargs=kwargs), query or {})
    assert response.status_code == 200
    return response.content.decode()


def order(text: str) -> list[str]:
    names = ("Customer acme", "Customer beech", "Customer cedar")
    table = text[text.index("By customer") :]
    return sorted((n for n in names if n in table), key=table.index)


@pytest.mark.parametrize(
    ("sort", "first"),
    [("", "cedar"), ("cost", "cedar"), ("calls", "cedar"), ("change", "cedar"), ("name", "acme")],
)
def test_the_overview_is_sorted(finance: Client, sort: str, first: str) -> None:
    text = page(finance, "cost_overview", {"month": "2026-05", "sort": sort})
    assert order(text)[0] == f"Customer {first}"


def test_the_overview_is_filtered_and_its_total_stays(finance: Client) -> None:
    text = page(finance, "cost_overview", {"month": "2026-05", "q": "BEE"})
    assert order(text) == ["Customer beech"]
    assert "600" in text  # the month's billable calls, of all


def test_movers_are_compared_with_the_same_days(tenants: list[Tenant]) -> None:
    rows = customer_months(add_person(Role.FINANCE, None), MAY, datetime(2026, 7, 1, tzinfo=UTC))
    assert sorted(row.change for row in rows) == [-50, 50, 150]
    running = datetime(2026, 5, 3, 12, tzinfo=UTC)  # until the third of April there was nothing
    rows = customer_months(add_person(Role.FINANCE, None), MAY, running)
    assert sorted(row.change for row in rows) == [100, 200, 300]


def test_queries_do_not_grow_with_the_customers(finance: Client) -> None:
    for number in range(12):
        add_usage(add_tenant(f"more-{number}"), datetime(2026, 5, 9, 9, tzinfo=UTC))
    with at_most(16):
        page(finance, "cost_overview", {"month": "2026-05"})


def test_the_way_down_to_a_call(finance: Client, tenants: list[Tenant]) -> None:
    Call.objects.create(
        customer=tenants[0].customer,
        tenant=tenants[0],
        job="job:7",
        purpose="create",
        method="POST",
        resource="/users",
        state="answered",
        status=201,
        duration_ms=31,
        started_at=datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
    )
    text = page(finance, "cost_customer", {"month": "2026-05"}, slug="customer-acme")
    assert reverse("cost_tenant", kwargs={"slug": "acme"}) in text
    text = page(finance, "cost_tenant", {"month": "2026-05"}, slug="acme")
    assert reverse("cost_day", kwargs={"slug": "acme", "day": "2026-05-01"}) in text
    text = page(finance, "cost_day", {"job": "job:7"}, slug="acme", day="2026-05-01")
    assert "Job 7" in text
    assert "POST /users" in text
    assert "POST /users" not in page(
        finance, "cost_day", {"job": "job:8"}, slug="acme", day="2026-05-01"
    )


EMPTY = (
    r'<div class="no-print">\s*<section class="card"\s*>\s*<div class="card-body">\s*'
    r'<div class="empty">'
)


@pytest.mark.parametrize("day", ["2026-13-01", "today", "2026-05-1x"])
def test_no_such_day(finance: Client, day: str) -> None:
    assert finance.get(reverse("cost_day", kwargs={"slug": "acme", "day": day})).status_code == 404


def test_a_statement_from_opening_to_correction(finance: Client, tenants: list[Tenant]) -> None:
    assert "none yet" not in page(finance, "statement_list", {"month": "2026-05"})
    opened = finance.post(reverse("statement_open", args=["customer-acme", "2026-05"]))
    statement = Statement.objects.get()
    assert opened.headers["Location"] == reverse("statement_detail", args=[statement.pk])
    assert "an estimate until it is closed" in page(finance, "statement_detail", pk=statement.pk)
    finance.post(reverse("statement_close", args=[statement.pk]))
    text = page(finance, "statement_detail", pk=statement.pk)
    assert "2026-00001" in text
    assert "USD 0.20" in text
    again = finance.post(reverse("statement_close", args=[statement.pk]), follow=True)
    assert "is closed; add a correction" in again.content.decode()
    add_usage(tenants[0], datetime(2026, 5, 9, 9, tzinfo=UTC), 204, 5, "disable")
    text = page(finance, "statement_detail", pk=statement.pk)
    assert "would read otherwise today" in text
    assert "0 billable calls then, 5 now" in text
    given = {"amount": "0.01", "currency": "USD", "note": "Late disables"}
    corrected = finance.post(
        reverse("statement_correct", args=[statement.pk]), given, follow=True
    ).content.decode()
    assert "Late disables" in corrected
    later = Statement.objects.exclude(pk=statement.pk).get()
    line = later.lines.get()
    assert "Late disables" in page(finance, "statement_detail", pk=statement.pk)
    url = reverse("statement_correct", args=[statement.pk])
    for amount, currency in (("1.50", "USD"), ("2.00", "EUR")):
        finance.post(url, {"amount": amount, "currency": currency, "note": "More"})
    text = page(finance, "statement_detail", pk=statement.pk)
    assert text.count("Corrected on later statements") == 1
    assert text.count("Together") == 2
    assert "USD 1.51" in text
    assert "USD 1.51" in page(finance, "statement_detail", pk=later.pk)
    # On paper a customer gets what was closed, and no icon where nothing was called.
    paper = re.sub(r'<div class="no-print">.*?</section>', "", text, flags=re.S)
    assert "Corrected on later" not in paper
    assert "otherwise today" not in paper
    assert re.search(EMPTY, page(finance, "statement_detail", pk=later.pk))
    finance.post(reverse("correction_remove", args=[later.pk, line.pk]))
    assert "Late disables" not in page(finance, "statement_detail", pk=later.pk)


@pytest.mark.parametrize(
    "wrong", [{"amount": "0"}, {"amount": "x"}, {"note": ""}, {"currency": "DOLLAR"}]
)
def test_a_wrong_correction_is_refused(finance: Client, wrong: dict[str, str]) -> None:
    finance.post(reverse("statement_open", args=["customer-acme", "2026-05"]))
    statement = Statement.objects.get()
    finance.post(reverse("statement_close", args=[statement.pk]))
    given = {"amount": "1", "currency": "USD", "note": "x"} | wrong
    response = finance.post(reverse("statement_correct", args=[statement.pk]), given)
    assert response.status_code == 200
    assert Statement.objects.count() == 1


def test_a_month_that_runs_cannot_be_closed(finance: Client) -> None:
    month = f"{timezone.now():%Y-%m}"
    finance.post(reverse("statement_open", args=["customer-acme", month]))
    statement = Statement.objects.get()
    text = finance.post(reverse("statement_close", args=[statement.pk]), follow=True)
    assert "has not ended yet" in text.content.decode()


@pytest.mark.parametrize("month", ["2026-13", "1999-01", "soon"])
def test_a_month_that_is_none_has_no_statement(finance: Client, month: str) -> None:
    assert finance.post(f"/costs/statements/open/customer-acme/{month}/").status_code == 404


def test_a_budget_is_added_changed_and_removed(finance: Client, tenants: list[Tenant]) -> None:
    given = {
        "whose": f"tenant:{tenants[0].pk}",
        "amount": "5",
        "currency": "usd",
        "span": "month",
        "stop": "hard",
        "thresholds": "50, 100",
        "forecast_thresholds": "",
    }
    assert finance.post(reverse("budget_add"), given).status_code == 302
    budget = Budget.objects.get()
    assert (budget.tenant, budget.customer) == (tenants[0], tenants[0].customer)
    assert (budget.thresholds, budget.forecast_thresholds) == ([50, 100], [])
    twice = finance.post(reverse("budget_add"), given)
    assert "There is a budget for this already" in twice.content.decode()
    assert "Send nothing more" in page(finance, "budget_list")
    changed = finance.post(reverse("budget_edit", args=[budget.pk]), given | {"amount": "7.50"})
    assert changed.status_code == 302
    budget.refresh_from_db()
    assert (budget.amount, budget.tenant) == (Decimal("7.50"), tenants[0])
    finance.post(reverse("budget_remove", args=[budget.pk]))
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"whose": "tenant:99999"},
        {"amount": "-1"},
        {"currency": "E"},
        {"thresholds": "half"},
        {"stop": "now"},
    ],
)
def test_a_wrong_budget_is_refused(finance: Client, wrong: dict[str, str]) -> None:
    given = {"whose": "msp", "amount": "5", "currency": "USD", "span": "month", "stop": "soft"}
    assert finance.post(reverse("budget_add"), given | wrong).status_code == 200
    assert not Budget.objects.exists()


def test_who_sees_one_customer_sets_no_budget_of_the_msp(
    client: Client, tenants: list[Tenant]
) -> None:
    client.force_login(add_person(Role.FINANCE, tenants[0].customer))
    given = {"whose": "msp", "amount": "5", "currency": "USD", "span": "month", "stop": "soft"}
    assert client.post(reverse("budget_add"), given).status_code == 200
    whole = Budget.objects.create(amount=1)
    assert client.get(reverse("budget_edit", args=[whole.pk])).status_code == 404
    assert client.post(reverse("budget_remove", args=[whole.pk])).status_code == 404


def test_terms_and_rates(finance: Client, client: Client) -> None:
    given = {"markup_percent": "12.5", "fixed_fee": "30", "currency": "eur"}
    url = reverse("terms_edit", args=["customer-acme"])
    for text in ("2026-06", "2026-06"):
        assert finance.post(url, given | {"effective_from": text}).status_code == 302
    terms = CustomerTerms.objects.get()
    assert (terms.markup_percent, terms.currency) == (Decimal("12.5"), "EUR")
    assert finance.post(url, given | {"effective_from": "June"}).status_code == 200
    assert "12.5 %" in page(finance, "terms_edit", slug="customer-acme")
    client.force_login(add_person(Role.ADMIN, None))
    rate = {"base": "usd", "quote": "eur", "rate": "0.92", "day": "2026-05-01", "note": "ECB"}
    assert client.post(reverse("rate_add"), rate).status_code == 302
    assert client.post(reverse("rate_add"), rate).status_code == 200  # one a day
    assert client.post(reverse("rate_add"), rate | {"quote": "USD"}).status_code == 200
    assert ExchangeRate.objects.count() == 1
    assert "1 USD = 0.92 EUR" in page(client, "rate_list")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "jsonl"])
def test_files_of_a_month_add_up(finance: Client, ending: str) -> None:
    PriceBookEntry.objects.update(tiers=[[150, "0.001"]])
    response = finance.get(reverse("cost_file", args=[ending]), {"month": "2026-05"})
    assert response.headers["Content-Disposition"].endswith(f'scim-usage-2026-05.{ending}"')
    rows = read(ending, response.getvalue())
    assert sum(int(row["billable"]) for row in rows) == 600
    # 100 and 150 at 0.002, then 50 and 150 at 0.001 more.
    assert sum(Decimal(str(row["amount"])) for row in rows) == Decimal("1.0")


def read(ending: str, content: bytes) -> list[dict[str, Any]]:
    if ending == "csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    if ending == "xlsx":
        sheet = load_workbook(io.BytesIO(content)).active
        header, *rows = sheet.iter_rows(values_only=True)
        return [dict(zip(header, row, strict=True)) for row in rows]
    if ending == "json":
        return list(json.loads(content))
    return [json.loads(line) for line in content.splitlines()]


def test_focus_rows_keep_the_rules_and_add_up(finance: Client) -> None:
    PriceBookEntry.objects.update(tiers=[[150, "0.001"]])
    text = finance.get(reverse("cost_focus"), {"month": "2026-05"}).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert violations(text) == []
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal("1.0")
    assert sum(Decimal(row["ConsumedQuantity"]) for row in rows) == 600


def test_files_may_be_narrowed_to_a_customer(finance: Client) -> None:
    asked = {"month": "2026-05", "customer": "customer-beech"}
    rows = read("json", finance.get(reverse("cost_file", args=["json"]), asked).getvalue())
    assert {row["customer"] for row in rows} == {"Customer beech"}
    asked["customer"] = "nobody"
    assert finance.get(reverse("cost_file", args=["json"]), asked).status_code == 404
    assert finance.get(reverse("cost_file", args=["pdf"]), {}).status_code == 404
