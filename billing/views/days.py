"""The way down: a tenant's month, one of its days, what made its calls, the calls themselves."""

from datetime import date
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from billing import selectors
from billing.domain.periods import month_of, start_of
from billing.labels import target_of
from billing.models import Call
from billing.selectors.bills import foreign_days_for, standing_of
from billing.selectors.overview import JobDay, calls_of, day_jobs, tenant_days
from billing.templatetags.billing_ui import purpose_words
from billing.views.cost_lists import (
    DAYS,
    JOBS,
    PURPOSES,
    CostList,
    CostRow,
    day_row,
    purpose_row,
)
from billing.views.costs import day_asked, later_than, month_asked
from billing.views.lists import Asked, Listing, Order, file_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Tenant
from tenants.selectors import actions_of, tenants_for

_PAGE, _CHUNK = 50, 2000
_UNANSWERED = "none"
CALLS: Listing[Call] = Listing(
    "calls",
    ("time", "job", "purpose", "method", "resource", "state", "status", "duration_ms"),
    lambda call: [
        (
            f"{call.started_at:%Y-%m-%dT%H:%M:%SZ}",
            call.job,
            call.purpose,
            call.method,
            call.resource,
            call.state,
            call.status,
            call.duration_ms,
        )
    ],
    {
        "newest": Order("Newest", lambda call: call.started_at, down=True),
        "oldest": Order("Oldest", lambda call: call.started_at),
        "slowest": Order("Slowest", lambda call: call.duration_ms or 0, down=True),
    },
    lambda call: call.resource,
    find="Request",
    only="Answer",
    kinds=(
        ("2", "Success (2xx)"),
        ("4", "Refused (4xx)"),
        ("5", "Failure of the service (5xx)"),
        (_UNANSWERED, "Never seen"),
    ),
    prefix="call_",
)
_DATABASE_ORDER = {
    "newest": (F("started_at").desc(), F("pk").desc()),
    "oldest": (F("started_at").asc(), F("pk").asc()),
    "slowest": (F("duration_ms").desc(nulls_last=True), F("pk").desc()),
}


@allowed(Action.SEE_COSTS)
def cost_tenant(request: PortalRequest, slug: str) -> HttpResponseBase:
    """One tenant's month: by day, by purpose."""
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    month = month_asked(request)
    days = [day_row(day, cost, _day_page(tenant, day)) for day, cost in tenant_days(tenant, month)]
    purposes = [
        purpose_row(purpose, cost, "") for purpose, cost in selectors.purpose_costs(tenant, month)
    ]
    lists = [
        CostList(DAYS.asked(request, days), "Day", "By day"),
        CostList(PURPOSES.asked(request, purposes), "Purpose", "By purpose"),
    ]
    if file := file_of(request, f"{slug}-{month}", *(each.asked for each in lists)):
        return file
    context = {
        "tenant": tenant,
        "month": month,
        "later": later_than(month),
        "total": selectors.costs_of([tenant], month)[0].cost,
        "standing": standing_of([tenant], month, timezone.now()),
        "foreign": foreign_days_for(request.user, month).filter(tenant=tenant),
        "lists": lists,
    }
    return render(request, "billing/cost_tenant.html", context)


@allowed(Action.SEE_COSTS)
def cost_day(request: PortalRequest, slug: str, day: str) -> HttpResponseBase:
    """What made the calls of a tenant's UTC day, and the calls themselves while they are kept."""
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    date = day_asked(day)
    sees_jobs = Action.SEE_REPORTS in actions_of(request.user, tenant.customer_id)
    rows = [_job_row(row, sees_jobs=sees_jobs) for row in day_jobs(tenant, date)]
    asked = JOBS.asked(request, rows)
    calls = _calls_asked(request, tenant, date)
    if file := file_of(request, f"{slug}-{day}", asked, calls):
        return file
    job = request.GET.get("job")
    context = {
        "tenant": tenant,
        "day": date,
        "month": month_of(start_of(date)),
        "jobs": CostList(asked, "Job", "By job", "No calls on this day.", "Calls"),
        "chosen": target_of(job).words if job is not None else "",
        "calls": calls,
        "page": Paginator(calls.rows, _PAGE).get_page(request.GET.get("page")),  # type: ignore[arg-type]
        "kept_days": settings.CALL_RETENTION_DAYS,
    }
    return render(request, "billing/cost_day.html", context)


def _day_page(tenant: Tenant, day: date) -> str:
    return reverse("cost_day", kwargs={"slug": tenant.slug, "day": day.isoformat()})


def _job_row(row: JobDay, *, sees_jobs: bool) -> CostRow:
    target = target_of(row.job)
    return CostRow(
        target.words,
        row.cost,
        (target.words, ", ".join(f"{purpose} {calls}" for purpose, calls in row.purposes)),
        url=target.url if sees_jobs else "",
        sub=", ".join(f"{purpose_words(purpose)} ({calls:,})" for purpose, calls in row.purposes),
        more=f"?{urlencode({'job': row.job})}#calls",
    )


def _calls_asked(request: PortalRequest, tenant: Tenant, day: date) -> Asked[Call]:
    """Found and sorted by the database: a day may have many."""
    asked = CALLS.wishes(request)
    every = calls_of(tenant, day, request.GET.get("job"))
    calls = _narrowed(every, asked).order_by(*_DATABASE_ORDER[asked.sort])
    asked.total = every.count()
    asked.rows = calls.iterator(_CHUNK) if "file" in request.GET else calls
    return asked


def _narrowed(calls: QuerySet[Call], asked: Asked[Call]) -> QuerySet[Call]:
    if asked.text:
        calls = calls.filter(resource__icontains=asked.text)
    if asked.kind == _UNANSWERED:
        return calls.filter(status=None)
    if asked.kind:
        first = int(asked.kind) * 100
        return calls.filter(status__gte=first, status__lt=first + 100)
    return calls
