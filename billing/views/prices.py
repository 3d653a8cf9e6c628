"""The price book, customers' terms, and rates between currencies."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from billing import selectors
from billing.domain.tables import Value
from billing.forms.prices import PRICE_TAKEN, RATE_TAKEN, PriceForm, RateForm, TermsForm
from billing.models import CustomerTerms, ExchangeRate, PriceBookEntry
from billing.services import PriceNeeded, add_price, add_rate, remove_price, remove_rate, set_terms
from billing.views.form_page import FormPage, keeps
from billing.views.lists import Listing, Order, file_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import customers_for

PriceSpans = tuple[PriceBookEntry, list[selectors.Span]]


def _price_lines(row: PriceSpans) -> list[list[Value]]:
    """One line for each time it holds."""
    entry, spans = row
    tiers = "; ".join(f"after {above}: {price}" for above, price in entry.tiers)
    return [
        [
            begins.date(),
            ends.date() if ends else None,
            entry.cloud,
            entry.currency,
            entry.unit_price,
            tiers,
            entry.rule,
            entry.note,
        ]
        for begins, ends in spans
    ]


PRICES: Listing[PriceSpans] = Listing(
    "prices",
    ("from", "until", "cloud", "currency", "unit_price", "tiers", "rule", "note"),
    _price_lines,
    {
        "newest": Order("Newest", lambda row: row[0].effective_from, down=True),
        "cloud": Order("Cloud", lambda row: row[0].cloud),
        "price": Order("Price", lambda row: row[0].unit_price, down=True),
    },
    lambda row: f"{_cloud(row[0])} {row[0].note} {row[0].currency}",
    find="Cloud, currency or note",
)
RATES: Listing[ExchangeRate] = Listing(
    "rates",
    ("from", "base", "quote", "rate", "note"),
    lambda rate: [[rate.day, rate.base, rate.quote, rate.rate, rate.note]],
    {
        "newest": Order("Newest", lambda rate: rate.day, down=True),
        "currency": Order("Currency", lambda rate: (rate.base, rate.quote)),
    },
    lambda rate: f"{rate.base} {rate.quote} {rate.note}",
    find="Currency or note",
)
TERMS: Listing[CustomerTerms] = Listing(
    "terms",
    ("customer", "from", "markup_percent", "currency", "fee"),
    lambda terms: [
        [
            terms.customer.name,
            terms.effective_from,
            terms.markup_percent,
            terms.currency,
            terms.fixed_fee,
        ]
    ],
    {
        "newest": Order("Newest", lambda terms: terms.effective_from, down=True),
        "oldest": Order("Oldest", lambda terms: terms.effective_from),
    },
    lambda terms: f"{terms.effective_from:%B %Y} {terms.currency}",
    find="Month or currency",
)


PRICE_PAGE = FormPage(
    "Add a price",
    "Calls made before its day keep the old one.",
    "Add this price",
    "Price book",
    reverse_lazy("price_list"),
)
RATE_PAGE = FormPage(
    "Add an exchange rate",
    "Used for budgets and statements in another currency, from its day on. Closed statements keep"
    " theirs.",
    "Add this rate",
    "Exchange rates",
    reverse_lazy("rate_list"),
)


def _cloud(entry: PriceBookEntry) -> str:
    return entry.get_cloud_display() if entry.cloud else "Every cloud"


@allowed(Action.SEE_COSTS)
def price_list(request: PortalRequest) -> HttpResponseBase:
    """The price book."""
    asked = PRICES.asked(request, selectors.spans_of(PriceBookEntry.objects.all()))
    if file := file_of(request, "price-book", asked):
        return file
    current = {entry.pk for entry in selectors.prices_at(timezone.now())}
    return render(request, "billing/price_list.html", {"asked": asked, "current": current})


@allowed(Action.EDIT_PRICES)
def price_add(request: PortalRequest) -> HttpResponse:
    """Add a price; calls made before its day keep the old one."""
    form = PriceForm(request.POST or None, initial={"unit_price": Decimal("0.002")})
    if request.method == "POST" and form.is_valid() and _price_kept(request, form):
        messages.success(request, "The price is in the book.")
        return redirect("price_list")
    return PRICE_PAGE.shown(request, form)


@allowed(Action.EDIT_PRICES)
def price_remove(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask, and take a price out of the book."""
    entry = visible(PriceBookEntry.objects.all(), pk=pk)
    page = _removal(
        "price",
        f"{entry} ({_cloud(entry)}). Calls from that day on have the price before it, also in"
        " months that are open.",
        PRICE_PAGE,
    )
    return _removed(request, page, partial(remove_price, entry, by=request.user))


@allowed(Action.SEE_COSTS)
def rate_list(request: PortalRequest) -> HttpResponseBase:
    """Rates between currencies, newest first."""
    asked = RATES.asked(request, ExchangeRate.objects.all())
    if file := file_of(request, "exchange", asked):
        return file
    return render(request, "billing/rate_list.html", {"asked": asked})


@allowed(Action.EDIT_PRICES)
def rate_add(request: PortalRequest) -> HttpResponse:
    """Add a rate; closed statements keep theirs."""
    form = RateForm(request.POST or None, initial={"day": timezone.now().date()})
    if request.method == "POST" and form.is_valid() and _rate_kept(request, form):
        messages.success(request, "The rate is kept.")
        return redirect("rate_list")
    return RATE_PAGE.shown(request, form)


@allowed(Action.EDIT_PRICES)
def rate_remove(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask, and take a rate back."""
    rate = visible(ExchangeRate.objects.all(), pk=pk)
    page = _removal(
        "rate",
        f"{rate}. From that day on the rate before it holds, in budgets and open statements.",
        RATE_PAGE,
    )
    return _removed(request, page, partial(remove_rate, rate, by=request.user))


def _removal(what: str, lede: str, adding: FormPage) -> FormPage:
    """The page that asks, beside the one that adds."""
    return replace(
        adding,
        title=f"Remove a {what}",
        lede=f"{lede} Closed statements stay as they are.",
        save=f"Remove this {what}",
        style="danger primary",
    )


def _removed(request: PortalRequest, page: FormPage, remove: Callable[[], object]) -> HttpResponse:
    if request.method != "POST":
        return page.shown(request, Form())
    try:
        remove()
    except PriceNeeded as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is gone. Closed statements stay as they are.")
    return redirect(page.above_url)


def _price_kept(request: PortalRequest, form: PriceForm) -> bool:
    entry = form.save(commit=False)
    return keeps(form, lambda: add_price(entry, by=request.user), "effective_from", PRICE_TAKEN)


def _rate_kept(request: PortalRequest, form: RateForm) -> bool:
    rate = form.save(commit=False)
    return keeps(form, lambda: add_rate(rate, by=request.user), "day", RATE_TAKEN)


@allowed(Action.BILL)
def terms_edit(request: PortalRequest, slug: str) -> HttpResponseBase:
    """What a customer is charged: the cost with a markup, and a fee."""
    customer = visible(customers_for(request.user, Action.BILL), slug=slug)
    asked = TERMS.asked(request, customer.terms.select_related("customer"))
    if file := file_of(request, slug, asked):
        return file
    form = TermsForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        set_terms(form.save(commit=False), by=request.user)
        messages.success(request, "The terms hold from that month on.")
        return redirect("terms_edit", slug=customer.slug)
    page = FormPage(
        f"Terms of {customer}",
        "What you charge, apart from what Microsoft charges. Without terms it is the cost alone.",
        "Set these terms",
        customer.name,
        reverse("cost_customer", args=[slug]),
        "billing/terms_form.html",
    )
    return page.shown(request, form, asked=asked)
