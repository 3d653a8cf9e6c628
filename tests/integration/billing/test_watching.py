"""Warnings: each threshold once a period, by spending and by forecast; hours that stand out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.domain.periods import month_of
from billing.models import Budget, BudgetWarning, ExchangeRate, UnusualHour
from billing.selectors.watching import expected_of
from billing.services.watching import watch_budgets, watch_hours
from billing.tasks import keep_house, watch
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Message, Tenant
from tests.support.rows import add_person, add_tenant, add_usage, add_webhook

NOW = datetime(2026, 6, 17, 10, 20, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("watched")


def weekdays(tenant: Tenant, calls: int, weeks: int = 8) -> None:
    """The same calls at ten on each working day of the weeks before."""
    for back in range(1, 7 * weeks):
        day = NOW - timedelta(days=back)
        if day.weekday() < 5:
            add_usage(tenant, day.replace(minute=0), 201, calls, "update", "job:1")


def budget(tenant: Tenant, amount: str, **values: object) -> Budget:
    given = {"thresholds": [50, 100], "forecast_thresholds": []} | values
    return Budget.objects.create(
        customer=tenant.customer, tenant=tenant, amount=Decimal(amount), **given
    )


def test_each_threshold_is_told_once_a_period(tenant: Tenant) -> None:
    add_webhook(tenant.customer)
    Message.objects.all().delete()
    budget(tenant, "1")
    add_usage(tenant, NOW.replace(minute=0), 201, 249)
    assert watch_budgets(NOW) == 0
    add_usage(tenant, NOW.replace(minute=0), 204, 1)
    assert watch_budgets(NOW) == 1
    assert watch_budgets(NOW) == 0
    add_usage(tenant, NOW.replace(minute=0), 404, 250)
    assert watch_budgets(NOW) == 1
    assert sorted(BudgetWarning.objects.values_list("percent", flat=True)) == [50, 100]
    later = NOW + timedelta(days=30)
    add_usage(tenant, later.replace(minute=0), 201, 250)
    assert watch_budgets(later) == 1
    assert Message.objects.count() == 3
    assert "50 % of the budget of USD 1.00" in Message.objects.order_by("pk")[0].payload["text"]
    assert AuditEvent.objects.filter(action="budget.reached").count() == 3


def test_a_forecast_warns_before_the_money_is_spent(tenant: Tenant) -> None:
    weekdays(tenant, 100)
    # 12 working days of June are gone, 10 are left: some 2,200 calls, 4.40 in all.
    budget(tenant, "4", thresholds=[100], forecast_thresholds=[100])
    assert watch_budgets(NOW) == 1
    warning = BudgetWarning.objects.get()
    assert warning.by_forecast
    assert Decimal(4) <= warning.spent <= Decimal("4.8")
    Budget.objects.update(amount=6)
    BudgetWarning.objects.all().delete()
    assert watch_budgets(NOW) == 0


def test_a_forecast_is_told_once_a_threshold_and_month(tenant: Tenant) -> None:
    """Whatever the spending does, and beside the thresholds of spending."""
    weekdays(tenant, 100, weeks=16)
    add_webhook(tenant.customer)
    Message.objects.all().delete()
    budget(tenant, "4", thresholds=[50], forecast_thresholds=[50, 100, 200])
    assert watch_budgets(NOW) == 3  # 50 % by spending, 50 and 100 % by the forecast
    for minutes in (5, 65, 130):
        assert watch_budgets(NOW + timedelta(minutes=minutes)) == 0
    told = BudgetWarning.objects.order_by("by_forecast", "percent")
    assert list(told.values_list("by_forecast", "percent")) == [
        (False, 50),
        (True, 50),
        (True, 100),
    ]
    assert Message.objects.filter(event="budget.forecast").count() == 2
    assert AuditEvent.objects.filter(action="budget.forecast").count() == 2


def test_a_longer_period_is_not_forecast(tenant: Tenant) -> None:
    weekdays(tenant, 100)
    budget(tenant, "1", span="year", thresholds=[], forecast_thresholds=[1])
    assert watch_budgets(NOW) == 0


def test_a_budget_that_cannot_be_compared_stops_no_other(tenant: Tenant) -> None:
    budget(tenant, "1", currency="EUR", span="year")
    budget(tenant, "1")
    add_usage(tenant, NOW.replace(minute=0), 201, 300)
    assert watch_budgets(NOW) == 1
    ExchangeRate.objects.create(base="USD", quote="EUR", day=NOW.date(), rate=Decimal(1))
    assert watch_budgets(NOW) == 1


def test_the_expected_month_is_a_band(tenant: Tenant) -> None:
    weekdays(tenant, 100)
    found = expected_of([tenant], month_of(NOW), NOW)
    assert found is not None
    assert found.low <= found.calls <= found.high
    assert found.least["USD"] <= found.amounts["USD"] <= found.most["USD"]
    assert abs(found.calls - 2200) < 200
    assert found.method


def test_an_hour_that_stands_out_is_noted_once(tenant: Tenant) -> None:
    weekdays(tenant, 100)
    add_usage(tenant, NOW.replace(minute=0), 201, 120, "update", "job:2")
    assert watch_hours(NOW) == 0
    add_usage(tenant, NOW.replace(minute=0), 200, 2000, "inventory", "job:3")
    assert watch_hours(NOW) == 1
    assert watch_hours(NOW) == 0
    noted = UnusualHour.objects.get()
    assert (noted.purpose, noted.job, noted.usual) == ("inventory", "job:3", 100)
    assert AuditEvent.objects.filter(action="usage.unusual").exists()


def test_without_history_nothing_stands_out(tenant: Tenant) -> None:
    add_usage(tenant, NOW.replace(minute=0), 201, 9000)
    assert watch_hours(NOW) == 0
    assert watch_hours(NOW + timedelta(hours=1)) == 0


def test_pages_say_what_is_expected_and_what_stood_out(client: Client, tenant: Tenant) -> None:
    client.force_login(add_person(Role.FINANCE, None))
    UnusualHour.objects.create(
        customer=tenant.customer,
        tenant=tenant,
        hour=NOW.replace(minute=0),
        calls=9,
        usual=1,
        purpose="create",
        sentence="Nine calls.",
    )
    text = client.get(reverse("cost_overview"), {"month": "2026-06"}).content.decode()
    assert "Nine calls." in text
    page = reverse("cost_customer", args=[tenant.customer.slug])
    assert "Expected by the end of the month" in client.get(page).content.decode()
    old = client.get(page, {"month": "2026-05"}).content.decode()
    assert "Expected by the end" not in old


def test_the_beats_tasks_run(tenant: Tenant) -> None:
    watch()
    keep_house()
