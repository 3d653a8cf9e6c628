"""Writes about customers and tenants; each is one verb with its actor and its audit row."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from tenants import tokens, vault
from tenants.certificates import read_certificate
from tenants.domain.roles import Role
from tenants.models import AccessGrant, AuditEvent, Credential, Customer, Tenant, User


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


def record(
    action: str, *, by: User | None, customer: Customer | None, subject: object, **detail: Any
) -> None:
    """Append to the audit trail; call it inside the transaction of the change."""
    AuditEvent.objects.create(
        actor=by, customer=customer, action=action, subject=str(subject)[:200], detail=detail
    )


@transaction.atomic
def add_customer(*, name: str, slug: str, by: User | None) -> Customer:
    """Add a customer the MSP serves."""
    customer = Customer.objects.create(name=name, slug=slug)
    record("customer.added", by=by, customer=customer, subject=customer)
    return customer


@transaction.atomic
def add_tenant(*, customer: Customer, facts: TenantFacts, by: User | None) -> Tenant:
    """Add a directory of a customer."""
    tenant = Tenant.objects.create(customer=customer, **facts.values())
    record("tenant.added", by=by, customer=customer, subject=tenant, cloud=facts.cloud)
    return tenant


@transaction.atomic
def change_tenant(*, tenant: Tenant, facts: TenantFacts, by: User | None) -> Tenant:
    """Change what is known of a tenant; the audit row names the fields."""
    new = facts.values()
    changed = sorted(name for name, value in new.items() if getattr(tenant, name) != value)
    for name in changed:
        setattr(tenant, name, new[name])
    if changed:
        tenant.save(update_fields=changed)
        record("tenant.changed", by=by, customer=tenant.customer, subject=tenant, fields=changed)
        for credential in tenant.credentials.all():
            tokens.forget(credential)
    return tenant


def store_secret(*, tenant: Tenant, client_id: str, secret: str, by: User | None) -> Credential:
    """Seal a client secret and make it the tenant's active credential."""
    return _store(tenant, Credential(client_id=client_id), secret, by)


def store_certificate(
    *, tenant: Tenant, client_id: str, pem: str, by: User | None, passphrase: str = ""
) -> Credential:
    """Seal a private key with its certificate (PEM) and make it active; raises BadCertificate."""
    found = read_certificate(pem, passphrase, timezone.now())
    credential = Credential(
        kind=Credential.Kind.CERTIFICATE,
        client_id=client_id,
        thumbprint=found.thumbprint,
        subject=found.subject[:300],
        expires_at=found.expires_at,
    )
    return _store(tenant, credential, found.private_key + found.public_certificate, by)


def store_federated(*, tenant: Tenant, client_id: str, by: User | None) -> Credential:
    """Make the host's workload identity the tenant's active credential; nothing secret is kept."""
    credential = Credential(kind=Credential.Kind.FEDERATED, client_id=client_id)
    return _store(tenant, credential, "", by)


@transaction.atomic
def _store(tenant: Tenant, credential: Credential, secret: str, by: User | None) -> Credential:
    tenant.credentials.filter(active=True).update(active=False)
    credential.customer_id, credential.tenant, credential.created_by = (
        tenant.customer_id,
        tenant,
        by,
    )
    if secret:
        bound_to = vault.binding(tenant.pk, "Credential", "sealed_secret")
        credential.sealed_secret = vault.seal(secret.encode(), bound_to)
    credential.save()
    record(
        "credential.stored",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        client=credential.client_id,
        kind=str(credential.kind),
    )
    return credential


@transaction.atomic
def add_person(
    *,
    email: str,
    name: str,
    password: str | None,
    role: Role,
    customer: Customer | None,
    by: User | None,
) -> User:
    """Add a person, or give an existing one another role; an existing password stays."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_user(email, password, name=name)
    AccessGrant.objects.get_or_create(user=user, customer=customer, role=role.value)
    record("access.granted", by=by, customer=customer, subject=user, role=role.value)
    return user
