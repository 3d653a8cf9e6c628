"""Jobs and their operations in templates: readable attributes, steps, outcomes in words."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django import template
from django.template import RequestContext
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from provisioning.domain.attributes import CATALOGUE, CUSTOM, MANAGER, USER_NAME, is_custom
from provisioning.domain.groups import DESCRIPTION as GROUP_DESCRIPTION
from provisioning.domain.groups.words import GROUP_RULE, group_rule_label
from provisioning.domain.plan_values import Change
from provisioning.domain.redaction import DISPLAY_NAME, REDACTED, shown_name, shown_text
from provisioning.models import Job, MappingProfile, Operation
from provisioning.selectors import source_of, sources_of
from provisioning.services.estimates import calls_range, price_range
from provisioning.services.ownership import can_be_asked
from provisioning.views.places import slug_of
from tenants.models import Tenant

register = template.Library()
register.filter("calls_range", calls_range)
register.filter("price_range", price_range)

_WORDS = {True: "Yes", False: "No"}
# Counters of a job: words, tone and icon.
_OUTCOMES = {
    "created": ("created", "success", "user-plus"),
    "updated": ("updated", "info", "pencil"),
    "disabled": ("disabled", "warning", "user-off"),
    "enabled": ("enabled again", "success", "user-check"),
    "adopted": ("adopted", "info", "user-check"),
    "transferred": ("transferred", "info", "refresh"),
    "deleted": ("deleted", "warning", "x-circle"),
    "groups_created": ("groups created", "success", "users"),
    "groups_changed": ("groups changed", "info", "users"),
    "groups_deleted": ("groups deleted", "warning", "users"),
    "additions": ("calls that added members", "success", "user-plus"),
    "members_removed": ("members removed", "warning", "user-off"),
    "failed": ("failed", "danger", "x-circle"),
    "skipped": ("not applied", "neutral", "dash"),
}


class Difference(NamedTuple):
    """One attribute of an operation as it is shown; None: no value."""

    label: str
    before: str | None
    after: str | None


class Count(NamedTuple):
    """A counter of a job as the progress component shows it."""

    label: str
    number: int
    tone: str
    icon: str


class Place(NamedTuple):
    """Where a job stands among its steps."""

    step: str
    stopped: bool


@register.filter
def askable(operation: Operation) -> bool:
    """Whether somebody may ask to transfer the account of this operation."""
    return can_be_asked(operation)


@register.filter
def place_of(profile: MappingProfile) -> str:
    """The address of a profile's pages, for their links."""
    return slug_of(profile.tenant, profile.source)


@register.inclusion_tag("provisioning/partials/source_chooser.html", takes_context=True)
def source_chooser(context: RequestContext, tenant: Tenant) -> dict[str, Any]:
    """The same page of the tenant's other sources; nothing where there is one source only."""
    match = context.request.resolver_match
    rows = list(sources_of(tenant))
    if match is None or match.url_name is None or len(rows) < 2:
        return {"choices": []}
    here = source_of(tenant, match.kwargs["slug"].partition("/sources/")[2])
    choices = []
    for row in rows:
        kwargs = match.kwargs | {"slug": slug_of(tenant, row, first=row == rows[0])}
        choices.append((row.name, reverse(match.url_name, kwargs=kwargs), row == here))
    return {"choices": choices}


@register.filter
def attribute_label(path: str) -> str:
    """An attribute's name for people; the path itself when the catalogue does not know it."""
    if path == GROUP_DESCRIPTION:
        return "Description"
    if path.startswith(GROUP_RULE):
        return group_rule_label(path.removeprefix(GROUP_RULE))
    attribute = CATALOGUE.get(path)
    if attribute is None and is_custom(path):
        return path.removeprefix(f"{CUSTOM}:").replace(".", ": ")
    return attribute.label if attribute else path


@register.filter
def breakable(path: str) -> SafeString:
    """A long path that may be broken after its colons, so that narrow columns can hold it."""
    return format_html_join(mark_safe(":<wbr>"), "{}", ((part,) for part in path.split(":")))


@register.filter
def labelled(message: str) -> str:
    """The message of a failed mapping with attributes named for people instead of by path."""
    return "; ".join(_labelled(part) for part in message.split("; "))


def _labelled(part: str) -> str:
    for path, attribute in CATALOGUE.items():
        if part.startswith(f"{path}: "):
            return f"{attribute.label}: {part[len(path) + 2 :]}"
    return part


@register.filter
def person_of(operation: Operation | Change, redacted: frozenset[str]) -> str:
    """The person's or group's name as pages may show it."""
    if isinstance(operation, Operation) and operation.on_group:
        return operation.person
    return shown_name(DISPLAY_NAME, operation.person, redacted)


@register.filter
def user_name_of(operation: Operation | Change, redacted: frozenset[str]) -> str:
    """The user name, or the nickname of a group, as pages may show it."""
    if isinstance(operation, Operation) and operation.on_group:
        return operation.user_name
    return shown_name(USER_NAME, operation.user_name, redacted)


@register.simple_tag
def told(operation: Operation, name: str, redacted: frozenset[str]) -> str:
    """An operation's reason, message or detail without its redacted values."""
    return shown_text(getattr(operation, name), (operation.before, operation.after), redacted)


@register.simple_tag
def differences(
    operation: Operation | Change, redacted: frozenset[str], names: Mapping[str, str] | None = None
) -> list[Difference]:
    """What an operation changes, in the catalogue's order; redacted values are not shown.

    `names` are those of people by object id, for the manager.
    """
    order = {path: place for place, path in enumerate(CATALOGUE)}
    paths = sorted(operation.after, key=lambda path: order.get(path, len(order)))
    before, after = _named(operation.before, names), _named(operation.after, names)
    rows = [
        Difference(
            attribute_label(path), _shown(before, path, redacted), _shown(after, path, redacted)
        )
        for path in paths
    ]
    if operation.manager:
        coming = f"{operation.manager}, whose account is created in this job"
        rows.append(Difference(attribute_label(MANAGER), None, coming))
    return rows


def _named(side: Mapping[str, Any], names: Mapping[str, str] | None) -> Mapping[str, Any]:
    """The values with the manager's name in place of an id that says nothing to people."""
    manager = side.get(MANAGER)
    if not manager or not names:
        return side
    return {**side, MANAGER: names.get(str(manager).lower(), manager)}


@register.simple_tag
def members(operation: Operation, names: Mapping[str, str]) -> list[str]:
    """The members that an operation on a group is about, by name where it is known."""
    return [names.get(entra_id.lower()) or key or entra_id for key, entra_id in operation.members]


def _shown(side: Mapping[str, Any], path: str, redacted: frozenset[str]) -> str | None:
    value = side.get(path)
    if value is None or value == "":
        return None
    return REDACTED if path in redacted else shown_value(value)


@register.filter
def shown_value(value: Any) -> str:
    """An attribute's value as people read it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    # Days are kept as instants; their midnight says nothing.
    return _WORDS[value] if isinstance(value, bool) else str(value).removesuffix("T00:00:00Z")


@register.filter
def job_state(job: Job) -> str:
    """The job's state for its badge: a finished one with failures has its own."""
    failures = job.state == Job.State.FINISHED and job.failed
    return "finished_with_failures" if failures else job.state


@register.filter
def place(job: Job) -> Place:
    """The step a job is at, and whether it ended there without success."""
    state = job.state
    if state == Job.State.FINISHED:
        return Place("done", stopped=False)
    if state == Job.State.APPLYING or job.approved_at:
        return Place("apply", stopped=state not in (Job.State.APPLYING, Job.State.PAUSED))
    if state == Job.State.PLANNED or job.planned_at:
        return Place("approve", stopped=state != Job.State.PLANNED)
    return Place("plan", stopped=state != Job.State.PLANNING)


@register.filter
def outcomes(job: Job) -> list[Count]:
    """What has become of a job's operations so far; counters at nought are left out."""
    return [Count(words, number, *look) for number, (words, *look) in _counted(job)]


@register.filter
def result(job: Job) -> str:
    """A job in a few words for lists."""
    if job.state == Job.State.PLANNED:
        return f"{job.planned_calls:,} change{pluralize(job.planned_calls)} planned"
    if job.state in (Job.State.STOPPED, Job.State.PLANNING):
        return ""
    told = ", ".join(f"{number:,} {words}" for number, (words, *_) in _counted(job))
    return told or ("nothing to change" if job.state == Job.State.FINISHED else "")


def _counted(job: Job) -> Iterator[tuple[int, tuple[str, str, str]]]:
    for name, look in _OUTCOMES.items():
        if number := getattr(job, name):
            yield number, look


@register.filter
def times(count: int, price: Decimal | None) -> Decimal | None:
    """So many calls at this price; None without a price."""
    return None if price is None else count * price


@register.filter
def percent(share: str) -> str:
    """A share of 0 to 1 in per cent, with one decimal unless it is whole."""
    return f"{Decimal(share) * 100:.1f}".removesuffix(".0") + " %"
