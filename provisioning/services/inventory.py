"""The one reading of a directory that a tenant's first job begins with."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.domain.attributes import MAIL_NICKNAME
from provisioning.models import Directory, DirectoryObject
from provisioning.scim.client import ScimClient
from provisioning.scim.messages import Purpose
from provisioning.scim.resources import extension_value, flat_state
from provisioning.scim.urns import ENTRA_USER
from provisioning.scim.users import INVENTORY, names_of
from provisioning.services.lanes import HeldLane
from tenants.models import Tenant

_TRUE = (True, "true", "True")


def read_inventory(
    tenant: Tenant, client: ScimClient, held: HeldLane, paths: Collection[str]
) -> None:
    """Read all users into the shadow, once per tenant; a second call costs nothing.

    With them come their values at `paths`: they are in the same answers, so they cost nothing.
    """
    directory, _ = Directory.objects.get_or_create(
        tenant=tenant, defaults={"customer_id": tenant.customer_id}
    )
    if directory.inventory_at is not None:
        return
    projected = names_of([*INVENTORY, *sorted(paths)])
    for page in client.users(Purpose.INVENTORY, projected):
        with transaction.atomic():
            held.confirm()
            _note(tenant, page, paths)
    Directory.objects.filter(pk=directory.pk).update(inventory_at=timezone.now())


def _note(tenant: Tenant, page: Sequence[dict[str, Any]], paths: Collection[str]) -> None:
    """Accounts of a page into the shadow; what is known already keeps its key and state."""
    # PostgreSQL refuses to update one row twice in a statement, should a page name a user twice.
    by_id = {resource["id"]: resource for resource in page if resource.get("id")}
    DirectoryObject.objects.bulk_create(
        (account_of(tenant, resource, paths) for resource in by_id.values()),
        batch_size=500,
        update_conflicts=True,
        unique_fields=["tenant", "entra_id"],
        update_fields=[
            "external_id",
            "user_name",
            "folded_user_name",
            "active",
            "on_premises",
            "guest",
        ],
    )


def account_of(tenant: Tenant, resource: dict[str, Any], paths: Collection[str]) -> DirectoryObject:
    """A user as it was read, as a row of the shadow that is not saved."""
    user_name = str(resource.get("userName") or "")[:255]
    return DirectoryObject(
        customer_id=tenant.customer_id,
        tenant=tenant,
        entra_id=str(resource["id"]),
        external_id=str(resource.get("externalId") or "")[:255],
        user_name=user_name,
        folded_user_name=user_name.casefold()[:255],
        active=resource.get("active") in _TRUE,
        on_premises=extension_value(resource, ENTRA_USER, "onPremisesSyncEnabled") in _TRUE,
        guest=extension_value(resource, ENTRA_USER, "userType") == "Guest",
        state=flat_state(resource, {"displayName", MAIL_NICKNAME, *paths}),
    )
