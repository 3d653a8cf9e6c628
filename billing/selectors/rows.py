"""Usage as rows for files: by UTC day, tenant and purpose, exact, one query for all of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from billing.domain.focus import Charge
from billing.domain.periods import Month, start_of
from billing.domain.pricing import UNCERTAIN, Price, PriceBook
from billing.domain.usage_rows import UsageRow
from billing.models import DailyUsage
from billing.selectors.costs import price_book
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant, User
from tenants.selectors import tenants_for


@dataclass(frozen=True, slots=True)
class PricedDay:
    """One tenant's calls of a day for one purpose; `parts`: billable calls and their unit price.

    Several parts where tiers meet; no price: the price book has none for that day.
    """

    day: date
    tenant: Tenant
    purpose: str
    calls: int
    uncertain: int
    price: Price | None
    parts: tuple[tuple[int, Decimal], ...]

    @property
    def billable(self) -> int:
        """Billable calls."""
        return sum(number for number, _ in self.parts)


def used_days(viewer: User, month: Month, customer: Customer | None = None) -> QuerySet[DailyUsage]:
    """Usage of a month by day, purpose and answer, of every tenant whose costs one may see."""
    return _used(_seen(viewer, customer), month)


def priced_days(
    viewer: User, month: Month, customer: Customer | None = None
) -> Iterator[PricedDay]:
    """A month of every tenant whose costs this person may see, tenant by tenant, day by day."""
    return priced_days_of(_seen(viewer, customer), month)


def priced_days_of(seen: Iterable[Tenant], month: Month) -> Iterator[PricedDay]:
    """A month of these tenants."""
    tenants = {tenant.pk: tenant for tenant in seen}
    used = _used(tenants, month)
    rows = used.values_list("tenant_id", "day", "purpose", "status", "calls")
    book, before = price_book(), dict.fromkeys(tenants, 0)
    counts: dict[int, int] = {}
    key: tuple[int, date, str] | None = None
    in_order = rows.order_by("tenant_id", "day", "purpose", "status")  # that of their index
    for pk, day, purpose, status, calls in in_order.iterator(2000):
        if key is not None and key != (pk, day, purpose):
            yield _priced(key, counts, tenants[key[0]], book, before)
            counts = {}
        key = (pk, day, purpose)
        counts[status] = calls
    if key is not None:
        yield _priced(key, counts, tenants[key[0]], book, before)


def usage_rows(viewer: User, month: Month, customer: Customer | None = None) -> Iterator[UsageRow]:
    """The same as rows of a table; a day without a price has no currency and costs nothing."""
    for row in priced_days(viewer, month, customer):
        yield UsageRow(
            row.day,
            row.tenant.customer.name,
            row.tenant.name,
            row.purpose,
            row.calls,
            row.billable,
            row.uncertain,
            row.price.currency if row.price else "",
            sum((number * unit for number, unit in row.parts), Decimal(0)),
        )


def focus_charges(viewer: User, month: Month, customer: Customer | None = None) -> Iterator[Charge]:
    """What was billable as charges of FOCUS, one for each unit price."""
    for row in priced_days(viewer, month, customer):
        for number, unit in row.parts:
            if row.price is None or not number:
                continue
            yield Charge(
                month,
                row.day,
                row.tenant.customer.slug,
                row.tenant.customer.name,
                row.price.currency,
                f"SCIM calls: {row.purpose.replace('_', ' ')}",
                quantity=Decimal(number),
                unit_price=unit,
                tenant=row.tenant.entra_id,
                tenant_name=row.tenant.name,
                purpose=row.purpose,
            )


def _priced(
    key: tuple[int, date, str],
    counts: dict[int, int],
    tenant: Tenant,
    book: PriceBook,
    before: dict[int, int],
) -> PricedDay:
    pk, day, purpose = key
    calls, uncertain = sum(counts.values()), counts.get(UNCERTAIN, 0)
    price = book.at(start_of(day), tenant.cloud)
    if price is None:
        return PricedDay(day, tenant, purpose, calls, uncertain, None, ())
    billable = sum(number for status, number in counts.items() if price.rule.bills(status))
    parts = tuple(price.parts(billable, before[pk]))
    before[pk] += billable
    return PricedDay(day, tenant, purpose, calls, uncertain, price, parts)


def _seen(viewer: User, customer: Customer | None) -> QuerySet[Tenant]:
    tenants = tenants_for(viewer, Action.SEE_COSTS)
    return tenants if customer is None else tenants.filter(customer=customer)


def _used(tenants: Iterable[Tenant | int], month: Month) -> QuerySet[DailyUsage]:
    first, after = month.start.date(), month.end.date()
    used = DailyUsage.objects.filter(tenant__in=tenants, day__gte=first, day__lt=after)
    return used.filter(calls__gt=0)  # uncertain ones that were all found leave a row behind
