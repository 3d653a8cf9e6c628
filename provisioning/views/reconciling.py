"""Reading a directory back: the start with its calls and price, the drift, and decisions."""

import csv
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.exports import cell
from provisioning import selectors
from provisioning.domain.attributes import USER_NAME
from provisioning.domain.redaction import DISPLAY_NAME, shown_name
from provisioning.models import AcceptedDrift, Job, Reconciliation
from provisioning.reconciling_forms import DecisionForm, DriftFilter, SampleForm, ToleranceForm
from provisioning.services import reconciling, repairs
from provisioning.services.decisions import DecisionRefused
from provisioning.services.queueing import QueueRefused
from provisioning.templatetags.reconciling_ui import drift_text
from provisioning.views.places import Place, located
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import tenants_for

_PAGE = 50
_HISTORY = 12
_COLUMNS = (
    "kind",
    "key",
    "person",
    "user_name",
    "attribute",
    "ours",
    "theirs",
    "source",
    "decision",
    "note",
)


@allowed(Action.SEE_TENANT, post=Action.UPLOAD)
def tenant_reconcile(request: PortalRequest, slug: str) -> HttpResponse:
    """What reading the directory back takes, how often to do it, and what it showed before."""
    here = located(tenants_for(request.user, request.action), slug)
    if request.method == "POST":
        return _start(request, here)
    tenant, source = here.tenant, here.source
    now = timezone.now()
    sample = SampleForm(request.GET if "sample" in request.GET else None)
    size = sample.cleaned_data["sample"] if sample.is_valid() else reconciling.DEFAULT_SAMPLE
    tolerance = ToleranceForm(request.GET if "tolerance" in request.GET else None)
    read = Reconciliation.objects.filter(job__source=source, read_at__isnull=False)
    accepted = AcceptedDrift.objects.filter(source=source).select_related("by")
    context = _ways(here, size) | {
        "tenant": tenant,
        "source": source,
        "slug": slug,
        "several": tenant.sources.count() > 1,
        "sample": sample,
        "size": size,
        "tolerance": tolerance,
        "advice": reconciling.advice_for(source, tolerance.share(), now) if source else None,
        "currency": next(iter(reconciling.price_of(tenant, 1, now).amounts), "USD"),
        "history": read.select_related("job").order_by("-read_at")[:_HISTORY],
        "accepted": Paginator(accepted, _PAGE).get_page(request.GET.get("accepted")),
        "redacted": selectors.redacted_of(tenant, source),
        "open_job": Job.objects.filter(tenant=tenant, state__in=Job.OPEN).first(),
    }
    return render(request, "provisioning/reconcile.html", context)


def _ways(here: Place, size: int) -> dict[str, Any]:
    """Calls and price of each way of reading; or why there is nothing to compare."""
    now, ways = timezone.now(), {}
    try:
        source = reconciling.source_for(here.tenant, here.source)
        ways["all"] = reconciling.forecast_of(source, None)
        ways["some"] = reconciling.forecast_of(source, size)
        if reconciling.maps_manager(source):
            ways["managers"] = reconciling.forecast_of(source, None, managers=True)
    except QueueRefused as error:
        return {"refused": str(error)}
    priced = {
        name: (found, reconciling.price_of(here.tenant, found.calls, now))
        for name, found in ways.items()
    }
    return {"ways": priced}


def _start(request: PortalRequest, here: Place) -> HttpResponse:
    form = SampleForm(request.POST)
    sampled = "sample" in request.POST
    if sampled and not form.is_valid():
        messages.error(request, "Say how many accounts to draw.")
        return redirect("tenant_reconcile", slug=here.slug)
    size = form.cleaned_data["sample"] if sampled else None
    managers = not sampled and "managers" in request.POST
    try:
        job = reconciling.queue_reconcile(
            tenant=here.tenant,
            by=request.user,
            sample=size,
            managers=managers,
            source=here.source,
        )
    except QueueRefused as error:
        messages.error(request, str(error))
        return redirect("tenant_reconcile", slug=here.slug)
    return redirect("job_detail", pk=job.pk)


@require_POST
@allowed(Action.UPLOAD)
def accepted_take_back(request: PortalRequest, slug: str) -> HttpResponse:
    """Forget accepted differences, so that the next plan writes our values."""
    here = located(tenants_for(request.user, Action.UPLOAD), slug)
    pks = [int(each) for each in request.POST.getlist("row") if each.isdigit()]
    number = repairs.take_back(tenant=here.tenant, pks=pks, by=request.user)
    if number:
        messages.success(request, "Taken back: the next plan writes our values again.")
    else:
        messages.error(request, "Nothing was ticked.")
    return redirect(f"{reverse('tenant_reconcile', args=[slug])}#accepted")


@allowed(Action.SEE_REPORTS)
def job_drift(request: PortalRequest, pk: int) -> HttpResponse:
    """What a reconcile found, narrowed, with a decision for each."""
    job = visible(selectors.jobs_for(request.user), pk=pk, kind=Job.Kind.RECONCILE)
    narrow = DriftFilter(request.GET, selectors.drift_paths(job))
    rows = selectors.drift_of(job, **narrow.values)
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    operations = job.operations.filter(key__in={row.record_key for row in page})
    context = {
        "job": job,
        "reading": job.reconciliation,
        "filter": narrow,
        "page": page,
        "decidable": selectors.decidable(job).filter(pk__in=rows.values("pk")).count(),
        "operations": {each.key: each for each in operations},
        "redacted": selectors.redacted_paths(job),
        "query": request.GET.urlencode(),
        "late": job.state == Job.State.CANCELLED,
        "waits": job.state == Job.State.PLANNED,
    }
    fragment = request.htmx.target == "drift"
    name = "partials/drift.html" if fragment else "job_drift.html"
    return render(request, f"provisioning/{name}", context)


@require_POST
@allowed(Action.APPROVE)
def job_drift_decide(request: PortalRequest, pk: int) -> HttpResponse:
    """Take ours or theirs for the rows that were ticked, or for all that the filter shows."""
    job = visible(selectors.jobs_for(request.user), pk=pk, kind=Job.Kind.RECONCILE)
    form, query = DecisionForm(request.POST), request.POST.get("query", "")
    back = f"{reverse('job_drift', args=[job.pk])}?{query}#drift"
    if not form.is_valid():
        messages.error(request, "Choose whether to take ours or theirs.")
        return redirect(back)
    if form.everything:
        narrow = DriftFilter(QueryDict(query), selectors.drift_paths(job))
        rows = selectors.drift_of(job, **narrow.values)
    else:
        rows = job.drift.filter(pk__in=[x for x in request.POST.getlist("row") if x.isdigit()])
    try:
        number = repairs.decide(job=job, rows=rows, decision=form.chosen, by=request.user)
    except DecisionRefused as error:
        messages.error(request, str(error))
        return redirect(back)
    if number:
        messages.success(request, f"Decided: {number:,} difference{'' if number == 1 else 's'}.")
    else:
        messages.info(request, "Nothing was left to decide among those.")
    return redirect(back)


@allowed(Action.SEE_REPORTS)
def job_drift_csv(request: PortalRequest, pk: int) -> HttpResponse:
    """A job's drift as CSV."""
    job = visible(selectors.jobs_for(request.user), pk=pk, kind=Job.Kind.RECONCILE)
    headers = {"Content-Disposition": f'attachment; filename="drift-{job.pk}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    rows = csv.writer(response)
    rows.writerow(_COLUMNS)
    redacted = selectors.redacted_paths(job)
    for row in job.drift.iterator(2000):
        sides = (drift_text(row, side, redacted) for side in ("ours", "theirs", "wanted"))
        person = shown_name(DISPLAY_NAME, row.person, redacted)
        user_name = shown_name(USER_NAME, row.user_name, redacted)
        texts = (row.kind, row.record_key or row.key, person, user_name, row.path, *sides)
        texts = (*texts, row.decision, row.note)
        rows.writerow([cell(text or "") for text in texts])
    return response
