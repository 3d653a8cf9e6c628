"""Presentation in templates: amounts, times, icons, states, and components with contents."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django import template
from django.template.context import Context, RequestContext
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from msp_portal.icons import ICONS
from tenants import request_ids

register = template.Library()

NOTHING = "\u2013"  # an en dash where there is no value
_CENT = Decimal("0.01")


def _exact(value: object) -> Decimal:
    """Integer, Decimal or text as a Decimal; a float or anything else raises TypeError."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError(f"{type(value).__name__} is not an exact number")
    return Decimal(value)


def amount(value: Decimal) -> str:
    """Below 1.00 with all decimals, at least two; from there rounded once, half-up, to cents."""
    if abs(value) >= 1:
        return f"{value.quantize(_CENT, ROUND_HALF_UP):,.2f}"
    places = max(2, -int(value.normalize().as_tuple().exponent)) if value else 2
    return f"{value:.{places}f}"


@register.filter
def money(value: object, currency: str = "USD") -> str:
    """Amount of money: "USD 2.40", "USD 0.002"; a dash for None. Raises TypeError for floats."""
    return NOTHING if value in (None, "") else f"{currency} {amount(_exact(value))}"


@register.filter
def number(value: object) -> str:
    """Integer or Decimal with thousands separators: 12,400; a dash for None."""
    return NOTHING if value in (None, "") else f"{_exact(value):,f}"


@register.filter
def counted(count: int, nouns: str) -> str:
    """A count with its noun, which is given in the plural: "1 file", "12,400 people"."""
    if count == 1:
        return f"1 {_SINGULAR.get(nouns, nouns.removesuffix('s'))}"
    return f"{count:,} {nouns}"


_SINGULAR = {"people": "person", "entries": "entry"}


@register.filter
def amounts(value: Any) -> str:
    """A cost's amounts, one per currency: "USD 2.40, EUR 1.10"; a dash when nothing was priced."""
    priced = getattr(value, "amounts", value) or {}
    return ", ".join(money(total, currency) for currency, total in priced.items()) or NOTHING


def _time_element(moment: datetime, text: str) -> SafeString:
    """A <time> with the exact instant; expects UTC."""
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        f"{moment:%Y-%m-%d %H:%M:%S}",
        text,
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


@register.filter
def utc(value: date | datetime | None) -> str:
    """Instant or day in UTC, "1 Jul 2026, 14:05 UTC"; a dash for None. Refuses naive times."""
    if value is None or value == "":
        return NOTHING
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), _day(value))
    moment = value.astimezone(timezone.get_fixed_timezone(0)) if value.tzinfo else _naive(value)
    return _time_element(moment, f"{_day(moment)}, {moment:%H:%M} UTC")


def _naive(value: datetime) -> datetime:
    raise ValueError(f"{value} has no time zone")


def distance(gone: timedelta) -> str:
    """Time gone by in one unit, rounded down: "5 minutes ago"; "in 5 minutes" for the future."""
    seconds = abs(int(gone.total_seconds()))
    if seconds < 45:
        return "just now"
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60))
    name, size = next((unit for unit in units if seconds >= unit[1]), units[-1])
    count = max(1, seconds // size)
    words = f"{count} {name}{'s' if count > 1 else ''}"
    return f"{words} ago" if gone > timedelta() else f"in {words}"


@register.filter
def ago(value: datetime | None, now: datetime | None = None) -> str:
    """Instant relative to now, with the exact one as title; from 30 days on the day itself."""
    if value is None or value == "":
        return NOTHING
    moment = value.astimezone(timezone.get_fixed_timezone(0)) if value.tzinfo else _naive(value)
    gone = (now or timezone.now()) - moment
    return _time_element(
        moment, _day(moment) if abs(gone) >= timedelta(days=30) else distance(gone)
    )


@register.simple_tag
def icon(name: str, label: str = "", css_class: str = "") -> SafeString:
    """Inline SVG by name; silent for screen readers unless labelled. Raises KeyError if unknown."""
    shape = mark_safe(ICONS[name])  # noqa: S308 - our own drawings
    classes = f"icon {css_class}".strip()
    if label:
        return format_html(
            '<svg class="{}" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>',
            classes,
            label,
            shape,
        )
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', classes, shape
    )


class Status(NamedTuple):
    """How a state is shown: words, tone (neutral, info, success, warning, danger), icon."""

    label: str
    tone: str
    icon: str


STATUSES: dict[str, dict[str, Status]] = {
    "job": {
        "planning": Status("Planning", "info", "spinner"),
        "stopped": Status("Stopped by a guard", "warning", "stop"),
        "planned": Status("Waiting for approval", "warning", "pause"),
        "applying": Status("Applying", "info", "spinner"),
        # Not a stored state: applying, while a blackout keeps the lane from sending.
        "blackout": Status("Waiting for the blackout", "neutral", "moon"),
        "paused": Status("Paused", "warning", "pause"),
        "finished": Status("Finished", "success", "check-circle"),
        # Not a stored state: a finished job of which some operations failed.
        "finished_with_failures": Status("Finished with failures", "warning", "alert"),
        "cancelled": Status("Cancelled", "neutral", "ban"),
        "failed": Status("Failed", "danger", "x-circle"),
    },
    "tenant": {
        "new": Status("Not connected", "neutral", "plug"),
        "connected": Status("Connected", "success", "check-circle"),
        "paused": Status("Paused", "warning", "pause"),
        "blocked": Status("Connection refused", "danger", "x-circle"),
        "production": Status("Production", "neutral", "shield"),
        "test": Status("Test", "neutral", "cog"),
        "sandbox": Status("Sandbox", "info", "directory"),
    },
    "operation": {
        "proposed": Status("Planned", "neutral", "clock"),
        "withheld": Status("Needs an explicit yes", "warning", "alert"),
        "pending": Status("Waiting", "neutral", "clock"),
        "sent": Status("On its way", "info", "send"),
        "unknown": Status("Outcome unknown", "warning", "help"),
        "done": Status("Done", "success", "check-circle"),
        "failed": Status("Failed", "danger", "x-circle"),
        "skipped": Status("Not applied", "neutral", "dash"),
    },
    "message": {
        "waiting": Status("On its way", "info", "clock"),
        "sent": Status("Delivered", "success", "check-circle"),
        "given_up": Status("Given up", "danger", "x-circle"),
    },
    "change": {
        "create": Status("Create", "success", "user-plus"),
        "update": Status("Update", "info", "pencil"),
        "disable": Status("Disable", "warning", "user-off"),
        "enable": Status("Enable again", "success", "user-check"),
        "adopt": Status("Adopt", "info", "user-check"),
        "delete": Status("Delete", "danger", "x-circle"),
        "transfer": Status("Transfer", "info", "refresh"),
        "release": Status("Stop managing", "neutral", "eye"),
        "leave": Status("Leave alone", "neutral", "shield"),
        "group_adopt": Status("Adopt group", "info", "users"),
        "group_create": Status("Create group", "success", "users"),
        "group_change": Status("Change group", "info", "users"),
        "member_add": Status("Add members", "success", "user-plus"),
        "member_remove": Status("Remove member", "warning", "user-off"),
        "group_delete": Status("Delete group", "danger", "x-circle"),
        "group_leave": Status("Leave group alone", "neutral", "shield"),
    },
    "held": {
        "read": Status("Refused when read", "warning", "file"),
        "mapping": Status("Mapping failed", "warning", "alert"),
        "groups": Status("Groups left as they are", "info", "users"),
        "manager": Status("Manager left as it is", "info", "user-check"),
    },
}


@register.simple_tag
def status(kind: str, state: str) -> Status:
    """Words, tone and icon of a state; kinds are the keys of STATUSES. Unknown: its own words."""
    words = str(state).replace("_", " ").capitalize()
    return STATUSES.get(kind, {}).get(str(state)) or Status(words, "neutral", "circle")


@register.simple_tag
def request_id() -> str:
    """The id of this request, for a person to quote; also on pages that are made without one."""
    return request_ids.current()


TONE_ICONS = {
    "neutral": "circle",
    "info": "info",
    "success": "check-circle",
    "warning": "alert",
    "danger": "x-circle",
}
_MESSAGE_TONES = {"debug": "neutral", "error": "danger"}


@register.filter
def tone(level: str) -> str:
    """Tone of a message of django.contrib.messages, by its level tag."""
    return _MESSAGE_TONES.get(level, level if level in TONE_ICONS else "info")


@register.filter
def tone_icon(name: str) -> str:
    """Icon that stands beside text of this tone."""
    return TONE_ICONS.get(name, "info")


class Step(NamedTuple):
    """One step: its place from 1, words, and done, current, stopped or ahead."""

    place: int
    label: str
    state: str


JOB_STEPS = "Read,Plan,Approve,Apply,Report"


@register.simple_tag
def steps(current: str, labels: str = "", stopped: bool = False) -> list[Step]:
    """Steps around the current one (by label, any case); the word "done" ends them all."""
    names = (labels or JOB_STEPS).split(",")
    lowered = [name.lower() for name in names]
    here = len(names) if current.lower() == "done" else lowered.index(current.lower())
    states = ("done", "stopped" if stopped else "current", "ahead")
    return [
        Step(place + 1, name, states[(place >= here) + (place > here)])
        for place, name in enumerate(names)
    ]


@register.simple_block_tag(takes_context=True)
def component(context: Context, content: SafeString, name: str, **params: Any) -> SafeString:
    """Render components/<name>.html around the contents; it sees its parameters only."""
    engine = context.template.engine if context.template else template.Engine.get_default()
    inner = engine.get_template(f"components/{name}.html")
    return inner.render(context.new({**params, "content": content}))


@register.simple_block_tag
def fragment(content: SafeString) -> SafeString:
    """Contents kept for a component's parameter: fragment as name, contents, endfragment."""
    return mark_safe(content.strip())  # noqa: S308 - rendered, and so escaped, just before


@register.inclusion_tag("components/breadcrumb.html")
def breadcrumb(*parts: str) -> dict[str, Iterable[tuple[str, str]]]:
    """Trail of label, address, label, address, ...; a last label without address is this page."""
    padded = (*parts, "") if len(parts) % 2 else parts
    return {"items": list(zip(padded[::2], padded[1::2], strict=True))}


@register.filter
def page_numbers(page: Any) -> list[int | str]:
    """Page numbers around a paginator's page, first and last included, gaps as an ellipsis."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


@register.simple_tag(takes_context=True)
def page_query(context: RequestContext, number: int, name: str = "page", anchor: str = "") -> str:
    """Query of another page of a list; keeps the request's other parameters."""
    query = context.request.GET.copy()
    query[name] = str(number)
    return f"?{query.urlencode()}{'#' if anchor else ''}{anchor}"
