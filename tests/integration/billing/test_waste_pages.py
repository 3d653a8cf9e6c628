"""The pages of wasted calls: what they say, for whom they link, and how they are narrowed."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Call
from provisioning.domain.starter import STARTER
from provisioning.models import Job
from provisioning.services.profiles import publish
from tenants import services
from tenants.domain.roles import Role
from tenants.models import Tenant
from tenants.services import TenantFacts
from tests.support.rows import add_person, add_tenant
from tests.support.wasted_calls import add_waste, count_usage

MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("acme")


@pytest.fixture
def jobs(tenant: Tenant) -> dict[str, Job]:
    return add_waste(tenant, MAY)


def sign_in(client: Client, role: Role = Role.FINANCE) -> Client:
    client.force_login(add_person(role, None))
    return client


def page(client: Client, name: str = "waste_tenant", slug: str = "acme", **query: str) -> Any:
    response = client.get(reverse(name, kwargs={"slug": slug}), {"month": "2026-05", **query})
    assert response.status_code == 200
    return response


def told(response: Any) -> list[tuple[str, str, int, int]]:
    return [
        (line.cause[0], line.what, line.finding.cost.calls, len(line.finding.jobs))
        for line in response.context["page"]
    ]


WHOLE = [
    ("Attribute that flaps", "Job title", 6, 1),
    ("Not found", "Updating accounts", 4, 1),
    ("Job that found nothing", "Reconciles after the first of the month", 3, 3),
    ("Attribute that flaps", "Job title, Department", 2, 1),
    ("Read in vain", "Looking up a person", 1, 1),
    ("Sent again", "Failed in Entra or not answered", 7, 1),
    ("Sent again", "Too many requests (429)", 2, 1),
]


def test_every_cause_is_told_with_calls_and_cost(client: Client, jobs: dict[str, Job]) -> None:
    response = page(sign_in(client))
    assert told(response) == WHOLE
    text = response.content.decode()
    assert "USD 0.032" in text  # 16 of 25 wasted calls are billed
    assert "of USD 0.09 in this month" in text  # 40 updates, 4 readings, 1 lookup
    assert "35.6 %" in text
    assert "of 55, 16 of them billed" in text
    for job in (jobs["sync"], jobs["reconcile 2"]):
        assert reverse("job_detail", kwargs={"pk": job.pk}) in text


def test_settings_are_linked_for_who_may_change_them(client: Client, jobs: dict[str, Job]) -> None:
    places = {
        reverse("profile_edit", kwargs={"slug": "acme/sources/main"}),
        reverse("schedule_list", kwargs={"slug": "acme"}),
        reverse("tenant_reconcile", kwargs={"slug": "acme"}),
    }
    response = page(sign_in(client, Role.ENGINEER))
    assert {line.url for line in response.context["page"]} == places
    for place in places:
        assert f'href="{place}"' in response.content.decode()
        assert client.get(place).status_code == 200
    assert {line.url for line in page(sign_in(client)).context["page"]} == {""}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"cause": "flapping"}, [WHOLE[0], WHOLE[3]]),
        ({"cause": "nonsense"}, WHOLE),
        ({"q": "TITLE"}, [WHOLE[0], WHOLE[3]]),
        ({"q": "nobody"}, []),
        ({"sort": "calls"}, [WHOLE[at] for at in (5, 0, 1, 2, 3, 6, 4)]),
        ({"sort": "jobs"}, [WHOLE[at] for at in (2, 0, 1, 3, 4, 5, 6)]),
        ({"sort": "cause"}, [WHOLE[at] for at in (0, 3, 2, 1, 4, 5, 6)]),
    ],
)
def test_lines_are_narrowed_and_sorted(
    client: Client, jobs: dict[str, Job], query: dict[str, str], expected: Any
) -> None:
    response = page(sign_in(client), **query)
    assert told(response) == expected
    assert "of 55, 16 of them billed" in response.content.decode()  # totals stay
    if not expected:
        assert "Nothing here fits" in response.content.decode()


def test_a_file_has_the_same_lines(client: Client, jobs: dict[str, Job]) -> None:
    response = page(sign_in(client), "waste_tenant_csv", cause="idle_job")
    (row,) = csv.DictReader(io.StringIO(response.content.decode()))
    assert response.headers["Content-Disposition"].endswith('"scim-waste-2026-05.csv"')
    examples = " ".join(jobs[f"reconcile {number}"].label for number in (2, 3, 4))
    assert row.pop("avoided_by").startswith("Schedules and blackouts: Reconcile monthly instead")
    assert row == {
        "month": "2026-05",
        "customer": "Customer acme",
        "tenant": "Tenant acme",
        "cause": "Job that found nothing",
        "what": "Reconciles after the first of the month",
        "calls": "3",
        "billable": "3",
        "uncertain": "0",
        "currency": "USD",
        "cost": "0.006000000",
        "jobs": "3",
        "example_jobs": examples,
    }
    link = page(client, cause="idle_job").context["csv_url"]
    assert client.get(link).content == response.content


def more(tenant: Tenant, slug: str) -> Tenant:
    """Another tenant of the same customer."""
    facts = TenantFacts(name=f"Tenant {slug}", slug=slug, cloud="global", entra_id=slug)
    added = services.add_tenant(customer=tenant.customer, facts=facts, by=None)
    publish(tenant=added, definition=STARTER, by=None)
    return added


def test_a_customers_tenants_are_told_together(
    client: Client, tenant: Tenant, jobs: dict[str, Job]
) -> None:
    add_waste(more(tenant, "beech"), MAY)
    response = page(sign_in(client), "waste_customer", "customer-acme", sort="tenant")
    slugs = [line.tenant.slug for line in response.context["page"]]
    assert slugs == ["acme"] * 7 + ["beech"] * 7
    assert "of 110, 32 of them billed" in response.content.decode()
    assert told(page(client, "waste_customer", "customer-acme", q="beech")) == WHOLE
    rows = page(client, "waste_customer_csv", "customer-acme").content.decode().splitlines()
    assert len(rows) == 15


def test_queries_do_not_grow_with_tenants(
    client: Client, tenant: Tenant, jobs: dict[str, Job]
) -> None:
    page(sign_in(client), "waste_customer", "customer-acme")
    numbers = []
    for slugs in (("beech",), ("cedar", "dogwood", "elder")):
        for slug in slugs:
            add_waste(more(tenant, slug), MAY)
        with CaptureQueriesContext(connection) as queries:
            page(client, "waste_customer", "customer-acme")
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] < 25


def test_a_month_without_waste_and_one_without_calls(client: Client, tenant: Tenant) -> None:
    sign_in(client)
    assert "No calls in this month" in page(client).content.decode()
    jobs = add_waste(tenant, MAY)
    Call.objects.exclude(job=jobs["reconcile 1"].label).delete()
    count_usage(tenant)
    assert "Nothing wasted" in page(client).content.decode()


def test_days_of_which_calls_are_gone_are_named(
    client: Client, tenant: Tenant, jobs: dict[str, Job]
) -> None:
    sign_in(client)
    assert "Not all of this month" not in page(client).content.decode()
    Call.objects.filter(tenant=tenant, started_at__lt=MAY + timedelta(minutes=5)).delete()
    text = page(client).content.decode()
    assert "known from 5 May 2026 on" in text
    assert told(page(client)) == [WHOLE[2]]
    assert "of USD 0.09 in this month" in text
    Call.objects.filter(tenant=tenant).delete()
    response = page(client)
    assert "nothing is known of this month" in response.content.decode()
    assert told(response) == []


def test_costs_lead_to_it(client: Client, jobs: dict[str, Job]) -> None:
    sign_in(client)
    for name, slug in (("tenant", "acme"), ("customer", "customer-acme")):
        text = page(client, f"cost_{name}", slug).content.decode()
        assert f'href="{reverse(f"waste_{name}", kwargs={"slug": slug})}?month=2026-05"' in text


def test_a_month_that_is_none(client: Client, tenant: Tenant) -> None:
    where = reverse("waste_tenant", kwargs={"slug": "acme"})
    assert sign_in(client).get(where, {"month": "2026-13"}).status_code == 404
