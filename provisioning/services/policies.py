"""The approval policy of a tenant: what it says, changing it, and what it makes of a plan."""

from dataclasses import fields
from decimal import Decimal

from django.db import transaction

from provisioning.domain.approval_policy import (
    Approvers,
    Decision,
    Limit,
    PlanFigures,
    Policy,
    decide,
    needs_two,
)
from provisioning.models import ApprovalPolicy, DirectoryObject, Job, Operation
from provisioning.selectors import counts_of, sure_calls
from provisioning.services.decisions import DecisionRefused
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record

_LIMITS = ("creations", "changes", "disables", "deletes")
_PLAIN = tuple(each.name for each in fields(Policy) if each.name not in _LIMITS)


def policy_of(tenant: Tenant) -> Policy:
    """The tenant's policy; without one a person approves everything."""
    row = ApprovalPolicy.objects.filter(tenant=tenant).first()
    return Policy() if row is None else _value(row)


@transaction.atomic
def change_policy(*, tenant: Tenant, policy: Policy, by: User) -> None:
    """Set a tenant's policy; the audit row holds the old and the new one.

    Raises DecisionRefused when this person may not edit approval policies there.
    """
    if not tenants_for(by, Action.EDIT_POLICY).filter(pk=tenant.pk).exists():
        raise DecisionRefused(f"{by.email} may not edit the approval policy of {tenant}.")
    old = policy_of(tenant)
    values = {name: getattr(policy, name) for name in _PLAIN}
    for name in _LIMITS:
        limit: Limit = getattr(policy, name)
        values |= {f"{name}_number": limit.number, f"{name}_percent": limit.percent}
    ApprovalPolicy.objects.update_or_create(
        tenant=tenant, defaults={"customer_id": tenant.customer_id, "changed_by": by, **values}
    )
    record(
        "approval_policy.changed",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        before=old.to_json(),
        after=policy.to_json(),
    )


def figures_of(job: Job) -> PlanFigures:
    """A plan's figures as the policy weighs them."""
    counts = counts_of(job)
    managed = DirectoryObject.objects.filter(owner=job.source_id)
    price = job.unit_price or Decimal(0)
    return PlanFigures(
        accounts=managed.count(),
        creations=counts.create,
        changes=counts.update
        + counts.enable
        + counts.release
        + counts.on_groups
        - counts.group_delete,
        disables=counts.disable,
        deletes=counts.deletes,
        plain=job.total,
        withheld=job.withheld,
        cost=sure_calls(job) * price,
        currency=job.currency,
        trial=job.kind == Job.Kind.PILOT,
    )


def weigh(figures: PlanFigures, policy: Policy, hindrance: str) -> Decision:
    """Who has to approve; what has expired or is not permitted is never approved by itself."""
    decision = decide(figures, policy)
    if not hindrance:
        return decision
    least = Approvers.ONE if decision.approvers is Approvers.NOBODY else decision.approvers
    return Decision(least, (hindrance, *decision.reasons))


def takes_two(job: Job, policy: Policy) -> bool:
    """Whether two people have to approve this plan's deletes."""
    kinds = (Operation.Kind.DELETE, Operation.Kind.GROUP_DELETE)
    deletes = job.operations.filter(kind__in=kinds, state=Operation.State.WITHHELD)
    return needs_two(deletes.count(), policy)


def _value(row: ApprovalPolicy) -> Policy:
    values = {name: getattr(row, name) for name in _PLAIN}
    for name in _LIMITS:
        values[name] = Limit(getattr(row, f"{name}_number"), getattr(row, f"{name}_percent"))
    return Policy(**values)
