"""How far a profile has drifted from what it came from, and what to do about it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst

from provisioning.domain.definition import ProfileError
from provisioning.domain.drift import Drift, Moved, drifted
from provisioning.services import drift
from provisioning.services.sharing import SharingRefused, profile_of
from provisioning.sharing_forms import DraftForm
from provisioning.views.places import Place, located
from provisioning.views.sharing import editable, posted, to_draft
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action

_ORDER = (Moved.BOTH, Moved.TEMPLATE, Moved.HERE)


@allowed(Action.EDIT_PROFILE)
def profile_drift(request: PortalRequest, slug: str) -> HttpResponse:
    """Part by part: changed here, in the template, or in both; what is offered can be chosen."""
    place = located(editable(request), slug)
    tenant = place.tenant
    profile = profile_of(tenant, place.source)
    ancestor = drift.ancestor_of(profile, request.user) if profile else None
    parts = drift.drift_of(profile, ancestor) if profile and ancestor else []
    moved = sorted(drifted(parts), key=lambda each: _ORDER.index(each.moved))
    form = DraftForm(posted(request), parameters=_new_parameters(moved))
    chosen = request.POST.getlist("part")
    if request.method == "POST" and profile:
        form.is_valid()
        answer = _decide(request, place, form, chosen)
        if answer is not None:
            return answer
    context = {
        "tenant": tenant,
        "profile": profile,
        "ancestor": ancestor,
        "moved": moved,
        "same": len(parts) - len(moved),
        "offered": any(each.offered for each in moved),
        "chosen": chosen,
        "form": form,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "provisioning/profile_drift.html", context, status=status)


def _new_parameters(moved: list[Drift]) -> dict[str, str]:
    """Parameters that only the template has: taking one over needs a value."""
    return {
        each.name: each.template
        for each in moved
        if each.section == "parameters" and each.here is None and each.offered
    }


def _decide(
    request: PortalRequest, place: Place, form: DraftForm, chosen: list[str]
) -> HttpResponse | None:
    """Take over or keep what was chosen; None when something is wrong, which the form then says."""
    revision = request.POST.get("revision", "")
    given: dict[str, Any] = {
        "tenant": place.tenant,
        "source": place.source,
        "parts": chosen,
        "revision": int(revision) if revision.isdecimal() else -1,
        "by": request.user,
    }
    if not chosen:
        form.add_error(None, "Choose at least one change of the template.")
        return None
    try:
        if request.POST.get("action") == "keep":
            drift.keep(**given)
            messages.success(request, "Kept as it is here; the template's changes are declined.")
            return redirect("profile_drift", slug=place.slug)
        wanted = [part.removeprefix("parameters:") for part in chosen]
        drift.take_over(
            **given, values={name: form.values[name] for name in wanted if name in form.values}
        )
    except SharingRefused as error:
        form.add_error(None, str(error))
    except ProfileError as error:
        for problem in error.problems:
            form.add_error(None, capfirst(str(problem)))
    else:
        return to_draft(request, place.slug, "The chosen changes are in the draft.")
    return None
