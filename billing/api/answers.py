"""From what selectors read to what the API answers."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from billing import selectors
from billing.api import resources
from billing.api.queries import PageQuery
from billing.api.resources import exact
from billing.domain.bills import Standing
from billing.domain.periods import Month
from billing.domain.statements import Charge, NoRate, UsageCost
from billing.models import DailyUsage, PriceBookEntry, Statement, StatementLine
from billing.selectors import TenantCost
from billing.selectors.charges import CustomerCharge
from tenants.models import Tenant

M = TypeVar("M", bound=Model)


def cut(rows: QuerySet[M], query: PageQuery) -> tuple[list[M], str | None]:
    """A part of a list in the order of its keys, and after which key the next one begins.

    Keys only grow, so that what is added while somebody reads moves nothing between two parts.
    """
    found = list(rows.filter(pk__gt=int(query.after)).order_by("pk")[: query.limit + 1])
    shown = found[: query.limit]
    return shown, str(shown[-1].pk) if len(found) > len(shown) else None


def usage_of(row: DailyUsage) -> resources.Usage:
    """One row of usage."""
    return resources.Usage(
        row.tenant.customer.slug,
        row.tenant.slug,
        row.tenant.entra_id,
        row.day,
        row.purpose,
        row.status,
        row.calls,
    )


def cost_of(row: CustomerCharge, month: Month, standings: Mapping[int, Standing]) -> resources.Cost:
    """A customer's month; `standings` by customer (pk), an estimate where there is none."""
    statement, standing = row.statement, standings.get(row.customer.pk)
    return resources.Cost(
        row.customer.slug,
        row.customer.name,
        str(month),
        standing.state if standing else "estimate",
        [_tenant_cost(each) for each in row.tenants],
        charge_of(row.charge, row.markup_percent) if row.charge else None,
        row.problem or None,
        resources.StatementName(statement.pk, statement.number, _state(statement))
        if statement
        else None,
    )


def charge_of(charge: Charge | Statement, percent: Decimal) -> resources.Charge:
    """A charge as it would be now, or that of a closed statement."""
    return resources.Charge(
        charge.currency,
        exact(charge.cost),
        exact(percent),
        exact(charge.markup),
        exact(charge.fee),
        exact(charge.corrections),
        f"{charge.total:.2f}",
    )


def statement_of(row: Statement) -> resources.Statement:
    """A statement in a list."""
    return resources.Statement(**_heading(row))


def statement_with_lines(row: Statement) -> resources.StatementDetail:
    """A statement with its lines; an open one is made of today's figures."""
    problem, charge, rates = None, _closed_charge(row), row.rates
    if row.is_closed:
        lines = selectors.frozen_lines(row)
    else:
        lines = selectors.usage_costs(row.customer, row.period)
        try:
            made, terms = selectors.statement_charge(row, lines)
        except NoRate as error:
            problem = str(error)
        else:
            charge, rates = charge_of(made, terms.markup_percent), made.rates
    kept = StatementLine.objects.filter(kind=StatementLine.Kind.CORRECTION).order_by("pk")
    return resources.StatementDetail(
        **_heading(row) | {"charge": charge},
        problem=problem,
        rates={code: str(rate) for code, rate in rates.items()},
        lines=_lines(lines, {tenant.pk: tenant for tenant in row.customer.tenants.all()}),
        corrections=_corrections(kept.filter(statement=row)),
        corrected_by=_corrections(kept.filter(corrects=row)),
    )


def price_of(entry: PriceBookEntry) -> resources.Price:
    """An entry of the price book."""
    price = entry.as_price()
    return resources.Price(
        price.cloud or None,
        price.meter,
        price.currency,
        exact(price.unit_price),
        [resources.Tier(tier.above, exact(tier.unit_price)) for tier in price.tiers],
        str(price.rule),
        price.effective_from,
        price.effective_to,
        entry.note,
    )


def _tenant_cost(row: TenantCost) -> resources.TenantCost:
    cost = row.cost
    return resources.TenantCost(
        row.tenant.slug,
        row.tenant.entra_id,
        row.tenant.name,
        cost.calls,
        cost.billable,
        cost.uncertain,
        cost.unpriced,
        [resources.Amount(code, exact(each)) for code, each in sorted(cost.amounts.items())],
    )


def _state(row: Statement) -> resources.State:
    return "closed" if row.is_closed else "open"


def _heading(row: Statement) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "state": _state(row),
        "customer": row.customer.slug,
        "month": str(row.period),
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "charge": _closed_charge(row),
    }


def _closed_charge(row: Statement) -> resources.Charge | None:
    if not row.is_closed:
        return None
    return charge_of(row, row.markup_percent or Decimal(0))


def _lines(lines: Iterable[UsageCost], tenants: Mapping[int, Tenant]) -> list[resources.Line]:
    return [
        resources.Line(
            tenants[line.tenant].slug,
            tenants[line.tenant].name,
            line.purpose,
            line.calls,
            line.billable,
            line.uncertain,
            line.currency,
            exact(line.amount),
        )
        for line in lines
    ]


def _corrections(lines: QuerySet[StatementLine]) -> list[resources.Correction]:
    return [
        resources.Correction(
            line.corrects.number or "" if line.corrects else "",
            line.statement_id,
            line.currency,
            exact(line.amount),
            line.note,
        )
        for line in lines.select_related("corrects")
    ]
