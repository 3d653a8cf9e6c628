"""Whose account it is: transfers that take no request, and asking for one."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from provisioning.models import DirectoryObject, Job, Operation
from provisioning.services import outcomes
from provisioning.services.decisions import DecisionRefused, require
from tenants.domain.roles import Action
from tenants.models import User
from tenants.services import record

_SHADOW = ("key", "external_id", "owner", "offered_to", "record_digest", "revision")
_OPERATION = ("state", "message", "detail", "settled_at")


def settle_without_calls(job: Job) -> None:
    """Carry out the approved transfers that change nothing of their accounts but the owner.

    They are settled in the transaction of the approval: there is nothing to send and to wait for.
    """
    now = timezone.now()
    free = job.operations.filter(
        kind=Operation.Kind.TRANSFER, state=Operation.State.PENDING, after={}
    ).select_related("target")
    settled = [
        outcomes.stale(each, now) if outcomes.is_stale(each) else outcomes.written(each, None, now)
        for each in free
    ]
    if not settled:
        return
    shadows = [each.shadow for each in settled if each.shadow is not None]
    DirectoryObject.objects.bulk_update(shadows, _SHADOW, batch_size=500)
    Operation.objects.bulk_update([each.operation for each in settled], _OPERATION, batch_size=500)
    Job.objects.filter(pk=job.pk).update(
        transferred=F("transferred") + len(shadows),
        failed=F("failed") + len(settled) - len(shadows),
    )


@transaction.atomic
def ask_for_transfer(*, operation: Operation, by: User) -> None:
    """Let the next plan of the operation's source propose to take the account over.

    Raises DecisionRefused when the account is no other source's, or when this person may not.
    """
    job = operation.job
    require(job, by, Action.APPROVE)
    target = operation.target
    if target is None or not can_be_asked(operation):
        raise DecisionRefused("This account belongs to no other source.")
    DirectoryObject.objects.filter(pk=target.pk).update(offered_to=job.source_id)
    record(
        "account.transfer_asked",
        by=by,
        customer=job.customer,
        subject=target,
        source=job.source.slug,
        owner=target.owner.slug if target.owner else "",
    )


def can_be_asked(operation: Operation) -> bool:
    """Whether an account that was left alone is another source's and could be transferred."""
    target = operation.target
    return (
        operation.kind == Operation.Kind.LEAVE
        and target is not None
        and target.owner_id is not None
        and target.owner_id != operation.job.source_id
    )
