"""Planning a job's groups: what has to be read, who can be a member, and the operations as rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from provisioning.domain.groups import (
    GroupAct,
    GroupOperation,
    GroupRule,
    People,
    plan_groups,
)
from provisioning.models import DirectoryGroup, DirectoryObject, Job, Operation
from provisioning.scim.client import ScimClient
from provisioning.services.accepted import GroupAcceptances
from provisioning.services.group_reading import read_adopted, read_doubted
from provisioning.services.group_repairs import group_repairs_of
from provisioning.services.lanes import HeldLane
from provisioning.services.licensing import with_licence_warnings
from provisioning.services.people import MappedPeople, absences_of
from provisioning.services.plan_counts import PlanCounts
from provisioning.services.plan_rows import group_row
from provisioning.services.protection import protection_of
from provisioning.services.shadow import groups_of

_BATCH = 500
_IN_DOUBT = (
    "An earlier creation of this group ended unknown. Look in Entra whether it is there; approve"
    " only if it is not, or adopt it by its id in the rule."
)


def read_groups(job: Job, rules: Sequence[GroupRule], client: ScimClient, held: HeldLane) -> None:
    """Read groups that rules adopt and nobody has read yet, and ours that are in doubt."""
    if not rules:
        return
    read_doubted(job.tenant, job.source_id, client, held)
    wanted = {each for rule in rules for each in rule.adopted.values()}
    if not wanted:
        return
    known = DirectoryGroup.objects.filter(tenant=job.tenant, members_known=True)
    left = sorted(wanted - {each.lower() for each in known.values_list("entra_id", flat=True)})
    if left:
        read_adopted(job.tenant, left, client, held)


def write_groups(job: Job, people: MappedPeople, counts: PlanCounts, held: HeldLane) -> None:
    """Plan groups after all people, in batches, each a transaction that makes sure of the lane."""
    if people.memberships is None:
        return
    planned = _planned(job, people, counts)
    if job.kind == Job.Kind.RECONCILE:
        planned = group_repairs_of(job, planned)
    else:
        planned = GroupAcceptances(job).respected(planned)
    rows = group_rows(job, with_licence_warnings(job, planned), counts)
    while batch := list(islice(rows, _BATCH)):
        with transaction.atomic():
            held.confirm()
            Operation.objects.bulk_create(batch)
        held.renew()


def group_rows(
    job: Job, planned: Iterable[GroupOperation], counts: PlanCounts
) -> Iterator[Operation]:
    """Operations as rows, counted on the way."""
    pks: dict[str, int] | None = None
    for each in planned:
        pks = _pks(job) if pks is None else pks
        counts.add_group(each)
        yield group_row(job, each, pks.get(each.group_id))


def _planned(job: Job, people: MappedPeople, counts: PlanCounts) -> Iterator[GroupOperation]:
    doubtful = _in_doubt(job)
    owned = DirectoryObject.objects.filter(owner=job.source_id).exclude(key="").order_by()
    memberships = people.settled_memberships(dict(owned.values_list("key", "left_since")))
    if memberships is None:
        return
    directory = groups_of(job.source)
    everyone = _people(job, people, counts, owned)
    for each in plan_groups(memberships, directory, everyone, namespace=str(job.source_id)):
        if each.act is GroupAct.CREATE and each.key in doubtful:
            yield replace(each, withheld=True, reason=_IN_DOUBT)
        else:
            yield each


def _people(
    job: Job, people: MappedPeople, counts: PlanCounts, owned: QuerySet[DirectoryObject]
) -> People:
    protection = protection_of(job.tenant)
    accounts: dict[str, str] = {}
    protected: set[str] = set()
    for key, entra_id, user_name in owned.values_list("key", "entra_id", "user_name").iterator(
        2000
    ):
        accounts[key] = entra_id.lower()
        if protection.covers(entra_id, user_name):
            protected.add(entra_id.lower())
    return People(accounts, counts.joining.keys, protected, absences_of(job, people))


def _pks(job: Job) -> dict[str, int]:
    rows: Any = DirectoryGroup.objects.filter(tenant=job.tenant).values_list("entra_id", "pk")
    return {entra_id.lower(): pk for entra_id, pk in rows}


def _in_doubt(job: Job) -> set[str]:
    """Keys of groups whose creation ended unknown, and that we know nothing of since."""
    ended = Operation.objects.filter(
        tenant=job.tenant,
        job__source=job.source_id,
        kind=Operation.Kind.GROUP_CREATE,
        state__in=(Operation.State.DONE, Operation.State.FAILED),
    )
    newest: dict[str, bool] = {}
    rows = ended.order_by("pk").values_list("key", "state", "uncertain_since")
    for key, state, uncertain_since in rows:
        newest[key] = state == Operation.State.FAILED and uncertain_since is not None
    return {key for key, doubtful in newest.items() if doubtful}
