"""Reading groups into the shadow: their facts, and the people who are their direct members."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.domain.groups import DESCRIPTION, GroupKind, traits_of
from provisioning.models import DirectoryGroup, GroupMember
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import NotFound
from provisioning.scim.groups import get_group
from provisioning.scim.messages import Purpose
from provisioning.scim.urns import ENTRA_GROUP
from provisioning.services.lanes import HeldLane
from tenants.models import Tenant

_FEW = 3
"""So many groups are read one by one; for more, a list of all is usually fewer calls."""
_FACTS = ["name", "nickname", "kind", "traits", "description", "seen_at"]


def read_adopted(tenant: Tenant, wanted: Sequence[str], client: ScimClient, held: HeldLane) -> None:
    """Read these groups (object ids in lower case) and their members; one that is gone is left out.

    A call each for few of them, otherwise pages of 1,000; then a call for each 999 members.
    """
    if len(wanted) <= _FEW:
        for each in wanted:
            try:
                note_groups(tenant, [client.read(get_group(each, purpose=Purpose.INVENTORY))], held)
            except NotFound:
                continue
    else:
        for page in client.groups(Purpose.INVENTORY):
            note_groups(tenant, page, held)
    for group in DirectoryGroup.objects.filter(tenant=tenant, entra_id__in=wanted):
        read_members(group, client, held)


def read_doubted(tenant: Tenant, source_id: int, client: ScimClient, held: HeldLane) -> None:
    """Read those of our groups whose members are not known (any more); one that is gone is
    forgotten. Two calls for each of up to 999 members, and none where nothing is in doubt.
    """
    ours = DirectoryGroup.objects.filter(tenant=tenant, source=source_id).exclude(key="")
    for group in ours.filter(members_known=False).order_by("pk"):
        try:
            facts = client.read(get_group(group.entra_id, purpose=Purpose.INVENTORY))
        except NotFound:
            with transaction.atomic():
                held.confirm()
                group.delete()
            continue
        note_groups(tenant, [facts], held)
        read_members(group, client, held)


def note_groups(tenant: Tenant, page: Iterable[dict[str, Any]], held: HeldLane) -> None:
    """Facts of a page of groups; what we know of their keys and members stays."""
    rows = {each["id"].lower(): group_of(tenant, each) for each in page if each.get("id")}
    with transaction.atomic():
        held.confirm()
        DirectoryGroup.objects.bulk_create(
            rows.values(),
            batch_size=500,
            update_conflicts=True,
            unique_fields=["tenant", "entra_id"],
            update_fields=_FACTS,
        )


def read_members(group: DirectoryGroup, client: ScimClient, held: HeldLane) -> None:
    """Read a group's direct members; who was ours stays ours, and whoever is gone is forgotten."""
    found: set[str] = set()
    for page in client.members(group.entra_id, Purpose.INVENTORY):
        found |= {str(each["id"]).lower() for each in page if each.get("id")}
    note_members(group, found, held)


def note_members(group: DirectoryGroup, found: set[str], held: HeldLane) -> None:
    """Make these, and nobody else, the members we know of."""
    with transaction.atomic():
        held.confirm()
        known = set(group.members.values_list("entra_id", flat=True))
        gone = list(known - found)
        for at in range(0, len(gone), 500):
            group.members.filter(entra_id__in=gone[at : at + 500]).delete()
        GroupMember.objects.bulk_create(
            (
                GroupMember(customer_id=group.customer_id, group=group, entra_id=each)
                for each in sorted(found - known)
            ),
            batch_size=500,
        )
        group.members_known = True
        group.save(update_fields=["members_known"])


def group_of(tenant: Tenant, resource: dict[str, Any]) -> DirectoryGroup:
    """A group as it was read, as a row of the shadow that is not saved."""
    facts = resource.get(ENTRA_GROUP) or {}
    unified = "Unified" in (facts.get("groupTypes") or ())
    kind = GroupKind.MICROSOFT_365 if unified else GroupKind.SECURITY
    return DirectoryGroup(
        customer_id=tenant.customer_id,
        tenant=tenant,
        entra_id=str(resource["id"]).lower(),
        name=str(resource.get("displayName") or "")[:256],
        nickname=str(facts.get("mailNickname") or "")[:64],
        kind=kind.value,
        traits=sorted(trait.value for trait in traits_of(facts)),
        description=str(facts.get(DESCRIPTION.rpartition(":")[2]) or ""),
        seen_at=timezone.now(),
    )
