"""Statements: the month's list, one statement open or closed, closing and correcting."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing import selectors
from billing.domain.focus import Issuer
from billing.domain.periods import Month, month_of
from billing.domain.pricing import Cost
from billing.domain.statements import UsageCost, totals
from billing.domain.tables import Value
from billing.exports import write_focus
from billing.forms.statements import CorrectionForm
from billing.models import Statement, StatementLine
from billing.selectors.bills import standing_of
from billing.selectors.statement_rows import figures_of, statement_charges, statement_table
from billing.services.statements import (
    AlreadyClosed,
    AlreadyThere,
    CannotClose,
    NotBegun,
    add_correction,
    close_statement,
    open_statement,
    remove_correction,
)
from billing.views.costs import later_than, month_asked, parsed_month
from billing.views.lists import Listing, Order, as_file, download, file_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant
from tenants.selectors import customers_for

_PAGE = 50
_NOTE = 300


@dataclass(frozen=True, slots=True)
class Row:
    """A customer in the list of a month's statements, with what its calls cost by today."""

    customer: Customer
    statement: Statement | None
    cost: Cost

    @property
    def state(self) -> str:
        """`closed`, `open` or `none`."""
        if self.statement is None:
            return "none"
        return "closed" if self.statement.is_closed else "open"


def _lines(row: Row) -> list[list[Value]]:
    statement, name = row.statement, row.customer.name
    if statement is None or not statement.is_closed:
        costs = sorted(row.cost.amounts.items()) or [("", Decimal(0))]
        return [["", name, row.state, None, *each, None, None, None, None] for each in costs]
    return [
        [
            statement.number,
            name,
            row.state,
            statement.closed_at.date() if statement.closed_at else None,
            statement.currency,
            statement.cost,
            statement.markup,
            statement.fee,
            statement.corrections,
            statement.total,
        ]
    ]


STATEMENTS: Listing[Row] = Listing(
    "statements",
    (
        "statement",
        "customer",
        "state",
        "closed",
        "currency",
        "cost",
        "markup",
        "fee",
        "corrections",
        "total",
    ),
    _lines,
    {
        "name": Order("Customer", lambda row: row.customer.name.casefold()),
        "number": Order("Statement", lambda row: (row.statement and row.statement.number) or "~"),
        "charge": Order(
            "Charge", lambda row: (row.statement and row.statement.total) or Decimal(-1), down=True
        ),
    },
    lambda row: f"{row.customer.name} {(row.statement and row.statement.number) or ''}",
    find="Customer or number",
    only="State",
    kinds=(("open", "Open"), ("closed", "Closed"), ("none", "Not started yet")),
    kind_of=lambda row: row.state,
)


@allowed(Action.SEE_COSTS)
def statement_list(request: PortalRequest) -> HttpResponseBase:
    """Every customer's statement of a month; a month that has none yet can be opened."""
    month = month_asked(request)
    costs: dict[int, Cost] = {}
    for row in selectors.month_costs(request.user, month):
        pk = row.tenant.customer_id
        costs[pk] = costs.get(pk, Cost()) + row.cost
    kept = {s.customer_id: s for s in _of_month(request, month)}
    rows = [
        Row(customer, kept.get(customer.pk), costs.get(customer.pk, Cost()))
        for customer in customers_for(request.user, Action.SEE_COSTS)
    ]
    asked = STATEMENTS.asked(request, rows)
    if file := file_of(request, str(month), asked):
        return file
    page = Paginator(list(asked.rows), _PAGE).get_page(request.GET.get("page"))
    context = {
        "month": month,
        "later": later_than(month),
        "begun": month <= month_of(timezone.now()),
        "asked": asked,
        "page": page,
        "totals": totals_by_currency(asked.rows),
    }
    return render(request, "billing/statement_list.html", context)


def totals_by_currency(rows: Iterable[Row]) -> dict[str, Decimal]:
    """What was charged by the closed ones, each currency for itself."""
    found: dict[str, Decimal] = {}
    for row in rows:
        if row.statement is not None and row.statement.total is not None:
            code = row.statement.currency
            found[code] = found.get(code, Decimal(0)) + row.statement.total
    return found


@require_POST
@allowed(Action.BILL)
def statement_open(request: PortalRequest, slug: str, month: str) -> HttpResponse:
    """Open a customer's statement of a month."""
    customer = visible(customers_for(request.user, Action.BILL), slug=slug)
    try:
        statement = open_statement(customer=customer, month=parsed_month(month), by=request.user)
    except NotBegun as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('statement_list')}?month={month}")
    return redirect("statement_detail", pk=statement.pk)


@allowed(Action.SEE_COSTS)
def statement_detail(request: PortalRequest, pk: int) -> HttpResponseBase:
    """One statement, made to be printed; open ones show today's figures."""
    statement = visible(selectors.statements_for(request.user), pk=pk)
    if ending := request.GET.get("file", ""):
        return _statement_file(statement, ending.removeprefix("statement."))
    context = _context(statement)
    form = CorrectionForm(initial=_proposed(statement, context))
    return render(request, "billing/statement_detail.html", context | {"form": form})


@allowed(Action.SEE_COSTS)
def statement_focus(request: PortalRequest, pk: int) -> HttpResponseBase:
    """A closed statement as FOCUS 1.2, as it is invoiced."""
    statement = visible(selectors.statements_for(request.user).exclude(closed_at=None), pk=pk)
    write = partial(write_focus, statement_charges(statement), Issuer(settings.FOCUS_ISSUER))
    return download(f"focus-{statement.number}.csv", "text/csv; charset=utf-8", write)


def _statement_file(statement: Statement, ending: str) -> HttpResponseBase:
    name = statement.number or f"{statement.customer.slug}-{statement.period}-open"
    return as_file(statement_table(statement), ending, f"statement-{name}")


@require_POST
@allowed(Action.BILL)
def statement_close(request: PortalRequest, pk: int) -> HttpResponse:
    """Close and number a statement."""
    statement = visible(_billed_by(request), pk=pk)
    try:
        closed = close_statement(statement=statement, by=request.user)
    except (AlreadyClosed, CannotClose) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Closed for ever as {closed.number}.")
    return redirect("statement_detail", pk=pk)


@require_POST
@allowed(Action.BILL)
def statement_correct(request: PortalRequest, pk: int) -> HttpResponse:
    """Put a correction of a closed statement on a later one."""
    statement = visible(_billed_by(request), pk=pk)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        context = _context(statement) | {"form": form}
        return render(request, "billing/statement_detail.html", context)
    try:
        line = add_correction(corrects=statement, by=request.user, **form.facts())
    except (AlreadyClosed, AlreadyThere, CannotClose) as error:
        messages.error(request, str(error))
        return redirect("statement_detail", pk=pk)
    messages.success(request, "The correction is on this statement.")
    return redirect("statement_detail", pk=line.statement_id)


@require_POST
@allowed(Action.BILL)
def correction_remove(request: PortalRequest, pk: int, line: int) -> HttpResponse:
    """Take a correction back while its statement is open."""
    statement = visible(_billed_by(request), pk=pk)
    kept = statement.lines.filter(kind=StatementLine.Kind.CORRECTION)
    if found := kept.filter(pk=line).first():
        try:
            remove_correction(line=found, by=request.user)
        except AlreadyClosed as error:
            messages.error(request, str(error))
    else:
        messages.info(request, "That correction is not here any more.")
    return redirect("statement_detail", pk=pk)


def _billed_by(request: PortalRequest) -> QuerySet[Statement]:
    customers = customers_for(request.user, Action.BILL)
    return Statement.objects.filter(customer__in=customers).select_related("customer")


def _of_month(request: PortalRequest, month: Month) -> QuerySet[Statement]:
    return selectors.statements_for(request.user).filter(month=month.start.date())


def _context(statement: Statement) -> dict[str, Any]:
    figures = figures_of(statement)
    context: dict[str, Any] = {
        "statement": statement,
        "month": statement.period,
        "ended": later_than(statement.period) is not None,
        "standing": standing_of(statement.customer.tenants.all(), statement.period, timezone.now()),
        "figures": figures,
        "charge": figures.charge,
        "corrected_by": StatementLine.objects.filter(corrects=statement).select_related(
            "statement"
        ),
        "tenants": _by_tenant(statement.customer, figures.lines),
        "costs": totals(figures.lines),
        "uncertain": sum(line.uncertain for line in figures.lines),
        "issuer": settings.FOCUS_ISSUER,
        "printed_at": timezone.now(),
    }
    if statement.is_closed:
        changes = selectors.changes_since(statement)
        context |= {"changes": changes, "owed": selectors.owed_since(statement, changes)}
    return context


def _proposed(statement: Statement, context: dict[str, Any]) -> dict[str, str]:
    """A correction of what has changed since closing, with its reason; one currency at a time."""
    owed: dict[str, Decimal] = context.get("owed", {})
    if not owed:
        return {"currency": statement.currency or "USD"}
    currency, amount = next(iter(owed.items()))
    changes = [change for change in context["changes"] if change.now.currency == currency]
    reasons = (f"{c.now.purpose.replace('_', ' ')}: {c.reason}" for c in changes)
    note = "; ".join(dict.fromkeys(reasons))[:_NOTE]
    return {"currency": currency, "amount": f"{amount.normalize():f}", "note": note}


def _by_tenant(
    customer: Customer, lines: list[UsageCost]
) -> list[tuple[Tenant, list[UsageCost], dict[str, Decimal]]]:
    found = {tenant.pk: tenant for tenant in customer.tenants.all()}
    grouped: dict[int, list[UsageCost]] = {}
    for line in lines:
        grouped.setdefault(line.tenant, []).append(line)
    return [(found[pk], own, totals(own)) for pk, own in grouped.items()]
