"""The editor of a profile: saved, checked, extended and published by whole posts."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from provisioning.domain.definition import MATCHABLE, OUT_OF_SCOPE, ProfileError
from provisioning.domain.definition_changes import changes_between
from provisioning.domain.editing import Editor, RuleRow, read_editor
from provisioning.domain.expressions.help import function_help
from provisioning.domain.groups.rules import EMPTIED
from provisioning.domain.groups_editing import KINDS, SOURCE_LABELS, GroupRow
from provisioning.domain.lifecycle import STEPS, settable
from provisioning.domain.lifecycle_editing import OWN_WAY, StepRow
from provisioning.domain.lifecycle_words import WAY_LABELS
from provisioning.domain.scope import TESTS
from provisioning.domain.scope_editing import RULE, ConditionGroup, ConditionRow
from provisioning.scim.errors import ScimError
from provisioning.scim.transport import WrongHost
from provisioning.services.drafts import DraftConflict, publish_draft, save_draft
from provisioning.services.effects import absent_columns
from provisioning.services.samples import people_matching
from provisioning.services.schema import read_targets
from provisioning.views.checking import PEOPLE_SHOWN, checked
from provisioning.views.places import Place, located
from provisioning.views.profile_page import (
    EditorPage,
    ShownGroup,
    page_of,
    sent_page,
    state_of,
)
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.selectors import active_credential, tenants_for
from tenants.tokens import NoToken

_TESTS = [*TESTS.items(), (RULE, "the named rule holds")]


@allowed(Action.EDIT_PROFILE)
def profile_edit(request: PortalRequest, slug: str) -> HttpResponse:
    """The editor; whatever is sent comes back unless it was saved."""
    place = located(tenants_for(request.user, Action.EDIT_PROFILE), slug)
    if request.method != "POST":
        return _shown(request, page_of(state_of(place)))
    page = sent_page(place, request.POST)
    action, _, argument = request.POST.get("action", "check").partition(":")
    if action in ("save", "publish", "over"):
        over = int(argument) if action == "over" and argument.isdecimal() else page.revision
        return _kept(request, replace(page, revision=over), publish=action == "publish")
    if action == "check":
        return _shown(request, checked(page), checked_now=True)
    if action == "schema":
        return _shown(request, _asked(page, request))
    return _shown(request, _changed(page, action, argument, request), focus=action)


def _kept(request: PortalRequest, page: EditorPage, *, publish: bool) -> HttpResponse:
    """Save the draft, and publish it if asked; what is wrong keeps it a draft."""
    tenant, source, slug = page.state.place
    try:
        saved = save_draft(
            tenant=tenant,
            content=page.data,
            revision=page.revision,
            by=request.user,
            source=source,
        )
        page = replace(
            page, state=state_of(Place(tenant, saved.source, slug)), revision=saved.draft_revision
        )
        if not publish:
            messages.success(request, "The draft is saved.")
            return redirect("profile_edit", slug=slug)
        note = request.POST.get("note", "")[:300]
        version = publish_draft(
            tenant=tenant,
            revision=saved.draft_revision,
            by=request.user,
            note=note,
            source=saved.source,
        )
    except DraftConflict as conflict:
        return _shown(request, page, conflict=conflict, status=409)
    except ProfileError:
        return _shown(request, page, refused=True, status=422)
    messages.success(request, f"Version {version.number} is published.")
    if page.state.sample and (absent := absent_columns(tenant, page.data, page.state.sample)):
        messages.warning(request, f"{absent} Nothing can be planned from such a file.")
    return redirect("profile_detail", slug=slug)


def _asked(page: EditorPage, request: PortalRequest) -> EditorPage:
    """The page after the directory was asked for its custom security attributes: one call."""
    tenant = page.state.tenant
    try:
        found = read_targets(tenant=tenant, by=request.user)
    except (NoToken, WrongHost, ScimError) as error:
        messages.error(request, f"The directory could not be asked. {error}")
        return page
    number = len(found.custom)
    noun = "attribute is" if number == 1 else "attributes are"
    messages.success(request, f"{number} custom security {noun} defined in this directory.")
    return replace(page, state=state_of(page.state.place))


def _changed(page: EditorPage, action: str, argument: str, request: PortalRequest) -> EditorPage:
    """The form with a row more or less, or another person."""
    editor = page.editor
    if action == "add" and request.POST.get("new_target"):
        row = RuleRow(len(editor.rows), request.POST["new_target"])
        return replace(page, editor=replace(editor, rows=(*editor.rows, row)))
    if action == "remove":
        kept = [row for row in editor.rows if str(row.number) != argument]
        rows = tuple(replace(row, number=number) for number, row in enumerate(kept))
        return replace(page, editor=replace(editor, rows=rows))
    if action == "next":
        return replace(page, position=page.position + 1)
    if action == "previous":
        return replace(page, position=max(0, page.position - 1))
    if action == "turn":
        return replace(page, editor=read_editor(_turned(request, argument)))
    return page


def _turned(request: PortalRequest, argument: str) -> dict[str, str]:
    """The fields with the wish to show a group of conditions the other way."""
    prefix, _, wanted = argument.partition(":")
    fields = {name: str(value) for name, value in request.POST.items()}
    return fields | {f"{prefix}-turn": wanted}


def _shown(request: PortalRequest, page: EditorPage, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    if (conflict := more.get("conflict")) is not None:
        more["conflicting"] = changes_between(conflict.profile.draft, page.data)
    context = editor_context(page, request) | more
    return render(request, "provisioning/profile_form.html", context, status=status)


def editor_context(page: EditorPage, request: PortalRequest) -> dict[str, Any]:
    """What the editor's template needs."""
    search = request.POST.get("q", "")
    sample = page.state.sample
    found = people_matching(sample, search, page.editor.key_column, PEOPLE_SHOWN) if sample else []
    if page.person is not None and page.person not in found:
        found = [page.person, *found]
    return {
        "tenant": page.state.tenant,
        "state": page.state,
        "page": page,
        "found": found,
        "q": search,
        "note": request.POST.get("note", ""),
        "show": request.POST.get("show", "all"),
        "parameters": [*page.editor.parameters, ("", "")],
        "matching": _matching(page.editor),
        "matchable": [(path, page.state.targets[path].label) for path in MATCHABLE],
        "scope": _with_blank(page.editor.scope),
        "named": _named(page.editor),
        "tests": _TESTS,
        "out_of_scope": OUT_OF_SCOPE,
        "steps": [*page.editor.lifecycle.steps, StepRow()],
        "step_kinds": STEPS,
        "settable": settable(page.state.targets),
        "ways": {**WAY_LABELS, OWN_WAY: "Another way, in your words"},
        "groups": _groups(page),
        "group_sources": SOURCE_LABELS,
        "group_kinds": KINDS,
        "emptied": EMPTIED,
        "functions": function_help(),
        "connected": active_credential(page.state.tenant) is not None,
    }


def _matching(editor: Editor) -> list[str]:
    chosen = list(editor.matching)
    return chosen + [""] * (len(MATCHABLE) - len(chosen))


def _named(editor: Editor) -> list[tuple[str, str, ConditionGroup]]:
    """Each named rule and a blank one: prefix of its fields, name, and conditions."""
    named = [*editor.rules, ("", ConditionGroup())]
    return [(f"rule-{at}", name, _with_blank(group)) for at, (name, group) in enumerate(named)]


def _groups(page: EditorPage) -> list[ShownGroup]:
    """Each group rule and a blank one, numbered as the page shows them."""
    shown = [*page.groups, ShownGroup(GroupRow())]
    return [
        replace(each, row=replace(each.row, at=at, when=_with_blank(each.row.when)))
        for at, each in enumerate(shown)
    ]


def _with_blank(group: ConditionGroup) -> ConditionGroup:
    return replace(group, rows=(*group.rows, ConditionRow()))
