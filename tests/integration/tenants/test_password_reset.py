"""Forgotten passwords: a person of the portal gets a link, a stranger nothing at all."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tenants.models import User

pytestmark = pytest.mark.django_db
KNOWN, STRANGER = "ann@lanternfield.example", "stranger@saltmere.example"


@pytest.fixture(autouse=True)
def _ann() -> None:
    User.objects.create_user(email=KNOWN, password="correct-horse-battery")


def test_a_person_gets_a_mail_of_the_portal(client: Client, settings: Any) -> None:
    client.post("/accounts/password/reset/", {"email": KNOWN})
    (sent,) = mail.outbox
    assert sent.subject.startswith("MSP portal: ")
    assert sent.from_email == settings.DEFAULT_FROM_EMAIL != "webmaster@localhost"
    assert "/accounts/password/reset/key/" in sent.body
    assert "MSP portal, testserver" in sent.body
    assert "Hello from" not in sent.body


def test_a_stranger_gets_no_mail_and_the_same_page(client: Client) -> None:
    theirs = client.post("/accounts/password/reset/", {"email": STRANGER})
    assert mail.outbox == []
    known = client.post("/accounts/password/reset/", {"email": KNOWN})
    assert (theirs.status_code, theirs.url) == (known.status_code, known.url)  # type: ignore[attr-defined]
