"""Sending one person on demand: choosing whom, and following each stage."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode

from provisioning import selectors
from provisioning.models import Job
from provisioning.services.on_demand import find_people, send_on_demand
from provisioning.services.queueing import QueueRefused
from provisioning.services.stages import LABELS, stages_of, version_of
from provisioning.views.jobs import facts_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import tenants_for

_SHOWN = 20


@allowed(Action.UPLOAD)
def tenant_person(request: PortalRequest, slug: str) -> HttpResponse:
    """Choose a person of the newest read; POST queues the job and leads to its stages."""
    tenant = visible(tenants_for(request.user, Action.UPLOAD), slug=slug)
    if request.method == "POST":
        try:
            job = send_on_demand(tenant=tenant, key=request.POST.get("key", ""), by=request.user)
        except QueueRefused as error:
            messages.error(request, str(error))
            return redirect("tenant_person", slug=tenant.slug)
        return redirect("job_stages", pk=job.pk)
    text, found, refused = request.GET.get("q", ""), [], ""
    try:
        found = find_people(tenant, text, _SHOWN)
    except QueueRefused as error:
        refused = str(error)
    context = {"tenant": tenant, "q": text, "found": found, "refused": refused, "most": _SHOWN}
    return render(request, "provisioning/person_list.html", context)


@allowed(Action.SEE_JOBS)
def job_stages(request: PortalRequest, pk: int) -> HttpResponse:
    """One person's way: read, scope, mapped, matched, plan, sent, answer."""
    job = _job(request, pk)
    context = facts_of(job, request.user) | {
        "stages": stages_of(job),
        "labels": ",".join(LABELS),
        "redacted": selectors.redacted_paths(job),
        "seen": urlencode({"seen": version_of(job)}),
    }
    return render(request, "provisioning/job_stages.html", context)


@allowed(Action.SEE_JOBS)
def job_stages_news(request: PortalRequest, pk: int) -> HttpResponse:
    """Nothing while there is nothing new, by the job's row alone; then the page loads anew."""
    response = HttpResponse(status=204)
    if request.GET.get("seen") != version_of(_job(request, pk)):
        response.headers["HX-Refresh"] = "true"
    return response


def _job(request: PortalRequest, pk: int) -> Job:
    jobs = selectors.jobs_for(request.user).filter(kind=Job.Kind.ON_DEMAND)
    return visible(jobs, pk=pk)
