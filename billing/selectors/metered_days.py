"""What was metered of many tenants by day, as it is held against Azure's bill."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Sum

from billing.domain.periods import Month, month_of, start_of
from billing.domain.pricing import (
    EVERY_CALL,
    UNCERTAIN,
    USUAL_RULE,
    BillingRule,
    NoPrice,
    Price,
    UsageLine,
    cost_of,
    price_at,
)
from billing.domain.reconciliation import MeteredDay
from billing.models import DailyUsage, Usage
from billing.selectors.costs import price_book
from tenants.models import Tenant

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def window(month: Month) -> tuple[date, date]:
    """A month and the days beside it, where calls near midnight may have been counted."""
    return month.days[0] - _DAY, month.days[-1] + _DAY


class Meter:
    """What was metered of some tenants in a month and on the days beside it; three queries."""

    def __init__(self, pks: list[int], month: Month) -> None:
        first, last = window(month)
        self._month = month
        self._book: list[Price] = price_book()
        self._rules = {rule.text: rule for rule in (USUAL_RULE, EVERY_CALL)}
        self._rules |= {price.rule.text: price.rule for price in self._book}
        self._lines: dict[int, dict[date, list[UsageLine]]] = defaultdict(dict)
        self._edges: dict[tuple[int, datetime], list[UsageLine]] = defaultdict(list)
        rows = DailyUsage.objects.filter(tenant__in=pks, day__gte=first, day__lte=last)
        daily = rows.values_list("tenant", "day", "status").annotate(total=Sum("calls"))
        for pk, day, status, calls in daily.order_by("tenant", "day", "status"):
            line = UsageLine(start_of(day), status, calls)
            self._lines[pk].setdefault(day, []).append(line)
        starts = [start_of(first + n * _DAY) for n in range((last - first).days + 1)]
        hours = [hour for start in starts for hour in (start, start + _DAY - _HOUR)]
        near = Usage.objects.filter(tenant__in=pks, hour__in=hours)
        hourly = near.values_list("tenant", "hour", "status").annotate(total=Sum("calls"))
        for pk, hour, status, calls in hourly.order_by():
            self._edges[pk, hour].append(UsageLine(hour, status, calls))

    def used(self, pk: int) -> bool:
        """Whether a tenant made calls in the month."""
        return any(map(self._month.holds, self._lines.get(pk, ())))

    def billed_days(self, tenant: Tenant) -> list[date]:
        """Days of the month with calls that Azure should bill, or may."""
        return [
            day
            for day, lines in self._lines.get(tenant.pk, {}).items()
            if self._month.holds(day) and self._may_be_billed(tenant, day, lines)
        ]

    def counts(self, pk: int) -> tuple[int, int]:
        """All calls and uncertain ones of the month."""
        own = self._lines.get(pk, {})
        lines = [line for day, found in own.items() if self._month.holds(day) for line in found]
        lost = sum(line.calls for line in lines if line.status == UNCERTAIN)
        return sum(line.calls for line in lines), lost

    def _may_be_billed(self, tenant: Tenant, day: date, lines: list[UsageLine]) -> bool:
        try:
            rule = price_at(self._book, start_of(day), tenant.cloud).rule
        except NoPrice:
            rule = EVERY_CALL
        return any(line.status == UNCERTAIN or rule.bills(line.status) for line in lines)

    def metered(self, tenant: Tenant) -> Iterator[MeteredDay]:
        """A tenant's days with calls; raises NoPrice."""
        reached: Counter[Month] = Counter()
        for day, lines in self._lines.get(tenant.pk, {}).items():
            start = start_of(day)
            price = price_at(self._book, start, tenant.cloud)
            cost = cost_of(lines, self._book, tenant.cloud, reached)
            reached[month_of(start)] += cost.billable
            yield MeteredDay(
                day,
                tenant.name,
                cost.billable,
                cost.uncertain,
                cost.amounts.get(price.currency, price.unit_price * 0),
                price.currency,
                price.unit_at(reached[month_of(start)]),
                {text: _billable(lines, rule) for text, rule in self._rules.items()},
                _billable(self._edges.get((tenant.pk, start), []), price.rule),
                _billable(self._edges.get((tenant.pk, start + _DAY - _HOUR), []), price.rule),
                cost.found,
            )


def _billable(lines: list[UsageLine], rule: BillingRule) -> int:
    return sum(line.calls for line in lines if rule.bills(line.status))
