"""A job as plain data, for people and for programs; redacted values stay so."""

from typing import Any

from billing.domain.pricing import Cost
from billing.selectors import job_cost
from provisioning.domain.attributes import USER_NAME
from provisioning.domain.redaction import DISPLAY_NAME, shown_name, shown_state, shown_text
from provisioning.models import Job, Operation
from provisioning.selectors import JobCounts, counts_of, redacted_paths, way_in_of

_ENDS = (
    "created",
    "updated",
    "disabled",
    "enabled",
    "adopted",
    "transferred",
    "deleted",
    "groups_created",
    "groups_changed",
    "groups_deleted",
    "members_added",
    "members_removed",
    "failed",
    "skipped",
)


def report_of(job: Job) -> dict[str, Any]:
    """The job as plain data: what was read, planned, done, and what it cost."""
    cost, redacted = job_cost(job.tenant, job.label), redacted_paths(job)
    return {
        "job": job.pk,
        "customer": job.customer.slug,
        "tenant": job.tenant.slug,
        "source": job.source.slug,
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
        "way_in": way_in_of(job) if job.created else "",
        "flapping": job.flapping,
        "done": {name: getattr(job, name) for name in _ENDS},
        "usage": _usage(job, cost),
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
                "members",
                "reason",
                "warning",
                "message",
                "detail",
            )
        ],
    }


def _plan(job: Job) -> dict[str, Any]:
    counts = counts_of(job)
    plan: dict[str, Any] = {name: getattr(counts, name) for name in JobCounts.__slots__}
    plan["calls"] = job.planned_calls
    plan["estimate"] = _estimate(job)
    if job.unit_price is not None:
        plan["price"] = {
            "currency": job.currency,
            "amount": f"{job.planned_calls * job.unit_price:f}",
        }
    return plan


def _estimate(job: Job) -> dict[str, Any]:
    """Calls and amounts as predicted, with the ends of the range; nothing before there were any."""
    if job.expected_calls is None:
        return {}
    calls = {name: getattr(job, f"{name}_calls") for name in ("expected", "least", "most")}
    price = job.unit_price or 0
    amounts = {name: f"{number * price:f}" for name, number in calls.items()}
    return {**calls, "amounts": amounts, "reasons": job.reasons}


def _usage(job: Job, cost: Cost) -> dict[str, Any]:
    return {
        "calls": cost.calls,
        "since_plan": job.since_plan(cost.calls),
        "billable": cost.billable,
        "uncertain": cost.uncertain,
        "cost": {currency: f"{amount:f}" for currency, amount in cost.amounts.items()},
    }


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
        }
        | ({} if operation["kind"] in Operation.ON_GROUPS else _shown_person(operation, redacted))
    )


def _shown_person(operation: dict[str, Any], redacted: frozenset[str]) -> dict[str, str]:
    return {
        "person": shown_name(DISPLAY_NAME, operation["person"], redacted),
        "user_name": shown_name(USER_NAME, operation["user_name"], redacted),
    }
