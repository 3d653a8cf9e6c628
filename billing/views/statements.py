"""Statements: the month's list, one statement open or closed, closing and correcting."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from billing import selectors
from billing.domain.periods import Month
from billing.domain.statements import NoRate, UsageCost, totals
from billing.forms.statements import CorrectionForm
from billing.models import Statement, StatementLine
from billing.services.statements import (
    AlreadyClosed,
    CannotClose,
    add_correction,
    close_statement,
    open_statement,
    remove_correction,
)
from billing.views.costs import later_than, month_asked, parsed_month
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant
from tenants.selectors import customers_for

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A customer in the list of a month's statements."""

    customer: Customer
    statement: Statement | None


@allowed(Action.SEE_COSTS)
def statement_list(request: PortalRequest) -> HttpResponse:
    """Every customer's statement of a month; a month that has none yet can be opened."""
    month = month_asked(request)
    asked = request.GET.get("q", "").strip()
    customers = customers_for(request.user, Action.SEE_COSTS).filter(name__icontains=asked)
    paged = Paginator(customers.order_by("name", "pk"), _PAGE)
    page = paged.get_page(request.GET.get("page"))
    kept = {s.customer_id: s for s in _of_month(request, month).filter(customer__in=list(page))}
    rows = [Row(customer, kept.get(customer.pk)) for customer in page]
    context = {
        "month": month,
        "later": later_than(month),
        "page": page,
        "rows": rows,
        "asked": asked,
    }
    return render(request, "billing/statement_list.html", context)


@require_POST
@allowed(Action.BILL)
def statement_open(request: PortalRequest, slug: str, month: str) -> HttpResponse:
    """Open a customer's statement of a month."""
    customer = visible(customers_for(request.user, Action.BILL), slug=slug)
    statement = open_statement(customer=customer, month=parsed_month(month), by=request.user)
    return redirect("statement_detail", pk=statement.pk)


@allowed(Action.SEE_COSTS)
def statement_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One statement, made to be printed; open ones show today's figures."""
    statement = visible(selectors.statements_for(request.user), pk=pk)
    form = CorrectionForm(initial={"currency": statement.currency or "USD"})
    return render(request, "billing/statement_detail.html", _context(statement) | {"form": form})


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
    except CannotClose as error:
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
    try:
        remove_correction(line=visible(kept, pk=line), by=request.user)
    except AlreadyClosed as error:
        messages.error(request, str(error))
    return redirect("statement_detail", pk=pk)


def _billed_by(request: PortalRequest) -> QuerySet[Statement]:
    customers = customers_for(request.user, Action.BILL)
    return Statement.objects.filter(customer__in=customers).select_related("customer")


def _of_month(request: PortalRequest, month: Month) -> QuerySet[Statement]:
    return selectors.statements_for(request.user).filter(month=month.start.date())


def _context(statement: Statement) -> dict[str, Any]:
    corrections = statement.lines.filter(kind=StatementLine.Kind.CORRECTION)
    context: dict[str, Any] = {
        "statement": statement,
        "month": statement.period,
        "corrections": corrections.select_related("corrects"),
        "corrected_by": StatementLine.objects.filter(corrects=statement).select_related(
            "statement"
        ),
    }
    if statement.is_closed:
        lines = selectors.frozen_lines(statement)
        changes = selectors.changes_since(statement)
        net = totals(_difference(change) for change in changes)
        context |= {"changes": changes, "net": net, "charge": statement}
    else:
        lines = selectors.usage_costs(statement.customer, statement.period)
        try:
            context["charge"], context["terms"] = selectors.statement_charge(statement, lines)
        except NoRate as error:
            context["no_rate"] = str(error)
    return context | {"tenants": _by_tenant(statement.customer, lines), "costs": totals(lines)}


def _by_tenant(
    customer: Customer, lines: list[UsageCost]
) -> list[tuple[Tenant, list[UsageCost], dict[str, Decimal]]]:
    found = {tenant.pk: tenant for tenant in customer.tenants.all()}
    grouped: dict[int, list[UsageCost]] = {}
    for line in lines:
        grouped.setdefault(line.tenant, []).append(line)
    return [(found[pk], own, totals(own)) for pk, own in grouped.items()]


def _difference(change: selectors.Change) -> UsageCost:
    now = change.now
    amount = now.amount - change.closed.amount
    return UsageCost(now.tenant, now.purpose, 0, 0, 0, now.currency, amount)
