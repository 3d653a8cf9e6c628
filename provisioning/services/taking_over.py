"""Letting the shadow know what a reading of the directory has found, some accounts a transaction.

What is done stays done: a job that goes on after a crash takes over what is left.
"""

from collections.abc import Sequence

from django.db import transaction

from provisioning.domain.attributes import ACTIVE, ENTRA, EXTERNAL_ID, USER_NAME
from provisioning.domain.reconciling import taken_over
from provisioning.models import AcceptedDrift, DirectoryObject, Drift, Job
from provisioning.services.lanes import HeldLane

_BATCH = 500
ON_PREMISES, USER_TYPE = f"{ENTRA}:onPremisesSyncEnabled", f"{ENTRA}:userType"
"""What an account is, as paths; read and shown, never written to repair it."""
_FIELDS = (
    "key",
    "owner",
    "external_id",
    "user_name",
    "folded_user_name",
    "active",
    "on_premises",
    "guest",
    "state",
    "record_digest",
    "revision",
)


def take_over(job: Job, held: HeldLane) -> None:
    """Let the shadow know what was read, some accounts a transaction; what is done stays done."""
    while True:
        left = job.drift.filter(applied=False).exclude(kind__in=(Drift.Kind.CARRIER, *Drift.GROUPS))
        ids = list(left.order_by("entra_id").values_list("entra_id", flat=True).distinct()[:_BATCH])
        if not ids:
            return
        with transaction.atomic():
            held.confirm()
            _take_over(job, ids)
        held.renew()


def _take_over(job: Job, ids: Sequence[str]) -> None:
    rows: dict[str, list[Drift]] = {}
    for drift in job.drift.filter(entra_id__in=ids, applied=False):
        rows.setdefault(drift.entra_id, []).append(drift)
    shadows = DirectoryObject.objects.filter(tenant=job.tenant, entra_id__in=ids)
    changed, gone = [], []
    for shadow in shadows.select_for_update():
        found = rows[shadow.entra_id]
        if any(each.kind == Drift.Kind.MISSING for each in found):
            gone.append(shadow.pk)
            continue
        _take(shadow, found)
        changed.append(shadow)
    _forget_acceptances(job, [each for found in rows.values() for each in found])
    DirectoryObject.objects.filter(pk__in=gone).delete()
    _keep_keys_apart(changed)
    DirectoryObject.objects.bulk_update(changed, _FIELDS, _BATCH)
    job.drift.filter(entra_id__in=ids).update(applied=True)


def _take(shadow: DirectoryObject, found: Sequence[Drift]) -> None:
    """The directory's values become what we know; the source key stays ours to say."""
    values = {each.path: each.theirs for each in found if each.path}
    shadow.on_premises = bool(values.pop(ON_PREMISES, shadow.on_premises))
    shadow.external_id = str(values.pop(EXTERNAL_ID, shadow.external_id) or "")
    shadow.state = taken_over(shadow.state, values.items())
    active = shadow.state.get(ACTIVE)
    shadow.active = active if isinstance(active, bool) else shadow.active
    shadow.user_name = str(shadow.state.get(USER_NAME) or shadow.user_name)
    shadow.folded_user_name = shadow.user_name.casefold()
    shadow.guest = values.get(USER_TYPE, "Guest" if shadow.guest else "") == "Guest"
    shadow.record_digest = ""
    shadow.revision += 1
    back = next((each for each in found if each.kind == Drift.Kind.RETURNED), None)
    if back is not None:
        shadow.key, shadow.owner_id = back.key, back.job.source_id
        shadow.state = {**shadow.state, EXTERNAL_ID: shadow.external_id or back.key}


def _keep_keys_apart(changed: Sequence[DirectoryObject]) -> None:
    """Whoever came back gets their key again only if no other account has it by now."""
    back = {row.key: row for row in changed if row.key}
    if not back:
        return
    holders = DirectoryObject.objects.filter(
        owner_id__in={row.owner_id for row in back.values()}, key__in=[*back]
    ).exclude(pk__in=[row.pk for row in back.values()])
    for key in holders.values_list("key", flat=True):
        back[key].key, back[key].owner_id = "", None


def _forget_acceptances(job: Job, found: Sequence[Drift]) -> None:
    """What was accepted was accepted of what was there then; this is decided anew."""
    moved = {(each.key, each.path) for each in found}
    accepted = AcceptedDrift.objects.filter(
        source=job.source_id, key__in={key for key, _ in moved if key}
    )
    void = [
        pk for pk, key, path in accepted.values_list("pk", "key", "path") if (key, path) in moved
    ]
    AcceptedDrift.objects.filter(pk__in=void).delete()
