"""Reads about jobs and people; the person asking comes first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from billing.domain.pricing import Cost
from billing.selectors import job_cost
from provisioning.domain.attributes import USER_NAME
from provisioning.domain.definition import ProfileError
from provisioning.domain.mapping import CompiledProfile, published_profile
from provisioning.domain.redaction import DISPLAY_NAME, shown_name, shown_state, shown_text
from provisioning.domain.targets import Targets
from provisioning.models import Directory, Job, Operation
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import customers_for

_ENDED = (Job.State.FINISHED, Job.State.CANCELLED, Job.State.FAILED)


def jobs_for(viewer: User) -> QuerySet[Job]:
    """Jobs this person may see: every state for who works on them, ended ones as reports."""
    works_on = Q(customer__in=customers_for(viewer, Action.SEE_JOBS))
    reads = Q(customer__in=customers_for(viewer, Action.SEE_REPORTS), state__in=_ENDED)
    return Job.objects.filter(works_on | reads).select_related("tenant__customer", "approved_by")


def reports_for(viewer: User) -> QuerySet[Job]:
    """Ended jobs this person may read."""
    return jobs_for(viewer).filter(
        state__in=_ENDED, customer__in=customers_for(viewer, Action.SEE_REPORTS)
    )


def last_jobs(tenants: Iterable[Tenant]) -> Mapping[int, Job]:
    """Each tenant's latest job, by tenant; one query."""
    newest = (
        Job.objects.filter(tenant__in=[tenant.pk for tenant in tenants])
        .values("tenant")
        .annotate(newest=Max("pk"))
    )
    jobs = Job.objects.filter(pk__in=[row["newest"] for row in newest])
    return {job.tenant_id: job for job in jobs}


def operations_of(
    job: Job, *, text: str = "", kind: str = "", state: str = ""
) -> QuerySet[Operation]:
    """A job's operations, narrowed by a text in name, user name or key, by kind and by state.

    A redacted name finds nobody: whoever may not read it could guess it by asking.
    """
    found = job.operations.all()
    if text:
        redacted, named = redacted_paths(job), Q(key__icontains=text)
        if DISPLAY_NAME not in redacted:
            named |= Q(person__icontains=text)
        if USER_NAME not in redacted:
            named |= Q(user_name__icontains=text)
        found = found.filter(named)
    if kind:
        found = found.filter(kind=kind)
    if state:
        found = found.filter(state=state)
    return found


_ENDS = ("created", "updated", "disabled", "enabled", "adopted", "deleted", "failed", "skipped")


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Operations of a job by kind, and how many wait for an explicit yes."""

    create: int = 0
    update: int = 0
    disable: int = 0
    enable: int = 0
    adopt: int = 0
    delete: int = 0
    release: int = 0
    leave: int = 0
    withheld: int = 0

    @property
    def doubtful(self) -> int:
        """Withheld disables; whatever else is withheld is an adoption or a delete."""
        return self.withheld - self.adopt - self.delete if self.withheld else 0


def counts_of(job: Job) -> JobCounts:
    """How many operations of each kind the plan holds."""
    rows = job.operations.order_by().values("kind").annotate(number=Count("pk"))
    return JobCounts(**{row["kind"]: row["number"] for row in rows}, withheld=job.withheld)


def targets_of(tenant: Tenant) -> Targets:
    """What the tenant's profile may write, as far as its directory was asked; costs no call."""
    found = Directory.objects.filter(tenant=tenant).values_list("discovery", flat=True).first()
    return Targets.of(found)


def profile_of(job: Job) -> CompiledProfile:
    """The profile a job was made with, ready to be applied.

    Raises ProfileError when the directory no longer has a custom security attribute it uses.
    """
    return published_profile(job.profile_version.definition, targets_of(job.tenant))


def redacted_paths(job: Job) -> frozenset[str]:
    """Attributes whose values reports show as [Redact]."""
    try:
        return profile_of(job).redacted
    except ProfileError:
        # Nobody can say any more what was redacted, so everything the version maps is.
        rules = job.profile_version.definition["attributes"]
        return frozenset(rule["target"] for rule in rules)


def _shown(operation: dict[str, Any], redacted: frozenset[str]) -> dict[str, Any]:
    states = (operation["before"], operation["after"])
    told = {
        name: shown_text(operation[name], states, redacted)
        for name in ("reason", "message", "detail")
    }
    return (
        operation
        | told
        | {
            "before": shown_state(operation["before"], redacted),
            "after": shown_state(operation["after"], redacted),
            "person": shown_name(DISPLAY_NAME, operation["person"], redacted),
            "user_name": shown_name(USER_NAME, operation["user_name"], redacted),
        }
    )


def report_of(job: Job) -> dict[str, Any]:
    """The job as plain data: what was read, planned, done, and what it cost."""
    cost, redacted = job_cost(job.tenant, job.label), redacted_paths(job)
    return {
        "job": job.pk,
        "customer": job.customer.slug,
        "tenant": job.tenant.slug,
        **{name: getattr(job, name) for name in ("kind", "pilot_size")},
        "retry_of": job.retry_of_id,
        "undo_of": job.undo_of_id,
        "state": job.state,
        "problem": job.problem,
        "file": job.file_name,
        "people_read": job.people,
        "held": job.held,
        "unchanged": job.unchanged,
        "inactive_without_account": job.inactive,
        "out_of_scope": job.out_of_scope,
        "plan": _plan(job),
        "flapping": job.flapping,
        "done": {name: getattr(job, name) for name in _ENDS},
        "usage": _usage(cost),
        "comparison": job.comparison,
        "held_records": list(job.held_records.values("line", "key", "stage", "code", "message")),
        "operations": [
            _shown(dict(operation), redacted)
            for operation in job.operations.values(
                "kind",
                "state",
                "key",
                "person",
                "user_name",
                "before",
                "after",
                "reason",
                "message",
                "detail",
            )
        ],
    }


def _plan(job: Job) -> dict[str, Any]:
    counts = counts_of(job)
    plan: dict[str, Any] = {name: getattr(counts, name) for name in JobCounts.__slots__}
    plan["calls"] = job.planned_calls
    if job.unit_price is not None:
        plan["price"] = {
            "currency": job.currency,
            "amount": f"{job.planned_calls * job.unit_price:f}",
        }
    return plan


def _usage(cost: Cost) -> dict[str, Any]:
    return {
        "calls": cost.calls,
        "billable": cost.billable,
        "uncertain": cost.uncertain,
        "cost": {currency: f"{amount:f}" for currency, amount in cost.amounts.items()},
    }
