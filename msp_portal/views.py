"""Pages that put facts of several rooms together: the overview and a tenant's page."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing.domain.periods import month_of
from billing.domain.pricing import Cost
from billing.selectors import costs_of
from provisioning.models import Job, ProfileVersion
from provisioning.selectors import jobs_for, last_jobs, profile_in, resting_for, sources_of
from provisioning.services.permitted import is_stale, last_test
from provisioning.services.resting import blackout_until
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action, landing
from tenants.models import Credential, Customer, Offboarding, Tenant, User
from tenants.selectors import active_credential, customers_for, roles_of, tenants_for

# A job in these states stands still until somebody decides.
_WAITING = (Job.State.PLANNED, Job.State.STOPPED)


@dataclass(frozen=True, slots=True)
class TenantLine:
    """A tenant on the overview."""

    tenant: Tenant
    last_job: Job | None
    cost: Cost


@dataclass(frozen=True, slots=True)
class CustomerBlock:
    """A customer on the overview with its tenants."""

    customer: Customer
    lines: list[TenantLine]


def home(request: HttpRequest) -> HttpResponse:
    """Send a person to the page their role begins on."""
    roles = roles_of(request.user) if isinstance(request.user, User) else frozenset()
    return redirect(landing(roles))


@allowed(Action.SEE_CUSTOMERS)
def customer_list(request: PortalRequest) -> HttpResponse:
    """Every customer with its tenants: status, last job, calls and cost this month."""
    month = month_of(timezone.now())
    tenants = _with_next_steps(tenants_for(request.user, Action.SEE_CUSTOMERS))
    costs = costs_of(tenants, month)
    latest = last_jobs(row.tenant for row in costs)
    lines: dict[int, list[TenantLine]] = {}
    for row in costs:
        line = TenantLine(row.tenant, latest.get(row.tenant.pk), row.cost)
        lines.setdefault(row.tenant.customer_id, []).append(line)
    customers = customers_for(request.user, Action.SEE_CUSTOMERS)
    jobs = jobs_for(request.user)
    context = {
        "blocks": [CustomerBlock(customer, lines.get(customer.pk, [])) for customer in customers],
        "tenants": len(costs),
        "total": sum((row.cost for row in costs), Cost()),
        "waiting": jobs.filter(state__in=_WAITING),
        "paused": jobs.filter(state=Job.State.PAUSED),
        "resting": resting_for(request.user, timezone.now()),
        "month": month,
    }
    return render(request, "msp_portal/customer_list.html", context)


def _with_next_steps(tenants: QuerySet[Tenant]) -> QuerySet[Tenant]:
    """Tenants in the overview's order, with `connected`, `mapped` and `credential_ends`."""
    credentials = Credential.objects.filter(tenant=OuterRef("pk"), active=True)
    ends = credentials.values("expires_at")[:1]
    versions = ProfileVersion.objects.filter(profile__tenant=OuterRef("pk"))
    return tenants.order_by("customer__name", "name").annotate(
        connected=Exists(credentials), mapped=Exists(versions), credential_ends=Subquery(ends)
    )


@allowed(Action.SEE_TENANT)
def tenant_detail(request: PortalRequest, slug: str) -> HttpResponse:
    """One tenant: how it is reached, its profile, its jobs, its month."""
    tenant = visible(tenants_for(request.user, Action.SEE_TENANT), slug=slug)
    now = timezone.now()
    month = month_of(now)
    (row,) = costs_of([tenant], month)
    sources = list(sources_of(tenant))
    profile = profile_in(tenant, sources[0]) if sources else None
    objects = tenant.directory_objects
    jobs = jobs_for(request.user).filter(tenant=tenant)
    # People on demand stand beside the job that everybody waits for.
    open_job = jobs.filter(state__in=Job.OPEN).exclude(kind=Job.Kind.ON_DEMAND).first()
    test = last_test(tenant)
    syncs = tenant.jobs.filter(kind=Job.Kind.SYNC, state=Job.State.FINISHED)
    context = {
        "tenant": tenant,
        "credential": active_credential(tenant),
        "test": test,
        "test_stale": test is not None and is_stale(test),
        "live": syncs.exists(),
        "leaving": Offboarding.objects.filter(tenant=tenant).exists(),
        "version": profile.current if profile else None,
        "snapshot": sources[0].snapshot if sources else None,
        "sources": sources,
        "jobs": jobs[:20],
        "current": open_job or jobs.first(),
        "rest": resting_for(request.user, now).filter(tenant=tenant).first(),
        "blackout": blackout_until(tenant, now),
        "schedules": tenant.schedules.filter(enabled=True).order_by("next_run_at"),
        "blackouts": tenant.blackouts.filter(enabled=True).count(),
        "managed": objects.exclude(key="").count(),
        "marked": objects.filter(possibly_privileged__isnull=False).count(),
        "unmanaged": objects.filter(key="").count(),
        "cost": row.cost,
        "month": month,
    }
    return render(request, "msp_portal/tenant_detail.html", context)


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, for load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")
