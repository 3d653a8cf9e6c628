"""Accounts that are never written: the stored list, and what is known of each without a call."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from provisioning.domain.planner import why_untouched
from provisioning.domain.protection import (
    REFUSED_ALONE,
    Protection,
    protected_groups,
    why_protected,
)
from provisioning.models import (
    Directory,
    DirectoryObject,
    Job,
    Operation,
    ProtectedMember,
)
from provisioning.scim.client import ScimClient
from provisioning.scim.messages import Purpose
from provisioning.services.decisions import DecisionRefused
from provisioning.services.lanes import HeldLane
from provisioning.services.outcomes import warn
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record

_FORBIDDEN = 403
# Whoever may write some people's attributes and not others' is asked for the same permission.
_SAME_PERMISSION = {
    Operation.Kind.UPDATE: (Operation.Kind.UPDATE, Operation.Kind.ENABLE, Operation.Kind.ADOPT),
    Operation.Kind.ADOPT: (Operation.Kind.UPDATE, Operation.Kind.ENABLE, Operation.Kind.ADOPT),
    Operation.Kind.TRANSFER: (Operation.Kind.UPDATE, Operation.Kind.ENABLE, Operation.Kind.ADOPT),
    Operation.Kind.ENABLE: (Operation.Kind.ENABLE, Operation.Kind.DISABLE, Operation.Kind.UPDATE),
    Operation.Kind.DISABLE: (Operation.Kind.ENABLE, Operation.Kind.DISABLE, Operation.Kind.UPDATE),
    Operation.Kind.DELETE: (Operation.Kind.DELETE,),
}


def protection_of(tenant: Tenant, only: Sequence[str] | None = None) -> Protection:
    """The tenant's list as it is stored now; with `only` (object ids), members among those."""
    entries = Tenant.objects.values_list("protected_accounts", flat=True).get(pk=tenant.pk)
    if not protected_groups(entries):
        return Protection(entries)
    members = ProtectedMember.objects.filter(tenant=tenant)
    if only is not None:
        members = members.filter(entra_id__in=[each.casefold() for each in only])
    return Protection(entries, dict(members.values_list("entra_id", "group_id")))


def refresh_protected(
    tenant: Tenant, client: ScimClient, held: HeldLane, *, anew: bool = False
) -> None:
    """Read the members of the tenant's protected groups: once each, or all of them `anew`.

    A group of n members takes ceil(n/999) calls, at least one. A reading that fails leaves what
    was known and raises ScimError: without it nothing may be planned.
    """
    entries = Tenant.objects.values_list("protected_accounts", flat=True).get(pk=tenant.pk)
    wanted = protected_groups(entries)
    directory, _ = Directory.objects.get_or_create(
        tenant=tenant, defaults={"customer_id": tenant.customer_id}
    )
    known = directory.protected_groups
    for group in sorted(wanted):
        if anew or group not in known:
            _read_group(tenant, group, client, held)
    gone = known.keys() - wanted
    if gone:
        with transaction.atomic():
            held.confirm()
            ProtectedMember.objects.filter(tenant=tenant, group_id__in=gone).delete()
            _note_read(tenant, gone, None)


def _read_group(tenant: Tenant, group: str, client: ScimClient, held: HeldLane) -> None:
    found: dict[str, None] = {}
    for page in client.members(group, Purpose.INVENTORY):
        found |= dict.fromkeys(str(user["id"]).casefold() for user in page if user.get("id"))
    now = timezone.now()
    with transaction.atomic():
        held.confirm()
        ProtectedMember.objects.filter(tenant=tenant, group_id=group).delete()
        ProtectedMember.objects.bulk_create(
            (
                ProtectedMember(
                    customer_id=tenant.customer_id,
                    tenant=tenant,
                    group_id=group,
                    entra_id=entra_id,
                    read_at=now,
                )
                for entra_id in found
            ),
            batch_size=500,
        )
        _note_read(tenant, [group], now)


def _note_read(tenant: Tenant, groups: Sequence[str] | set[str], now: datetime | None) -> None:
    directory = Directory.objects.select_for_update().get(tenant=tenant)
    read = dict(directory.protected_groups)
    for group in groups:
        if now is None:
            read.pop(group, None)
        else:
            read[group] = now.isoformat()
    directory.protected_groups = read
    directory.save(update_fields=["protected_groups"])


class Safeguard:
    """What is known of one batch's accounts before anything is sent; no call is made for it."""

    def __init__(self, job: Job, batch: Sequence[Operation]) -> None:
        ids = [operation.target.entra_id for operation in batch if operation.target is not None]
        members = [entra_id for each in batch for _, entra_id in each.members if entra_id]
        self._protection = protection_of(job.tenant, [*ids, *members])
        self._names: dict[str, str] = {}
        if members:
            accounts = DirectoryObject.objects.filter(tenant=job.tenant, entra_id__in=members)
            self._names = dict(accounts.values_list("entra_id", "user_name"))
        self._guests = job.profile_version.definition.get("guests") is True

    def why_not(self, operation: Operation) -> str:
        """Why this operation must not be written; "" when it may be."""
        target = operation.target
        entra_id, old_name = (target.entra_id, target.user_name) if target else ("", "")
        covers = self._protection.covers
        entry = covers(entra_id, operation.user_name) or covers("", old_name)
        if entry is not None:
            return why_protected(entry)
        return why_untouched(target, guests=self._guests) if target else ""

    def spared(self, batch: Sequence[Operation]) -> list[Operation]:
        """Operations on groups out of which protected people were left, now without them."""
        return [operation for operation in batch if self._spares(operation)]

    def _spares(self, operation: Operation) -> bool:
        covers = self._protection.covers
        kept = [
            pair for pair in operation.members if not covers(pair[1], self._names.get(pair[1], ""))
        ]
        left_out = len(operation.members) - len(kept)
        if left_out:
            whole = len(operation.members)
            warn(operation, f"{left_out} of {whole} left out: protected since the plan was made.")
            operation.members = kept
        return bool(left_out)


def mark_privileged(job: Job, now: datetime) -> None:
    """At a job's end, inside its transaction: mark whom alone Entra refused with 403.

    Alone means that the same attributes were written to others in this job: where nobody got them
    the permission is missing, not the person special.
    """
    refused = job.operations.filter(
        state=Operation.State.FAILED,
        status=_FORBIDDEN,
        kind__in=_SAME_PERMISSION,
        target__isnull=False,
    )
    for operation in refused.select_related("target"):
        if operation.target is not None and _others_succeeded(operation):
            DirectoryObject.objects.filter(pk=operation.target.pk).update(possibly_privileged=now)
            operation.message = f"{REFUSED_ALONE} {operation.message}"
            operation.save(update_fields=["message"])


def _others_succeeded(operation: Operation) -> bool:
    done = Operation.objects.filter(
        job_id=operation.job_id,
        state=Operation.State.DONE,
        kind__in=_SAME_PERMISSION[Operation.Kind(operation.kind)],
    )
    wanted = set(operation.after)
    if not wanted:
        return done.exists()
    for written in done.values_list("after", flat=True).iterator(500):
        wanted -= written.keys()
        if not wanted:
            return True
    return False


@transaction.atomic
def clear_privileged(*, account: DirectoryObject, by: User) -> None:
    """Let the next plan write an account again that was marked as possibly privileged.

    Raises DecisionRefused when this person may not, or when it is not marked (any more).
    """
    if not tenants_for(by, Action.EDIT_TENANT).filter(pk=account.tenant_id).exists():
        raise DecisionRefused(f"{by.email} may not edit {account.tenant}.")
    marked = DirectoryObject.objects.filter(pk=account.pk, possibly_privileged__isnull=False)
    if not marked.update(possibly_privileged=None):
        raise DecisionRefused("The account is not marked any more.")
    record(
        "account.mark_cleared",
        by=by,
        customer=account.customer,
        subject=account.tenant,
        account=account.entra_id,
    )
