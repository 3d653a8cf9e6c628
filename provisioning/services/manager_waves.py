"""Whose account is created before whose, once all who join are known, because a creation may name
the manager; and who gets their manager by a call after it.
"""

from collections.abc import Iterable, Mapping

from provisioning.domain.joining import Joining
from provisioning.domain.managers import Way, without_account
from provisioning.domain.phases import phase_of
from provisioning.domain.planner import Kind
from provisioning.domain.records import fold_key
from provisioning.models import Directory, HeldRecord, Job
from tenants.models import Tenant

_BATCH = 500


def may_carry_manager(tenant: Tenant) -> bool:
    """Whether creations may name a manager: what the directory said, yes until it refused one."""
    known = Directory.objects.filter(tenant=tenant).values_list("manager_at_creation", flat=True)
    return known.first() is not False


def settle_managers(job: Job, joining: Joining, *, creation_carries: bool) -> int:
    """Put the creations that await a manager in order; gives the calls that come on top.

    Inside a transaction that holds the lane.
    """
    if not joining.awaiting:
        return 0
    found = joining.plan(creation_carries=creation_carries)
    for wave, keys in enumerate(found.waves):
        if wave:
            _update(job, keys, phase=phase_of(Kind.CREATE, wave))
    later = [fold_key(each.key) for each in found.references if each.way is not Way.CREATION]
    _update(job, later, carries_manager=False)
    missing = {fold_key(each.key): each for each in found.unresolved}
    _update(job, missing, manager="")
    report_missing(job, {each.key: each.manager for each in found.unresolved})
    return found.calls


def report_missing(job: Job, managers: Mapping[str, str]) -> None:
    """Say whose manager has no account: source keys by source key."""
    HeldRecord.objects.bulk_create(
        (
            HeldRecord(
                customer_id=job.customer_id,
                job=job,
                stage=HeldRecord.Stage.MANAGER,
                line=0,
                key=key[:255],
                code="manager",
                message=without_account(manager),
            )
            for key, manager in managers.items()
        ),
        batch_size=_BATCH,
    )


def _update(job: Job, keys: Iterable[str], **values: object) -> None:
    """Set fields of these people's operations, a batch at a time."""
    listed = list(keys)
    for at in range(0, len(listed), _BATCH):
        job.operations.filter(folded_key__in=listed[at : at + _BATCH], kind=Kind.CREATE).update(
            **values
        )
