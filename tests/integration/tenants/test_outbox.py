"""From the change to the receiver: written with it, sent outside of it, tried again, given up."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tenants.domain.events import CHOOSABLE, UnknownEvent
from tenants.domain.redelivery import DELAYS, TRIES
from tenants.domain.roles import Role
from tenants.models import AuditEvent, AuditPayload, Destination, Message, Tenant
from tenants.services import delivery, destinations
from tenants.services.destinations import DestinationFacts
from tenants.services.notices import tell
from tests.support.receiver import Mailbox, Receiver, mailbox, receiver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hook(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiver() as found:
        yield found


@pytest.fixture
def post(settings: Any) -> Iterator[Mailbox]:
    with mailbox() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        yield found


@pytest.fixture
def ann(person: Any) -> Any:
    return person((Role.ADMIN, None))


def webhook(by: Any, url: str, customer: Any = None, events: Any = CHOOSABLE) -> Any:
    facts = DestinationFacts(url, events)
    return destinations.add_destination(channel="webhook", customer=customer, facts=facts, by=by)


def mail_to(by: Any, address: str, customer: Any = None, events: Any = CHOOSABLE) -> Destination:
    facts = DestinationFacts(address, events)
    row, secret = destinations.add_destination(
        channel="email", customer=customer, facts=facts, by=by
    )
    assert secret == ""
    return row


def tell_of(tenant: Tenant, event: str = "quarantine.ended", **facts: Any) -> int:
    facts = facts or {"text": "It works again."}
    return tell(event, customer=tenant.customer, subject=tenant, link="/tenants/x/", **facts)


def signature(secret: str, uid: str, timestamp: str, body: bytes) -> str:
    """As a receiver computes it, from the specification and not from our code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{uid}.{timestamp}.".encode() + body, "sha256").digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def due_now() -> None:
    Message.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))


def test_a_webhook_gets_it_signed(ann: Any, northmoor: Tenant, hook: Receiver) -> None:
    _, secret = webhook(ann, hook.url)
    assert tell_of(northmoor) == 1
    assert hook.posts == [], "nothing is sent where it happens"
    assert delivery.deliver_due() == 1
    (got,) = hook.posts
    message = Message.objects.get()
    assert (message.state, message.attempts, message.last_error) == ("sent", 1, "")
    uid, timestamp = got.headers["webhook-id"], got.headers["webhook-timestamp"]
    assert uid == str(message.uid)
    assert abs(int(timestamp) - timezone.now().timestamp()) < 60
    assert got.headers["webhook-signature"] == signature(secret, uid, timestamp, got.body)
    body = json.loads(got.body)
    assert (body["type"], body["id"]) == ("quarantine.ended", uid)
    assert body["data"]["customer"] == "northmoor"
    assert body["data"]["text"] == "It works again."
    assert body["data"]["link"] == "http://127.0.0.1:8000/tenants/x/"
    assert delivery.deliver_due() == 0


def test_an_email_goes_out(ann: Any, northmoor: Tenant, post: Mailbox) -> None:
    mail_to(ann, "team@msp.example")
    tell_of(northmoor)
    assert delivery.deliver_due() == 1
    (mail,) = post.mails
    assert mail["Subject"] == "Northmoor directory works again"
    assert mail["To"] == "team@msp.example"
    assert mail["Message-ID"] == f"<{Message.objects.get().uid}@localhost>"
    text = mail.get_content()
    assert "It works again." in text
    assert "http://127.0.0.1:8000/tenants/x/" in text
    assert "Customer: Northmoor" in text


def test_whoever_wants_it_is_told_and_nobody_else(
    ann: Any, northmoor: Tenant, southfen: Tenant
) -> None:
    mail_to(ann, "all@msp.example")
    mail_to(ann, "theirs@msp.example", northmoor.customer)
    mail_to(ann, "others@msp.example", southfen.customer)
    mail_to(ann, "little@msp.example", events=["audit.broken"])
    quiet = mail_to(ann, "quiet@msp.example")
    facts = DestinationFacts(quiet.address, quiet.events, enabled=False)
    destinations.change_destination(destination=quiet, facts=facts, by=ann)
    assert tell_of(northmoor) == 2
    told = Message.objects.values_list("recipient", flat=True)
    assert sorted(told) == ["all@msp.example", "theirs@msp.example"]


def test_what_is_taken_back_is_never_told(ann: Any, northmoor: Tenant) -> None:
    mail_to(ann, "team@msp.example")
    with transaction.atomic():
        assert tell_of(northmoor) == 1
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_an_event_that_is_unknown_or_lacks_a_fact_is_a_mistake(northmoor: Tenant) -> None:
    with pytest.raises(UnknownEvent, match=r"no event 'job\.exploded'"):
        tell_of(northmoor, "job.exploded")
    with pytest.raises(UnknownEvent, match=r"job\.waits lacks range, tenant"):
        tell_of(northmoor, "job.waits", changes=1)


def test_it_is_tried_again_with_growing_delays_and_then_given_up(
    ann: Any, northmoor: Tenant, hook: Receiver
) -> None:
    hook.answers = [500]
    webhook(ann, hook.url)
    tell_of(northmoor)
    for number in range(1, TRIES + 1):
        before = timezone.now()
        assert delivery.deliver_due() == 0
        message = Message.objects.get()
        assert (message.attempts, message.last_error) == (number, "The webhook answered 500.")
        if number < TRIES:
            assert message.state == "waiting"
            delay = message.next_try_at - before
            assert DELAYS[number - 1] <= delay < DELAYS[number - 1] + timedelta(seconds=30)
            assert delivery.deliver_due() == 0
            assert len(hook.posts) == number, "not before it is due"
        due_now()
    assert message.state == "given_up"
    assert delivery.deliver_due() == 0
    assert len(hook.posts) == TRIES
    hook.answers = [200]
    assert delivery.try_again(message=message, by=ann)
    assert not delivery.try_again(message=message, by=ann)
    assert delivery.deliver_due() == 1
    assert {got.headers["webhook-id"] for got in hook.posts} == {str(message.uid)}
    assert AuditEvent.objects.get(action="message.tried_again").actor == ann


def test_a_mail_server_that_refuses_is_asked_again(
    ann: Any, northmoor: Tenant, post: Mailbox
) -> None:
    mail_to(ann, "team@msp.example")
    tell_of(northmoor)
    post.refuses = True
    assert delivery.deliver_due() == 0
    assert Message.objects.get().last_error.startswith("The mail server did not take it: SMTP")
    post.refuses = False
    due_now()
    assert delivery.deliver_due() == 1
    assert len(post.mails) == 1


def test_a_redirect_is_no_delivery(ann: Any, northmoor: Tenant, hook: Receiver) -> None:
    with receiver() as elsewhere:
        hook.answers, hook.location = [302], elsewhere.url
        webhook(ann, hook.url)
        tell_of(northmoor)
        assert delivery.deliver_due() == 0
        assert Message.objects.get().last_error == "The webhook answered 302."
        assert elsewhere.posts == []


def test_a_private_address_is_refused_when_it_is_called(
    ann: Any, northmoor: Tenant, hook: Receiver, settings: Any
) -> None:
    webhook(ann, hook.url.replace("http:", "https:").replace("127.0.0.1", "localhost"))
    tell_of(northmoor)
    settings.WEBHOOK_ALLOW_PRIVATE = False
    assert delivery.deliver_due() == 0
    assert "localhost is in a network that is not public" in Message.objects.get().last_error
    assert hook.posts == []


def test_of_two_workers_one_sends_it(ann: Any, northmoor: Tenant, hook: Receiver) -> None:
    webhook(ann, hook.url)
    tell_of(northmoor)
    first = delivery.claim_next(timezone.now())
    assert first is not None
    assert delivery.claim_next(timezone.now()) is None
    assert delivery.deliver_due() == 0
    assert hook.posts == []
    # Its holder has died: the claim runs out, and another sends it.
    Message.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert delivery.deliver_due() == 1
    assert Message.objects.get().attempts == 2


def test_who_comes_a_moment_later_gets_nothing(
    ann: Any, northmoor: Tenant, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook(ann, hook.url)
    tell_of(northmoor)
    until = timezone.now() + timedelta(minutes=5)

    def meanwhile() -> UUID:
        """Another worker takes it after this one has found it, and before it takes it."""
        Message.objects.update(claim=uuid4(), claimed_until=until)
        return uuid4()

    monkeypatch.setattr(delivery, "uuid4", meanwhile)
    assert delivery.claim_next(timezone.now()) is None


def test_whoever_lost_the_claim_does_not_settle_it(
    ann: Any, northmoor: Tenant, hook: Receiver
) -> None:
    webhook(ann, hook.url)
    tell_of(northmoor)
    slow = delivery.claim_next(timezone.now())
    assert slow is not None
    Message.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert delivery.claim_next(timezone.now()) is not None
    delivery._postpone(slow, "too late")
    message = Message.objects.get()
    assert (message.last_error, message.claim) != ("too late", None)


def test_nothing_is_sent_inside_a_transaction(
    ann: Any, northmoor: Tenant, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = []
    real = delivery.post
    monkeypatch.setattr(
        delivery, "post", lambda *a: (inside.append(connection.in_atomic_block), real(*a))
    )
    webhook(ann, hook.url)
    tell_of(northmoor)
    assert delivery.deliver_due() == 1
    assert inside == [False]


def test_a_rotated_secret_signs_at_once_and_the_old_one_for_a_day(
    ann: Any, northmoor: Tenant, hook: Receiver
) -> None:
    row, old = webhook(ann, hook.url)
    new = destinations.rotate_secret(destination=row, by=ann)
    assert new != old
    tell_of(northmoor)
    delivery.deliver_due()
    got = hook.posts[-1]
    marks = got.headers["webhook-signature"].split()
    asked = (got.headers["webhook-id"], got.headers["webhook-timestamp"], got.body)
    assert marks == [signature(new, *asked), signature(old, *asked)]
    Destination.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    tell_of(northmoor)
    delivery.deliver_due()
    assert len(hook.posts[-1].headers["webhook-signature"].split()) == 1


def test_a_secret_is_sealed_for_its_row_and_in_no_audit_payload(
    ann: Any, northmoor: Tenant, hook: Receiver
) -> None:
    row, secret = webhook(ann, hook.url)
    other, _ = webhook(ann, hook.url, northmoor.customer)
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    kept = [bytes(each) for each in Destination.objects.values_list("sealed_secret", flat=True)]
    assert all(raw not in each for each in kept)
    assert secret[6:] not in repr([*AuditPayload.objects.values()])
    Destination.objects.filter(pk=other.pk).update(sealed_secret=row.sealed_secret)
    Destination.objects.filter(pk=row.pk).update(enabled=False)
    tell_of(northmoor)
    assert delivery.deliver_due() == 0
    assert Message.objects.get().last_error.startswith("The webhook's secret cannot be read")


def test_one_message_that_cannot_be_sent_keeps_no_other_back(
    ann: Any, northmoor: Tenant, hook: Receiver, post: Mailbox
) -> None:
    row, _ = webhook(ann, hook.url)
    Destination.objects.filter(pk=row.pk).update(sealed_secret=b"nonsense")
    mail_to(ann, "team@msp.example")
    assert tell_of(northmoor) == 2
    assert delivery.deliver_due() == 1
    assert len(post.mails) == 1


def test_old_messages_are_forgotten_unless_they_wait(
    ann: Any, northmoor: Tenant, hook: Receiver
) -> None:
    webhook(ann, hook.url)
    tell_of(northmoor)
    Message.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert delivery.purge(timezone.now()) == 0
    delivery.deliver_due()
    assert delivery.purge(timezone.now()) == 1
