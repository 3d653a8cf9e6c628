"""A tenant's calls as rows, wasted for every cause there is, without a run of the engine."""

from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import Coalesce, TruncDate

from billing.models import Call, DailyUsage
from provisioning.models import Job, Operation, Reconciliation
from tenants.models import Tenant
from tests.support.rows import add_job

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"


def add_call(
    job: Job, at: datetime, purpose: str, status: int | None, subject: str = "", method: str = ""
) -> Call:
    """One call of a job, uncertain without a status; usage does not count it yet."""
    reads = purpose in ("inventory", "lookup", "verify")
    return Call.objects.create(
        customer_id=job.customer_id,
        tenant_id=job.tenant_id,
        job=job.label,
        purpose=purpose,
        method=method or ("GET" if reads else "PATCH"),
        resource="/users",
        subject=subject,
        state=Call.State.UNCERTAIN if status is None else Call.State.ANSWERED,
        status=status,
        started_at=at,
    )


def count_usage(tenant: Tenant) -> None:
    """Count the tenant's calls by day, as the meter would have done."""
    days = (
        Call.objects.filter(tenant=tenant)
        .annotate(day=TruncDate("started_at"), code=Coalesce("status", 0))
        .values("day", "purpose", "code")
        .annotate(number=Count("pk"))
    )
    DailyUsage.objects.filter(tenant=tenant).delete()
    DailyUsage.objects.bulk_create(
        DailyUsage(
            customer_id=tenant.customer_id,
            tenant=tenant,
            day=row["day"],
            purpose=row["purpose"],
            status=row["code"],
            calls=row["number"],
        )
        for row in days
    )


def flapped(job: Job, subject: str, paths: str) -> Operation:
    """An operation of a job that changed nothing but these paths."""
    return Operation.objects.create(
        customer_id=job.customer_id,
        tenant_id=job.tenant_id,
        job=job,
        kind=Operation.Kind.UPDATE,
        state=Operation.State.DONE,
        key=subject,
        person="Ann",
        user_name="ann@wasted.example",
        flapping=paths,
        subject=subject,
    )


def add_waste(tenant: Tenant, at: datetime) -> dict[str, Job]:
    """Calls of a month: 8 flap, 6 + 2 + 1 are sent again, 4 are 404s, 3 reconciles find nothing."""
    sync = add_job(tenant, Job.State.FINISHED, total=40, created_at=at, ended_at=at)
    for number in range(40):
        subject, moment = f"{number:02}", at + timedelta(minutes=number)
        if number < 9:
            status = 503 if number < 6 else 429 if number < 8 else None
            add_call(sync, moment - timedelta(seconds=9), "update", status, subject)
        gone = 20 <= number < 24
        add_call(sync, moment, "update", 404 if gone else 204, subject)
        if number >= 32:
            flapped(sync, subject, f"title, {DEPARTMENT}" if number > 37 else "title")
    add_call(sync, at, "create", 409, "x", "POST")
    add_call(sync, at + timedelta(seconds=1), "lookup", 200, "x")
    jobs = {"sync": sync}
    for day in range(1, 5):
        read_at = at + timedelta(days=day)
        job = add_job(tenant, Job.State.FINISHED, kind=Job.Kind.RECONCILE)
        Job.objects.filter(pk=job.pk).update(created_at=read_at, ended_at=read_at)
        Reconciliation.objects.create(
            customer_id=job.customer_id,
            tenant=tenant,
            job=job,
            whole=True,
            promised_calls=1,
            read_at=read_at,
        )
        add_call(job, read_at, "inventory", 200)
        jobs[f"reconcile {day}"] = job
    Job.objects.filter(pk=sync.pk).update(created_at=at)
    count_usage(tenant)
    return jobs
