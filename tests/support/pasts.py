"""Rows of jobs that ran for weeks, as if they had: for pages and measurements of the simulator."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from provisioning.models import DirectoryGroup, DirectoryObject, GroupMember, Job, Operation
from tenants.models import Tenant
from tests.support.rows import add_job, add_usage

_BATCH = 2000
_KIND = Operation.Kind


def add_past(
    tenant: Tenant,
    *,
    people: int = 200,
    days: int = 30,
    changes: int = 10,
    groups: int = 5,
    seed: int = 1,
    now: datetime | None = None,
) -> None:
    """A first load `days` ago, and a sync each day since, with so many changes of people in it.

    Each sync also adds two members to one group and takes one from another.
    """
    chance, today = random.Random(seed), now or timezone.now()
    _directory(tenant, people, groups)
    for ago in range(days, 0, -1):
        at = today - timedelta(days=ago)
        job = add_job(tenant, Job.State.FINISHED, ended_at=at)
        Job.objects.filter(pk=job.pk).update(created_at=at)
        first = ago == days
        rows = _load(job, people, at) if first else _day(job, people, changes, groups, at, chance)
        number = _write(rows)
        add_usage(tenant, at.replace(minute=0, second=0, microsecond=0), 204, number, "update")


def _directory(tenant: Tenant, people: int, groups: int) -> None:
    source = tenant.sources.get()
    of = {"customer": tenant.customer, "tenant": tenant}
    DirectoryObject.objects.bulk_create(
        (
            DirectoryObject(
                **of,
                entra_id=f"{tenant.pk}-{number}",
                key=f"{number}",
                owner=source,
                user_name=f"u{number}@{tenant.slug}.example",
                folded_user_name=f"u{number}@{tenant.slug}.example",
            )
            for number in range(people)
        ),
        batch_size=_BATCH,
    )
    made = DirectoryGroup.objects.bulk_create(
        DirectoryGroup(
            **of, source=source, entra_id=f"g{tenant.pk}-{at}", key=f"g{at}", name=f"Group {at}"
        )
        for at in range(groups)
    )
    GroupMember.objects.bulk_create(
        (
            GroupMember(customer=tenant.customer, group=made[number % groups], entra_id=f"{number}")
            for number in range(people if groups else 0)
        ),
        batch_size=_BATCH,
    )


def _load(job: Job, people: int, at: datetime) -> Iterator[Operation]:
    after = {"userName": "u@a.example", "displayName": "Somebody", "active": True}
    return (_operation(job, _KIND.CREATE, f"{number}", at, after=after) for number in range(people))


def _day(
    job: Job, people: int, changes: int, groups: int, at: datetime, chance: random.Random
) -> Iterator[Operation]:
    for number in chance.sample(range(people), changes):
        yield _operation(job, _KIND.UPDATE, f"{number}", at, after={"title": "Other"})
    if groups:
        to, of = chance.randrange(groups), chance.randrange(groups)
        yield _operation(job, _KIND.MEMBER_ADD, f"g{to}", at, members=[["1", "a"], ["2", "b"]])
        yield _operation(job, _KIND.MEMBER_REMOVE, f"g{of}", at, members=[["3", "c"]])


def _operation(job: Job, kind: str, key: str, at: datetime, **values: object) -> Operation:
    return Operation(
        customer_id=job.customer_id,
        tenant_id=job.tenant_id,
        job=job,
        kind=kind,
        state=Operation.State.DONE,
        key=key,
        folded_key=key,
        person="Somebody",
        user_name=f"u{key}@a.example",
        attempts=1,
        first_sent_at=at,
        settled_at=at,
        **values,
    )


def _write(rows: Iterator[Operation]) -> int:
    return len(Operation.objects.bulk_create(rows, batch_size=_BATCH))
