"""A profile goes from one tenant of a customer to another: the table, and what stays."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst

from provisioning.domain.definition import ProfileError
from provisioning.services import promotion
from provisioning.services.promotion import NotConfirmed
from provisioning.services.sharing import SharingRefused, profile_of
from provisioning.sharing_forms import PromotionForm, TenantChoice
from provisioning.views.places import Place, located
from provisioning.views.sharing import editable, posted, to_draft
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.models import Tenant


@allowed(Action.EDIT_PROFILE)
def profile_promote(request: PortalRequest, slug: str) -> HttpResponse:
    """Choose the tenant, check the table, confirm what could not be remapped."""
    place = located(editable(request), slug)
    source, people = place.tenant, place.source
    siblings = editable(request).filter(customer=source.customer).exclude(pk=source.pk)
    choice = TenantChoice(request.GET if "to" in request.GET else None, tenants=siblings)
    try:
        mentions = promotion.mentions_in(source, people)
    except SharingRefused as error:
        messages.error(request, str(error))
        return redirect("profile_share", slug=slug)
    context: dict[str, Any] = {"tenant": source, "choice": choice, "siblings": siblings.exists()}
    if not (choice.is_bound and choice.is_valid()):
        return render(request, "provisioning/profile_promote.html", context)
    target: Tenant = choice.cleaned_data["to"]
    table = promotion.suggested(source, target, people)
    form = PromotionForm(
        posted(request), mentions=mentions, table=table, profile=profile_of(target)
    )
    if request.method == "POST" and form.is_valid():
        table = form.table
        answer = _promote(request, place, target, form)
        if answer is not None:
            return answer
    promoted = promotion.preview(source, table, people)
    places: dict[tuple[str, str], list[Any]] = {}
    for each in mentions:
        places.setdefault((each.kind, each.value), []).append(each)
    context |= {
        "target": target,
        "form": form,
        "rows": [(kind, places[kind, value], field) for kind, value, field in form.counterparts()],
        "left": promoted.left,
        "confirmed": request.POST.getlist("stays"),
    }
    status = 422 if form.errors else 200
    return render(request, "provisioning/profile_promote.html", context, status=status)


def _promote(
    request: PortalRequest, place: Place, target: Tenant, form: PromotionForm
) -> HttpResponse | None:
    """Promote; None when something is wrong, which the form then says, or only checked."""
    if request.POST.get("action") == "check":
        return None
    try:
        promotion.promote_profile(
            source=place.tenant,
            people=place.source,
            target=target,
            table=form.table,
            confirmed=request.POST.getlist("stays"),
            by=request.user,
            replaces=form.replaces,
        )
    except NotConfirmed as error:
        form.add_error(None, str(error))
    except SharingRefused as error:
        form.add_error(None, str(error))
    except ProfileError as error:
        for problem in error.problems:
            form.add_error(None, capfirst(str(problem)))
    else:
        said = f"The profile of {place.tenant} is the draft of {target}"
        said += "; publishing it asks for a pilot."
        return to_draft(request, target.slug, said)
    return None
