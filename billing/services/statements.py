"""Opening, closing and correcting customers' monthly statements."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.domain.periods import Month, month_of
from billing.domain.pricing import show
from billing.domain.statements import NoRate, UsageCost
from billing.models import Call, Statement, StatementLine, StatementNumber, Usage
from billing.selectors import statement_charge, usage_costs
from tenants.models import Customer, User
from tenants.services import record


class CannotClose(Exception):
    """A statement cannot be closed yet; str() says why."""


class NotBegun(Exception):
    """A month to come has no statement yet; str() says so."""


class AlreadyThere(Exception):
    """The same correction waits already; str() says where, and what to do for a second one."""


class AlreadyClosed(Exception):
    """A closed statement never changes; a later one carries a correction."""


def open_statement(*, customer: Customer, month: Month, by: User | None) -> Statement:
    """The customer's statement of a month, opened if it was not yet; raises NotBegun."""
    if timezone.now() < month.start:
        raise NotBegun(f"{month} has not begun yet (in UTC).")
    with transaction.atomic():
        statement, new = Statement.objects.get_or_create(
            customer=customer, month=month.start.date()
        )
        if new:
            record("statement.opened", by=by, customer=customer, subject=f"{customer}, {month}")
    return statement


def open_ended_months(now: datetime) -> int:
    """Open the statement of the last month for every customer with calls in it; gives how many."""
    month = month_of(now).previous()
    used = Usage.objects.filter(hour__gte=month.start, hour__lt=month.end).values("customer")
    missing = Customer.objects.filter(pk__in=used).exclude(statements__month=month.start.date())
    customers = list(missing)
    for customer in customers:
        open_statement(customer=customer, month=month, by=None)
    return len(customers)


@transaction.atomic
def close_statement(*, statement: Statement, by: User) -> Statement:
    """Freeze a month that has ended and number it; raises CannotClose, AlreadyClosed."""
    statement = _open_one(statement)
    _check_ended(statement.period, statement.customer)
    lines = usage_costs(statement.customer, statement.period)
    try:
        charge, terms = statement_charge(statement, lines)
    except NoRate as error:
        raise CannotClose(str(error)) from error
    if not charge.fits:
        raise CannotClose(
            f"{show(charge.currency, charge.total)} is more than a statement can be of. Look at its"
            " corrections, the customer's terms, the exchange rates and the price book."
        )
    StatementLine.objects.bulk_create(_frozen(statement, line) for line in lines)
    statement.closed_at, statement.closed_by = timezone.now(), by
    statement.number = _next_number(statement.period.year)
    statement.currency, statement.markup_percent = charge.currency, terms.markup_percent
    statement.cost, statement.markup = charge.cost, charge.markup
    statement.fee, statement.corrections = charge.fee, charge.corrections
    statement.total = charge.total
    statement.rates = {code: f"{rate:f}" for code, rate in charge.rates.items()}
    statement.save()
    record(
        "statement.closed",
        by=by,
        customer=statement.customer,
        subject=statement,
        total=f"{charge.currency} {charge.total}",
    )
    return statement


@transaction.atomic
def add_correction(
    *, corrects: Statement, currency: str, amount: Decimal, note: str, by: User
) -> StatementLine:
    """Put a correction of a closed statement on the customer's next open one.

    Without one, on this month's. Raises CannotClose for a statement that is still open itself,
    AlreadyThere for what was sent twice, AlreadyClosed if the later one is closed meanwhile.
    """
    if not corrects.is_closed:
        raise CannotClose("A statement that is still open needs no correction.")
    later = Statement.objects.filter(
        customer_id=corrects.customer_id, month__gt=corrects.month, closed_at=None
    )
    target = later.order_by("month").first() or open_statement(
        customer=corrects.customer, month=month_of(timezone.now()), by=by
    )
    target = _open_one(target)
    facts = {"corrects": corrects, "currency": currency, "amount": amount, "note": note}
    if target.lines.filter(**facts).exists():
        raise AlreadyThere(
            f"This correction is on {target} already. A second one has a reason of its own."
        )
    line = StatementLine.objects.create(
        customer_id=corrects.customer_id,
        statement=target,
        kind=StatementLine.Kind.CORRECTION,
        created_by=by,
        **facts,
    )
    record(
        "statement.corrected",
        by=by,
        customer=corrects.customer,
        subject=corrects,
        amount=f"{currency} {amount:f}",
        on=str(target),
        note=note,
    )
    return line


def remove_correction(*, line: StatementLine, by: User) -> None:
    """Take a correction back from a statement that is still open; raises AlreadyClosed."""
    with transaction.atomic():
        statement = _open_one(line.statement)
        line.delete()
        record(
            "statement.correction_removed",
            by=by,
            customer=statement.customer,
            subject=line.corrects,
            amount=str(line),
        )


def _open_one(statement: Statement) -> Statement:
    locked = Statement.objects.select_for_update(of=("self",)).select_related("customer")
    statement = locked.get(pk=statement.pk)
    if statement.is_closed:
        raise AlreadyClosed(f"{statement.number} is closed; add a correction to a later one.")
    return statement


def _check_ended(month: Month, customer: Customer) -> None:
    if timezone.now() < month.end:
        raise CannotClose(f"{month} has not ended yet (in UTC).")
    open_calls = Call.objects.filter(
        customer=customer, state=Call.State.OPEN, started_at__lt=month.end
    )
    if open_calls.exists():
        raise CannotClose("Calls of this month are still on their way; try again in a minute.")


def _frozen(statement: Statement, line: UsageCost) -> StatementLine:
    return StatementLine(
        customer_id=statement.customer_id,
        statement=statement,
        tenant_id=line.tenant,
        purpose=line.purpose,
        calls=line.calls,
        billable=line.billable,
        uncertain=line.uncertain,
        currency=line.currency,
        amount=line.amount,
    )


def _next_number(year: int) -> str:
    StatementNumber.objects.get_or_create(year=year)
    StatementNumber.objects.filter(year=year).update(last=F("last") + 1)
    return f"{year}-{StatementNumber.objects.get(year=year).last:05d}"
