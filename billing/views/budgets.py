"""Budgets: where each stands, adding, changing and removing them."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.domain.budgets import Span, Standing, months_of
from billing.domain.periods import Month
from billing.domain.statements import NoRate
from billing.forms.budgets import BudgetForm
from billing.models import Budget
from billing.selectors.budgets import budgets_for, sees_msp, standings_of
from billing.services import remove_budget, set_budget
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import customers_for, tenants_for

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A budget with where it stands, or why that cannot be said."""

    budget: Budget
    period: list[Month]
    standing: Standing | None
    problem: str = ""

    @property
    def percent(self) -> int:
        """Spent, in whole percent."""
        if self.standing is None or not self.standing.amount:
            return 0
        return int(self.standing.spent * 100 // self.standing.amount)

    @property
    def tone(self) -> str:
        """How bad it is."""
        if self.percent >= 100:
            return "danger"
        return "warning" if self.percent >= 80 else "success"


@allowed(Action.SEE_COSTS)
def budget_list(request: PortalRequest) -> HttpResponse:
    """Every budget this person may see, and how much of it is spent."""
    now = timezone.now()
    page = Paginator(budgets_for(request.user), _PAGE).get_page(request.GET.get("page"))
    standings = standings_of(page, now)
    rows = [_row(budget, standings[budget.pk], now) for budget in page]
    return render(request, "billing/budget_list.html", {"rows": rows, "page": page})


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
    if request.method == "POST" and form.is_valid():
        set_budget(form.save(commit=False), by=request.user)
        messages.success(request, "The budget holds from now on.")
        return redirect("budget_list")
    return render(request, "billing/budget_form.html", {"form": form, "budget": budget})


def _billed_by(request: PortalRequest) -> QuerySet[Budget]:
    """Budgets that this person may change."""
    seen = budgets_for(request.user)
    own = seen.filter(customer__in=customers_for(request.user, Action.BILL))
    return seen.filter(customer=None) | own if sees_msp(request.user, Action.BILL) else own


def _row(budget: Budget, standing: Standing | NoRate, now: datetime) -> Row:
    period = months_of(Span(budget.span), now)
    if isinstance(standing, NoRate):
        return Row(budget, period, None, str(standing))
    return Row(budget, period, standing)
