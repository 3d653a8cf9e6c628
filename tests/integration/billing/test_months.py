"""Months summed up by the database: they equal their days, whoever writes those."""

import importlib
from collections import Counter
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F

from billing.models import DailyUsage, MonthUsage
from tenants.models import Tenant
from tests.support.rows import add_tenant, add_usage

Days = dict[tuple[int, date, int], int]


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("months")


def by_day() -> Days:
    found: Counter[tuple[int, date, int]] = Counter()
    for row in DailyUsage.objects.all():
        found[row.tenant_id, row.day, row.status] += row.calls
    return {key: calls for key, calls in found.items() if calls}


def by_month() -> Days:
    return {
        (row.tenant_id, row.month.replace(day=number), row.status): calls
        for row in MonthUsage.objects.all()
        for number in range(1, 32)
        if (calls := getattr(row, f"d{number}"))
    }


def use(tenant: Tenant) -> None:
    """Both ends of months of 31, 30 and 29 days, purposes that share a day, two tenants."""
    for day in ("2028-01-31", "2028-02-01", "2028-02-29", "2028-06-30"):
        hour = datetime.fromisoformat(f"{day}T23:00:00+00:00").astimezone(UTC)
        for purpose, status, calls in (("create", 201, 3), ("update", 201, 4), ("lookup", 404, 5)):
            add_usage(tenant, hour, status, calls, purpose)
    add_usage(add_tenant("another"), hour, 201, 7)


def test_a_month_is_its_days(tenant: Tenant) -> None:
    use(tenant)
    assert MonthUsage.objects.count() == 7  # a row for each month and status of a tenant
    assert by_month() == by_day()
    assert by_month()[tenant.pk, date(2028, 1, 31), 201] == 7
    assert set(MonthUsage.objects.filter(tenant=tenant).values_list("customer", flat=True)) == {
        tenant.customer_id
    }


def test_a_month_follows_what_is_changed_and_deleted(tenant: Tenant) -> None:
    use(tenant)
    DailyUsage.objects.filter(purpose="create").update(calls=F("calls") + 10)
    DailyUsage.objects.filter(status=404, day=date(2028, 2, 1)).update(calls=1)
    assert by_month() == by_day()
    DailyUsage.objects.filter(purpose="update").delete()
    assert by_month() == by_day()
    DailyUsage.objects.all().delete()
    assert by_month() == {}


def test_a_row_that_is_there_already_counts_once(tenant: Tenant) -> None:
    key = {"customer": tenant.customer, "tenant": tenant, "purpose": "create", "status": 201}
    for _ in range(2):
        row = DailyUsage(**key, day=date(2028, 5, 9), calls=6)
        DailyUsage.objects.bulk_create([row], ignore_conflicts=True)
    assert by_month() == {(tenant.pk, date(2028, 5, 9), 201): 6}


def test_what_was_counted_before_is_summed_up(tenant: Tenant) -> None:
    migration = importlib.import_module("billing.migrations.0014_month_usage")
    use(tenant)
    connection.check_constraints()  # no trigger is taken away while keys are still unchecked
    with connection.cursor() as cursor:
        editor = SimpleNamespace(connection=connection, execute=cursor.execute)
        migration.backwards(apps, editor)
        MonthUsage.objects.all().delete()
        DailyUsage.objects.filter(purpose="create").update(calls=F("calls") + 1)
        assert by_month() == {}
        migration.forwards(apps, editor)
    assert by_month() == by_day()
    DailyUsage.objects.update(calls=F("calls") + 1)
    assert by_month() == by_day()
