"""The pages on which a tenant's schedules and blackouts are set, and a rest is ended."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from provisioning.domain.blackouts import BlackoutError
from provisioning.models import Blackout, Schedule
from provisioning.schedule_forms import BlackoutForm, ScheduleForm
from provisioning.services import quarantines, resting, schedules, scheduling
from provisioning.services.decisions import DecisionRefused
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Tenant
from tenants.selectors import tenants_for


@allowed(Action.SEE_TENANT)
def schedule_list(request: PortalRequest, slug: str) -> HttpResponse:
    """A tenant's schedules with their next and last runs, and its blackouts."""
    tenant = visible(tenants_for(request.user, Action.SEE_TENANT), slug=slug)
    now = timezone.now()
    context = {
        "tenant": tenant,
        "now": now,
        "schedules": tenant.schedules.select_related("tenant", "last_job"),
        "blackouts": tenant.blackouts.select_related("tenant"),
        "blackout": resting.blackout_until(tenant, now),
        "rest": quarantines.resting(now).filter(tenant=tenant).first(),
    }
    return render(request, "provisioning/schedule_list.html", context)


@allowed(Action.EDIT_TENANT)
def schedule_add(request: PortalRequest, slug: str) -> HttpResponse:
    """Add a schedule."""
    tenant = _tenant(request, slug)
    now = timezone.now()
    form = ScheduleForm(request.POST or None, **_options(tenant), now=now)
    if request.method == "POST" and form.is_valid():
        scheduling.add_schedule(tenant=tenant, facts=form.facts(), by=request.user, now=now)
        messages.success(request, "The schedule is saved and switched on.")
        return redirect("schedule_list", slug=tenant.slug)
    return _form(request, "schedule", tenant, form)


@allowed(Action.EDIT_TENANT)
def schedule_edit(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Change a schedule."""
    tenant = _tenant(request, slug)
    schedule = visible(tenant.schedules.select_related("tenant__customer"), pk=pk)
    now = timezone.now()
    form = ScheduleForm(request.POST or None, **_options(tenant), now=now, schedule=schedule)
    if request.method == "POST" and form.is_valid():
        scheduling.change_schedule(schedule=schedule, facts=form.facts(), by=request.user, now=now)
        messages.success(request, "The schedule is saved.")
        return redirect("schedule_list", slug=tenant.slug)
    return _form(request, "schedule", tenant, form, row=schedule)


@require_POST
@allowed(Action.EDIT_TENANT)
def schedule_switch(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Switch a schedule on or off."""
    schedule = visible(_schedules(request, slug), pk=pk)
    enabled = request.POST.get("enabled") == "on"
    scheduling.switch_schedule(
        schedule=schedule, enabled=enabled, by=request.user, now=timezone.now()
    )
    return redirect("schedule_list", slug=slug)


@require_POST
@allowed(Action.EDIT_TENANT)
def schedule_remove(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Delete a schedule."""
    schedule = visible(_schedules(request, slug), pk=pk)
    scheduling.remove_schedule(schedule=schedule, by=request.user)
    messages.success(request, "The schedule is deleted. Jobs it started stay.")
    return redirect("schedule_list", slug=slug)


@allowed(Action.EDIT_TENANT)
def blackout_add(request: PortalRequest, slug: str) -> HttpResponse:
    """Add a blackout."""
    tenant = _tenant(request, slug)
    form = BlackoutForm(request.POST or None, tenant=tenant)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        saved = _try(
            form,
            lambda: scheduling.add_blackout(
                tenant=tenant, facts=form.facts(), by=request.user, now=now
            ),
        )
        if saved:
            messages.success(request, "The blackout is saved and switched on.")
            return redirect("schedule_list", slug=tenant.slug)
    return _form(request, "blackout", tenant, form)


@allowed(Action.EDIT_TENANT)
def blackout_edit(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Change a blackout."""
    tenant = _tenant(request, slug)
    blackout = visible(tenant.blackouts.select_related("tenant__customer"), pk=pk)
    form = BlackoutForm(request.POST or None, tenant=tenant, blackout=blackout)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        saved = _try(
            form,
            lambda: scheduling.change_blackout(
                blackout=blackout, facts=form.facts(), by=request.user, now=now
            ),
        )
        if saved:
            messages.success(request, "The blackout is saved.")
            return redirect("schedule_list", slug=tenant.slug)
        blackout.refresh_from_db()
    return _form(request, "blackout", tenant, form, row=blackout)


@require_POST
@allowed(Action.EDIT_TENANT)
def blackout_switch(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Switch a blackout on or off."""
    blackout = visible(_blackouts(request, slug), pk=pk)
    enabled, now = request.POST.get("enabled") == "on", timezone.now()
    try:
        scheduling.switch_blackout(blackout=blackout, enabled=enabled, by=request.user, now=now)
    except BlackoutError as error:
        messages.error(request, str(error))
    return redirect("schedule_list", slug=slug)


@require_POST
@allowed(Action.EDIT_TENANT)
def blackout_remove(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Delete a blackout."""
    blackout = visible(_blackouts(request, slug), pk=pk)
    scheduling.remove_blackout(blackout=blackout, by=request.user)
    messages.success(request, "The blackout is deleted. What waited for its end goes on.")
    return redirect("schedule_list", slug=slug)


@require_POST
@allowed(Action.UPLOAD)
def try_now(request: PortalRequest, slug: str) -> HttpResponse:
    """End a tenant's rest; back to the page the button stood on."""
    tenant = visible(tenants_for(request.user, Action.UPLOAD), slug=slug)
    try:
        quarantines.try_now(tenant=tenant, by=request.user)
        messages.success(request, "It is tried now. If it fails again, the next rest is longer.")
    except DecisionRefused as error:
        messages.error(request, str(error))
    job = request.POST.get("job", "")
    if job.isdecimal():
        return redirect("job_detail", pk=int(job))
    return redirect("tenant_detail", slug=tenant.slug)


def _tenant(request: PortalRequest, slug: str) -> Tenant:
    return visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)


def _schedules(request: PortalRequest, slug: str) -> Any:
    return Schedule.objects.filter(tenant=_tenant(request, slug)).select_related("tenant__customer")


def _blackouts(request: PortalRequest, slug: str) -> Any:
    return Blackout.objects.filter(tenant=_tenant(request, slug)).select_related("tenant__customer")


def _options(tenant: Tenant) -> dict[str, Any]:
    return {"tenant": tenant, "offered": schedules.offered()}


def _try(form: BlackoutForm, save: Callable[[], object]) -> bool:
    """Whether it was saved; otherwise the form says why not."""
    try:
        save()
    except BlackoutError as error:
        form.add_error(None, str(error))
        return False
    return True


def _form(
    request: PortalRequest,
    what: str,
    tenant: Tenant,
    form: ScheduleForm | BlackoutForm,
    row: Schedule | Blackout | None = None,
) -> HttpResponse:
    context = {"form": form, "tenant": tenant, "row": row}
    status = 422 if form.errors else 200
    return render(request, f"provisioning/{what}_form.html", context, status=status)
