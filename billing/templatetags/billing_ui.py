"""Purposes and billing rules in words."""

from django import template

from billing.domain.pricing import BillingRule

register = template.Library()

_PURPOSES = {
    "discovery": "Reading what the API can do",
    "inventory": "Reading the directory",
    "lookup": "Looking up a person",
    "create": "Creating accounts",
    "update": "Updating accounts",
    "disable": "Disabling accounts",
    "delete": "Deleting accounts",
    "verify": "Checking what was written",
    "editor": "Editing a profile",
}
_RULES = {
    BillingRule.SUCCESS_AND_NOT_FOUND: "2xx and 404",
    BillingRule.ALL: "every answer",
}


@register.filter
def purpose_words(purpose: str) -> str:
    """What calls were made for; an unknown purpose by its own name."""
    return _PURPOSES.get(purpose, purpose.replace("_", " ").capitalize())


@register.filter
def billing_rule(rule: str) -> str:
    """Which answers a price is asked for."""
    return _RULES[BillingRule(rule)]
