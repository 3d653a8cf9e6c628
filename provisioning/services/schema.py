"""Asking a tenant's directory which custom security attributes it has."""

import time

from django.conf import settings

from provisioning.adapters.directory import open_client
from provisioning.adapters.discovery import DiscoveryCache
from provisioning.domain.targets import Targets
from provisioning.scim.discovery import discover_custom
from provisioning.scim.messages import Purpose
from tenants.models import Tenant, User
from tenants.services import record

LABEL = "schema"


def read_targets(*, tenant: Tenant, by: User | None, purpose: Purpose = Purpose.EDITOR) -> Targets:
    """What the tenant's profile may write, by one call; metered, and kept for all later questions.

    Raises NoToken, WrongHost or ScimError; PermissionMissing names the permission to grant.
    """

    def lease() -> float:
        # Reading needs no lane: nothing is written, and the meter paces it with everything else.
        seconds: float = settings.LANE_LEASE_SECONDS
        return time.monotonic() + seconds

    with open_client(tenant, LABEL, lease) as client:
        documents = discover_custom(client.read, DiscoveryCache(tenant, fresh=True), purpose)
    record("tenant.schema_read", by=by, customer=tenant.customer, subject=tenant)
    return Targets.of(documents)
