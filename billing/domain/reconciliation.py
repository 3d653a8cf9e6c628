"""What the meter counted against what Azure charged, per UTC day and tenant, explained by cause.

Calls and money are explained together. Causes take their share in the order of `Cause`; what is
left has a name, too, so that the shares of a day add up to its differences exactly. A call's share
of money is priced as the meter prices the day's next call; what the file's own price makes of the
same calls is the cause `price`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from itertools import pairwise

from billing.domain.azure_costs import ImportedDay
from billing.domain.azure_formats import EXACT

LATE_DAYS = 3
# One day on which another rule gives the very count may be chance.
_RULE_DAYS = 2
_ZERO = Decimal(0)
Rates = Mapping[tuple[str, str], Decimal]


class ReconciliationError(Exception):
    """The two sides cannot be compared; the message says what is missing."""


class Cause(StrEnum):
    """Why a day differs, in the order in which differences are explained."""

    UNCERTAIN = "uncertain"  # calls whose end nobody saw: each was counted there or was not
    ROUNDING = "rounding"  # the file prints fewer places
    UNREAD = "unread"  # a row of the file about this day cannot be read
    LATE = "late"  # not exported yet, or counted on the day beside it
    PRICE = "price"  # the same calls at another price
    RULE = "rule"  # another billing rule gives Azure's count on every day
    FOREIGN = "foreign"  # calls that did not come from here: worth an alert
    NOT_BILLED = "not billed"  # calls counted here that Azure did not charge
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Share:
    """Calls and money that one cause explains; negative: less than was metered."""

    calls: Decimal = _ZERO
    amount: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class MeteredDay:
    """One tenant's UTC day by the meter.

    `certain`: billable calls; `amount`: their exact price; `unit_price`: that of the next one.
    `found`: those of them whose answer nobody saw: what they made is there, so they were a success,
    unless the service failed after the write.
    `rules`: billable calls under other billing rules, by the rule's text. `first_hour` and
    `last_hour`: certain calls within an hour of midnight.
    """

    day: date
    tenant: str
    certain: int
    uncertain: int
    amount: Decimal
    currency: str
    unit_price: Decimal
    rules: Mapping[str, int] = field(default_factory=dict)
    first_hour: int = 0
    last_hour: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class BilledDay:
    """One tenant's UTC day by the export; slacks as in `ImportedDay`.

    `unread`: a row of it cannot be read, so that its figures are not all of them.
    """

    day: date
    tenant: str
    quantity: Decimal
    cost: Decimal
    currency: str
    price: Decimal | None = None
    quantity_slack: Decimal = _ZERO
    cost_slack: Decimal = _ZERO
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One tenant's day, compared; amounts in the currency of the export."""

    day: date
    tenant: str
    currency: str
    certain: int
    uncertain: int
    metered: Decimal
    quantity: Decimal
    cost: Decimal
    rule: str
    shares: Mapping[Cause, Share]

    @property
    def difference(self) -> Share:
        """What Azure charged beyond what was metered."""
        with localcontext(EXACT):
            return Share(self.quantity - self.certain, self.cost - self.metered)

    @property
    def alert(self) -> bool:
        """Whether somebody else seems to have called."""
        return Cause.FOREIGN in self.shares


def billed_days(
    usage: Iterable[ImportedDay], tenants: Mapping[str, str]
) -> tuple[list[BilledDay], list[ImportedDay]]:
    """Imported usage by tenant, and what belongs to none.

    `tenants`: labels by resource id or directory id, both in lower case. Raises
    ReconciliationError when a tenant's day is charged in two currencies.
    """
    parts: dict[tuple[date, str], list[ImportedDay]] = defaultdict(list)
    unknown = []
    for part in usage:
        label = tenants.get(part.resource_id) or tenants.get(part.tenant)
        if label:
            parts[part.day, label].append(part)
        else:
            unknown.append(part)
    return [_billed(day, label, found) for (day, label), found in sorted(parts.items())], unknown


def _billed(day: date, tenant: str, parts: list[ImportedDay]) -> BilledDay:
    currencies = sorted({part.currency for part in parts} - {""}) or [""]
    if len(currencies) > 1:
        raise ReconciliationError(f"{tenant} is charged in {' and '.join(currencies)} on {day}.")
    prices = {part.price for part in parts if part.unread is None}
    with localcontext(EXACT):
        return BilledDay(
            day,
            tenant,
            sum((part.quantity for part in parts), _ZERO),
            sum((part.cost for part in parts), _ZERO),
            currencies[0],
            prices.pop() if len(prices) == 1 else None,
            sum((part.quantity_slack for part in parts), _ZERO),
            sum((part.cost_slack for part in parts), _ZERO),
            any(part.unread is not None for part in parts),
        )


def reconcile(
    metered: Iterable[MeteredDay],
    billed: Iterable[BilledDay],
    covered: tuple[date, date],
    rates: Rates | None = None,
    late_days: int = LATE_DAYS,
) -> list[Finding]:
    """Each tenant's day from the first to the last that the export covers, both included.

    `rates`: units of the export's currency (second) for one of the meter's (first). Raises
    ReconciliationError when one is needed and not there.
    """
    first, last = covered
    ours: dict[str, dict[date, MeteredDay]] = defaultdict(dict)
    theirs: dict[str, dict[date, BilledDay]] = defaultdict(dict)
    for one in metered:
        if first <= one.day <= last:
            ours[one.tenant][one.day] = one
    for other in billed:
        if first <= other.day <= last:
            theirs[other.tenant][other.day] = other
    late_from = last - timedelta(days=late_days - 1)
    findings = []
    with localcontext(EXACT):
        for tenant in sorted(ours.keys() | theirs.keys()):
            pairs = _paired(tenant, ours[tenant], theirs[tenant], rates or {})
            findings += _findings(pairs, late_from)
    return findings


def by_cause(findings: Iterable[Finding]) -> dict[tuple[str, Cause], Share]:
    """Shares added up by currency and cause."""
    totals: dict[tuple[str, Cause], Share] = {}
    with localcontext(EXACT):
        for finding in findings:
            for cause, share in finding.shares.items():
                had = totals.get((finding.currency, cause), Share())
                added = Share(had.calls + share.calls, had.amount + share.amount)
                totals[finding.currency, cause] = added
    return totals


@dataclass(slots=True)
class _Pair:
    """One day of one tenant while it is explained; `rest`: calls without a cause yet."""

    metered: MeteredDay
    billed: BilledDay
    rest: Decimal
    shares: dict[Cause, Share] = field(default_factory=dict)

    def give(self, cause: Cause, calls: Decimal, amount: Decimal | None = None) -> None:
        """Explain so many calls, at the meter's price if no amount is said."""
        amount = calls * self.metered.unit_price if amount is None else amount
        had = self.shares.get(cause, Share())
        share = Share(had.calls + calls, had.amount + amount)
        self.rest -= calls
        if share == Share() and cause is not Cause.UNREAD:
            self.shares.pop(cause, None)
        else:
            self.shares[cause] = share


def _paired(
    tenant: str,
    ours: dict[date, MeteredDay],
    theirs: dict[date, BilledDay],
    rates: Rates,
) -> list[_Pair]:
    """Both sides of each day, in the export's currency; a missing side is a day without calls."""
    charged = {other.currency for other in theirs.values()} - {""}
    charged = charged or {one.currency for one in ours.values()}
    if len(charged) > 1:
        raise ReconciliationError(f"{tenant} is charged in {' and '.join(sorted(charged))}.")
    # Nothing says one where all that is known of a month is a row that cannot be read.
    currency = charged.pop() if charged else ""
    priced = [one for _, one in sorted(ours.items())]
    pairs = []
    for day in sorted(ours.keys() | theirs.keys()):
        other = theirs.get(day) or BilledDay(day, tenant, _ZERO, _ZERO, currency)
        other = replace(other, currency=currency)
        one = ours.get(day) or _without_calls(other, priced)
        pairs.append(_Pair(_converted(one, currency, rates), other, other.quantity - one.certain))
    return pairs


def _without_calls(other: BilledDay, priced: list[MeteredDay]) -> MeteredDay:
    """A day the meter knows nothing of, at its last price, or else at the file's."""
    unit, currency = other.price or _ZERO, other.currency
    if priced:
        unit, currency = priced[-1].unit_price, priced[-1].currency
    return MeteredDay(other.day, other.tenant, 0, 0, _ZERO, currency, unit)


def _converted(one: MeteredDay, currency: str, rates: Rates) -> MeteredDay:
    if one.currency == currency:
        return one
    rate = rates.get((one.currency, currency))
    if rate is None:
        message = f"{one.tenant}: enter what one {one.currency} was in {currency} on {one.day}."
        raise ReconciliationError(message)
    amount, unit = one.amount * rate, one.unit_price * rate
    return replace(one, amount=amount, currency=currency, unit_price=unit)


def _findings(pairs: list[_Pair], late_from: date) -> list[Finding]:
    rule = _other_rule(pairs, late_from)
    for pair in pairs:
        if rule:
            pair.give(Cause.RULE, Decimal(pair.metered.rules[rule] - pair.metered.certain))
        _uncertain_and_rounding(pair)
    _shifted(pairs)
    for pair in pairs:
        if pair.billed.unread:
            # Also where the rest comes out right: nobody knows what the row says.
            pair.give(Cause.UNREAD, min(pair.rest, _ZERO))
        elif pair.rest < 0 and pair.billed.day >= late_from:
            pair.give(Cause.LATE, pair.rest)
        _money(pair)
        whole = pair.rest.to_integral_value(ROUND_DOWN)
        pair.give(Cause.FOREIGN if whole > 0 else Cause.NOT_BILLED, whole)
        pair.give(Cause.UNEXPLAINED, pair.rest)
    return [_finding(pair, rule) for pair in pairs]


def _finding(pair: _Pair, rule: str) -> Finding:
    one, other = pair.metered, pair.billed
    order = list(Cause)
    return Finding(
        other.day,
        other.tenant,
        other.currency,
        one.certain,
        one.uncertain,
        one.amount,
        other.quantity,
        other.cost,
        rule,
        dict(sorted(pair.shares.items(), key=lambda item: order.index(item[0]))),
    )


def _other_rule(pairs: list[_Pair], late_from: date) -> str:
    """The rule under which every day comes out right while it does not under ours; or nothing."""
    texts = {text for pair in pairs for text in pair.metered.rules}
    judged = [
        pair
        for pair in pairs
        if not pair.billed.unread and (pair.rest >= 0 or pair.billed.day < late_from)
    ]
    for text in sorted(texts):
        if all(text in pair.metered.rules for pair in pairs):
            wrong = sum(not _fits(pair, pair.metered.certain) for pair in judged)
            right = all(_fits(pair, pair.metered.rules[text]) for pair in judged)
            if right and wrong >= _RULE_DAYS:
                return text
    return ""


def _fits(pair: _Pair, count: int) -> bool:
    """Whether Azure's quantity lies between a count and that with every uncertain call."""
    one, slack = pair.metered, pair.billed.quantity_slack
    return count - one.found - slack <= pair.billed.quantity <= count + one.uncertain + slack


def _uncertain_and_rounding(pair: _Pair) -> None:
    most, least = Decimal(pair.metered.uncertain), -Decimal(pair.metered.found)
    pair.give(Cause.UNCERTAIN, min(max(pair.rest.to_integral_value(ROUND_HALF_UP), least), most))
    if abs(pair.rest) <= pair.billed.quantity_slack:
        pair.give(Cause.ROUNDING, pair.rest)


def _shifted(pairs: list[_Pair]) -> None:
    """Calls near midnight that Azure counted on the day beside theirs."""
    for before, after in pairwise(pairs):
        if after.billed.day - before.billed.day != timedelta(days=1):
            continue
        later = min(-before.rest, after.rest, Decimal(before.metered.last_hour))
        sooner = min(before.rest, -after.rest, Decimal(after.metered.first_hour))
        moved = max(later, _ZERO) - max(sooner, _ZERO)
        before.give(Cause.LATE, -moved)
        after.give(Cause.LATE, moved)


def _money(pair: _Pair) -> None:
    """What the money differs beyond the calls: rounding, price, or nobody knows."""
    one, other = pair.metered, pair.billed
    own = one.amount + (other.quantity - one.certain) * one.unit_price
    rest = other.cost - own
    if abs(rest) <= other.cost_slack + other.quantity_slack * one.unit_price:
        pair.give(Cause.ROUNDING, _ZERO, rest)
    elif not other.quantity:
        pair.give(Cause.UNREAD if other.unread else Cause.UNEXPLAINED, _ZERO, rest)
    elif other.price is None:
        pair.give(Cause.PRICE, _ZERO, rest)
    else:
        _by_printed_price(pair, other.price, own)


def _by_printed_price(pair: _Pair, price: Decimal, own: Decimal) -> None:
    """The file says what a call cost: that explains as much as it can, not whatever is left."""
    other = pair.billed
    priced = other.quantity * price
    pair.give(Cause.PRICE, _ZERO, priced - own)
    rest = other.cost - priced
    half_place = Decimal("0.5").scaleb(int(price.as_tuple().exponent))
    if abs(rest) <= other.cost_slack + other.quantity_slack * price:
        pair.give(Cause.ROUNDING, _ZERO, rest)
    elif price != pair.metered.unit_price and abs(rest) <= abs(other.quantity) * half_place:
        pair.give(Cause.PRICE, _ZERO, rest)
    else:
        pair.give(Cause.UNEXPLAINED, _ZERO, rest)
