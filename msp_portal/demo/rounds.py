"""Runs the demo tenants' jobs to their end, and holds the outcome against what it must be."""

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import httpx

from billing.domain.periods import month_of
from billing.domain.pricing import Cost
from billing.selectors import costs_of, job_cost
from msp_portal.demo.generator import DemoCustomer
from provisioning.models import DirectoryObject, Job
from provisioning.services import approval
from provisioning.services.uploads import accept_upload
from tenants.models import Tenant, User

_HEADINGS = (
    "tenant",
    "people read",
    "held",
    "created",
    "updated",
    "disabled",
    "failed",
    "calls",
    "billable",
    "cost",
)
_BUSY = (Job.State.PLANNING, Job.State.APPLYING)


@dataclass(frozen=True, slots=True)
class Result:
    """A tenant's job with what it cost, and every way in which it is not what it must be."""

    job: Job
    cost: Cost
    complaints: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        job = self.job
        counts = (job.people, job.held, job.created, job.updated, job.disabled, job.failed)
        amount = _exact(self.cost)
        figures = (*counts, self.cost.calls, self.cost.billable)
        return (job.tenant.slug, *(f"{figure:,}" for figure in figures), amount)


def upload(customer: DemoCustomer, by: User) -> Job:
    """Hand in the customer's export as the engineer would."""
    tenant = Tenant.objects.get(slug=customer.slug)
    file = io.BytesIO(customer.export())
    return accept_upload(tenant=tenant, file=file, file_name=f"{customer.slug}.csv", by=by)


def run(
    customers: Sequence[DemoCustomer], by: User, check: Callable[[], None], timeout: float
) -> list[Job]:
    """Upload, wait for every plan, approve, wait for every end; raises TimeoutError."""
    jobs = [upload(customer, by) for customer in customers]
    jobs = _settled(jobs, check, timeout)
    for job in jobs:
        if job.state == Job.State.PLANNED:
            approval.approve(job=job, by=by)
    return _settled(jobs, check, timeout)


def result(customer: DemoCustomer, job: Job, known_before: int, sandbox_url: str) -> Result:
    """Hold a job against its generator and the sandbox's own count."""
    cost = job_cost(job.tenant, job.label)
    complaints = [
        *_people_complaints(customer, job, known_before),
        *_call_complaints(job, sandbox_url),
    ]
    return Result(job, cost, tuple(complaints))


def managed_people(customer: DemoCustomer) -> int:
    """Accounts the portal has created for a customer so far."""
    tenants = Tenant.objects.filter(slug=customer.slug)
    return DirectoryObject.objects.filter(tenant__in=tenants).exclude(key="").count()


def table(results: Sequence[Result]) -> str:
    """The results as aligned columns, with a total."""
    rows = [_HEADINGS, *(result.cells() for result in results), _total(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _total(results: Sequence[Result]) -> tuple[str, ...]:
    names = ("people", "held", "created", "updated", "disabled", "failed")
    figures = [sum(getattr(result.job, name) for result in results) for name in names]
    cost = sum((result.cost for result in results), Cost())
    amount = _exact(cost)
    return ("total", *(f"{figure:,}" for figure in (*figures, cost.calls, cost.billable)), amount)


def _exact(cost: Cost) -> str:
    """Amounts to their last digit: this table is held against the sandbox's count."""
    return ", ".join(f"{c} {a.normalize():f}" for c, a in cost.amounts.items()) or "0"


def _settled(jobs: Sequence[Job], check: Callable[[], None], timeout: float) -> list[Job]:
    until = time.monotonic() + timeout
    pks = [job.pk for job in jobs]
    while Job.objects.filter(pk__in=pks, state__in=_BUSY).exists():
        check()
        if time.monotonic() > until:
            raise TimeoutError("The jobs did not come to their end in time.")
        time.sleep(0.2)
    by_pk = Job.objects.select_related("tenant__customer", "profile_version__profile").in_bulk(pks)
    return [by_pk[pk] for pk in pks]


def _people_complaints(customer: DemoCustomer, job: Job, known_before: int) -> list[str]:
    expected = customer.expected
    wanted = {
        "state": (job.state, Job.State.FINISHED),
        "rows": (job.people, expected.rows),
        "held": (job.held, expected.held),
        "created": (job.created, expected.created - known_before),
        "updated": (job.updated, expected.updated),
        "disabled": (job.disabled, expected.disabled),
        "failed": (job.failed, expected.failed),
        "accounts": (managed_people(customer), expected.created),
    }
    return [
        f"{job.tenant.slug}: {name} is {found}, must be {must}"
        for name, (found, must) in wanted.items()
        if found != must
    ]


def _call_complaints(job: Job, sandbox_url: str) -> list[str]:
    """The tenant's metered calls of the month against the sandbox's own count, and the price."""
    (metered,) = costs_of([job.tenant], month_of(job.created_at))
    usage = httpx.get(f"{sandbox_url}/_sandbox/usage").raise_for_status().json()
    counted = usage["tenants"][job.tenant.entra_id]
    cost = metered.cost
    expected = {"USD": counted["billable"] * Decimal("0.002")} if counted["billable"] else {}
    amounts = {currency: amount for currency, amount in cost.amounts.items() if amount}
    wanted = {
        "calls": (cost.calls, counted["requests"]),
        "billable calls": (cost.billable, counted["billable"]),
        "cost": (amounts, expected),
    }
    return [
        f"{job.tenant.slug}: {name} metered {found}, by the sandbox's count {must}"
        for name, (found, must) in wanted.items()
        if found != must
    ]
