"""What the columns of a file suggest; what a person accepts becomes the draft."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from provisioning.domain.attributes import CATALOGUE, Attribute
from provisioning.domain.expressions import Context
from provisioning.domain.preview import try_rule
from provisioning.domain.suggestions import Suggestion, Suggestions, accepted, suggest
from provisioning.services.drafts import DraftConflict, save_draft
from provisioning.services.samples import Sample
from provisioning.views.places import located
from provisioning.views.profile_page import ProfileState, state_of
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.selectors import tenants_for

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class SuggestedRow:
    """A suggestion with its target and what it gives for the first people; `ticked` by a person."""

    suggestion: Suggestion
    attribute: Attribute
    values: tuple[Any, ...]
    ticked: bool
    mapped: bool
    """Whether the profile has a rule for the target already."""


@allowed(Action.EDIT_PROFILE)
def profile_suggestions(request: PortalRequest, slug: str) -> HttpResponse:
    """Suggestions with their reasons; nothing is taken that was not ticked."""
    place = located(tenants_for(request.user, Action.EDIT_PROFILE), slug)
    state = state_of(place)
    if state.sample is None:
        messages.info(request, "Suggestions need a file: upload one first.")
        return redirect("tenant_upload", slug=slug)
    found = suggest(state.sample.statistics)
    if request.method == "POST":
        return _accept(request, state, state.sample, found)
    return _shown(request, state, state.sample, _ticked(request, found))


def _accept(
    request: PortalRequest, state: ProfileState, sample: Sample, found: Suggestions
) -> HttpResponse:
    targets = request.POST.getlist("accept")
    key = request.POST.get("key_column", "")
    chosen = accepted(
        found, key_column=key, targets=targets, domain=request.POST.get("domain", "").strip()
    )
    revision = request.POST.get("revision", "")
    try:
        save_draft(
            tenant=state.tenant,
            content=_merged(state, chosen),
            revision=int(revision) if revision.isdecimal() else state.revision,
            by=request.user,
            source=state.place.source,
        )
    except DraftConflict as error:
        messages.error(request, f"{error} Look at it, and accept again.")
        return _shown(request, state, sample, set(targets), status=409)
    number = len(chosen["attributes"])
    noun = "suggestion is" if number == 1 else "suggestions are"
    messages.success(request, f"{number} {noun} in the draft; nothing is published yet.")
    return redirect("profile_edit", slug=state.place.slug)


def _merged(state: ProfileState, chosen: dict[str, Any]) -> dict[str, Any]:
    """The accepted rules in place of those that the profile has for the same targets."""
    content = state.content if state.draft is not None or state.version else {}
    old = content if isinstance(content, dict) else {}
    new = {rule["target"] for rule in chosen["attributes"]}
    rules = old.get("attributes")
    kept = [
        rule
        for rule in (rules if isinstance(rules, list) else [])
        if not isinstance(rule, dict) or rule.get("target") not in new
    ]
    parameters = {**(old.get("parameters") or {}), **chosen.get("parameters", {})}
    whole = {**old, "key_column": chosen["key_column"]}
    if parameters:
        whole["parameters"] = parameters
    return {**whole, "attributes": [*kept, *chosen["attributes"]]}


def _ticked(request: PortalRequest, found: Suggestions) -> set[str]:
    """What a person asked to have ticked: nothing, the surest, or all."""
    wanted = request.GET.get("tick", "")
    return {
        each.target
        for each in found.rules
        if wanted == "all" or (wanted == "likely" and each.likely == "very likely")
    }


def _shown(
    request: PortalRequest,
    state: ProfileState,
    sample: Sample,
    ticked: set[str],
    status: int = 200,
) -> HttpResponse:
    found = suggest(sample.statistics)
    key = request.POST.get("key_column") or (found.keys[0].column if found.keys else "")
    context = {
        "tenant": state.tenant,
        "state": state,
        "sample": sample,
        "found": found,
        "key_column": key,
        "domain": request.POST.get("domain") or found.parameters.get("domain", ""),
        "rows": list(_rows(state, sample, found, ticked)),
        "unused": [sample.statistics[column] for column in found.unused],
        "statistics": list(sample.statistics.values()),
    }
    return render(request, "provisioning/profile_suggestions.html", context, status=status)


def _rows(
    state: ProfileState, sample: Sample, found: Suggestions, ticked: set[str]
) -> Iterable[SuggestedRow]:
    content = state.content if state.draft is not None or state.version else {}
    rules = content.get("attributes", []) if isinstance(content, dict) else []
    mapped = {rule.get("target") for rule in rules if isinstance(rule, dict)}
    records = [record.values for record in sample.records if record.values][:_SHOWN]
    data = {"parameters": dict(found.parameters)}
    for each in found.rules:
        tried = [
            try_rule(data, each.rule(), None, record, Context(now=timezone.now()))
            for record in records
        ]
        values = tuple(result.value for result in tried if result.value is not None)
        ticks, exists = each.target in ticked, each.target in mapped
        yield SuggestedRow(each, CATALOGUE[each.target], values, ticks, exists)
