"""One statement as rows: as a table for people's books, and, once closed, as charges of FOCUS.

Both say what the statement says: of a closed one what it was closed with, whatever is counted now.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext

from billing.domain.azure_formats import EXACT
from billing.domain.focus import Category, exact_parts
from billing.domain.focus import Charge as FocusCharge
from billing.domain.periods import Month
from billing.domain.statements import Charge, NoRate, UsageCost
from billing.domain.tables import Table, Value
from billing.models import Statement, StatementLine
from billing.selectors.rows import priced_days_of
from billing.selectors.statements import frozen_lines, statement_charge, usage_costs
from tenants.models import Tenant

COLUMNS = (
    "statement",
    "customer",
    "month",
    "state",
    "part",
    "tenant",
    "purpose",
    "calls",
    "billable",
    "uncertain",
    "currency",
    "amount",
    "note",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a statement says: lines, charge and total (None: a rate is missing), corrections."""

    lines: list[UsageCost]
    charge: Charge | None
    total: Decimal | None
    markup_percent: Decimal
    corrections: list[StatementLine]
    problem: str = ""


def figures_of(statement: Statement) -> Figures:
    """A closed statement's own figures; today's of an open one."""
    waiting = statement.lines.filter(kind=StatementLine.Kind.CORRECTION)
    corrections = list(waiting.select_related("corrects"))
    if statement.is_closed:
        return Figures(
            frozen_lines(statement),
            _closed_charge(statement),
            statement.total,
            statement.markup_percent or Decimal(0),
            corrections,
        )
    lines = usage_costs(statement.customer, statement.period)
    try:
        charge, terms = statement_charge(statement, lines)
    except NoRate as error:
        return Figures(lines, None, None, Decimal(0), corrections, str(error))
    return Figures(lines, charge, charge.total, terms.markup_percent, corrections)


def statement_table(statement: Statement) -> Table:
    """Usage lines, corrections, and how they come to the total: one flat table.

    Rows of part `usage` and `correction` are what the rows below are made of: `cost`, `markup`,
    `fee` and `corrections`, exact, in the currency of the charge; `total` is their sum to the cent.
    """
    figures = figures_of(statement)
    names = {tenant.pk: tenant.name for tenant in statement.customer.tenants.all()}
    state = "closed" if statement.is_closed else "open"
    about = (statement.number or "", statement.customer.name, str(statement.period), state)
    return Table("Statement", COLUMNS, ([*about, *row] for row in _rows(figures, names)))


def statement_charges(statement: Statement) -> list[FocusCharge]:
    """A closed statement as charges that come to its total exactly.

    Usage stands at the customer's price, list price without the markup. It is told by day where
    today's days come to what was closed, and otherwise for the month, as the statement does.
    """
    plain = FocusCharge(
        statement.period,
        statement.month,
        statement.customer.slug,
        statement.customer.name,
        statement.currency,
        "SCIM calls",
        until=statement.period.end.date(),
        invoice=statement.number or "",
    )
    with localcontext(EXACT):
        rows = [
            *_usage(statement, plain),
            *_fee(statement, plain),
            *_corrections(statement, plain),
        ]
        total = statement.total or Decimal(0)
        if rest := total - sum((row.cost for row in rows), Decimal(0)):
            words, category = "Rounding to the cent", Category.ADJUSTMENT
            rows.append(replace(plain, description=words, category=category, amount=rest))
    return rows


def _rows(figures: Figures, names: dict[int, str]) -> Iterator[list[Value]]:
    for line in figures.lines:
        counts = [line.calls, line.billable, line.uncertain]
        name = names[line.tenant]
        yield ["usage", name, line.purpose, *counts, line.currency, line.amount, ""]
    for row in figures.corrections:
        corrected = row.corrects.number if row.corrects else ""
        yield _summed("correction", row.currency, row.amount, f"{corrected}: {row.note}")
    charge = figures.charge
    if charge is None:
        yield _summed("total", "", None, figures.problem)
        return
    used = (f"1 {code} = {rate:f} {charge.currency}" for code, rate in charge.rates.items())
    markup = f"{figures.markup_percent.normalize():f} % of the cost" if charge.markup else ""
    yield _summed("cost", charge.currency, charge.cost, "; ".join(used))
    yield _summed("markup", charge.currency, charge.markup, markup)
    yield _summed("fee", charge.currency, charge.fee)
    yield _summed("corrections", charge.currency, charge.corrections)
    yield _summed("total", charge.currency, figures.total, "rounded once, to the cent")


def _summed(part: str, currency: str, amount: Decimal | None, note: str = "") -> list[Value]:
    return [part, "", "", None, None, None, currency, amount, note]


def _closed_charge(statement: Statement) -> Charge:
    zero = Decimal(0)
    rates = {code: Decimal(rate) for code, rate in statement.rates.items()}
    return Charge(
        statement.currency,
        statement.cost or zero,
        statement.markup or zero,
        statement.fee or zero,
        statement.corrections or zero,
        rates,
    )


def _usage(statement: Statement, plain: FocusCharge) -> Iterator[FocusCharge]:
    tenants = list(statement.customer.tenants.select_related("customer"))
    found = {tenant.pk: tenant for tenant in tenants}
    days = _days(tenants, statement.period)
    markup = 1 + (statement.markup_percent or Decimal(0)) * Decimal("0.01")
    for line in frozen_lines(statement):
        rate = Decimal(statement.rates.get(line.currency, "1"))
        for begins, until, quantity, unit in _parts(statement, line, days):
            yield replace(
                plain,
                day=begins,
                until=until,
                description=f"SCIM calls: {line.purpose.replace('_', ' ')}",
                quantity=Decimal(quantity),
                unit_price=unit * rate * markup,
                list_price=unit * rate,
                tenant=found[line.tenant].entra_id,
                tenant_name=found[line.tenant].name,
                purpose=line.purpose,
            )


def _fee(statement: Statement, plain: FocusCharge) -> Iterator[FocusCharge]:
    if statement.fee:
        yield replace(
            plain,
            description="Provisioning, a month",
            category=Category.PURCHASE,
            quantity=Decimal(1),
            unit_price=statement.fee,
        )


def _corrections(statement: Statement, plain: FocusCharge) -> Iterator[FocusCharge]:
    for row in statement.lines.filter(kind=StatementLine.Kind.CORRECTION).select_related(
        "corrects"
    ):
        if row.corrects is not None:
            yield replace(
                plain,
                day=row.corrects.month,
                until=row.corrects.period.end.date(),
                description=f"Correction of {row.corrects.number}: {row.note}",
                category=Category.ADJUSTMENT,
                amount=row.amount * Decimal(statement.rates.get(row.currency, "1")),
                corrects_invoiced=True,
            )


_Part = tuple[date, date, int, Decimal]


def _parts(
    statement: Statement, line: UsageCost, days: dict[tuple[int, str, str], list[_Part]]
) -> list[_Part]:
    """Days of a closed line, as they are counted today if that comes to the same."""
    found = days.get((line.tenant, line.purpose, line.currency), [])
    billable = sum(quantity for _, _, quantity, _ in found)
    amount = sum((quantity * unit for _, _, quantity, unit in found), Decimal(0))
    if (billable, amount) == (line.billable, line.amount):
        return found
    month = (statement.month, statement.period.end.date())
    return [(*month, *part) for part in exact_parts(line.billable, line.amount)]


def _days(tenants: list[Tenant], month: Month) -> dict[tuple[int, str, str], list[_Part]]:
    """Billable calls by day and unit price, of each tenant, purpose and currency."""
    found: dict[tuple[int, str, str], list[_Part]] = {}
    for row in priced_days_of(tenants, month):
        for quantity, unit in row.parts:
            if row.price is not None and quantity:
                key = (row.tenant.pk, row.purpose, row.price.currency)
                until = row.day + timedelta(days=1)
                found.setdefault(key, []).append((row.day, until, quantity, unit))
    return found
