"""The price book and the export: what the database refuses, who changed a price, exact cells."""

import importlib
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing import selectors
from billing.domain.periods import Month
from billing.domain.pricing import Cost
from billing.models import Call, PriceBookEntry, Usage
from billing.services import NewCall, SettledCall, abandon_open_calls, open_calls, settle_calls
from billing.services import add_price as added
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Tenant, User
from tests.support.rows import add_person, add_tenant, add_usage

MAY = Month(2026, 5)
START = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("priced")


def entry(**changes: object) -> PriceBookEntry:
    values = {"unit_price": Decimal("0.003"), "rule": "all", "effective_from": MAY.start}
    return PriceBookEntry(**values | changes)


def call(tenant: Tenant, **changes: object) -> Call:
    values = {"job": "job:1", "purpose": "create", "method": "POST", "resource": "/users"}
    owner = {"customer": tenant.customer, "tenant": tenant, "started_at": START}
    return Call.objects.create(**owner | values | changes)


REFUSED = {
    "an answer without a status": lambda t: call(t, state="answered"),
    "a status before the answer": lambda t: call(t, state="open", status=200),
    "a status of what never left": lambda t: call(t, state="unsent", status=200),
    "a status nobody knows": lambda t: call(t, state="uncertain", status=200),
    "one hour counted in two rows": lambda t: [add_usage(t, MAY.start) for _ in "12"],
    "a negative price": lambda _: entry(unit_price=Decimal("-0.001")).save(),
    "a price that ends as it begins": lambda _: entry(effective_to=MAY.start).save(),
    "two prices from one moment on": lambda _: [entry().save() for _ in "12"],
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_database_refuses(tenant: Tenant, name: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        REFUSED[name](tenant)


def test_a_cloud_may_have_its_own_price_from_the_same_moment(tenant: Tenant) -> None:
    entry().save()
    entry(cloud="china", unit_price=Decimal(0), currency="CNY").save()
    assert selectors.quote_for(tenant, 2, MAY.start).amounts == {"USD": Decimal("0.006")}
    tenant.cloud = "china"
    assert selectors.quote_for(tenant, 2, MAY.start).amounts == {"CNY": Decimal(0)}


def test_the_first_price_is_microsofts_of_march_2026(db: None) -> None:
    PriceBookEntry.objects.all().delete()
    importlib.import_module("billing.migrations.0003_first_price").add_price(apps, None)
    first = PriceBookEntry.objects.get()
    assert (first.unit_price, first.currency) == (Decimal("0.002"), "USD")
    assert (first.rule, first.cloud) == ("2xx+404", "")
    assert first.effective_from == datetime(2026, 3, 1, tzinfo=UTC)
    assert str(first) == "USD 0.002 from 2026-03-01"


def test_who_added_a_price_is_in_the_trail(db: None) -> None:
    admin = add_person(Role.ADMIN, None)
    added(entry(), by=admin)
    event = AuditEvent.objects.get(action="price.added")
    assert (event.actor, event.subject) == (admin, "USD 0.003 from 2026-05-01")
    assert event.detail == {"rule": "all"}


def test_a_price_that_is_refused_leaves_no_trace(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        added(entry(unit_price=Decimal(-1)), by=None)
    assert not AuditEvent.objects.filter(action="price.added").exists()


def test_without_its_audit_row_a_price_is_not_added(db: None) -> None:
    with pytest.raises(ValueError, match="unsaved"):
        added(entry(), by=User(email="never@saved.example"))
    assert not PriceBookEntry.objects.filter(effective_from=MAY.start).exists()


def test_a_price_begins_and_ends_at_midnight(db: None) -> None:
    for wrong in (
        {"effective_from": START},
        {"effective_to": START},
        {"effective_from": MAY.start.replace(microsecond=1)},
    ):
        with pytest.raises(ValidationError, match="midnight UTC"):
            added(entry(**wrong), by=None)
    assert PriceBookEntry.objects.count() == 1


def test_a_price_holds_until_the_next_of_its_cloud(db: None) -> None:
    march = PriceBookEntry.objects.get()
    may, june, july = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7))
    entry(cloud="china").save()  # of another cloud: ends nobody's
    short = entry(effective_from=may, effective_to=june)
    short.save()
    last = entry(effective_from=july)
    last.save()
    spans = {each.pk: spans for each, spans in selectors.spans_of(PriceBookEntry.objects.all())}
    assert spans[march.pk] == [(march.effective_from, may), (june, july)]
    assert (spans[short.pk], spans[last.pk]) == ([(may, june)], [(july, None)])
    ended = entry(effective_from=june, effective_to=datetime(2027, 1, 1, tzinfo=UTC))
    ended.save()
    spans = {each.pk: spans for each, spans in selectors.spans_of(PriceBookEntry.objects.all())}
    assert spans[march.pk] == [(march.effective_from, may)]
    assert (spans[ended.pk], spans[last.pk]) == ([(june, july)], [(july, None)])


def test_the_page_says_until_when_and_who_adds(db: None, client: Client) -> None:
    may, june = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6))
    entry(effective_from=may, effective_to=june).save()
    client.force_login(add_person(Role.FINANCE, None))
    page = " ".join(client.get(reverse("price_list")).content.decode().split())
    assert '<div>1 May 2026<span class="sub flowing">again from 1 Jun 2026</span></div>' in page
    assert "00:00" not in page
    assert "added by administrators" in page
    assert "added by administrators" in client.get(reverse("rate_list")).content.decode()
    file = client.get(reverse("price_list"), {"file": "prices.csv"})
    lines = b"".join(file.streaming_content).decode().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["2026-05-01", "2026-06-01"],
        ["2026-03-01", "2026-05-01"],
        ["2026-06-01", ""],
    ]
    client.force_login(add_person(Role.ADMIN, None))
    assert "added by administrators" not in client.get(reverse("price_list")).content.decode()


def test_prices_are_kept_to_the_billionth(db: None) -> None:
    PriceBookEntry.objects.all().delete()
    entry(unit_price=Decimal("0.000000001")).save()
    (price,) = selectors.price_book()
    assert price.unit_price * 3 == Decimal("0.000000003")


def test_figures_cost_the_same_queries_for_many_tenants(
    tenant: Tenant, django_assert_max_num_queries
) -> None:
    finance = add_person(Role.FINANCE, None)
    for number in range(5):
        add_usage(add_tenant(f"other-{number}"), MAY.start + timedelta(hours=number))
    with django_assert_max_num_queries(4):
        assert len(selectors.month_costs(finance, MAY)) == 6
    with django_assert_max_num_queries(4):
        assert len(selectors.day_costs(finance, MAY)) == 5


def test_days_are_utcs_in_order_and_narrowed_to_a_customer(tenant: Tenant) -> None:
    other = add_tenant("another")
    for hour in (47, 0, 23, 24):
        add_usage(tenant, MAY.start + timedelta(hours=hour))
    add_usage(other, MAY.start)
    finance = add_person(Role.FINANCE, None)
    days = [(row.day, row.customer, row.cost.calls) for row in selectors.day_costs(finance, MAY)]
    first, second = date(2026, 5, 1), date(2026, 5, 2)
    assert days == [(first, other.customer, 1), (first, tenant.customer, 2),
                    (second, tenant.customer, 2)]  # fmt: skip
    only = selectors.day_costs(finance, MAY, other.customer)
    assert [row.customer for row in only] == [other.customer]


def test_naming_another_customer_does_not_show_its_costs(tenant: Tenant) -> None:
    other = add_tenant("another")
    add_usage(other, MAY.start)
    engineer = add_person(Role.ENGINEER, tenant.customer)
    assert selectors.day_costs(engineer, MAY, other.customer) == []


def test_what_is_rolled_back_is_not_counted(tenant: Tenant) -> None:
    attempt = call(tenant)
    with transaction.atomic():
        settle_calls(tenant, [settled(attempt)])
        transaction.set_rollback(True)  # as when the operation behind it could not be settled
    attempt.refresh_from_db()
    assert attempt.state == Call.State.OPEN
    assert not Usage.objects.exists()


def settled(attempt: Call, status: int | None = 201, state: str = "answered") -> SettledCall:
    return SettledCall(attempt.pk, Call.State(state), status, 7, attempt.started_at)


def test_an_attempt_named_twice_in_one_batch_counts_once(tenant: Tenant) -> None:
    attempt = call(tenant)
    settle_calls(tenant, [settled(attempt), settled(attempt, 404)])
    attempt.refresh_from_db()
    assert (attempt.status, attempt.duration_ms) == (201, 7)
    assert [(row.status, row.calls) for row in Usage.objects.all()] == [(201, 1)]


def test_a_long_path_is_cut_to_its_column(tenant: Tenant) -> None:
    attempt = NewCall(call(tenant).pk, "j", "lookup", "GET", "/" * 500, "", START)
    Call.objects.all().delete()
    open_calls(tenant, [attempt])
    assert len(Call.objects.get().resource) == 120


@pytest.mark.parametrize("seed", range(3))
def test_job_hours_days_and_month_agree_however_calls_end(tenant: Tenant, seed: int) -> None:
    chance = random.Random(seed)
    attempts = [
        call(tenant, started_at=START + timedelta(minutes=chance.randrange(-4000, 80)))
        for _ in range(60)
    ]
    for attempt in chance.sample(attempts, 50):
        ends = [(201, "answered"), (404, "answered"), (429, "answered"), (None, "unsent")]
        settle_calls(tenant, [settled(attempt, *chance.choice([*ends, (None, "uncertain")]))])
    abandoned = abandon_open_calls(tenant)
    assert abandoned == 10
    whole = selectors.job_cost(tenant, "job:1")
    (month,) = selectors.costs_of([tenant], MAY)
    days = selectors.day_costs(add_person(Role.FINANCE, None), MAY)
    assert whole == month.cost == sum((row.cost for row in days), Cost())
    unsent = Call.objects.filter(state="unsent").count()
    assert whole.calls == 60 - unsent
    assert whole.uncertain >= abandoned
