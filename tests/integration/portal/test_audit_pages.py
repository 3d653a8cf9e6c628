"""The audit trail as administrators see it: filters, pages, CSV, and whether it is intact."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants import services
from tenants.domain.roles import Role
from tenants.models import AuditCheck, AuditEvent, AuditPayload, Customer, User
from tenants.services.audit_erasure import erase_payloads
from tests.support.rows import add_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def northmoor() -> Customer:
    return Customer.objects.create(name="Northmoor", slug="northmoor")


@pytest.fixture
def southfen() -> Customer:
    return Customer.objects.create(name="Southfen", slug="southfen")


@pytest.fixture
def ann() -> User:
    return add_person(Role.ADMIN, None)


@pytest.fixture
def events(northmoor: Customer, southfen: Customer, ann: User, client: Client) -> None:
    client.force_login(ann)
    services.record("job.approved", by=ann, customer=northmoor, subject="Job 17", calls=3)
    services.record("price.added", by=None, customer=None, subject="Global")
    services.record("tenant.changed", by=None, customer=southfen, subject="Main", fields=["name"])


def page(client: Client, **wanted: str) -> Any:
    return client.get(reverse("audit_list"), wanted)


def actions(client: Client, **wanted: str) -> list[str]:
    return [event.action for event in page(client, **wanted).context["page"]]


def rows(client: Client, **wanted: str) -> list[dict[str, str]]:
    answer = client.get(reverse("audit_csv"), wanted)
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["tenant.changed", "price.added", "job.approved", "access.granted"]),
        ({"customer": "southfen"}, ["tenant.changed"]),
        ({"action": "job.approved"}, ["job.approved"]),
        ({"q": "job 1"}, ["job.approved"]),
        ({"actor": "ADMIN-all"}, ["job.approved"]),
        ({"actor": "admin of all"}, ["job.approved"]),
        ({"actor": "nobody"}, []),
        ({"customer": "northmoor", "action": "price.added"}, []),
        ({"until": "2026-01-01"}, []),
        ({"since": "2026-01-01"}, ["tenant.changed", "price.added", "job.approved"]),
    ],
)
def test_filters_of_page_and_file(client: Client, wanted: dict[str, str], found: list[str]) -> None:
    assert actions(client, **wanted)[:3] == found[:3]
    assert [row["action"] for row in rows(client, **wanted)][:3] == found[:3]


@pytest.mark.usefixtures("ann")
def test_days_are_whole_and_those_of_utc(
    client: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(ann)
    at = datetime(2026, 5, 4, 23, 59, 59, tzinfo=UTC)
    monkeypatch.setattr("tenants.services.audit.timezone.now", lambda: at)
    services.record("late", by=None, customer=None, subject="x")
    monkeypatch.undo()
    assert actions(client, since="2026-05-04", until="2026-05-04") == ["late"]
    assert actions(client, until="2026-05-03") == []


@pytest.mark.usefixtures("events")
def test_what_is_no_day_is_said_and_filters_nothing(client: Client) -> None:
    answer = page(client, since="yesterday", customer="a b")
    assert "From: Enter a valid date." in answer.content.decode()
    assert len(answer.context["page"]) == AuditEvent.objects.count()


@pytest.mark.usefixtures("events")
def test_an_administrator_of_one_customer_sees_its_events_only(
    client: Client, northmoor: Customer
) -> None:
    client.force_login(add_person(Role.ADMIN, northmoor))
    assert set(actions(client)) == {"job.approved", "access.granted"}
    assert {row["customer"] for row in rows(client)} == {"northmoor"}
    text = page(client).content.decode()
    assert "Southfen" not in text
    assert "price.added" not in text
    assert actions(client, customer="southfen") == []


def test_cells_cannot_become_formulas(client: Client, ann: User, northmoor: Customer) -> None:
    client.force_login(ann)
    for subject in ("=1+1", " =1+1", "+1", "-1", "@x", "\t=1", "plain"):
        services.record("x", by=None, customer=northmoor, subject=subject)
    found = [row["object"] for row in rows(client, action="x")]
    assert found == ["plain", "'\t=1", "'@x", "'-1", "'+1", "' =1+1", "'=1+1"]


@pytest.mark.usefixtures("events")
def test_what_is_erased_is_said(client: Client) -> None:
    erase_payloads(AuditPayload.objects.filter(subject="Job 17"), by=None, reason="x")
    assert "Erased" in page(client, action="job.approved").content.decode()
    assert rows(client, action="job.approved")[0]["object"] == "(erased)"


@pytest.mark.usefixtures("events")
def test_pages_and_a_constant_number_of_queries(
    client: Client, ann: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(120):
        services.record("x", by=ann, customer=None, subject=number)
    with django_assert_max_num_queries(16):
        answer = page(client)
    assert answer.context["page"].paginator.num_pages == 3
    assert "?page=2" in answer.content.decode()


@pytest.mark.usefixtures("events")
def test_whether_it_is_intact_is_shown(client: Client) -> None:
    assert "The first check is made tonight" in page(client).content.decode()
    AuditCheck.objects.create(at=timezone.now(), events=4, problems=0)
    assert "changed from outside" not in page(client).content.decode()
    AuditCheck.objects.create(
        at=timezone.now(), events=4, problems=2, examples=["Event 2: removed"]
    )
    text = page(client).content.decode()
    assert "The trail was changed from outside" in text
    assert "Event 2: removed" in text


@pytest.mark.usefixtures("events")
def test_a_payload_that_somebody_made_unreadable_is_shown(client: Client) -> None:
    event = AuditEvent.objects.get(action="job.approved")
    kept = AuditPayload.objects.get(event=event)
    AuditPayload.objects.filter(event=event).delete()
    for text in ("{not json", "[1, 2]", "7"):
        kept.detail = text
        kept.save(force_insert=True)
        assert text in page(client, action="job.approved").content.decode()
        assert text in rows(client, action="job.approved")[0]["detail"]
        AuditPayload.objects.filter(event=event).delete()


@pytest.mark.usefixtures("events")
def test_texts_of_others_are_escaped(client: Client, ann: User) -> None:
    services.record("x", by=ann, customer=None, subject="<script>", note="<img src=x>")
    text = page(client).content.decode()
    assert "<script>" not in text.replace('<script src="', "")
    assert "&lt;img src=x&gt;" in text
