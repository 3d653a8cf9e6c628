"""What finance may mistype: refused with a sentence at its field, and nothing breaks of it."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from billing.domain.periods import Month
from billing.forms.prices import PriceForm, RateForm
from billing.models import CustomerTerms, ExchangeRate, PriceBookEntry, Statement, StatementLine
from billing.selectors.costs import costs_of
from billing.services import add_price, add_rate
from billing.services.statements import (
    AlreadyThere,
    CannotClose,
    NotBegun,
    add_correction,
    close_statement,
    open_statement,
)
from billing.views.form_page import keeps
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Tenant, User
from tests.support.api import Asker, make_token
from tests.support.rows import add_person, add_tenant, add_usage

MAY = Month(2026, 5)
PRICE = {
    "unit_price": "0.002",
    "currency": "USD",
    "rule": "all",
    "effective_from": "2026-12-01",
    "tiers": "",
}
RATE = {"base": "GBP", "quote": "USD", "rate": "1.3", "day": "2026-12-01"}
TERMS = {"effective_from": "2026-12", "markup_percent": "5", "fixed_fee": "1", "currency": "USD"}
BUDGET = {
    "whose": "msp",
    "amount": "5",
    "currency": "USD",
    "span": "month",
    "stop": "none",
    "thresholds": "50",
    "forecast_thresholds": "100",
}
SLIPS = [
    ("price_add", PRICE, "unit_price", "999999999.999999999", "less than or equal to 1000"),
    ("price_add", PRICE, "unit_price", "-1", "greater than or equal to 0"),
    ("price_add", PRICE, "effective_from", "0001-01-01", "between 2000 and 2099"),
    ("price_add", PRICE, "effective_from", "12/01/26", "Enter a valid date"),
    ("price_add", PRICE, "tiers", "1000: 5", "cheaper than the one before"),
    ("price_add", PRICE, "tiers", "1000: 0.001\n2000: 0.001", "cheaper than the one before"),
    ("rate_add", RATE, "rate", "999999999.999999999", "less than or equal to 1000000"),
    ("rate_add", RATE, "rate", "999999.1234567891", "no more than 9 decimal places"),
    ("rate_add", RATE, "rate", "0", "A rate is above 0."),
    ("rate_add", RATE, "rate", "-1", "A rate is above 0."),
    ("rate_add", RATE, "day", "9999-12-31", "between 2000 and 2099"),
    ("terms_edit", TERMS, "effective_from", "0000-01", "Enter a month"),
    ("terms_edit", TERMS, "markup_percent", "-101", "greater than or equal to -100"),
    ("terms_edit", TERMS, "fixed_fee", "-1", "greater than or equal to 0"),
    ("budget_add", BUDGET, "amount", "-5", "greater than or equal to 0"),
    ("budget_add", BUDGET, "amount", "9" * 30, "less than or equal to"),
    ("budget_add", BUDGET, "thresholds", "9" * 5000, "between 1 and 1000"),
    ("budget_add", BUDGET, "thresholds", ", ".join(["7"] * 3000), "at most 20"),
]


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant = add_tenant("slips")
    add_usage(tenant, MAY.start, 201, 12)
    return tenant


@pytest.fixture
def finance(tenant: Tenant) -> User:
    return add_person(Role.FINANCE, None)


@pytest.fixture
def browser(client: Client, tenant: Tenant) -> Client:
    client.force_login(add_person(Role.ADMIN, None))
    return client


@pytest.fixture
def closed(tenant: Tenant, finance: User) -> Statement:
    may = open_statement(customer=tenant.customer, month=MAY, by=None)
    return close_statement(statement=may, by=finance)


def address(name: str, tenant: Tenant) -> str:
    return reverse(name, args=[tenant.customer.slug] if name == "terms_edit" else [])


@pytest.mark.parametrize(("page", "good", "field", "text", "words"), SLIPS)
def test_a_slip_is_refused_at_its_field(
    browser: Client,
    tenant: Tenant,
    page: str,
    good: dict[str, str],
    field: str,
    text: str,
    words: str,
) -> None:
    answer = browser.post(address(page, tenant), good | {field: text})
    errors = answer.context["form"].errors
    assert (answer.status_code, set(errors)) == (200, {field})
    assert words in str(errors[field])


@pytest.mark.parametrize(
    ("page", "good"),
    [("price_add", PRICE), ("rate_add", RATE), ("terms_edit", TERMS), ("budget_add", BUDGET)],
)
def test_without_a_slip_it_is_kept_exactly(
    browser: Client, tenant: Tenant, page: str, good: dict[str, str]
) -> None:
    most = {"unit_price": "999.123456789", "rate": "999999.123456789", "fixed_fee": "99999999.99"}
    sent = good | {k: most[k] for k in good if k in most}
    assert browser.post(address(page, tenant), sent).status_code == 302
    fees = [str(fee) for fee in CustomerTerms.objects.values_list("fixed_fee", flat=True)]
    assert (most["fixed_fee"] in fees) == ("fixed_fee" in good)
    for model, name in ((PriceBookEntry, "unit_price"), (ExchangeRate, "rate")):
        kept = [str(value) for value in model.objects.values_list(name, flat=True)]
        assert (most[name] in kept) == (name in good)


def test_more_digits_than_every_database_keeps_are_refused(
    browser: Client, closed: Statement
) -> None:
    url = reverse("statement_correct", args=[closed.pk])
    for text, words in (
        ("12345678.123456789", "at most 15 digits"),
        ("99999999999", "less than or equal to 10000000000"),
        ("-99999999999", "greater than or equal to -10000000000"),
    ):
        sent = browser.post(url, {"amount": text, "currency": "USD", "note": "x"})
        assert words in str(sent.context["form"].errors["amount"])
    assert not StatementLine.objects.filter(corrects=closed).exists()


def test_what_is_sent_twice_counts_once(browser: Client, closed: Statement) -> None:
    url = reverse("statement_correct", args=[closed.pk])
    sent = {"amount": "-3", "currency": "USD", "note": "Goodwill"}
    first, second = (browser.post(url, sent, follow=True) for _ in "12")
    assert "The correction is on this statement." in first.content.decode()
    assert "is on" in (text := second.content.decode())
    assert "already. A second one has a reason of its own." in text
    other = browser.post(url, sent | {"note": "Goodwill, second half"}, follow=True)
    assert "The correction is on this statement." in other.content.decode()


def test_the_same_correction_may_come_again_on_a_later_statement(
    closed: Statement, finance: User
) -> None:
    facts = {"corrects": closed, "currency": "USD", "amount": Decimal(-1), "note": "Each month"}
    june = open_statement(customer=closed.customer, month=Month(2026, 6), by=finance)
    assert add_correction(**facts, by=finance).statement == june
    with pytest.raises(AlreadyThere, match="a reason of its own"):
        add_correction(**facts, by=finance)
    close_statement(statement=june, by=finance)
    open_statement(customer=closed.customer, month=Month(2026, 7), by=finance)
    assert add_correction(**facts, by=finance).statement.month.month == 7


def test_a_sum_that_does_not_fit_is_not_closed(closed: Statement, finance: User) -> None:
    june = open_statement(customer=closed.customer, month=Month(2026, 6), by=finance)
    day = datetime(2026, 6, 1, tzinfo=UTC).date()
    ExchangeRate.objects.create(base="GBP", quote="USD", day=day, rate=Decimal(999_999))
    amount = Decimal(9_999_999_999)
    add_correction(corrects=closed, currency="GBP", amount=amount, note="Slip", by=finance)
    with pytest.raises(CannotClose, match="more than a statement can be of"):
        close_statement(statement=june, by=finance)
    june.refresh_from_db()
    assert (june.is_closed, june.number, june.lines.count()) == (False, None, 1)


def test_a_month_to_come_has_no_statement(browser: Client, tenant: Tenant, finance: User) -> None:
    with pytest.raises(NotBegun, match="has not begun yet"):
        open_statement(customer=tenant.customer, month=Month(2098, 1), by=finance)
    url = reverse("statement_open", args=[tenant.customer.slug, "2098-01"])
    assert "2098-01 has not begun yet" in browser.post(url, follow=True).content.decode()
    assert url not in browser.get(reverse("statement_list"), {"month": "2098-01"}).content.decode()
    assert not Statement.objects.exists()


@pytest.mark.parametrize("month", ["0001-01", "1999-12", "2100-01", "9999-11", "9999-12"])
def test_another_century_is_no_month(browser: Client, month: str) -> None:
    for name in ("cost_overview", "statement_list", "reconciliation"):
        assert browser.get(reverse(name), {"month": month}).status_code == 404


def test_another_century_has_no_day(browser: Client, tenant: Tenant) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        assert browser.get(reverse("cost_day", args=[tenant.slug, day])).status_code == 404


def test_who_is_a_moment_later_is_told_so(tenant: Tenant, finance: User) -> None:
    """Between the form's own look and the write somebody else was quicker."""
    for make, sent, field, write in (
        (PriceForm, PRICE, "effective_from", add_price),
        (RateForm, RATE, "day", add_rate),
    ):
        slow, quick = make(sent), make(sent)
        assert slow.is_valid()
        assert quick.is_valid()
        write(quick.save(commit=False), by=finance)
        late = partial(write, slow.save(commit=False), by=finance)
        assert not keeps(slow, late, field, "Taken.")
        assert slow.errors[field] == ["Taken."]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("costs", "`month` is missing: UTC month, `YYYY-MM`."),
        ("costs?month=May", "`month` is not what it has to be: UTC month, `YYYY-MM`."),
        ("costs?month=2026-11&month=2026-10", "`month` is given twice."),
        ("costs?month=9999-11", "there is no such month."),
        ("costs?month=2098-01", "2098-01 has not begun yet (in UTC)."),
        ("costs?month=2026-05&limit=0", "A whole number from 1 to 1000."),
        ("statements?state=zzz", "`state` is not what it has to be: closed, open."),
        ("customers?name=x", "there is no parameter `name`; there are after, limit."),
        ("prices?day=x", "`day` is not what it has to be: UTC day; today without it."),
    ],
)
def test_the_api_says_what_a_parameter_has_to_be(finance: User, asked: str, words: str) -> None:
    answer = Asker(make_token(finance)[1]).ask(asked)
    assert (answer.status_code, words in answer.json()["detail"]) == (400, True), answer.json()


def test_a_wrong_price_or_rate_is_taken_back(
    browser: Client, tenant: Tenant, closed: Statement
) -> None:
    open_statement(customer=tenant.customer, month=Month(2026, 6), by=None)
    add_usage(tenant, Month(2026, 6).start, 201, 10)
    browser.post(reverse("price_add"), PRICE | {"unit_price": "9", "effective_from": "2026-05-01"})
    browser.post(reverse("rate_add"), RATE)
    rate, wrong = ExchangeRate.objects.get(), PriceBookEntry.objects.get(unit_price=9)
    assert cost_of_june(tenant) == Decimal(90)
    for page, row in (("price_remove", wrong), ("rate_remove", rate)):
        url = reverse(page, args=[row.pk])
        assert str(row) in browser.get(url).content.decode()
        assert type(row).objects.filter(pk=row.pk).exists()
        assert browser.post(url).status_code == 302
        assert not type(row).objects.filter(pk=row.pk).exists()
        assert browser.post(url).status_code == 404
    assert cost_of_june(tenant) == Decimal("0.02")
    closed.refresh_from_db()
    assert closed.cost == Decimal("0.024")
    told = AuditEvent.objects.filter(action__endswith=".removed").values_list("action", flat=True)
    assert set(told) == {"price.removed", "rate.removed"}


def cost_of_june(tenant: Tenant) -> Decimal:
    return costs_of([tenant], Month(2026, 6))[0].cost.amounts["USD"]


def test_the_price_of_today_stays_until_there_is_another(browser: Client, tenant: Tenant) -> None:
    url = reverse("price_remove", args=[PriceBookEntry.objects.get().pk])
    refused = browser.post(url, follow=True).content.decode()
    assert "Calls made now would have no price, and jobs fail. Add one first." in refused
    assert PriceBookEntry.objects.count() == 1
    browser.post(reverse("price_add"), PRICE | {"effective_from": "2026-04-01"})
    assert "It is gone." in browser.post(url, follow=True).content.decode()
    assert PriceBookEntry.objects.count() == 1


@pytest.mark.parametrize("page", ["price_remove", "rate_remove"])
def test_who_may_not_edit_prices_takes_none_back(client: Client, finance: User, page: str) -> None:
    rate = ExchangeRate.objects.create(base="USD", quote="EUR", day="2026-05-01", rate=1)
    client.force_login(finance)
    rows = {"price_remove": PriceBookEntry.objects.get(), "rate_remove": rate}
    assert client.post(reverse(page, args=[rows[page].pk])).status_code in (403, 404)
    assert (PriceBookEntry.objects.count(), ExchangeRate.objects.count()) == (1, 1)
