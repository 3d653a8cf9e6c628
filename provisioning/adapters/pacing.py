"""What is left of a tenant's quotas: from the meter, and from a row that the workers share."""

import random
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.selectors import writes_since
from provisioning.domain.pacing import (
    APPLICATION_WRITES,
    TENANT_WRITES,
    Bucket,
    Quota,
    level_after,
    tenant_units,
)
from provisioning.models import ApplicationPace, DirectoryObject
from provisioning.scim.pacing import Pacer
from tenants.models import Credential, Tenant
from tenants.selectors import is_shared


def pacer_of(tenant: Tenant, hushed: float = 0.0) -> Pacer:
    """The tenant's quotas, less what the meter says was sent lately, by whichever process."""
    users = DirectoryObject.objects.filter(tenant=tenant).count()
    writes, now = _clocked(tenant, TENANT_WRITES), timezone.now()
    sent = writes_since(tenant, now - timedelta(seconds=2 * writes.seconds))
    left = level_after(writes, [((now - at).total_seconds(), 1.0) for at in sent])
    return Pacer(
        writes,
        _clocked(tenant, tenant_units(users)),
        writes_left=left if sent else writes.tokens,
        hushed=hushed,
        chance=random.random,
    )


def shared_bucket_of(tenant: Tenant, credential: Credential) -> "ApplicationBucket | None":
    """The quota of the application over all tenants, if it is used in several."""
    if not is_shared(credential):
        return None
    name = f"{tenant.cloud} {tenant.sandbox_url} {credential.client_id}"
    return ApplicationBucket(name, _clocked(tenant, APPLICATION_WRITES))


class ApplicationBucket:
    """A bucket in the database, so that the workers of all tenants draw from one."""

    def __init__(self, application: str, quota: Quota) -> None:
        self._application = application
        self._quota = quota

    @transaction.atomic
    def reserve(self, writes: int, patience: float) -> float:
        """Seconds to wait before that many writes; taken unless they exceed `patience`."""
        now = timezone.now()
        ApplicationPace.objects.get_or_create(
            application=self._application, defaults={"tokens": self._quota.tokens, "at": now}
        )
        row = ApplicationPace.objects.select_for_update().get(application=self._application)
        bucket = Bucket(self._quota, row.at.timestamp(), row.tokens)
        wait = bucket.wait(writes, now.timestamp())
        if wait <= patience:
            bucket.take(writes)
        row.tokens, row.at = bucket.level, max(row.at, now)
        row.save(update_fields=["tokens", "at"])
        return wait


def _clocked(tenant: Tenant, quota: Quota) -> Quota:
    """A sandbox's clock may run faster than Entra's."""
    return quota.scaled(settings.SANDBOX_SPEED) if tenant.cloud == "sandbox" else quota
