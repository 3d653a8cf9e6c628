"""Who would be without a licence: members of licensing groups who have no usage location."""

from collections.abc import Iterator
from dataclasses import replace

from django.db.models.fields.json import KeyTextTransform

from provisioning.domain.groups import GroupOperation
from provisioning.domain.licensing import (
    USAGE_LOCATION,
    UsageLocations,
    without_usage_location,
)
from provisioning.domain.plan_values import Account, Change, Kind
from provisioning.models import DirectoryObject, Job, Operation

_CHANGING = (
    *(Operation.Kind.UPDATE, Operation.Kind.DISABLE, Operation.Kind.ENABLE),
    *(Operation.Kind.ADOPT, Operation.Kind.TRANSFER),
)


def with_licence_warnings(job: Job, planned: Iterator[GroupOperation]) -> Iterator[GroupOperation]:
    """Additions to licensing groups name whom Entra could assign no licence.

    The job's operations on people are there already. Nothing is read before the first such group.
    """
    known: UsageLocations | None = None
    for each in planned:
        if not each.licensing:
            yield each
            continue
        known = known or _usage_locations(job)
        found = without_usage_location([each], known.missing)
        if found:
            said = found[0].sentence(lambda member: member.key or member.id)
            each = replace(each, warning=f"{each.warning} {said}".strip())
        yield each


def _usage_locations(job: Job) -> UsageLocations:
    """Whom the shadow knows, as the job's plan would leave them."""
    known = UsageLocations()
    owned = DirectoryObject.objects.filter(owner=job.source_id).exclude(key="").order_by()
    located = KeyTextTransform(USAGE_LOCATION, "state")
    rows = owned.annotate(located=located).values_list("pk", "entra_id", "key", "located")
    for pk, entra_id, key, value in rows.iterator(2000):
        known.account(Account(pk, entra_id, key, "", True, {USAGE_LOCATION: value}))
    for change in _changes(job):
        known.change(change)
    return known


def _changes(job: Job) -> Iterator[Change]:
    """The job's operations, as far as they say anything of usage locations."""
    operations = job.operations.order_by()
    after = KeyTextTransform(USAGE_LOCATION, "after")
    made = operations.filter(kind=Operation.Kind.CREATE)
    written = operations.filter(kind__in=_CHANGING, after__has_key=USAGE_LOCATION)
    for rows in (made, written):
        values = rows.annotate(located=after).values_list(
            "kind", "key", "state", "target__pk", "target__entra_id", "located"
        )
        for kind, key, state, pk, entra_id, value in values.iterator(2000):
            account = Account(pk, entra_id, "", "", True, {}) if pk else None
            yield Change(
                Kind(kind),
                key,
                key,
                "",
                account,
                after={USAGE_LOCATION: value},
                withheld=state == Operation.State.WITHHELD,
            )
