"""Keeps what a tenant's service says of itself, because asking is billed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from provisioning.models import Directory
from tenants.models import Tenant

_VALID = timedelta(days=30)


class DiscoveryCache:
    """The documents of one tenant; forgotten after 30 days, or when a person asks anew."""

    def __init__(self, tenant: Tenant, *, fresh: bool = False) -> None:
        self._tenant = tenant
        self._fresh = fresh

    def load(self) -> Mapping[str, Any] | None:
        """The documents, or None when they have to be read."""
        if self._fresh:
            return None
        kept = Directory.objects.filter(
            tenant=self._tenant, discovered_at__gt=timezone.now() - _VALID
        ).first()
        found: Mapping[str, Any] | None = kept.discovery if kept else None
        return found

    def keep(self, documents: Mapping[str, Any]) -> None:
        """Store the documents as they came, beside those that are kept already."""
        kept = Directory.objects.filter(tenant=self._tenant).first()
        documents = {**((kept.discovery if kept else None) or {}), **documents}
        Directory.objects.update_or_create(
            tenant=self._tenant,
            defaults={"discovery": dict(documents), "discovered_at": timezone.now()},
            create_defaults={
                "customer_id": self._tenant.customer_id,
                "discovery": dict(documents),
                "discovered_at": timezone.now(),
            },
        )
