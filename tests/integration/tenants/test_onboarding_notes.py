"""Contacts, and what a customer has confirmed: entered, kept, and in the audit trail."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tenants.forms.onboarding import ApplicationForm, BillingForm, ContactForm, LicenceForm
from tenants.models import AuditEvent, Contact, Readiness, Tenant
from tenants.services import onboarding
from tenants.services.onboarding import Application, Billing, ContactFacts, Licence

GUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
IDA = ContactFacts("Ida Holm", "ida@northmoor.example", Contact.Duty.BILLING)


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_a_contact_is_noted_changed_and_removed(northmoor: Tenant) -> None:
    contact = onboarding.add_contact(customer=northmoor.customer, facts=IDA, by=None)
    onboarding.change_contact(contact=contact, facts=IDA, by=None)
    moved = ContactFacts("Ida Holm", "ida@northmoor.example", Contact.Duty.HR, "+44 20 7946 0018")
    onboarding.change_contact(contact=contact, facts=moved, by=None)
    contact.refresh_from_db()
    assert (contact.duty, contact.phone) == (Contact.Duty.HR, "+44 20 7946 0018")
    changed = AuditEvent.objects.get(action="contact.changed")
    assert changed.detail == {"fields": ["duty", "phone"]}
    onboarding.remove_contact(contact=contact, by=None)
    assert not Contact.objects.exists()
    assert events()[-3:] == ["contact.added", "contact.changed", "contact.removed"]


def test_one_person_once_for_a_duty(northmoor: Tenant, southfen: Tenant) -> None:
    onboarding.add_contact(customer=northmoor.customer, facts=IDA, by=None)
    given = {"name": "Ida", "email": "IDA@northmoor.example", "duty": "billing"}
    again = ContactForm(given, instance=Contact(customer=northmoor.customer))
    assert again.errors == {"email": ["This person is noted for that already."]}
    assert ContactForm(given, instance=Contact(customer=southfen.customer)).is_valid()
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.create(
            customer=northmoor.customer, name="x", email=IDA.email, duty=IDA.duty
        )


def test_what_is_confirmed_is_kept_and_noted_once(northmoor: Tenant) -> None:
    licence = Licence("Entra ID P1", "Ida Holm", date(2026, 6, 30))
    onboarding.confirm_licence(tenant=northmoor, licence=licence, by=None)
    onboarding.confirm_licence(tenant=northmoor, licence=licence, by=None)
    billing, application = Billing(GUID, "identity"), Application(GUID, True)
    onboarding.link_billing(tenant=northmoor, billing=billing, by=None)
    onboarding.note_application(tenant=northmoor, application=application, by=None)
    ready = Readiness.objects.get(tenant=northmoor)
    assert (ready.licence, ready.resource_group, ready.shared_application) == (
        "Entra ID P1",
        "identity",
        True,
    )
    assert ready.customer == northmoor.customer
    assert events()[-3:] == ["licence.confirmed", "billing.linked", "application.noted"]


def errors(form: Any) -> list[str]:
    form.is_valid()
    return sorted(form.errors)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"licence": ""}, ["licence"]),
        ({"licence_confirmed_by": " "}, ["licence_confirmed_by"]),
        ({"licence_confirmed_on": "soon"}, ["licence_confirmed_on"]),
        (
            {"licence_confirmed_on": f"{timezone.now() + timedelta(days=2):%Y-%m-%d}"},
            ["licence_confirmed_on"],
        ),
    ],
)
def test_licences(changes: dict[str, str], wrong: list[str]) -> None:
    given = {
        "licence": "Entra ID P1",
        "licence_confirmed_by": "Ida Holm",
        "licence_confirmed_on": "2026-06-30",
    }
    assert errors(LicenceForm(given | changes)) == wrong


@pytest.mark.parametrize(
    ("subscription", "group", "wrong"),
    [
        (GUID.upper(), "identity", []),
        (GUID, "rg_identity-(prod).1", []),
        ("north", "identity", ["subscription_id"]),
        (GUID, "identity.", ["resource_group"]),
        (GUID, "id entity", ["resource_group"]),
        (GUID, "a" * 91, ["resource_group"]),
        (GUID, "identity'; rm", ["resource_group"]),
        ("", "", ["resource_group", "subscription_id"]),
    ],
)
def test_subscriptions(subscription: str, group: str, wrong: list[str]) -> None:
    form = BillingForm({"subscription_id": subscription, "resource_group": group})
    assert errors(form) == wrong


def test_applications() -> None:
    assert errors(ApplicationForm({"client_id": "my app"})) == ["client_id"]
    form = ApplicationForm({"client_id": f" {GUID.upper()} ", "shared_application": "on"})
    assert form.is_valid()
    assert form.facts() == Application(GUID, True)
