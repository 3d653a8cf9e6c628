"""The simulator in templates: kinds of calls, durations, amounts that may be unknown."""

from decimal import Decimal

from django import template

from billing.domain.pricing import Price
from billing.domain.simulator import Compared, Kind, Way
from provisioning.domain.what_if import interval_words

register = template.Library()

_KINDS = {
    Kind.CREATE: "Creating accounts",
    Kind.SECOND: "Adding what a creation cannot carry",
    Kind.CHANGE: "Changing, disabling and enabling accounts",
    Kind.DELETE: "Deleting accounts",
    Kind.GROUP: "Creating, changing and deleting groups",
    Kind.ADD: "Adding members",
    Kind.REMOVE: "Removing members",
    Kind.RECONCILE: "Reading the directory back",
    Kind.READ: "Reading each person at each sync",
    Kind.LOOKUP: "Looking each person up first",
}
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))

register.filter("interval_words", interval_words)


@register.filter
def kind_words(kind: Kind) -> str:
    """What calls of a kind are made for."""
    return _KINDS[kind]


@register.filter
def where(amount: Decimal | None, price: Price | None) -> Decimal | None:
    """An amount where a price is known, otherwise None."""
    return amount if price else None


@register.filter
def duration(seconds: int) -> str:
    """Seconds in the unit that says most, rounded up: "3 minutes"; "no time" for none."""
    if not seconds:
        return "no time"
    # Two of a unit say more than one of the next: 90 seconds, 90 minutes, 36 hours.
    name, size = next((each for each in _UNITS if seconds >= 2 * each[1]), _UNITS[-1])
    number = -(-seconds // size)
    return f"{number:,} {name}{'s' * (number != 1)}"


@register.filter
def needed_time(way: Way) -> str:
    """How long a way's calls take under the quota, from full to empty."""
    least, most = duration(way.least_seconds), duration(way.most_seconds)
    if not way.least_seconds:
        return f"up to {most}" if way.most_seconds else most
    return most if least == most else f"{least} to {most}"


@register.filter
def saved_share(found: Compared) -> str:
    """Which part of the naive way's calls is saved, rounded down: "99 %"; "" without any saving."""
    if found.saved_calls <= 0:
        return ""
    permille = found.saved_calls * 1000 // found.naive.total
    return f"{permille / 10:.1f} %" if permille > 990 else f"{permille // 10} %"
