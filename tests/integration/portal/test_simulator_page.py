"""The simulator's page: what it compares, what it says of its sources, and every way it is refused.

What it reckons with is held against the meter in `provisioning/test_simulator.py`.
"""

import csv
import io
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import PriceBookEntry
from provisioning.models import Job, Schedule, Snapshot
from provisioning.selectors.past import days_of
from tenants.domain.roles import Role
from tenants.models import Tenant
from tests.support.pasts import add_past
from tests.support.rows import add_job, add_person, add_tenant

DAYS = 30


@pytest.fixture
def tenant(db: None) -> Tenant:
    """200 people, a sync a day for 30 days: ten changes, two additions and a removal in each."""
    tenant = add_tenant("acme")
    add_past(tenant, people=200, days=DAYS, changes=10, groups=5)
    return tenant


@pytest.fixture
def finance(client: Client, db: None) -> Client:
    client.force_login(add_person(Role.FINANCE, None))
    return client


def page(client: Client, tenant: Tenant, **query: object) -> str:
    """The page's text, blanks put together."""
    response = client.get(reverse("simulator", kwargs={"slug": tenant.slug}), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def rows(client: Client, tenant: Tenant, **query: object) -> list[dict[str, str]]:
    """The comparison as CSV, row by row."""
    response = client.get(reverse("simulator_csv", kwargs={"slug": tenant.slug}), query)
    assert response.headers["Content-Disposition"] == 'attachment; filename="simulator-acme.csv"'
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def ways(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["way"], row["details"]) for row in found]


def schedule(tenant: Tenant, what: str, **values: object) -> Schedule:
    """A schedule that is switched on."""
    at = {"unit": "daily", "times": ["06:00"], **values}
    return Schedule.objects.create(customer=tenant.customer, tenant=tenant, what=what, **at)


def test_the_present_way_stands_beside_the_presets(finance: Client, tenant: Tenant) -> None:
    found = rows(finance, tenant)
    assert ways(found) == [
        ("Every day (as now)", "no reconciles"),
        ("Every 15 minutes", "no reconciles"),
        ("Every 4 hours", "no reconciles"),
    ]
    # 12 calls each day: ten changes, one addition of two and one removal.
    start = datetime.combine(timezone.now().date(), time(), UTC) - timedelta(days=DAYS - 1)
    minutes = (timezone.now() - start) // timedelta(minutes=1)
    for row in found:
        assert int(row["calls"]) == pytest.approx(12 * 29 * 43_830 / minutes, abs=3)
        assert Decimal(row["cost"]) == int(row["calls"]) * Decimal("0.002")
        assert Decimal(row["saved"]) == Decimal(row["naive_cost"]) - Decimal(row["cost"])
        assert row["currency"] == "USD"
    reads = [int(row["naive_calls"]) - int(row["calls"]) for row in found]
    each = reads[0] - 200 * 31  # members are added one by one
    assert reads == [200 * times + each for times in (31, 2922, 183)]
    text = page(finance, tenant)
    assert "each of the 200 people by a call of its own" in text
    assert "5 managed groups" in text
    assert "the usual distance between its syncs, as none is planned" in text
    assert "the history’s changes take 348 calls; the meter counted 348 writes" in text  # noqa: RUF001
    assert "USD 0.002 a call" in text


def test_what_is_chosen_is_one_of_them_and_told_in_detail(finance: Client, tenant: Tenant) -> None:
    asked = {"sync": "60", "reconcile": "10080", "growth": "20"}
    usual = rows(finance, tenant)
    found = rows(finance, tenant, **asked)
    grown = "reconcile every week, 20 % more people"
    assert ways(found) == [
        ("Every day (as now)", "no reconciles"),
        ("Every 15 minutes", grown),
        ("Every hour", grown),
        ("Every 4 hours", grown),
        ("Every day", grown),
    ]
    assert found[0] == usual[0]
    # 1 page of users, 1 of groups, one of each group's members: 7 x 4.35; and a fifth more writes.
    more = int(found[4]["calls"]) - int(usual[0]["calls"])
    assert more == pytest.approx(31 + 0.2 * int(usual[0]["calls"]), abs=3)
    text = page(finance, tenant, **asked)
    assert text.count("Chosen") == 1
    assert "Every hour, reconcile every week, 20 % more people" in text
    assert "Reading the directory back" in text
    assert '<option value="60" selected>Every hour</option>' in text


def test_schedules_say_how_it_is_now(finance: Client, tenant: Tenant) -> None:
    schedule(tenant, "evaluate", times=["06:00", "18:00"])
    schedule(tenant, "evaluate", times=["06:00", "07:00"], enabled=False)
    schedule(tenant, "reconcile", unit="weekly", days=[0])
    assert ways(rows(finance, tenant))[0] == ("Every 12 hours (as now)", "reconcile every week")
    assert "every 12 hours, as its schedules say" in page(finance, tenant)


def test_a_migration_comes_on_top(finance: Client, tenant: Tenant) -> None:
    asked = {"people": "500", "memberships": "3", "groups": "12", "new_groups": "on"}
    last = rows(finance, tenant, **asked)[-1]
    assert last["way"] == "Migration, once"
    assert int(last["calls"]) == 500 + 12 + 12 * 7  # 125 members in each
    assert int(last["naive_calls"]) == 500 + 12 + 1500 + 500
    text = page(finance, tenant, **asked)
    assert "500 people are created, 1,500 memberships spread evenly over 12 groups" in text
    assert "USD 1.19" in text
    assert "A read for each person (naive)" in text
    # Without a number of groups those there are; with nothing but groups one each.
    assert int(rows(finance, tenant, people="500", memberships="3")[-1]["calls"]) == 500 + 5 * 15
    assert int(rows(finance, tenant, people="40", groups="2")[-1]["calls"]) == 40 + 2
    assert len(rows(finance, tenant)) == 3


def test_a_history_may_begin_later_or_with_the_first_load(finance: Client, tenant: Tenant) -> None:
    days = days_of(tenant, timezone.now())
    assert days is not None
    assert days.first_load == days.earliest
    usual = int(rows(finance, tenant)[0]["calls"])
    assert "The first load of" in page(finance, tenant)
    loaded = rows(finance, tenant, since=days.earliest)
    assert int(loaded[0]["calls"]) == pytest.approx(usual + 200, abs=25)
    text = page(finance, tenant, since=days.latest)
    assert "From 1 day of history: a rough picture." in text
    told = page(finance, tenant, since=days.earliest, growth=20)
    assert "The first load of" not in told
    assert "The first load is in these figures" in told
    assert 'href="?growth=20"' in told
    for since in (days.usual, days.latest):
        assert "in these figures" not in page(finance, tenant, since=since)


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"growth": "-101"}, "growth", "-100 is the least."),
        ({"growth": "1001"}, "growth", "1,000 is the most."),
        ({"growth": "a fifth"}, "growth", "Enter a whole number."),
        ({"sync": "5"}, "sync", "5 is not one of the available choices."),
        ({"reconcile": "x"}, "reconcile", "x is not one of the available choices."),
        ({"people": "-1"}, "people", "0 is the least."),
        ({"people": "9999999999"}, "people", "10,000,000 is the most."),
        ({"memberships": "3"}, "people", "Say how many people there are to create."),
        (
            {"people": "9", "memberships": "3", "groups": "2"},
            "memberships",
            "Nobody is in a group twice",
        ),
        ({"groups": "0", "people": "1"}, "groups", "1 is the least."),
        ({"since": "2020-01-01"}, "since", "Choose a day from"),
        ({"since": "2999-01-01"}, "since", "Choose a day from"),
        ({"since": "soon"}, "since", "Enter a valid date."),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    finance: Client, tenant: Tenant, query: dict[str, str], field: str, words: str
) -> None:
    text = page(finance, tenant, **query)
    assert f'id="id_{field}_error"' in text
    assert words in text
    assert "Side by side" not in text
    address = reverse("simulator_csv", kwargs={"slug": tenant.slug})
    back = finance.get(address, query)
    assert back.status_code == 302
    assert back.headers["Location"].startswith(f"{address[:-4]}/?")


def test_nothing_said_is_the_usual(finance: Client, tenant: Tenant) -> None:
    empty = dict.fromkeys(("growth", "since", "people", "memberships", "groups"), "")
    assert rows(finance, tenant, **empty) == rows(finance, tenant)


def test_an_unknown_price_leaves_amounts_open(finance: Client, tenant: Tenant) -> None:
    PriceBookEntry.objects.all().delete()
    text = page(finance, tenant, people="10")
    assert "No price is known" in text
    assert "USD" not in text
    found = rows(finance, tenant, people="10")
    assert all(row["cost"] == row["saved"] == row["currency"] == "" for row in found)
    assert all(int(row["calls"]) for row in found)
    alone = page(finance, add_tenant("bare"), people="10")
    assert "10 people are created." in alone
    assert "USD" not in alone


def test_the_price_is_todays_of_the_tenants_cloud_with_its_steps(
    finance: Client, tenant: Tenant
) -> None:
    now = timezone.now()
    entry = {"currency": "EUR", "rule": "2xx+404", "note": "An agreement"}
    for cloud, price, begins in (
        ("global", "0.001", now - timedelta(days=1)),
        ("global", "0.5", now + timedelta(days=1)),
        ("usgov", "0.7", now - timedelta(days=1)),
    ):
        PriceBookEntry.objects.create(
            cloud=cloud, unit_price=Decimal(price), effective_from=begins, **entry
        )
    PriceBookEntry.objects.filter(unit_price=Decimal("0.001")).update(tiers=[[100, "0.0005"]])
    row = rows(finance, tenant)[0]
    assert row["currency"] == "EUR"
    assert Decimal(row["cost"]) == Decimal("0.1") + (int(row["calls"]) - 100) * Decimal("0.0005")
    assert "steps for many calls" in page(finance, tenant)


def test_without_a_history_a_migration_is_reckoned_alone(finance: Client) -> None:
    tenant = add_tenant("acme")
    text = page(finance, tenant)
    assert "There is no history to reckon with yet" in text
    assert "Side by side" not in text
    Snapshot.objects.create(
        customer=tenant.customer,
        tenant=tenant,
        source=tenant.sources.get(),
        file_name="people.csv",
        people=1234,
        columns=[],
        complete=True,
    )
    assert "1,234 people are created. It costs <b>USD 2.47</b> once" in page(finance, tenant)
    (row,) = rows(finance, tenant, people="10", memberships="2")
    assert int(row["calls"]) == 10 + 2  # into two groups, as there are no others
    assert "0 is the least." in page(finance, tenant, people="-5")
    add_past(tenant, people=50, days=1)
    assert "There is no history to reckon with yet" in page(finance, tenant)


def test_a_pilot_is_no_history(finance: Client) -> None:
    tenant = add_tenant("acme")
    job = add_job(tenant, Job.State.FINISHED, kind=Job.Kind.PILOT)
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(days=9))
    assert "There is no history to reckon with yet" in page(finance, tenant)


def test_it_is_reached_from_the_tenant_by_its_costs(client: Client, tenant: Tenant) -> None:
    client.force_login(add_person(Role.ENGINEER, None))
    way = ("tenant_detail", "cost_tenant", "simulator")
    addresses = [reverse(name, kwargs={"slug": tenant.slug}) for name in way]
    for page_url, next_url in pairwise(addresses):
        assert f'href="{next_url}"' in client.get(page_url).content.decode()


def test_a_longer_past_takes_no_more_queries(finance: Client, tenant: Tenant) -> None:
    small = add_tenant("small")
    add_past(small, people=5, days=3, changes=1, groups=1)
    counts = []
    page(finance, small)  # what is read once in a process
    for each in (small, tenant):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(finance, each)
        counts.append(len(asked))
    assert counts[0] == counts[1]
