"""What a job's page says: a pilot, deletions, values that flap, second calls, redacted values."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.domain.attributes import CUSTOM
from provisioning.domain.starter import STARTER
from provisioning.models import Job, Operation
from provisioning.services.profiles import publish
from tenants.domain.roles import Role
from tests.support.rows import add_job, add_person, add_tenant

pytestmark = pytest.mark.django_db


def page(job: Job) -> str:
    client = Client()
    client.force_login(add_person(Role.ENGINEER, job.tenant.customer))
    text = client.get(reverse("job_detail", args=[job.pk])).content.decode()
    return " ".join(text.split())


def planned(definition: Any = STARTER, **values: Any) -> Job:
    tenant = add_tenant("north")
    publish(tenant=tenant, definition=definition, by=None)
    tenant.refresh_from_db()
    values = {
        "planned_at": timezone.now(),
        "unit_price": Decimal("0.002"),
        "currency": "USD",
        "people": 8,
        **values,
    }
    return add_job(tenant, Job.State.PLANNED, **values)


def operation(job: Job, kind: str, state: str = "proposed", **values: Any) -> Operation:
    given = {"key": kind, "person": "Zoë Łoś", "user_name": "zoe@a.example", **values}
    return Operation.objects.create(
        customer=job.customer, tenant=job.tenant, job=job, kind=kind, state=state, **given
    )


def test_a_pilot_says_whom_it_is_about() -> None:
    text = page(planned(kind=Job.Kind.PILOT, pilot_size=5))
    assert "Pilot of 5" in text
    assert "the first 5 people" in text
    assert "Nobody is disabled or deleted for being absent" in text


def test_a_sync_says_nothing_of_a_pilot() -> None:
    assert "ilot of" not in page(planned())


def test_deletions_ask_for_a_yes_of_their_own() -> None:
    job = planned(planned_calls=2, total=1, withheld=1)
    operation(job, "delete", "withheld", reason="Outside the profile's scope since 2026-01-01.")
    operation(job, "update", after={"title": "Baker"}, before={})
    text = page(job)
    assert "1 account to delete" in text
    assert 'name="include_deletes"' in text
    assert 'name="include_withheld"' not in text


def test_calls_are_priced_and_not_people() -> None:
    job = planned(planned_calls=4, total=2)
    operation(job, "create", after={"userName": "zoe@a.example", f"{CUSTOM}:Staff.Level": 3})
    text = page(job)
    assert "USD 0.008" in text
    assert "Staff: Level" in text


def test_values_that_flap_are_named() -> None:
    text = page(planned(flapping={"title": 12, f"{CUSTOM}:Staff.Level": 1}))
    assert "These attributes change although nothing in the source did" in text
    assert "Job title (12 people), Staff: Level (1 person)" in text


@pytest.mark.parametrize("state", ["planned", "finished"])
def test_redacted_values_are_not_on_the_page(state: str) -> None:
    rules = [{**rule, "redact": True} for rule in STARTER["attributes"]]
    job = planned({**STARTER, "attributes": rules}, planned_calls=1, total=1)
    Job.objects.filter(pk=job.pk).update(state=state, failed=1)
    operation(
        job,
        "update",
        "failed",
        before={"displayName": "Zoë Old"},
        after={"displayName": "Zoë Łoś"},
        reason="Taken by other@a.example.",
        message="Entra refused a value.",
        detail="Invalid value 'Zoë Łoś' of zoe@a.example.",
    )
    text = page(job)
    for secret in ("Zoë", "zoe@a.example", "other@a.example"):
        assert secret not in text
    assert "[Redact]" in text
