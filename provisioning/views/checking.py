"""Fragments of the editor: rows tried anew, everybody checked, people found. Never Entra."""

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from provisioning.domain.definition import ProfileError
from provisioning.domain.effects import TooSlowError
from provisioning.services import effects
from provisioning.services.effects import MissingColumns
from provisioning.services.samples import people_matching
from provisioning.views.places import located
from provisioning.views.profile_page import EditorPage, sent_page, state_of
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.selectors import tenants_for

PEOPLE_SHOWN = 20


def checked(page: EditorPage) -> EditorPage:
    """The page with the effect on everybody, or with why there is none."""
    sample = page.state.sample
    if sample is None:
        return replace(page, unchecked="No file of this tenant is kept to try the profile on.")
    if page.problems:
        return replace(page, unchecked="Rules are wrong, so nobody's account can be planned yet.")
    try:
        found = effects.effect(page.state.tenant, page.data, sample, timezone.now())
    except (ProfileError, MissingColumns, TooSlowError) as error:
        return replace(page, unchecked=str(error))
    return replace(page, checked=found)


@require_POST
@allowed(Action.EDIT_PROFILE)
def profile_preview(request: PortalRequest, slug: str) -> HttpResponse:
    """One row tried on the person, by its number; every row when another person was chosen."""
    place = located(tenants_for(request.user, Action.EDIT_PROFILE), slug)
    page = sent_page(place, request.POST)
    text = request.POST.get("row", "")
    number = int(text) if text.isdecimal() else -1
    rows = page.rows if number < 0 else [page.row(number)] if number < len(page.editor.rows) else []
    context = {"rows": rows, "page": page, "oob": number < 0}
    return render(request, "provisioning/partials/editor_results.html", context)


@require_POST
@allowed(Action.EDIT_PROFILE)
def profile_check(request: PortalRequest, slug: str) -> HttpResponse:
    """The effect on everybody, and each row's part in it."""
    place = located(tenants_for(request.user, Action.EDIT_PROFILE), slug)
    page = checked(sent_page(place, request.POST))
    context = {"page": page, "tenant": place.tenant, "rows": page.rows, "oob": True}
    return render(request, "provisioning/partials/editor_checked.html", context)


@allowed(Action.EDIT_PROFILE)
def profile_people(request: PortalRequest, slug: str) -> HttpResponse:
    """People of the sample whose values hold a text, as choices."""
    place = located(tenants_for(request.user, Action.EDIT_PROFILE), slug)
    sample = state_of(place).sample
    text, key = request.GET.get("q", ""), request.GET.get("key_column", "")
    found = people_matching(sample, text, key, PEOPLE_SHOWN) if sample else []
    return render(request, "provisioning/partials/editor_people.html", {"found": found, "q": text})
