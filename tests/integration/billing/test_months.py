"""Months summed up by the database: they equal their days, whoever writes those."""

import importlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F

from billing.domain.periods import parse_month, start_of
from billing.domain.pricing import Cost, PriceBook, UsageLine, priced_lines
from billing.models import DailyUsage, MonthUsage, PriceBookEntry
from billing.selectors.costs import price_book
from billing.selectors.months import (
    billable_by_customer,
    costs_by,
    days_by_customer,
    days_of_all,
)
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


def some_book(chance: Random) -> PriceBook:
    """Prices of two clouds that begin, change and pause within May, by rules of all kinds."""
    for cloud, day in zip(("", "", "", "china"), chance.sample(range(1, 29), 4), strict=True):
        first = datetime(2028, 5, day, tzinfo=UTC)
        PriceBookEntry.objects.create(
            cloud=cloud,
            unit_price=Decimal(chance.randint(1, 99)) / 10_000,
            currency=chance.choice(["USD", "EUR"]),
            rule=chance.choice(["2xx+404", "all", "404+5xx", "201"]),
            effective_from=first,
            effective_to=chance.choice([None, first + timedelta(days=chance.randint(1, 9))]),
            tiers=chance.choice([[], [[20, "0.0001"], [55, "0"]]]),
            note="Generated",
        )
    return price_book()


def some_usage(chance: Random) -> list[Tenant]:
    tenants = [add_tenant(f"t{n}", cloud=chance.choice(["global", "china"])) for n in range(4)]
    tenants.append(add_tenant("sister", customer=tenants[0].customer))
    for tenant in tenants:
        answers = list(product(range(1, 32), (0, 1, 200, 201, 204, 404, 429, 503)))
        for day, status in chance.sample(answers, chance.randint(0, 25)):
            hour = datetime(2028, 5, day, 5, tzinfo=UTC)
            add_usage(tenant, hour, status, chance.randint(1, 30))
    return tenants


@pytest.mark.parametrize("seed", range(12))
def test_the_database_prices_a_month_as_each_call_is_priced(db: None, seed: int) -> None:
    chance = Random(seed)
    PriceBookEntry.objects.all().delete()
    tenants, book, month = some_usage(chance), some_book(chance), parse_month("2028-05")
    last = chance.choice([None, date(2028, 5, chance.randint(1, 31))])
    costs, daily = dict[int, Cost](), dict[int, list[int]]()
    for tenant in tenants:
        rows = list(DailyUsage.objects.filter(tenant=tenant).order_by("day"))
        lines = [UsageLine(start_of(row.day), row.status, row.calls) for row in rows]
        days = daily.setdefault(tenant.customer_id, [0] * 31)
        for line, cost in priced_lines(lines, book, tenant.cloud):
            days[line.hour.day - 1] += cost.billable
            if last is None or line.hour.date() <= last:
                costs[tenant.pk] = costs.get(tenant.pk, Cost()) + cost
    owners = {tenant.pk: tenant.customer_id for tenant in tenants}
    customers = {
        pk: [costs[t] for t, owner in owners.items() if owner == pk and t in costs] for pk in daily
    }
    used = MonthUsage.objects.all()
    known = {
        pk: cost for pk, cost in costs_by("tenant", used, book, month, last).items() if cost.calls
    }
    assert known == costs
    by_customer = costs_by("customer", used, book, month, last)
    assert {pk: cost for pk, cost in by_customer.items() if cost.calls} == {
        pk: sum(own, Cost()) for pk, own in customers.items() if own
    }
    billable = billable_by_customer(used, book, month, last)
    assert {pk: calls for pk, calls in billable.items() if calls} == {
        pk: cost.billable for pk, cost in by_customer.items() if cost.billable
    }
    assert {pk: days for pk, days in days_by_customer(used, book, month) if any(days)} == {
        pk: days for pk, days in daily.items() if any(days)
    }
    assert days_of_all(used, book, month) == [sum(day) for day in zip(*daily.values(), strict=True)]
