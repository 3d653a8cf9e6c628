"""Storing what an application proves itself with."""

from django.db import transaction
from django.utils import timezone

from tenants import tokens, vault
from tenants.certificates import read_certificate
from tenants.models import Credential, Tenant, User
from tenants.services.audit import record


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
def revoke_credentials(*, tenant: Tenant, by: User | None) -> int:
    """Erase every secret kept for a tenant; gives how many credentials lost theirs."""
    kept = tenant.credentials.exclude(sealed_secret=b"", active=False)
    for credential in kept:
        tokens.forget(credential)
        record(
            "credential.revoked",
            by=by,
            customer=tenant.customer,
            subject=tenant,
            client=credential.client_id,
            kind=str(credential.kind),
        )
    return kept.update(sealed_secret=b"", active=False)
