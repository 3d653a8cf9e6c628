"""Decisions about a job: go on despite the guard, approve (by people or by policy), cancel."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.selectors.budgets import why_over
from provisioning.domain.approval_policy import Approvers, PlanFigures, Policy
from provisioning.models import Job, Operation
from provisioning.selectors import IN_DOUBT
from provisioning.services import lanes, policies, snapshots
from provisioning.services.decisions import (
    DecisionRefused,
    move,
    require,
    require_fresh,
    why_stale,
)
from provisioning.services.estimates import ESTIMATED, calls_range, note_estimate
from provisioning.services.notices import tell_of_job
from provisioning.services.ownership import settle_without_calls
from provisioning.services.permitted import require_permitted, why_not_permitted
from tenants.domain.roles import Action
from tenants.models import User
from tenants.selectors import tenants_for
from tenants.services import record

__all__ = [
    "DecisionRefused",
    "accept_loss",
    "approve",
    "approve_by_policy",
    "cancel",
    "first_approver",
    "is_barred",
]

_STOPPED, _PLANNING, _PLANNED = Job.State.STOPPED, Job.State.PLANNING, Job.State.PLANNED


@transaction.atomic
def accept_loss(*, job: Job, by: User) -> None:
    """Plan a job although the guard stopped it."""
    require(job, by, Action.APPROVE)
    lanes.lock(job.tenant)
    move(job, {_STOPPED}, state=_PLANNING)
    record("job.loss_accepted", by=by, customer=job.customer, subject=job)
    lanes.want(job.tenant, urgent=job.is_urgent)


@transaction.atomic
def approve(
    *,
    job: Job,
    by: User,
    include_withheld: bool = False,
    include_adoptions: bool = False,
    include_deletes: bool = False,
    include_transfers: bool = False,
    adopt: Collection[int] = (),
) -> None:
    """Let a plan be applied; what is in doubt, adoptions, transfers, deletes need a yes of each.

    Adoptions are taken all, or one by one: `adopt` are primary keys of operations of this plan.
    Where the tenant's policy asks for two people, the first leaves the plan waiting. Raises
    DecisionRefused when the plan is not waiting any more, has expired, or is not this person's.
    """
    require(job, by, Action.APPROVE)
    lanes.lock(job.tenant)
    require_fresh(job)
    require_permitted(job)
    policy = policies.policy_of(job.tenant)
    _require_another(job, by, policy)
    _require_adoptions(job, adopt)
    first = _first_of_two(job, by, policy) if include_deletes else None
    if first == by:
        return
    now = timezone.now()
    move(job, {_PLANNED}, state=Job.State.APPLYING, approved_by=by, approved_at=now)
    included = [*IN_DOUBT] if include_withheld else []
    included += [Operation.Kind.ADOPT] if include_adoptions else []
    included += [Operation.Kind.DELETE, Operation.Kind.GROUP_DELETE] if include_deletes else []
    included += [Operation.Kind.TRANSFER] if include_transfers else []
    _release(job, now, included, "Not approved with the plan.", adopt)
    if include_transfers:
        settle_without_calls(job)
    record(
        "job.approved",
        by=by,
        customer=job.customer,
        subject=job,
        calls=job.planned_calls,
        first=first.email if first else "",
        include_withheld=include_withheld,
        include_adoptions=include_adoptions,
        include_deletes=include_deletes,
        include_transfers=include_transfers,
        adopted_one_by_one=0 if include_adoptions else len(set(adopt)),
    )


def approve_by_policy(job: Job, now: datetime) -> None:
    """Inside the transaction that ends planning: note who has to approve, and go on if nobody has.

    What needs a yes of its own is left to a later plan then.
    """
    figures, policy = policies.figures_of(job), policies.policy_of(job.tenant)
    over = _why_over_budget(job, figures, now)
    hindrance = why_stale(job) or why_not_permitted(job) or over
    decision = policies.weigh(figures, policy, hindrance)
    approval = {"approvers": decision.approvers.value, "reasons": list(decision.reasons)}
    move(job, {_PLANNED}, approval=approval)
    if decision.approvers is not Approvers.NOBODY:
        _tell_of_waiting(job)
        if over:
            tell_of_job("budget.stops", job, text=_OVER)
        return
    move(job, {_PLANNED}, state=Job.State.APPLYING, approved_at=now)
    _release(job, now, (), "It needs a yes of its own, and the rest was approved by policy.")
    record(
        "job.approved_by_policy",
        by=None,
        customer=job.customer,
        subject=job,
        calls=job.planned_calls,
        least=job.least_calls,
        most=job.most_calls,
        figures=figures.to_json(),
        policy=policy.to_json(),
    )


# Without amounts: customers' people may read it.
_OVER = (
    "A budget has less left than the plan costs, so a person decides: whoever may approve can"
    " approve it all the same, and who sets budgets can raise it."
)


def _tell_of_waiting(job: Job) -> None:
    tell_of_job(
        "job.waits",
        job,
        changes=job.total,
        calls=job.planned_calls,
        expected=job.expected_calls,
        least=job.least_calls,
        most=job.most_calls,
        range=calls_range(job),
    )


def _why_over_budget(job: Job, figures: PlanFigures, now: datetime) -> str:
    return why_over(job.tenant, figures.cost, figures.currency, now) if figures.cost else ""


@transaction.atomic
def cancel(*, job: Job, by: User) -> None:
    """End a job: at once while it waits, at the next pause of the lane while it is worked on."""
    require(job, by, Action.CANCEL)
    lanes.lock(job.tenant)
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.state in (_STOPPED, _PLANNED):
        move(job, {_STOPPED, _PLANNED}, state=Job.State.CANCELLED, ended_at=timezone.now())
        snapshots.discard(job)
    elif locked.state == Job.State.PAUSED:
        # Its lane settles what is unknown before it ends.
        move(job, {Job.State.PAUSED}, state=Job.State.APPLYING, cancel_requested=True)
        lanes.want(job.tenant, urgent=job.is_urgent)
    elif locked.state in Job.IN_LANE:
        move(job, set(Job.IN_LANE), cancel_requested=True)
        lanes.want(job.tenant, urgent=job.is_urgent)
    else:
        raise DecisionRefused(f"The job has ended already ({locked.get_state_display().lower()}).")
    record("job.cancelled", by=by, customer=job.customer, subject=job)


def first_approver(job: Job) -> User | None:
    """Who has given the first of two approvals, as long as that person still may."""
    first = job.first_approved_by
    if first is None or not first.is_active:
        return None
    allowed = tenants_for(first, Action.APPROVE).filter(pk=job.tenant_id).exists()
    return first if allowed else None


def is_barred(job: Job, by: User, policy: Policy) -> bool:
    """Whether the policy keeps this person from approving, because of having asked for the job."""
    return policy.requester_barred and job.requested_by_id == by.pk


def _require_another(job: Job, by: User, policy: Policy) -> None:
    if is_barred(job, by, policy):
        raise DecisionRefused(
            "You have asked for this job. By this tenant's approval policy somebody else has to"
            " approve it."
        )


def _first_of_two(job: Job, by: User, policy: Policy) -> User | None:
    """Who gives or has given the first approval of deletes; None when one person is enough.

    The row is locked, so that of two people at the same moment one is the first.
    """
    locked = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if not policies.takes_two(locked, policy):
        return None
    first = first_approver(locked)
    if first == by:
        raise DecisionRefused(
            "You have given the first approval. A second person has to approve these deletes, or"
            " you can approve the plan without them."
        )
    if first is None:
        now = timezone.now()
        move(job, {_PLANNED}, first_approved_by=by, first_approved_at=now)
        record("job.approved_first", by=by, customer=job.customer, subject=job)
        return by
    return first


def _require_adoptions(job: Job, adopt: Collection[int]) -> None:
    found = job.operations.filter(
        pk__in=adopt, kind=Operation.Kind.ADOPT, state=Operation.State.WITHHELD
    )
    if found.count() < len(set(adopt)):
        raise DecisionRefused(
            "An account that was ticked is not up for adoption in this plan. Look at it again."
        )


def _release(
    job: Job, now: datetime, included: Sequence[str], left: str, chosen: Collection[int] = ()
) -> None:
    """Hand the plan to its lane; what is withheld and not included is skipped, for that reason."""
    job.refresh_from_db(fields=["total", "planned_calls"])
    withheld = job.operations.filter(state=Operation.State.WITHHELD)
    job.total += withheld.filter(Q(kind__in=included) | Q(pk__in=chosen)).update(
        state=Operation.State.PENDING
    )
    job.operations.filter(state=Operation.State.PROPOSED).update(state=Operation.State.PENDING)
    note_estimate(job)
    job.save(update_fields=["total", *ESTIMATED])
    withheld.update(state=Operation.State.SKIPPED, message=left, settled_at=now)
    snapshots.accept_read_of(job, now)
    lanes.want(job.tenant, urgent=job.is_urgent)
