"""Purposes and billing rules in words."""

from decimal import Decimal

from django import template

from billing import charts
from billing.domain.pricing import EVERY_CALL, USUAL_RULE

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


@register.filter
def sparkline(values: list[int]) -> str:
    """Points of a line over counts."""
    return charts.sparkline(values)


@register.filter
def billing_rule(rule: str) -> str:
    """Which answers a price is asked for."""
    return _RULES.get(rule) or rule.replace("+", ", ")


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
