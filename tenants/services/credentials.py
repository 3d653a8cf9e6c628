"""Storing what an application proves itself with, and changing over from one to the next."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenants import tokens, vault
from tenants.certificates import Certificate, make_certificate, read_certificate
from tenants.domain.secret import Secret, hides_frames
from tenants.domain.token_errors import AssertionFacts
from tenants.models import Credential, Tenant, User
from tenants.services.audit import record


class CredentialBusy(Exception):
    """A credential cannot be switched to, or removed; str() says why."""


def store_secret(
    *,
    tenant: Tenant,
    client_id: str,
    secret: str | Secret[str],
    by: User | None,
    expires_at: datetime | None = None,
    as_next: bool = False,
) -> Credential:
    """Seal a client secret; it is used at once, or stands by as the next one."""
    credential = Credential(client_id=client_id, expires_at=expires_at)
    return _store(tenant, credential, Secret(secret), by, as_next)


def store_certificate(
    *,
    tenant: Tenant,
    client_id: str,
    pem: str | bytes | Secret[bytes],
    by: User | None,
    passphrase: str | Secret[str] = "",
    as_next: bool = False,
) -> Credential:
    """Seal a private key with its certificate (PFX or PEM); raises BadCertificate."""
    found = read_certificate(pem, passphrase, timezone.now())
    return _keep_certificate(tenant, client_id, found, by, as_next)


def generate_certificate(
    *, tenant: Tenant, client_id: str, bits: int, days: int, by: User | None, as_next: bool = False
) -> Credential:
    """Make a key with its certificate here: only the public part ever leaves."""
    name = f"MSP portal {tenant.slug}"
    found = make_certificate(name, bits=bits, days=days, now=timezone.now())
    return _keep_certificate(tenant, client_id, found, by, as_next)


def store_federated(
    *,
    tenant: Tenant,
    client_id: str,
    by: User | None,
    identity_id: str = "",
    shown: AssertionFacts | None = None,
    as_next: bool = False,
) -> Credential:
    """Prove the application by an assertion of this host's; nothing secret is kept.

    The assertion is the workload identity's, or the token of a user-assigned managed identity.
    """
    kind = Credential.Kind.FEDERATED_IDENTITY if identity_id else Credential.Kind.FEDERATED
    credential = Credential(kind=kind, client_id=client_id, identity_id=identity_id)
    if shown is not None:
        credential.issuer, credential.subject = shown.issuer[:300], shown.subject[:300]
    return _store(tenant, credential, Secret(""), by, as_next)


def store_managed_identity(
    *,
    tenant: Tenant,
    client_id: str,
    user_assigned: bool,
    by: User | None,
    as_next: bool = False,
) -> Credential:
    """Use this host's managed identity itself: in the directory of the host only."""
    credential = Credential(
        kind=Credential.Kind.MANAGED_IDENTITY,
        client_id=client_id,
        identity_id=client_id if user_assigned else "",
    )
    return _store(tenant, credential, Secret(""), by, as_next)


def _keep_certificate(
    tenant: Tenant, client_id: str, found: Certificate, by: User | None, as_next: bool
) -> Credential:
    credential = Credential(
        kind=Credential.Kind.CERTIFICATE,
        client_id=client_id,
        thumbprint=found.thumbprint,
        certificate=found.public_certificate,
        subject=found.subject[:300],
        expires_at=found.expires_at,
    )
    both = Secret(found.private_key.reveal() + found.public_certificate)
    return _store(tenant, credential, both, by, as_next)


@transaction.atomic
def _store(
    tenant: Tenant, credential: Credential, secret: Secret[str], by: User | None, as_next: bool
) -> Credential:
    _lock(tenant)
    current = tenant.credentials.filter(active=True).first()
    _retire(tenant.credentials.filter(standby=True))
    credential.customer_id, credential.tenant = tenant.customer_id, tenant
    credential.created_by = by
    credential.active = current is None or not as_next
    credential.standby = not credential.active
    if current is not None and credential.active:
        tenant.credentials.filter(pk=current.pk).update(active=False, standby=True)
    _seal(credential, secret)
    credential.save()
    _record("credential.stored", credential, by, use=_use(credential))
    return credential


@hides_frames
def _seal(credential: Credential, secret: Secret[str]) -> None:
    if secret:
        credential.sealed_secret = vault.seal(
            secret.reveal().encode(), tokens.secret_place(credential)
        )


@transaction.atomic
def switch_credential(*, credential: Credential, by: User | None) -> None:
    """Use the credential that stands by; the one used so far stands by then. CredentialBusy."""
    _lock(credential.tenant)
    credential.refresh_from_db()
    if not credential.standby:
        raise CredentialBusy("This credential does not stand by any more.")
    if not credential.proven:
        raise CredentialBusy("Test it first: it is used only after it has got a token.")
    others = Credential.objects.filter(tenant_id=credential.tenant_id).exclude(pk=credential.pk)
    mine = Credential.objects.filter(pk=credential.pk)
    mine.update(standby=False)
    others.filter(active=True).update(active=False, standby=True)
    mine.update(active=True)
    credential.refresh_from_db()
    _record("credential.switched", credential, by)


@transaction.atomic
def remove_credential(*, credential: Credential, by: User | None) -> None:
    """Erase the credential that stands by; the one in use cannot be removed. CredentialBusy."""
    _lock(credential.tenant)
    credential.refresh_from_db()
    if not credential.standby:
        raise CredentialBusy("Only a credential that stands by can be removed.")
    _retire(Credential.objects.filter(pk=credential.pk))
    _record("credential.removed", credential, by)


def try_credential(*, credential: Credential, by: User | None) -> tuple[str, ...] | None:
    """Ask for a token, which is free, and keep what it permits; None if it does not show that.

    Raises NoToken.
    """
    try:
        return tokens.try_token(credential.tenant, credential)
    finally:
        credential.refresh_from_db()
        _record("credential.tested", credential, by, worked=credential.proven)


@transaction.atomic
def revoke_credentials(*, tenant: Tenant, by: User | None) -> int:
    """Erase every secret kept for a tenant; gives how many credentials lost theirs."""
    kept = tenant.credentials.exclude(sealed_secret=b"", active=False, standby=False)
    for credential in kept:
        tokens.forget(credential)
        _record("credential.revoked", credential, by)
    return kept.update(sealed_secret=b"", active=False, standby=False)


def _retire(credentials: QuerySet[Credential]) -> None:
    for credential in credentials:
        tokens.forget(credential)
    credentials.update(sealed_secret=b"", standby=False)


def _lock(tenant: Tenant) -> None:
    """Changes of one tenant's credentials one after the other."""
    Tenant.objects.select_for_update().get(pk=tenant.pk)


def _use(credential: Credential) -> str:
    return "in use" if credential.active else "standby"


def _record(action: str, credential: Credential, by: User | None, **detail: object) -> None:
    record(
        action,
        by=by,
        customer=credential.tenant.customer,
        subject=credential.tenant,
        client=credential.client_id,
        kind=str(credential.kind),
        **detail,
    )
