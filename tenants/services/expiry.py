"""Watching when credentials and tokens of the API expire."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from tenants.domain.expiry import THRESHOLDS, remaining, to_tell
from tenants.models import ApiToken, Credential
from tenants.services.audit import record
from tenants.services.notices import tell


def warn(now: datetime) -> int:
    """Tell once for each credential, token and threshold; gives how many were told of."""
    soon = Credential.objects.filter(
        Q(active=True) | Q(standby=True), expires_at__lte=now + timedelta(days=max(THRESHOLDS))
    )
    rows = soon.select_related("tenant__customer").order_by("expires_at")
    tokens = ApiToken.objects.filter(
        revoked_at=None, expires_at__lte=now + timedelta(days=max(THRESHOLDS))
    ).select_related("created_by")
    return sum(_warn(credential, now) for credential in rows) + sum(
        _warn_of_token(token, now) for token in tokens.order_by("expires_at")
    )


@transaction.atomic
def _warn(credential: Credential, now: datetime) -> bool:
    days = to_tell(credential.expires_at, now, credential.warned_days)
    if credential.expires_at is None or days is None:
        return False
    # Compare and set: of two beats one tells.
    unchanged = Credential.objects.filter(pk=credential.pk, warned_days=credential.warned_days)
    if not unchanged.update(warned_days=days):
        return False
    _tell(credential, days, remaining(credential.expires_at, now))
    return True


def _tell(credential: Credential, days: int, words: str) -> None:
    """Into the audit trail and the outbox."""
    news = "credential.expires" if days else "credential.expired"
    facts = {"days": days} if days else {}
    tell(
        news,
        customer=credential.tenant.customer,
        subject=credential.tenant,
        link=reverse("tenant_credential", kwargs={"slug": credential.tenant.slug}),
        kind=credential.get_kind_display().lower(),
        expires=f"{credential.expires_at:%Y-%m-%d}",
        **facts,
    )
    record(
        news,
        by=None,
        customer=credential.tenant.customer,
        subject=credential.tenant,
        client=credential.client_id,
        kind=str(credential.kind),
        use="in use" if credential.active else "standby",
        days=days,
        text=f"{credential.get_kind_display()} {words}",
    )


@transaction.atomic
def _warn_of_token(token: ApiToken, now: datetime) -> bool:
    days = to_tell(token.expires_at, now, token.warned_days)
    if days is None:
        return False
    unchanged = ApiToken.objects.filter(pk=token.pk, warned_days=token.warned_days)
    if not unchanged.update(warned_days=days):
        return False
    news = "api_token.expires" if days else "api_token.expired"
    facts = {"made_by": str(token.created_by), "expires": f"{token.expires_at:%Y-%m-%d}"}
    # A token may be about several customers: it is the MSP's own news.
    tell(
        news,
        customer=None,
        subject=token,
        link=reverse("api_token_list"),
        **facts | ({"days": days} if days else {}),
    )
    record(news, by=None, customer=None, subject=token, days=days, **facts)
    return True
