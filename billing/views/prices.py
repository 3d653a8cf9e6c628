"""The price book, customers' terms, and rates between currencies."""

from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing import selectors
from billing.forms.prices import PriceForm, RateForm, TermsForm
from billing.models import ExchangeRate, PriceBookEntry
from billing.services import add_price, add_rate, set_terms
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import customers_for


@allowed(Action.SEE_COSTS)
def price_list(request: PortalRequest) -> HttpResponse:
    """The price book."""
    current = {entry.pk for entry in selectors.prices_at(timezone.now())}
    context = {"prices": PriceBookEntry.objects.all(), "current": current}
    return render(request, "billing/price_list.html", context)


@allowed(Action.EDIT_PRICES)
def price_add(request: PortalRequest) -> HttpResponse:
    """Add a price; calls made before its day keep the old one."""
    form = PriceForm(request.POST or None, initial={"unit_price": Decimal("0.002")})
    if request.method == "POST" and form.is_valid():
        add_price(form.save(commit=False), by=request.user)
        messages.success(request, "The price is in the book.")
        return redirect("price_list")
    return render(request, "billing/price_form.html", {"form": form})


@allowed(Action.SEE_COSTS)
def rate_list(request: PortalRequest) -> HttpResponse:
    """Rates between currencies, newest first."""
    return render(request, "billing/rate_list.html", {"rates": ExchangeRate.objects.all()})


@allowed(Action.EDIT_PRICES)
def rate_add(request: PortalRequest) -> HttpResponse:
    """Add a rate; closed statements keep theirs."""
    form = RateForm(request.POST or None, initial={"day": timezone.now().date()})
    if request.method == "POST" and form.is_valid():
        add_rate(form.save(commit=False), by=request.user)
        messages.success(request, "The rate is kept.")
        return redirect("rate_list")
    return render(request, "billing/rate_form.html", {"form": form})


@allowed(Action.BILL)
def terms_edit(request: PortalRequest, slug: str) -> HttpResponse:
    """What a customer is charged: the cost with a markup, and a fee."""
    customer = visible(customers_for(request.user, Action.BILL), slug=slug)
    form = TermsForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        set_terms(form.save(commit=False), by=request.user)
        messages.success(request, "The terms hold from that month on.")
        return redirect("terms_edit", slug=customer.slug)
    context = {"form": form, "customer": customer, "terms": customer.terms.all()}
    return render(request, "billing/terms_form.html", context)
