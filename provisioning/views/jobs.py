"""A job from plan to report: lists, the page, its progress, and what people decide."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.selectors import job_cost
from billing.selectors.budgets import why_over
from billing.services import is_of_budget
from provisioning import selectors
from provisioning.exports import write_job
from provisioning.forms import ApprovalForm, OperationFilter
from provisioning.models import Job, Operation
from provisioning.services import approval, pausing, policies, quarantines, resting
from provisioning.services.decisions import DecisionRefused, why_stale
from provisioning.services.domains import unseen_in
from provisioning.services.estimates import why_differs
from provisioning.services.ownership import ask_for_transfer
from provisioning.services.permitted import why_not_permitted
from provisioning.services.queueing import QueueRefused
from provisioning.services.replanning import plan_again, retry_failed
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import User
from tenants.selectors import actions_of

_PAGE = 50
_FAILURES = 25
# Adoptions that are listed to be ticked one by one; the rest goes with "all" or waits.
_ADOPTIONS = 100


@allowed(Action.SEE_JOBS)
def job_list(request: PortalRequest) -> HttpResponse:
    """Every job of the customers one works for."""
    page = Paginator(selectors.jobs_for(request.user), _PAGE).get_page(request.GET.get("page"))
    return render(request, "provisioning/job_list.html", {"page": page})


@allowed(Action.SEE_REPORTS)
def report_list(request: PortalRequest) -> HttpResponse:
    """Ended jobs as reports."""
    page = Paginator(selectors.reports_for(request.user), _PAGE).get_page(request.GET.get("page"))
    return render(request, "provisioning/report_list.html", {"page": page})


@allowed(Action.SEE_REPORTS)
def job_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One job, whatever its state: comparison, plan, progress or report."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    operations = OperationFilter(request.GET)
    narrowed = selectors.operations_of(
        job,
        text=operations.value("q"),
        kind=operations.value("kind"),
        state=operations.value("state"),
    )
    page = Paginator(narrowed, _PAGE).get_page(request.GET.get("page"))
    redacted = selectors.redacted_paths(job)
    context = facts_of(job, request.user) | {
        "filter": operations,
        "page": page,
        "names": selectors.names_in(page, redacted),
        "held_page": Paginator(job.held_records.all(), _PAGE).get_page(request.GET.get("held")),
        "redacted": redacted,
        "adoptions": selectors.adoptions_of(job)[:_ADOPTIONS],
        "failures": selectors.operations_of(job, state=Operation.State.FAILED)[:_FAILURES],
    }
    fragment = request.htmx.target == "operations"
    name = "partials/operations.html" if fragment else "job_detail.html"
    return render(request, f"provisioning/{name}", context)


@allowed(Action.SEE_REPORTS)
def job_progress(request: PortalRequest, pk: int) -> HttpResponse:
    """The moving part of a job's page; when the state has moved on, the page loads anew.

    However many look at it, of the job only its row is read.
    """
    job = visible(selectors.jobs_for(request.user), pk=pk)
    context = {"job": job, **_waits(job)}
    response = render(request, "provisioning/partials/progress.html", context)
    if job.state not in Job.IN_LANE:
        response.headers["HX-Refresh"] = "true"
    return response


@allowed(Action.SEE_REPORTS)
def job_csv(request: PortalRequest, pk: int) -> HttpResponse:
    """A job's operations and held records as CSV."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    headers = {"Content-Disposition": f'attachment; filename="job-{job.pk}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    write_job(job, response)
    return response


@require_POST
@allowed(Action.APPROVE)
def job_approve(request: PortalRequest, pk: int) -> HttpResponse:
    """Approve the plan, with or without what needs a yes of its own."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was approved: what was sent is not of this page.")
        return redirect("job_detail", pk=job.pk)
    included = form.cleaned_data
    return _decide(request, job, lambda: approval.approve(job=job, by=request.user, **included))


@require_POST
@allowed(Action.APPROVE)
def job_accept_loss(request: PortalRequest, pk: int) -> HttpResponse:
    """Plan although the guard stopped the file."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    return _decide(request, job, lambda: approval.accept_loss(job=job, by=request.user))


@require_POST
@allowed(Action.CANCEL)
def job_cancel(request: PortalRequest, pk: int) -> HttpResponse:
    """Cancel the job."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    return _decide(request, job, lambda: approval.cancel(job=job, by=request.user))


@require_POST
@allowed(Action.CANCEL)
def job_pause(request: PortalRequest, pk: int) -> HttpResponse:
    """Pause the job between two batches."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    return _decide(request, job, lambda: pausing.pause(job=job, by=request.user))


@require_POST
@allowed(Action.APPROVE)
def job_resume(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a paused job go on."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    return _decide(request, job, lambda: pausing.resume(job=job, by=request.user))


@require_POST
@allowed(Action.UPLOAD)
def job_plan_again(request: PortalRequest, pk: int) -> HttpResponse:
    """Replace a plan that waits by one from the newest read and the current profile."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    return _queue(request, job, lambda: plan_again(job=job, by=request.user))


@require_POST
@allowed(Action.UPLOAD)
def job_retry(request: PortalRequest, pk: int) -> HttpResponse:
    """Plan anew for those only whom the job failed on."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    return _queue(request, job, lambda: retry_failed(job=job, by=request.user))


@require_POST
@allowed(Action.APPROVE)
def job_ask_transfer(request: PortalRequest, pk: int, operation: int) -> HttpResponse:
    """Ask that the next plan takes an account over from the source that owns it."""
    job = visible(selectors.jobs_for(request.user), pk=pk)
    left = visible(job.operations.select_related("target__owner"), pk=operation)
    try:
        ask_for_transfer(operation=left, by=request.user)
    except DecisionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Asked for. Plan again: the new plan proposes the transfer.")
    return redirect("job_detail", pk=job.pk)


def page_of(job: Job) -> str:
    """The page on which a job is followed: stage by stage when it is about one person."""
    return "job_stages" if job.kind == Job.Kind.ON_DEMAND else "job_detail"


def _queue(request: PortalRequest, job: Job, queue: Callable[[], Job]) -> HttpResponse:
    """To the new job, or back to the old one with the reason why there is none."""
    try:
        job = queue()
    except (DecisionRefused, QueueRefused) as error:
        messages.error(request, str(error))
    return redirect(page_of(job), pk=job.pk)


def _decide(request: PortalRequest, job: Job, decide: Callable[[], None]) -> HttpResponse:
    try:
        decide()
    except DecisionRefused as error:
        messages.error(request, str(error))
    return redirect(page_of(job), pk=job.pk)


def _over_budget(job: Job, viewer: User) -> str:
    """Which budget a waiting plan is more than, in words, for who may see costs."""
    if job.state != Job.State.PLANNED or not job.unit_price:
        return ""
    if Action.SEE_COSTS not in actions_of(viewer, job.customer_id):
        return ""
    amount = selectors.sure_calls(job) * job.unit_price
    return why_over(job.tenant, amount, job.currency, timezone.now())


def facts_of(job: Job, viewer: User) -> dict[str, Any]:
    """What every page about a job shows, and what this viewer may decide."""
    counts = selectors.counts_of(job)
    cost = job_cost(job.tenant, job.label)
    return (
        _needs(job, viewer)
        | _waits(job)
        | _made(job, cost.calls)
        | {
            "job": job,
            "counts": counts,
            "counted": job.operations.exists(),
            "cost": cost,
            "way_in": selectors.way_in_of(job),
            "sure_calls": selectors.sure_calls(job),
            "over_budget": _over_budget(job, viewer),
            "several": job.tenant.sources.count() > 1,
            "done_percent": 100 * job.settled // job.total if job.total else 0,
        }
    )


def _made(job: Job, calls: int) -> dict[str, Any]:
    """Calls made since the plan was approved; at the end of a job also why they are not as said."""
    made = job.since_plan(calls) if job.approved_at else None
    ended = made is not None and not job.is_open
    return {"made": made, "why_outside": why_differs(job, made or 0) if ended else ""}


def _waits(job: Job) -> dict[str, Any]:
    """What keeps a job from going on; asked only when it says that something does."""
    if job.state not in Job.IN_LANE or not job.problem:
        return {}
    now = timezone.now()
    return {
        "blackout": resting.blackout_until(job.tenant, now),
        "budget_stops": is_of_budget(job.problem),
        "rest": quarantines.resting(now).filter(tenant=job.tenant).first(),
    }


def _needs(job: Job, viewer: User) -> dict[str, Any]:
    """What stands between a waiting plan and its approval, or a paused job and its end."""
    if job.state == Job.State.PAUSED:
        unknown = selectors.operations_of(job, state=Operation.State.UNKNOWN)
        return {"unknown": unknown.count()}
    if job.state != Job.State.PLANNED:
        return {}
    policy, unseen = policies.policy_of(job.tenant), unseen_in(job)
    return {
        "unseen": unseen,
        "has_managers": job.operations.filter(kind=Operation.Kind.CREATE)
        .exclude(manager="")
        .exists(),
        "unseen_people": sum(people for _, people in unseen),
        "stale": why_stale(job),
        "lacking": why_not_permitted(job),
        "two": policies.takes_two(job, policy),
        "first": approval.first_approver(job),
        "barred": approval.is_barred(job, viewer, policy),
    }
