"""Undoing a job: what it would do, and queueing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from billing.domain.pricing import NoPrice
from provisioning import selectors
from provisioning.services.decisions import DecisionRefused
from provisioning.services.queueing import QueueRefused
from provisioning.services.undoing import preview_of, undo_job, why_not
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action

_SHOWN = 50


@allowed(Action.UPLOAD)
def job_undo(request: PortalRequest, pk: int) -> HttpResponse:
    """Show the inverse of what a job did with its price; POST queues it as a plan."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    sent = request.POST if request.method == "POST" else request.GET
    deletes = bool(sent.get("deletes"))
    try:
        if request.method == "POST":
            made = undo_job(job=job, by=request.user, deletes=deletes)
            return redirect("job_detail", pk=made.pk)
        if why := why_not(job):
            raise QueueRefused(why)
        preview = preview_of(job, deletes=deletes, most=_SHOWN)
    except (DecisionRefused, QueueRefused, NoPrice) as error:
        messages.error(request, str(error))
        return redirect("job_detail", pk=job.pk)
    context = {
        "job": job,
        "preview": preview,
        "kinds": dict(preview.kinds),
        "groups": dict(preview.groups),
        "deletes": deletes,
        "redacted": selectors.redacted_paths(job),
    }
    return render(request, "provisioning/job_undo.html", context)
