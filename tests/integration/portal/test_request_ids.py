"""Each request has an id: in its answer, log lines, audit payloads, tasks and error pages."""

import logging
import queue
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.test import Client
from django.urls import reverse

from tenants import request_ids, services
from tenants.domain.roles import Role
from tenants.models import AuditPayload
from tests.support.rows import add_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(add_person(Role.ADMIN, None))
    return client


def test_every_answer_has_an_id_of_its_own(client: Client) -> None:
    found = {client.get("/healthz").headers["X-Request-ID"] for _ in range(3)}
    assert len(found) == 3
    assert all(len(each) == 32 for each in found)
    assert request_ids.current() == ""


def test_what_anybody_sends_is_not_taken(client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "abcdefgh-1234"})
    assert answer.headers["X-Request-ID"] != "abcdefgh-1234"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("abcdefgh-1234", True),
        ("short", False),
        ("x" * 65, False),
        ("abcdefgh\ninjected", False),
        ("abcdefgh <script>", False),
    ],
)
def test_a_trusted_proxys_is_taken_if_well_formed(
    client: Client, settings: Any, given: str, taken: bool
) -> None:
    settings.TRUST_REQUEST_ID = True
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) is taken


def test_the_audit_trail_knows_it(admin: Client) -> None:
    answer = admin.post(reverse("customer_add"), {"name": "Northmoor", "slug": "northmoor"})
    assert answer.status_code == 302
    row = AuditPayload.objects.get(event__action="customer.added")
    assert row.request_id == answer.headers["X-Request-ID"]
    services.record("x", by=None, customer=None, subject="x")
    assert AuditPayload.objects.get(event__action="x").request_id == ""


def test_log_lines_have_it(client: Client) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "x", None, None)
    token = request_ids._current.set("the-id-of-it")
    assert request_ids.RequestIdFilter().filter(record)
    request_ids._current.reset(token)
    assert record.request_id == "the-id-of-it"  # type: ignore[attr-defined]
    handler = logging.getLogger().handlers
    assert any(isinstance(f, request_ids.RequestIdFilter) for h in handler for f in h.filters)


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere/", 404), ("/customers/add/", 403), ("/boom/", 500)]
)
def test_error_pages_show_it(client: Client, settings: Any, path: str, status: int) -> None:
    client.force_login(add_person(Role.FINANCE, None))
    client.raise_request_exception = False
    settings.ROOT_URLCONF = "tests.support.broken_urls"
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["X-Request-ID"] in answer.content.decode()


def test_a_task_has_the_id_of_who_sent_it_and_another_its_own() -> None:
    seen: queue.Queue[str] = queue.Queue()

    def look() -> None:
        seen.put(request_ids.current())

    app = Celery("tests", broker="memory://", set_as_current=False)
    app.task(name="tests.look")(look)
    with start_worker(app, pool="solo", perform_ping_check=False):
        token = request_ids._current.set("sent-by-this-one")
        app.send_task("tests.look")
        request_ids._current.reset(token)
        assert seen.get(timeout=20) == "sent-by-this-one"
        other = app.send_task("tests.look")
        assert seen.get(timeout=20) == other.id
    assert request_ids.current() == ""
