"""Where months are heading: forecasts that are kept, against budgets, by constant queries."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from billing.domain.budgets import Course, Verdict
from billing.domain.periods import month_of
from billing.domain.pricing import Cost
from billing.models import Budget, ExchangeRate, MonthForecast, PriceBookEntry
from billing.selectors.headings import Heading, headings_for
from billing.selectors.overview import CustomerMonth
from billing.selectors.watching import expected_of
from billing.services.watching import keep_forecasts
from tenants.domain.roles import Role
from tenants.models import Customer, Tenant, User
from tests.support.asked import at_most
from tests.support.rows import add_person, add_tenant, add_usage

NOW = datetime(2026, 6, 17, 10, 20, tzinfo=UTC)
JUNE = month_of(NOW)


def used(tenant: Tenant, calls: int, weeks: int = 8) -> Cost:
    """The same calls each day; gives what June has come to."""
    for back in range(1, 7 * weeks):
        add_usage(tenant, NOW.replace(minute=0) - timedelta(days=back), 201, calls)
    return Cost(16 * calls, 16 * calls, 0, {"USD": 16 * calls * Decimal("0.002")})


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("heading")


@pytest.fixture
def finance(db: None) -> User:
    return add_person(Role.FINANCE, None)


def test_forecasts_are_kept_and_made_anew_each_hour(tenant: Tenant) -> None:
    used(tenant, 100)
    add_tenant("idle")
    assert keep_forecasts(NOW) == 1
    assert keep_forecasts(NOW + timedelta(minutes=59)) == 0
    kept, live = MonthForecast.objects.get(), expected_of([tenant], JUNE, NOW)
    assert live is not None
    assert (kept.calls, kept.low, kept.high) == (live.calls, live.low, live.high)
    bands = [live.least, live.amounts, live.most]
    assert [Decimal(text) for text in kept.amounts["USD"]] == [band["USD"] for band in bands]
    assert keep_forecasts(NOW + timedelta(hours=1)) == 1
    assert keep_forecasts(NOW + timedelta(days=30)) == 1
    kept.refresh_from_db()
    assert f"{kept.month:%Y-%m}" == "2026-07"


def test_without_a_price_no_amount_is_expected(tenant: Tenant) -> None:
    used(tenant, 100)
    PriceBookEntry.objects.all().delete()
    keep_forecasts(NOW)
    assert MonthForecast.objects.get().amounts == {}


@pytest.mark.parametrize(
    ("amount", "verdict"),
    [("9", Verdict.WITHIN), ("5", Verdict.OVER), ("3.2", Verdict.USED)],
)
def test_a_month_is_held_against_its_budget(
    tenant: Tenant, finance: User, amount: str, verdict: Verdict
) -> None:
    """100 calls a day: 3.20 spent, some 6.00 expected."""
    cost = used(tenant, 100)
    keep_forecasts(NOW)
    Budget.objects.create(amount=Decimal(amount), customer=tenant.customer)
    Budget.objects.create(amount=Decimal(1), customer=tenant.customer, span="year")
    found = headings_for(finance, JUNE, NOW)
    course = found.of(tenant.customer.pk, cost).against_budget
    assert course is not None
    assert course.verdict == verdict
    assert course.spent == Decimal("3.2")
    assert course.low is not None
    assert course.high is not None
    assert course.low <= (course.expected or 0) <= course.high
    assert found.of_all(cost).against_budget is None
    assert found.made_at == NOW


def test_currencies_are_turned_or_told_apart(tenant: Tenant, finance: User) -> None:
    cost = used(tenant, 100)
    keep_forecasts(NOW)
    plain = headings_for(finance, JUNE, NOW).of(tenant.customer.pk, cost)
    assert [(each.currency, each.amount) for each in plain.courses] == [("USD", None)]
    Budget.objects.create(amount=9, currency="EUR", customer=tenant.customer)
    missing = headings_for(finance, JUNE, NOW).of(tenant.customer.pk, cost)
    assert missing.against_budget is None
    assert "what one USD is in EUR" in missing.problem
    assert [each.currency for each in missing.courses] == ["USD"]
    ExchangeRate.objects.create(base="USD", quote="EUR", day=NOW.date(), rate=Decimal("0.5"))
    turned = headings_for(finance, JUNE, NOW).of(tenant.customer.pk, cost).against_budget
    assert turned is not None
    assert (turned.currency, turned.spent) == ("EUR", Decimal("1.6"))


def test_a_month_that_is_over_has_no_forecast(tenant: Tenant, finance: User) -> None:
    cost = used(tenant, 100)
    keep_forecasts(NOW)
    Budget.objects.create(amount=9, customer=tenant.customer)
    later = headings_for(finance, JUNE, NOW + timedelta(days=30))
    course = later.of(tenant.customer.pk, cost).against_budget
    assert course is not None
    assert (course.spent, course.expected) == (Decimal("3.2"), None)


def test_the_msps_budget_is_for_who_sees_all(tenant: Tenant, finance: User) -> None:
    cost = used(tenant, 100)
    keep_forecasts(NOW)
    Budget.objects.create(amount=9)
    assert headings_for(finance, JUNE, NOW).of_all(cost).against_budget is not None
    other = add_person(Role.FINANCE, add_tenant("other").customer)
    seen = headings_for(other, JUNE, NOW)
    assert seen.of_all(Cost()).against_budget is None
    assert seen.expected == {}


def test_the_page_says_it_in_words(client: Client, tenant: Tenant, finance: User) -> None:
    used(tenant, 100)
    keep_forecasts(NOW)
    Budget.objects.create(amount=5)
    Budget.objects.create(amount=9, customer=tenant.customer)
    with time_machine.travel(NOW, tick=False):
        client.force_login(finance)
        for name, args in (("cost_overview", []), ("budget_list", [])):
            text = client.get(reverse(name, args=args)).content.decode()
            assert "within the budget" in text
            assert "expected to go over" in text
            assert "35.6 % of USD 9.00 used" in " ".join(text.split())
        page = client.get(reverse("cost_customer", args=[tenant.customer.slug])).content.decode()
        assert "within the budget" in page


def test_the_key_explains_what_is_drawn_and_no_more() -> None:
    template = Template("{% load billing_ui %}{% heading_key heading rows %}")

    def key(*courses: Course) -> str:
        rows = [CustomerMonth(Customer())]
        return template.render(Context({"heading": Heading(courses), "rows": rows}))

    assert not key().strip()
    assert not key(Course("USD", Decimal(3))).strip()
    spent = key(Course("USD", Decimal(3), Decimal(10)))
    assert ("Thick line" in spent, "Thin line" in spent, "Shaded" in spent) == (True, False, False)
    middle = Decimal(5)
    sure = key(Course("USD", Decimal(3), None, middle, middle, middle))
    assert ("Thick line" in sure, "Thin line" in sure, "Shaded" in sure) == (False, True, False)
    assert "Shaded" in key(Course("USD", Decimal(3), None, Decimal(4), middle, Decimal(6)))


def test_the_list_says_why_a_year_has_no_forecast(client: Client, tenant: Tenant) -> None:
    client.force_login(add_person(Role.FINANCE, None))
    month = Budget.objects.create(amount=9, customer=tenant.customer)
    assert "forecasts cover" not in client.get(reverse("budget_list")).content.decode()
    month.span = "year"
    month.save()
    assert "forecasts cover months only" in client.get(reverse("budget_list")).content.decode()


def test_a_percent_of_a_tiny_budget_can_be_read(client: Client, tenant: Tenant) -> None:
    add_usage(tenant, NOW.replace(minute=0), 201, 1201)
    Budget.objects.create(amount=Decimal("0.01"), customer=tenant.customer)
    with time_machine.travel(NOW, tick=False):
        client.force_login(add_person(Role.FINANCE, None))
        text = client.get(reverse("cost_overview")).content.decode()
    assert "24,020 % of USD 0.01 used" in text


def test_queries_are_as_many_for_many(client: Client, finance: User) -> None:
    client.force_login(finance)
    for number in range(9):
        tenant = add_tenant(f"many-{number}")
        add_usage(tenant, NOW.replace(minute=0), 201, 10)
        Budget.objects.create(amount=5, customer=tenant.customer)
        Budget.objects.create(amount=5, customer=tenant.customer, tenant=tenant, span="year")
    keep_forecasts(NOW)
    with time_machine.travel(NOW, tick=False):
        with at_most(18):
            client.get(reverse("cost_overview"), {"sort": "budget"})
        with at_most(23):
            client.get(reverse("budget_list"))
        with at_most(8):
            client.get(reverse("statement_list"))
