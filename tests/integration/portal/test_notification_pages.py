"""Destinations and messages on their page: added, tested, changed, removed, tried again."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tenants.domain.roles import Role
from tenants.models import AuditEvent, Destination, Message, Tenant
from tests.support.rows import add_person, add_tenant, add_webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return add_tenant("wharf")


@pytest.fixture
def engineer(client: Client, tenant: Tenant) -> Client:
    client.force_login(add_person(Role.ENGINEER, tenant.customer))
    return client


@pytest.fixture
def everywhere(client: Client) -> Client:
    client.force_login(add_person(Role.ENGINEER, None))
    return client


def add(client: Client, **values: Any) -> Any:
    given = {
        "channel": "email",
        "customer": "",
        "address": "team@msp.example",
        "events": ["job.failed", "credential.expires"],
        "enabled": "on",
    }
    return client.post(reverse("notification_add"), given | values)


def errors(answer: Any) -> dict[str, list[str]]:
    return {name: list(each) for name, each in answer.context["form"].errors.items()}


def test_an_email_address_is_added(engineer: Client, tenant: Tenant) -> None:
    assert add(engineer, customer=tenant.customer_id).status_code == 302
    row = Destination.objects.get()
    assert (row.channel, row.address, row.customer) == (
        "email",
        "team@msp.example",
        tenant.customer,
    )
    assert row.events == ["credential.expires", "job.failed"]
    text = engineer.get(reverse("notification_list")).content.decode()
    assert "team@msp.example" in text
    assert "A credential expires soon" in text
    assert AuditEvent.objects.filter(action="destination.added").count() == 1


def test_a_webhooks_secret_is_shown_once(everywhere: Client) -> None:
    answer = add(everywhere, channel="webhook", address="https://hook.example/in")
    secret = answer.context["secret"]
    assert secret.startswith("whsec_")
    assert secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    row = Destination.objects.get()
    assert row.customer is None
    for name in ("notification_list", "notification_edit"):
        arguments = [row.pk] if name.endswith("edit") else []
        assert secret not in everywhere.get(reverse(name, args=arguments)).content.decode()
    again = everywhere.post(reverse("notification_rotate", args=[row.pk]))
    assert again.context["secret"] not in ("", secret)
    assert "The one before signs too until" in again.content.decode()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"address": "a@b.example\nBcc: c@d.example"}, "address"),
        ({"channel": "webhook", "address": "http://hook.example/"}, "address"),
        ({"channel": "webhook", "address": "https://127.0.0.1/"}, "address"),
        ({"channel": "pigeon"}, "channel"),
        ({"events": ["notices.test"]}, "events"),
        ({"events": []}, "events"),
        ({"address": ""}, "address"),
    ],
)
def test_what_is_refused(everywhere: Client, values: dict[str, Any], field: str) -> None:
    assert field in errors(add(everywhere, **values))
    assert not Destination.objects.exists()


def test_news_of_all_customers_are_for_who_works_for_all(engineer: Client) -> None:
    other = add_tenant("other")
    assert "customer" in errors(add(engineer))
    assert "customer" in errors(add(engineer, customer=other.customer_id))
    common = add_webhook(None)
    text = engineer.get(reverse("notification_list")).content.decode()
    assert common.address not in text
    assert engineer.get(reverse("notification_edit", args=[common.pk])).status_code == 404


def test_changing_and_removing(engineer: Client, tenant: Tenant) -> None:
    row = add_webhook(tenant.customer)
    edit = reverse("notification_edit", args=[row.pk])
    given = {"address": "https://hook.example/two", "events": ["job.failed"]}
    assert engineer.post(edit, given).status_code == 302
    row.refresh_from_db()
    assert (row.address, row.events, row.enabled) == (given["address"], ["job.failed"], False)
    detail = AuditEvent.objects.get(action="destination.changed").detail
    assert detail["before"]["address"] == "https://hook.example/in"
    engineer.post(reverse("notification_remove", args=[row.pk]))
    assert not Destination.objects.exists()
    assert not Message.objects.exists()
    removed = AuditEvent.objects.get(action="destination.removed")
    assert removed.detail["messages_not_sent"] == 1


def test_a_test_is_put_into_the_outbox(engineer: Client, tenant: Tenant) -> None:
    row = add_webhook(tenant.customer)
    engineer.post(reverse("notification_test", args=[row.pk]))
    assert row.messages.filter(event="notices.test", state="waiting").count() == 2


def test_messages_by_state_and_another_try(engineer: Client, tenant: Tenant) -> None:
    row = add_webhook(tenant.customer)
    Message.objects.update(state="given_up", attempts=8, last_error="The webhook answered 500.")
    page = engineer.get(reverse("notification_list"), {"state": "given_up"}).content.decode()
    assert "8 tries: The webhook answered 500." in page
    assert "1 message could not be delivered" in page
    assert "Try again" in page
    assert "Try again" not in engineer.get(
        reverse("notification_list"), {"state": "sent"}
    ).content.decode().replace('visually-hidden">Try again', "")
    again = reverse("message_try_again", args=[row.messages.get().pk])
    assert engineer.post(again).status_code == 302
    message = Message.objects.get()
    assert (message.state, message.attempts) == ("waiting", 0)
    engineer.post(again)
    assert AuditEvent.objects.filter(action="message.tried_again").count() == 1
