"""Purposes and billing rules in words; what every list of finance has."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing import charts
from billing.domain.budgets import Course, Verdict
from billing.domain.pricing import EVERY_CALL, USUAL_RULE
from billing.domain.statements import totals
from billing.exports import FORMATS
from billing.models import StatementLine
from billing.selectors.headings import Heading

register = template.Library()

_PURPOSES = {
    "discovery": "Reading what the API can do",
    "inventory": "Reading the directory",
    "lookup": "Looking up a person",
    "create": "Creating accounts",
    "update": "Updating accounts",
    "disable": "Disabling accounts",
    "delete": "Deleting accounts",
    "group_create": "Creating groups",
    "group_update": "Changing groups",
    "group_delete": "Deleting groups",
    "member_add": "Adding members",
    "member_remove": "Removing members",
    "verify": "Making sure of an outcome",
    "connection_test": "Testing the connection",
    "editor": "Looking something up in the editor",
}
_RULES = {
    str(USUAL_RULE): "2xx and 404",
    str(EVERY_CALL): "every answer",
}


@register.filter
def purpose_words(purpose: str) -> str:
    """What calls were made for; an unknown purpose by its own name."""
    return _PURPOSES.get(purpose, purpose.replace("_", " ").capitalize())


@register.filter
def plain(number: Decimal | None) -> str:
    """A number without the zeros its column fills it up with; a dash for none."""
    return "\N{EN DASH}" if number is None else f"{number.normalize():f}"


@register.simple_tag
def sparkline(values: list[int]) -> SafeString:
    """A month's days at a glance, drawn: counts by day; the figures are elsewhere on the page."""
    return format_html(
        '<svg class="sparkline" viewBox="0 0 120 24" width="120" height="24" aria-hidden="true">'
        '<polyline points="{}" fill="none" /></svg>',
        charts.sparkline(values),
    )


@register.simple_tag
def course_bar(course: Course) -> SafeString:
    """A budget's bar, drawn: spent, forecast and budget. What it shows is said beside it."""
    bar = charts.course_bar(course)
    drawn = format_html(_TRACK, bar.width, bar.band_left, bar.band_width, bar.spent)
    for at, line in ((bar.expected, _EXPECTED), (bar.budget, _BUDGET)):
        if at is not None:
            drawn += format_html(line, at, at)
    return format_html(
        '<svg class="course-bar tone-{}" viewBox="0 0 {width} 16" width="{width}" height="16"'
        ' preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        verdict(course).get("tone", "info"),
        drawn,
        width=bar.width,
    )


_TRACK = (
    '<rect class="course-track" x="0" y="4" width="{}" height="8" rx="2" />'
    '<rect class="course-band" x="{}" y="4" width="{}" height="8" />'
    '<rect class="course-spent" x="0" y="4" width="{}" height="8" rx="2" />'
)
_EXPECTED = '<line class="course-expected" x1="{}" x2="{}" y1="2" y2="14" />'
_BUDGET = '<line class="course-budget" x1="{}" x2="{}" y1="0" y2="16" />'
VERDICTS = {
    Verdict.WITHIN: "within the budget",
    Verdict.TIGHT: "may go over",
    Verdict.OVER: "expected to go over",
    Verdict.USED: "used up",
}
_TONES = {
    Verdict.WITHIN: ("success", "check-circle"),
    Verdict.TIGHT: ("warning", "alert"),
    Verdict.OVER: ("danger", "alert"),
    Verdict.USED: ("danger", "stop"),
}


@register.filter
def verdict(course: Course) -> dict[str, str]:
    """How a budget's period will end: words, tone and icon; nothing without a budget."""
    found = course.verdict
    if found is None:
        return {}
    tone, icon = _TONES[found]
    return {"label": VERDICTS[found], "tone": tone, "icon": icon}


@register.inclusion_tag("billing/partials/heading_key.html")
def heading_key(heading: Heading | None, rows: Iterable[Any] = ()) -> dict[str, bool]:
    """What the bars of a page mean, of a heading and of rows that have one: only what is drawn."""
    headings = [heading, *(row.heading for row in rows)]
    courses = [course for each in headings if each for course in each.courses]
    return {
        "drawn": any((each.amount, each.expected) != (None, None) for each in courses),
        "expected": any(each.expected is not None for each in courses),
        "band": any(each.low != each.high for each in courses),
        "budget": any(each.amount is not None for each in courses),
    }


@register.filter
def billing_rule(rule: str) -> str:
    """Which answers a price is asked for."""
    return _RULES.get(rule) or rule.replace("+", ", ")


@register.inclusion_tag("billing/partials/list_bar.html", takes_context=True)
def list_bar(context: RequestContext, asked: Any) -> dict[str, Any]:
    """Finding, choosing and sorting in a list; other parameters of the address stay."""
    prefix = asked.listing.prefix
    own = {prefix + name for name in ("q", "only", "sort")}
    gone = own | {"file", "page"}
    hidden = [(key, value) for key, value in context.request.GET.items() if key not in gone]
    return {
        "asked": asked,
        "find": asked.listing.find,
        "many": asked.total > 1,
        "q_name": f"{prefix}q",
        "only_name": f"{prefix}only",
        "sort_name": f"{prefix}sort",
        "hidden": hidden,
        "clear": f"?{urlencode(hidden)}" if asked.narrowed else "",
    }


@register.inclusion_tag("billing/partials/downloads.html", takes_context=True)
def downloads(
    context: RequestContext, asked: Any, words: str = "Download this list:", as_page: bool = False
) -> dict[str, Any]:
    """A list (or what has this name) as files, as it is shown: found in and sorted, but whole.

    Nothing for a list without rows: a file of headings is of no use.
    """
    if getattr(asked, "rows", None) == []:
        return {}
    name = asked if isinstance(asked, str) else asked.listing.name
    links = []
    for ending, form in FORMATS.items():
        query = context.request.GET.copy()
        query.pop("page", None)
        query["file"] = f"{name}.{ending}"
        links.append((form.label, f"?{query.urlencode()}"))
    return {"links": links, "words": words, "as_page": as_page}


# Pages that lie beside each other, and those of them that show a month.
_SECTIONS = {
    "tenant": {
        "Costs": "cost_tenant",
        "Reconciliation": "reconciliation_tenant",
        "Waste": "waste_tenant",
        "What if": "simulator",
    },
    "customer": {"Costs": "cost_customer", "Waste": "waste_customer"},
    "": {
        "Costs": "cost_overview",
        "Statements": "statement_list",
        "Reconciliation": "reconciliation",
        "Budgets": "budget_list",
        "Price book": "price_list",
        "Exchange rates": "rate_list",
    },
}
_TIMELESS = {"simulator", "budget_list", "price_list", "rate_list"}


@register.inclusion_tag("billing/partials/sections.html", takes_context=True)
def sections(context: RequestContext, of: str = "") -> dict[str, Any]:
    """Tabs of finance, of a "tenant" or a "customer" of the page; the month shown goes along."""
    month = context.get("month")
    query = f"?month={month}" if month else ""
    arguments = [context[of].slug] if of else []
    here = getattr(context.request.resolver_match, "url_name", "")
    tabs = [
        (label, reverse(name, args=arguments) + ("" if name in _TIMELESS else query), name == here)
        for label, name in _SECTIONS[of].items()
    ]
    return {"label": f"Costs of this {of}" if of else "Costs", "tabs": tabs}


@register.filter
def sums(lines: Iterable[StatementLine]) -> list[tuple[str, Decimal]]:
    """Corrections added up, one currency a row."""
    return sorted(totals(lines).items())


@register.filter
def calls(number: Decimal | int) -> str:
    """A count of calls as a bill has it: 12,400; decimal places only where there are some."""
    if number == int(number):
        return f"{int(number):,}"
    return f"{Decimal(number).normalize():,f}"


@register.filter
def more_calls(number: Decimal | int) -> str:
    """A difference of calls with its sign."""
    sign = "+" if number > 0 else "\N{MINUS SIGN}" if number < 0 else ""
    return sign + calls(-number if number < 0 else number)
