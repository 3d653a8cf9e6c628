"""Each page, file and task of finance makes the same queries for 60 tenants as for 3."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Budget, Call, CustomerTerms, StatementNumber
from billing.services.statements import close_statement, open_statement
from billing.services.watching import watch_budgets
from billing.views.costs import parsed_month
from tenants.domain.roles import Role
from tenants.models import Customer, Tenant, User
from tests.support.rows import add_person, add_usage

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
FEW, MANY = 3, 60


def add_tenants(count: int, since: int = 0) -> None:
    """The first customer has them all, and each has a customer of its own beside it."""
    large, _ = Customer.objects.get_or_create(name="Large", slug="large")
    for number in range(since, count):
        own = Customer.objects.create(name=f"Customer {number:02}", slug=f"customer-{number}")
        for customer in (large, own):
            slug = f"{customer.slug}-{number}"
            tenant = Tenant.objects.create(
                customer=customer, name=slug, slug=slug, entra_id=str(uuid4())
            )
            for hour in (NOW - timedelta(days=30), NOW):
                add_usage(tenant, hour, 201, 10 + number, job="job:1")
                add_usage(tenant, hour, 404, 1, "lookup", "job:1")
            Budget.objects.create(customer=customer, tenant=tenant, amount=5)


def measured(run: Callable[[], Any]) -> list[str]:
    run()  # whatever is read once for a process
    with CaptureQueriesContext(connection) as queries:
        run()
    return [query["sql"] for query in queries]


def asker(client: Client, name: str, place: tuple[str, ...], **query: str) -> Callable[[], None]:
    def ask() -> None:
        response = client.get(reverse(name, args=place), query)
        assert response.status_code == 200
        response.getvalue()

    return ask


@pytest.fixture
def finance(db: None, client: Client) -> Iterator[User]:
    with time_machine.travel(NOW, tick=False):
        yield _finance(client)


def _finance(client: Client) -> User:
    add_tenants(FEW)
    person = add_person(Role.FINANCE, None)
    Budget.objects.create(amount=100, span="year")
    large = Customer.objects.get(slug="large")
    CustomerTerms.objects.create(customer=large, effective_from=NOW.date().replace(day=1))
    Call.objects.create(
        customer=large,
        tenant=large.tenants.earliest("pk"),
        job="job:1",
        purpose="create",
        method="POST",
        resource="/users",
        state="open",
        started_at=NOW,
    )
    StatementNumber.objects.create(year=NOW.year)
    client.force_login(person)
    return person


PAGES: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "overview": ("cost_overview", (), {}),
    "overview by change": ("cost_overview", (), {"sort": "change"}),
    "month before": ("cost_overview", (), {"month": "2026-06"}),
    "customer": ("cost_customer", ("large",), {}),
    "tenant": ("cost_tenant", ("large-0",), {}),
    "day": ("cost_day", ("large-0", "2026-07-20"), {}),
    "calls of a job": ("cost_day", ("large-0", "2026-07-20"), {"job": "job:1"}),
    "customers as CSV": ("cost_overview", (), {"file": "customers.csv"}),
    "usage": ("cost_file", ("csv",), {}),
    "FOCUS": ("cost_focus", (), {}),
    "budgets": ("budget_list", (), {}),
    "a new budget": ("budget_add", (), {}),
    "statements": ("statement_list", (), {"month": "2026-06"}),
    "prices": ("price_list", (), {}),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page(client: Client, finance: User, page: str) -> None:
    name, place, query = PAGES[page]
    few = measured(asker(client, name, place, **query))
    add_tenants(MANY, FEW)
    assert len(measured(asker(client, name, place, **query))) == len(few)


def test_a_statement_open_and_closed(client: Client, finance: User) -> None:
    large, month = Customer.objects.get(slug="large"), parsed_month("2026-06")
    found: list[list[int]] = []
    for since, count in ((0, FEW), (FEW, MANY)):
        if since:
            add_tenants(count, since)
        statement = open_statement(customer=large, month=month, by=finance)
        page = asker(client, "statement_detail", (str(statement.pk),))
        opened = len(measured(page))
        with CaptureQueriesContext(connection) as closing:
            close_statement(statement=statement, by=finance)
        found.append([opened, len(closing), len(measured(page))])
        month = month.previous()  # the one before has no calls yet
        for tenant in large.tenants.all():
            add_usage(tenant, month.start, 201, 5)
    assert found[0] == found[1]


def test_watching_budgets(finance: User) -> None:
    Budget.objects.update(thresholds=[])
    few = measured(lambda: watch_budgets(NOW))
    add_tenants(MANY, FEW)
    Budget.objects.update(thresholds=[])
    assert len(measured(lambda: watch_budgets(NOW))) == len(few)
