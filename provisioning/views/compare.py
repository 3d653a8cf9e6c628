"""Two versions of a profile side by side: attribute by attribute, and by effect on the people."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.definition import ProfileError
from provisioning.domain.definition_changes import changes_between
from provisioning.domain.effects import Difference, Failure, PersonDifference, TooSlowError
from provisioning.domain.planner import CALLS, Change
from provisioning.domain.redaction import DISPLAY_NAME, REDACTED, shown_name, shown_text
from provisioning.services import effects
from provisioning.services.effects import MissingColumns, PricedDifference
from provisioning.views.places import located
from provisioning.views.profile_page import ProfileState, page_of, state_of
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.selectors import tenants_for

_PAGE = 50
DRAFT, NOTHING = "draft", "nothing"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its name for people and its definition."""

    key: str
    label: str
    definition: Any


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """One person whom the two treat differently, with what each would write; redacted."""

    key: str
    person: str
    old: str
    new: str
    rows: list[tuple[str, str | None, str | None, str | None]]
    """Attribute, value in the directory, value with the old one, value with the new one."""


@allowed(Action.SEE_TENANT)
def profile_compare(request: PortalRequest, slug: str) -> HttpResponse:
    """Compare two versions, or a version with the draft, without touching the directory."""
    place = located(tenants_for(request.user, Action.SEE_TENANT), slug)
    state = state_of(place)
    sides = _sides(state)
    current = str(state.version.number) if state.version else NOTHING
    old = _side(sides, request.GET.get("old") or current)
    new = _side(sides, request.GET.get("new") or (DRAFT if DRAFT in sides else current))
    context = {
        "tenant": place.tenant,
        "state": state,
        "sides": list(sides.values()),
        "old": old,
        "new": new,
        "changes": changes_between(old.definition, new.definition),
        **_by_effect(state, old, new, request.GET.get("page")),
    }
    return render(request, "provisioning/profile_compare.html", context)


def _sides(state: ProfileState) -> dict[str, Side]:
    found = {}
    if state.draft is not None:
        found[DRAFT] = Side(DRAFT, "The draft", state.draft)
    for version in state.profile.versions.all() if state.profile else []:
        key = str(version.number)
        found[key] = Side(key, f"Version {key}", version.definition)
    if state.version is None:
        found[NOTHING] = Side(NOTHING, "No profile", None)
    return found


def _side(sides: dict[str, Side], key: str) -> Side:
    if key not in sides:
        raise Http404(f"There is no version {key} of this profile.")
    return sides[key]


def _by_effect(state: ProfileState, old: Side, new: Side, number: str | None) -> dict[str, Any]:
    sample = state.sample
    if new.definition is None:
        return {"problem": "There is neither a version nor a draft yet."}
    if sample is None:
        return {"problem": "No file of this tenant is kept: upload one to see the effect."}
    try:
        found = effects.difference(
            state.tenant, old.definition, new.definition, sample, timezone.now()
        )
    except ProfileError as error:
        return {"problem": "One of the two cannot be used yet.", "problems": error.problems}
    except MissingColumns as error:
        return {"problem": f"{error} Upload a file that has it, or correct the rule."}
    except TooSlowError as error:
        return {"problem": str(error)}
    page = Paginator(found.difference.people, _PAGE).get_page(number)
    return {
        "found": found,
        "sample": sample,
        "inventoried": page_of(state).inventoried,
        "people": page,
        "shown": [_person(each, found.difference) for each in page],
        "attributes": _attributes(found),
    }


def _attributes(found: PricedDifference) -> list[tuple[str, int]]:
    """Attributes that are written differently, with how many people, most first."""
    counted = found.difference.attributes.items()
    return [(path, number) for path, number in sorted(counted, key=lambda item: -item[1])]


def _person(each: PersonDifference, difference: Difference) -> ShownPerson:
    redacted = difference.old.redacted | difference.new.redacted
    order = {path: place for place, path in enumerate(CATALOGUE)}
    rows = []
    for path in sorted(each.paths, key=lambda path: order.get(path, len(order))):
        before = _before(each.old, path) or _before(each.new, path)
        sides = (_after(each.old, path), _after(each.new, path))
        old, new = (_shown(value, path, redacted) for value in sides)
        rows.append((path, _shown(before, path, redacted), old, new))
    # A record that is held has only its key to be called by.
    name = (
        each.person if each.person == each.key else shown_name(DISPLAY_NAME, each.person, redacted)
    )
    old, new = (_words(side, redacted) for side in (each.old, each.new))
    return ShownPerson(each.key, name, old, new, rows)


def _before(each: Change | Failure | None, path: str) -> Any:
    if isinstance(each, Change) and each.account is not None:
        return each.account.state.get(path)
    return None


def _after(each: Change | Failure | None, path: str) -> Any:
    """The value once the plan was applied: written, or what the directory has already."""
    if isinstance(each, Change) and each.kind in CALLS and path in each.after:
        return each.after[path]
    return _before(each, path)


def _shown(value: Any, path: str, redacted: frozenset[str]) -> str | None:
    if value is None:
        return None
    if path in redacted:
        return REDACTED
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _words(each: Change | Failure | None, redacted: frozenset[str]) -> str:
    if isinstance(each, Change):
        if not each.reason:
            return each.kind.value
        states = (each.before, each.after, each.account.state if each.account else {})
        return f"{each.kind.value}: {shown_text(each.reason, states, redacted)}"
    return f"held: {each.message}" if each else "out of scope"
