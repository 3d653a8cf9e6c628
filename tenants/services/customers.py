"""Writes about customers and their tenants."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tenants import tokens
from tenants.models import Customer, Tenant, User
from tenants.row_security import everything
from tenants.services.audit import record


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What an engineer says about a tenant; field names are those of the model."""

    name: str
    slug: str
    cloud: str
    entra_id: str
    purpose: str = Tenant.Purpose.PRODUCTION
    sandbox_url: str = ""
    protected_accounts: tuple[str, ...] = ()
    time_zone: str = "UTC"

    def values(self) -> dict[str, Any]:
        """As model values."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"protected_accounts": list(self.protected_accounts)}


@transaction.atomic
def add_customer(*, name: str, slug: str, by: User | None) -> Customer:
    """Add a customer the MSP serves."""
    # A customer that did not exist is in nobody's scope but that of all customers.
    with everything():
        customer = Customer.objects.create(name=name, slug=slug)
        record("customer.added", by=by, customer=customer, subject=customer)
    return customer


@transaction.atomic
def add_tenant(*, customer: Customer, facts: TenantFacts, by: User | None) -> Tenant:
    """Add a directory of a customer."""
    tenant = Tenant.objects.create(customer=customer, **facts.values())
    record("tenant.added", by=by, customer=customer, subject=tenant, cloud=facts.cloud)
    return tenant


class DirectoryKnown(Exception):
    """Another tenant here is this directory already; str() is a sentence for a person."""


@transaction.atomic
def settle_directory(*, tenant: Tenant, entra_id: str, by: User | None) -> Tenant:
    """Name a directory by its id instead of a domain; raises DirectoryKnown."""
    same = Tenant.objects.filter(cloud=tenant.cloud, entra_id__iexact=entra_id)
    # Also one of a customer that this person does not see.
    with everything():
        taken = same.exclude(pk=tenant.pk).exists()
    if taken:
        raise DirectoryKnown("This directory is known already; it has one tenant here.")
    if tenant.entra_id != entra_id:
        before = tenant.entra_id
        tenant.entra_id = entra_id
        tenant.save(update_fields=["entra_id"])
        record(
            "tenant.looked_up",
            by=by,
            customer=tenant.customer,
            subject=tenant,
            domain=before,
            entra_id=entra_id,
        )
        for credential in tenant.credentials.all():
            tokens.forget(credential)
    return tenant


@transaction.atomic
def change_tenant(*, tenant: Tenant, facts: TenantFacts, by: User | None) -> Tenant:
    """Change what is known of a tenant; the audit row has what it was before."""
    new = facts.values()
    changed = sorted(name for name, value in new.items() if getattr(tenant, name) != value)
    before = {name: getattr(tenant, name) for name in changed}
    for name in changed:
        setattr(tenant, name, new[name])
    if changed:
        tenant.save(update_fields=changed)
        record(
            "tenant.changed",
            by=by,
            customer=tenant.customer,
            subject=tenant,
            fields=changed,
            before=before,
            after={name: new[name] for name in changed},
        )
        for credential in tenant.credentials.all():
            tokens.forget(credential)
    return tenant
