"""Writing what a round of answers did: operations, shadow, groups and counters, set by set.

Always inside the transaction that settles the attempts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import F, Q
from django.utils import timezone

from provisioning.domain.attributes import MANAGER
from provisioning.models import (
    Directory,
    DirectoryGroup,
    DirectoryObject,
    GroupMember,
    Job,
    Operation,
)
from provisioning.services.deletions import note_deletions
from provisioning.services.outcomes import Outcome, creates
from provisioning.services.renaming import release_followers

_FIELDS = (
    "state",
    "attempts",
    "lookups",
    "not_before",
    "uncertain_since",
    "status",
    "message",
    "detail",
    "settled_at",
    "target",
    "group",
    "subject",
)
_CONTENT = ("after", "choices", "user_name", "members", "carries_manager", "warning")
_OPENED = ("naming", "waits_for", "target_revision")
_SHADOW = (
    "key",
    "owner",
    "offered_to",
    "external_id",
    "user_name",
    "folded_user_name",
    "active",
    "state",
    "record_digest",
)
_GROUP = (
    "key",
    "source",
    "name",
    "nickname",
    "kind",
    "description",
    "adopted",
    "members_known",
    "seen_at",
)


def save(job: Job, settled: Sequence[Outcome], calls: int) -> None:
    """Write all that a round of so many calls did."""
    _save_shadow([each.shadow for each in settled if each.shadow is not None])
    _save_groups(settled)
    for outcome in settled:
        if outcome.goes_on or (outcome.shadow is not None and creates(outcome.operation)):
            outcome.operation.target = outcome.shadow  # saved by now
    Operation.objects.bulk_update([each.operation for each in settled], _FIELDS)
    renamed = [each.operation for each in settled if each.renamed]
    Operation.objects.bulk_update(renamed, _CONTENT)
    note_deletions(settled, timezone.now())
    opened = [each.operation for each in settled if each.opens]
    Operation.objects.bulk_update(opened, _OPENED)
    release_followers(job, opened)
    gone = [each.gone.pk for each in settled if each.gone is not None]
    if gone:
        DirectoryObject.objects.filter(pk__in=gone).delete()
    _note_managers(job, settled)
    tally = Counter(each.tally for each in settled if each.tally)
    tally["members_added"] += sum(each.added for each in settled)
    tally["calls_made"] += calls
    count(job, tally)


def count(job: Job, tally: Counter[str]) -> None:
    """Move the job's counters."""
    moved = {name: F(name) + number for name, number in tally.items() if number}
    if moved:
        Job.objects.filter(pk=job.pk).update(**moved)


def _save_shadow(shadows: Sequence[DirectoryObject]) -> None:
    DirectoryObject.objects.bulk_create(
        [shadow for shadow in shadows if shadow.pk is None],
        update_conflicts=True,
        unique_fields=["tenant", "entra_id"],
        update_fields=_SHADOW,
    )
    changed = [shadow for shadow in shadows if shadow.pk is not None]
    DirectoryObject.objects.bulk_update(changed, [*_SHADOW, "revision"])


def _save_groups(settled: Iterable[Outcome]) -> None:
    touched = [each for each in settled if each.group is not None]
    groups = [each.group for each in settled if each.group is not None]
    DirectoryGroup.objects.bulk_create(
        [group for group in groups if group.pk is None],
        update_conflicts=True,
        unique_fields=["tenant", "entra_id"],
        update_fields=_GROUP,
    )
    for outcome in touched:
        outcome.operation.group = outcome.group  # saved by now
    # Several operations of a round may be about one group.
    changed = {group.pk: group for group in groups}
    DirectoryGroup.objects.bulk_update(changed.values(), [*_GROUP, "revision"])
    _save_members(touched)
    gone = {each.gone_group.pk for each in settled if each.gone_group is not None}
    if gone:
        DirectoryGroup.objects.filter(pk__in=gone).delete()


def _save_members(touched: Sequence[Outcome]) -> None:
    GroupMember.objects.bulk_create(
        (
            GroupMember(
                customer_id=outcome.operation.customer_id,
                group=outcome.group,
                entra_id=entra_id,
                ours=True,
            )
            for outcome in touched
            if outcome.group is not None
            for entra_id in outcome.joined
        ),
        batch_size=500,
        ignore_conflicts=True,
    )
    for outcome in touched:
        if outcome.parted:
            GroupMember.objects.filter(
                group_id=outcome.operation.group_id, entra_id=outcome.parted
            ).delete()


def _note_managers(job: Job, settled: Iterable[Outcome]) -> None:
    """What the directory said of creations that name a manager."""
    refused = any(each.manager_refused for each in settled)
    carried = any(
        each.operation.kind == Operation.Kind.CREATE
        and each.shadow is not None
        and MANAGER in each.operation.after
        and each.operation.carries_manager
        for each in settled
    )
    if refused or carried:
        changed = Q(manager_at_creation=None) | Q(manager_at_creation=refused)
        Directory.objects.filter(changed, tenant_id=job.tenant_id).update(
            manager_at_creation=not refused
        )
