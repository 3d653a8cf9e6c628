"""Noting whom to ask at a customer, and what they have confirmed for a tenant."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import transaction

from tenants.models import Contact, Customer, Readiness, Tenant, User
from tenants.services.audit import record


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A contact as it is entered; field names are those of the model."""

    name: str
    email: str
    duty: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """The licence that contains Entra ID P1, who at the customer confirmed it, and when."""

    licence: str
    licence_confirmed_by: str
    licence_confirmed_on: date


@dataclass(frozen=True, slots=True)
class Billing:
    """The Azure subscription and resource group that Microsoft bills the calls to."""

    subscription_id: str
    resource_group: str


@dataclass(frozen=True, slots=True)
class Application:
    """The app registration; `shared_application` if it is the MSP's own, for many tenants."""

    client_id: str
    shared_application: bool


@transaction.atomic
def add_contact(*, customer: Customer, facts: ContactFacts, by: User | None) -> Contact:
    """Note somebody at the customer."""
    contact = Contact.objects.create(customer=customer, **asdict(facts))
    record("contact.added", by=by, customer=customer, subject=contact, duty=facts.duty)
    return contact


@transaction.atomic
def change_contact(*, contact: Contact, facts: ContactFacts, by: User | None) -> Contact:
    """Change what is known of a contact; the audit row names the fields."""
    changed = _set(contact, asdict(facts))
    if changed:
        record("contact.changed", by=by, customer=contact.customer, subject=contact, fields=changed)
    return contact


@transaction.atomic
def remove_contact(*, contact: Contact, by: User | None) -> None:
    """Forget a contact."""
    record("contact.removed", by=by, customer=contact.customer, subject=contact)
    contact.delete()


def confirm_licence(*, tenant: Tenant, licence: Licence, by: User | None) -> Readiness:
    """Note who at the customer has confirmed the licence."""
    return _note(tenant, "licence.confirmed", asdict(licence), by)


def link_billing(*, tenant: Tenant, billing: Billing, by: User | None) -> Readiness:
    """Note the subscription and resource group that are linked in the customer's tenant."""
    return _note(tenant, "billing.linked", asdict(billing), by)


def note_application(*, tenant: Tenant, application: Application, by: User | None) -> Readiness:
    """Note the app registration, before its credential is known."""
    return _note(tenant, "application.noted", asdict(application), by)


@transaction.atomic
def _note(tenant: Tenant, event: str, values: dict[str, Any], by: User | None) -> Readiness:
    readiness, _ = Readiness.objects.get_or_create(
        tenant=tenant, defaults={"customer_id": tenant.customer_id}
    )
    changed = _set(readiness, values | {"changed_by": by})
    if set(changed) - {"changed_by"}:
        plain = {name: str(value) for name, value in values.items()}
        record(event, by=by, customer=tenant.customer, subject=tenant, **plain)
    return readiness


def _set(row: Contact | Readiness, values: dict[str, Any]) -> list[str]:
    """Save what differs; gives the names of those fields."""
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save()
    return changed
