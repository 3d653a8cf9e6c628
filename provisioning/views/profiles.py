"""The mapping profile of a tenant: its current version, its draft, its history, its pilot."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from provisioning.domain.definition import OUT_OF_SCOPE
from provisioning.domain.definition_changes import scope_words
from provisioning.domain.editing import count_of, editor_of
from provisioning.domain.groups.words import (
    group_rule_label,
    group_rule_words,
    group_rules_of,
)
from provisioning.domain.lifecycle_words import lifecycle_facts
from provisioning.models import Job
from provisioning.services.drafts import DraftConflict, discard_draft
from provisioning.services.queueing import (
    QueueRefused,
    newest_read,
    pilot_due,
    queue_from_snapshot,
)
from provisioning.views.places import located
from provisioning.views.profile_page import state_of
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.selectors import tenants_for


class PilotForm(forms.Form):
    """How many people a pilot takes."""

    size = forms.IntegerField(label="People", min_value=1, max_value=1000, initial=5)


@allowed(Action.SEE_TENANT)
def profile_detail(request: PortalRequest, slug: str) -> HttpResponse:
    """The current version, the draft and the history."""
    place = located(tenants_for(request.user, Action.SEE_TENANT), slug)
    state = state_of(place)
    definition = state.version.definition if state.version else {}
    editor = editor_of(definition)
    versions = state.profile.versions.select_related("published_by") if state.profile else []
    scope = definition.get("scope")
    context = {
        "tenant": place.tenant,
        "state": state,
        "version": state.version,
        "editor": editor,
        "rules": [(state.targets.get(row.target), row) for row in editor.rows],
        "versions": list(versions),
        "scope": scope_words(scope, definition.get("rules")) if scope else "",
        "named": [
            (name, scope_words(part, definition.get("rules")))
            for name, part in definition.get("rules", {}).items()
        ],
        "lifecycle": lifecycle_facts(definition.get("lifecycle")) if state.version else [],
        "groups": [
            (group_rule_label(name), group_rule_words(each, definition.get("rules")))
            for name, entries in group_rules_of(definition).items()
            for each in entries
        ],
        "outside": OUT_OF_SCOPE[editor.out_of_scope],
        "matching": [state.targets[path].label for path in editor.matching],
        "pilot": PilotForm(),
        "pilot_read": newest_read(place.tenant, Job.Kind.PILOT, place.source),
        "pilot_due": state.version is not None and pilot_due(state.version),
    }
    return render(request, "provisioning/profile_detail.html", context)


@require_POST
@allowed(Action.EDIT_PROFILE)
def profile_discard(request: PortalRequest, slug: str) -> HttpResponse:
    """Forget the draft."""
    place = located(tenants_for(request.user, Action.EDIT_PROFILE), slug)
    revision = count_of(request.POST, "revision")
    try:
        discard_draft(tenant=place.tenant, revision=revision, by=request.user, source=place.source)
    except DraftConflict as error:
        messages.error(request, f"{error} Nothing was discarded.")
    else:
        messages.success(request, "The draft is discarded.")
    return redirect("profile_detail", slug=slug)


@require_POST
@allowed(Action.UPLOAD)
def profile_pilot(request: PortalRequest, slug: str) -> HttpResponse:
    """Plan the first people of the newest file with the current version."""
    place = located(tenants_for(request.user, Action.UPLOAD), slug)
    form = PilotForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A pilot takes 1 to 1,000 people.")
        return redirect("profile_detail", slug=slug)
    size = form.cleaned_data["size"]
    try:
        job = queue_from_snapshot(
            tenant=place.tenant,
            kind=Job.Kind.PILOT,
            size=size,
            by=request.user,
            source=place.source,
        )
    except QueueRefused as error:
        messages.error(request, str(error))
        return redirect("profile_detail", slug=slug)
    return redirect("job_detail", pk=job.pk)
