"""Budgets: where each stands, adding, changing and removing them."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.domain.budgets import Course, Span, Standing, months_of
from billing.domain.statements import NoRate
from billing.domain.tables import Value
from billing.forms.budgets import BUDGET_TAKEN, BudgetForm
from billing.models import Budget
from billing.selectors.budgets import budgets_for, sees_msp, standings_of
from billing.selectors.headings import Heading, budget_headings
from billing.services import remove_budget, set_budget
from billing.templatetags.billing_ui import VERDICTS
from billing.views.form_page import FormPage, keeps
from billing.views.lists import Listing, Order, file_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import customers_for, tenants_for

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A budget with where it stands and is heading, or why that cannot be said."""

    budget: Budget
    begins: date
    standing: Standing | None = None
    heading: Heading = field(default_factory=Heading)

    @property
    def course(self) -> Course | None:
        """The course, where it can be said."""
        return self.heading.against_budget


def _lines(row: Row) -> list[list[Value]]:
    budget, standing, course = row.budget, row.standing, row.course
    return [
        [
            budget.customer.name if budget.customer else "",
            budget.tenant.name if budget.tenant else "",
            budget.span,
            row.begins,
            budget.currency,
            budget.amount,
            standing.spent if standing else None,
            standing.doubtful if standing else None,
            standing.left if standing else None,
            course.low if course else None,
            course.expected if course else None,
            course.high if course else None,
            budget.stop,
        ]
    ]


BUDGETS: Listing[Row] = Listing(
    "budgets",
    (
        "customer",
        "tenant",
        "span",
        "from",
        "currency",
        "amount",
        "spent",
        "doubtful",
        "left",
        "expected_low",
        "expected",
        "expected_high",
        "stop",
    ),
    _lines,
    {
        "whose": Order("For", lambda row: (row.budget.customer is not None, whose(row.budget))),
        "used": Order("Most used", lambda row: row.course.percent if row.course else 0, down=True),
        "expected": Order(
            "Most expected",
            lambda row: row.course.expected_percent if row.course else 0,
            down=True,
        ),
    },
    lambda row: whose(row.budget),
    find="Customer or tenant",
    only="State",
    kinds=tuple((each.value, words) for each, words in VERDICTS.items()),
    kind_of=lambda row: str(row.course.verdict) if row.course else "",
)


BUDGET_PAGE = FormPage(
    "Budget",
    "It counts what was spent in its period before. Every budget above a call is asked: that"
    " of the tenant, of the customer, of all.",
    "Save",
    "Budgets",
    reverse_lazy("budget_list"),
    "billing/budget_form.html",
)


def whose(budget: Budget) -> str:
    """Whose budget it is, for sorting and finding."""
    return f"{budget.customer or 'All customers'} {budget.tenant or ''}".casefold()


@allowed(Action.SEE_COSTS)
def budget_list(request: PortalRequest) -> HttpResponseBase:
    """Every budget this person may see, how much of it is spent, and how its period will end."""
    now = timezone.now()
    budgets = list(budgets_for(request.user))
    asked = BUDGETS.asked(request, _rows(budgets, now))
    if file := file_of(request, f"{now:%Y-%m-%d}", asked):
        return file
    page = Paginator(list(asked.rows), _PAGE).get_page(request.GET.get("page"))
    return render(request, "billing/budget_list.html", {"asked": asked, "page": page})


@allowed(Action.BILL)
def budget_add(request: PortalRequest) -> HttpResponse:
    """Add a budget."""
    return _edit(request, None)


@allowed(Action.BILL)
def budget_edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Change a budget."""
    return _edit(request, visible(_billed_by(request), pk=pk))


@require_POST
@allowed(Action.BILL)
def budget_remove(request: PortalRequest, pk: int) -> HttpResponse:
    """Remove a budget."""
    remove_budget(visible(_billed_by(request), pk=pk), by=request.user)
    messages.success(request, "The budget is gone; nothing is held against it any more.")
    return redirect("budget_list")


def _edit(request: PortalRequest, budget: Budget | None) -> HttpResponse:
    form = BudgetForm(
        request.POST or None,
        instance=budget,
        tenants=list(tenants_for(request.user, Action.BILL).order_by("customer__name", "name")),
        customers=list(customers_for(request.user, Action.BILL).order_by("name")),
        msp=sees_msp(request.user, Action.BILL),
    )
    if request.method == "POST" and form.is_valid() and _kept(request, form):
        messages.success(request, "The budget holds from now on.")
        return redirect("budget_list")
    return BUDGET_PAGE.shown(request, form, budget=budget)


def _kept(request: PortalRequest, form: BudgetForm) -> bool:
    budget = form.save(commit=False)
    return keeps(form, lambda: set_budget(budget, by=request.user), "span", BUDGET_TAKEN)


def _billed_by(request: PortalRequest) -> QuerySet[Budget]:
    """Budgets that this person may change."""
    seen = budgets_for(request.user)
    own = seen.filter(customer__in=customers_for(request.user, Action.BILL))
    return seen.filter(customer=None) | own if sees_msp(request.user, Action.BILL) else own


def _rows(budgets: list[Budget], now: datetime) -> list[Row]:
    standings, headings = standings_of(budgets, now), budget_headings(budgets, now)
    rows = []
    for budget in budgets:
        begins = months_of(Span(budget.span), now)[0].start.date()
        found = standings[budget.pk]
        if isinstance(found, NoRate):
            rows.append(Row(budget, begins, heading=Heading(problem=str(found))))
        else:
            rows.append(Row(budget, begins, found, headings(budget, found.spent)))
    return rows
