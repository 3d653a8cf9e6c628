"""Whose a bill's resources are, how far a month is held against it, and causes in words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Literal

from billing.domain.azure_formats import EXACT
from billing.domain.periods import Month, longer_than
from billing.domain.reconciliation import Cause, Finding, Share, by_cause

_GROUP = re.compile(r"/subscriptions/([^/]+)/resourcegroups/([^/]+)(?:/|$)")
_ZERO = Decimal(0)
# Of days that a person says; what is in a file may be older.
_MOST_MONTHS = 13
# What somebody has to look at; the other causes say why the figures may stand as they are.
OPEN = frozenset({Cause.UNREAD, Cause.FOREIGN, Cause.NOT_BILLED, Cause.UNEXPLAINED})


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of where a tenant (by pk) is billed; texts may be empty."""

    tenant: int
    directory: str
    subscription: str
    group: str


class Links:
    """Which tenant a resource of a bill belongs to; ids ignore case, as in Azure."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._groups: dict[tuple[str, ...], set[int]] = {}
        self._directories: dict[str, set[int]] = {}
        for link in links:
            if link.subscription and link.group:
                key = (link.subscription.lower(), link.group.lower())
                self._groups.setdefault(key, set()).add(link.tenant)
            if link.directory:
                self._directories.setdefault(link.directory.lower(), set()).add(link.tenant)

    def tenant_of(self, resource: str, directory: str) -> int | None:
        """The one tenant linked to its resource group; else the one whose directory it names.

        Where several tenants share the resource group, the directory decides among them.
        """
        match = _GROUP.search(resource.lower())
        linked = self._groups.get(match.groups(), set()) if match else set()
        if len(linked) == 1:
            return next(iter(linked))
        named = self._directories.get(directory.lower(), set())
        found = linked & named if linked else named
        return next(iter(found)) if len(found) == 1 else None


def wrong_span(first: date, last: date) -> str:
    """What is wrong with the days that an export is said to cover; nothing if they may be right."""
    if first > last:
        return "The end is before the beginning."
    if longer_than(_MOST_MONTHS, first, last):
        return f"An export of more than {_MOST_MONTHS} months is too long; import it in parts."
    return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a tenant's month is settled: until which day, and how many days are open and why."""

    through: date | None
    missing: int
    waiting: int
    differing: int


def verdict(
    findings: Iterable[Finding], missing: Iterable[date], last: date, late_from: date, month: Month
) -> Verdict:
    """Days that are neither missing in every file, nor late, nor different in an `OPEN` cause.

    `last`: the last day that a file covers; from `late_from` on calls may still be exported.
    """
    findings, missing = list(findings), set(missing)
    waiting = {finding.day for finding in findings if is_waiting(finding, late_from)}
    differing = {finding.day for finding in findings if OPEN.intersection(finding.shares)}
    unsettled = missing | waiting | differing
    until = min(unsettled) - timedelta(days=1) if unsettled else min(last, month.days[-1])
    through = until if until >= month.days[0] else None
    return Verdict(through, len(missing), len(waiting - differing), len(differing))


def is_waiting(finding: Finding, late_from: date) -> bool:
    """Whether calls of a day may still be exported."""
    late = finding.shares.get(Cause.LATE)
    return late is not None and late.calls < 0 and finding.day >= late_from


@dataclass(frozen=True, slots=True)
class Standing:
    """A month of some tenants: `reconciled` with the bill, `differs` from it, or an `estimate`."""

    state: Literal["estimate", "differs", "reconciled"]
    through: date | None = None
    on: datetime | None = None

    @property
    def words(self) -> str:
        """As a label beside figures."""
        if self.state == "reconciled" and self.on:
            return f"reconciled with Azure's bill on {plain_day(self.on)}"
        if self.state == "differs":
            return "estimate: differs from Azure's bill"
        if self.through:
            return f"estimate, reconciled until {plain_day(self.through)}"
        return "estimate until held against Azure's bill"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a tenant's month: a verdict, whether it still holds, when it was settled."""

    verdict: Verdict
    holds: bool
    settled_at: datetime | None


def standing(kept: Iterable[Kept | None], over: bool) -> Standing:
    """Of tenants with calls or a bill in a month (None: no bill); `over`: whether it has ended."""
    known = list(kept)
    if any(each and each.verdict.differing for each in known):
        return Standing("differs")
    settled = [each.settled_at for each in known if each and each.holds and each.settled_at]
    if over and settled and len(settled) == len(known):
        return Standing("reconciled", on=max(settled))
    days = [each.verdict.through if each and each.holds else None for each in known]
    ends = [day for day in days if day]
    return Standing("estimate", min(ends) if ends and len(ends) == len(days) else None)


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts of one currency: by the meter, by the bill."""

    currency: str
    metered: Decimal
    charged: Decimal

    @property
    def difference(self) -> Decimal:
        """What Azure charged beyond what was metered."""
        with localcontext(EXACT):
            return self.charged - self.metered


@dataclass(frozen=True, slots=True)
class Sums:
    """Findings added up: calls, amounts by currency, and shares by currency and cause."""

    certain: int
    uncertain: int
    quantity: Decimal
    money: tuple[Money, ...]
    causes: Mapping[tuple[str, Cause], Share]

    @property
    def difference(self) -> Decimal:
        """Calls that Azure charged beyond those metered."""
        with localcontext(EXACT):
            return self.quantity - self.certain


def sums(findings: Iterable[Finding]) -> Sums:
    """Exact sums; shares in the order of `Cause`."""
    findings = list(findings)
    money = [
        Money(
            currency,
            exact_sum(each.metered for each in findings if each.currency == currency),
            exact_sum(each.cost for each in findings if each.currency == currency),
        )
        for currency in sorted({each.currency for each in findings})
    ]
    quantity = exact_sum(finding.quantity for finding in findings)
    order = list(Cause)
    shares = sorted(by_cause(findings).items(), key=lambda item: order.index(item[0][1]))
    return Sums(
        sum(finding.certain for finding in findings),
        sum(finding.uncertain for finding in findings),
        quantity,
        tuple(money),
        dict(shares),
    )


def exact_sum(numbers: Iterable[Decimal]) -> Decimal:
    """A sum without rounding, however many digits there are."""
    with localcontext(EXACT):
        return sum(numbers, _ZERO)


def plain_day(day: date) -> str:
    """A day as pages write it: 30 Nov 2026."""
    return f"{day.day} {day:%b %Y}"


@dataclass(frozen=True, slots=True)
class Words:
    """A cause for people: its name, what happened, what to do, and how much it matters."""

    name: str
    sentence: str
    advice: str
    tone: str = "neutral"
    icon: str = "info"


CAUSES: Mapping[Cause, Words] = {
    Cause.UNCERTAIN: Words(
        "Uncertain calls",
        "A worker or a connection broke off after these calls were sent, so nobody saw an answer;"
        " Azure's bill says how many of them counted.",
        "Nothing: the bill is right, and they were shown as uncertain from the start.",
        icon="help",
    ),
    Cause.ROUNDING: Words(
        "Rounding",
        "Azure's file prints fewer decimal places than the meter keeps.",
        "Nothing.",
    ),
    Cause.UNREAD: Words(
        "Not readable",
        "A row of the file about these calls cannot be read, so what it charges is missing here.",
        "The tenant's page names the line: export these days once more and import that file.",
        "warning",
        "file",
    ),
    Cause.LATE: Words(
        "Late or moved",
        "Azure has not exported these calls yet, or counted calls near midnight on the day beside.",
        "Import a newer export in three days; what was moved is the same over two days.",
        "info",
        "clock",
    ),
    Cause.PRICE: Words(
        "Another price",
        "Azure charged another price for each call than the price book has.",
        "Compare the price book with your agreement, and enter the price with its first day.",
        "warning",
        "chart",
    ),
    Cause.RULE: Words(
        "Another billing rule",
        "Azure bills other answers than the price book says: with that rule every day agrees.",
        "Enter a price with this rule in the price book.",
        "warning",
        "list",
    ),
    Cause.FOREIGN: Words(
        "Not from us",
        "Azure charged more calls than this portal made, uncertain ones included.",
        "Ask the customer what else calls the SCIM API of this directory, and check who may use"
        " the application's credential; replace it if nobody knows.",
        "danger",
        "alert",
    ),
    Cause.NOT_BILLED: Words(
        "Not billed",
        "This portal counted calls that Azure did not charge.",
        "Look for resources that belong to no tenant yet, and import the newest export of the"
        " month; if it stays, the bill is lower than expected and nothing is owed.",
        "warning",
        "help",
    ),
    Cause.UNEXPLAINED: Words(
        "Unexplained",
        "No cause accounts for this remainder.",
        "Compare the day's rows of the export with the day's calls here; ask Microsoft's billing"
        " support if both look right.",
        "danger",
        "help",
    ),
}
