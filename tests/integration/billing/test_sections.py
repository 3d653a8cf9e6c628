"""Finance's pages beside each other: which tabs a page has, where they lead, which one is shown."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Statement
from tenants.domain.roles import Role
from tenants.models import Tenant
from tests.support.rows import add_person, add_tenant

OF_ALL = ["Costs", "Statements", "Reconciliation", "Budgets", "Price book", "Exchange rates"]
OF_TENANT = ["Costs", "Reconciliation", "Waste", "What if"]
_TAB = re.compile(r'<a href="([^"]*)" (aria-current="page")?>\s*([^<]+?)\s*</a>')


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("acme")


@pytest.fixture
def finance(client: Client, tenant: Tenant) -> Client:
    client.force_login(add_person(Role.FINANCE, None))
    return client


def tabs(text: str) -> list[tuple[str, str, bool]]:
    """Label, address and whether it is the page shown, of each tab."""
    nav = text[text.index('<nav class="tabs"') :].split("</nav>")[0]
    return [(label, url, bool(here)) for url, here, label in _TAB.findall(nav)]


@pytest.mark.parametrize(
    ("name", "of", "labels"),
    [
        ("cost_overview", "", OF_ALL),
        ("statement_list", "", OF_ALL),
        ("reconciliation", "", OF_ALL),
        ("budget_list", "", OF_ALL),
        ("price_list", "", OF_ALL),
        ("rate_list", "", OF_ALL),
        ("cost_customer", "customer-acme", ["Costs", "Waste"]),
        ("waste_customer", "customer-acme", ["Costs", "Waste"]),
        ("cost_tenant", "acme", OF_TENANT),
        ("reconciliation_tenant", "acme", OF_TENANT),
        ("waste_tenant", "acme", OF_TENANT),
        ("simulator", "acme", OF_TENANT),
    ],
)
def test_each_page_has_its_tabs_and_belongs_to_costs(
    finance: Client, name: str, of: str, labels: list[str]
) -> None:
    address = reverse(name, args=[of] if of else [])
    text = finance.get(address).content.decode()
    found = tabs(text)
    assert [label for label, _, _ in found] == labels
    assert [url.partition("?")[0] for _, url, here in found if here] == [address]
    for _, url, _ in found:
        assert finance.get(url).status_code == 200
    assert f'<a href="{reverse("cost_overview")}" aria-current="page"' in text.split("<main")[0]


def test_the_month_goes_along_where_a_page_has_one(finance: Client) -> None:
    text = finance.get(reverse("cost_tenant", args=["acme"]), {"month": "2026-05"}).content.decode()
    kept = {label: url.endswith("?month=2026-05") for label, url, _ in tabs(text)}
    assert kept == {"Costs": True, "Reconciliation": True, "Waste": True, "What if": False}


def test_a_statement_is_closed_by_a_second_yes_and_not_before_the_month_is_over(
    finance: Client, tenant: Tenant
) -> None:
    for month in ("2026-05", ""):
        shown = finance.get(reverse("statement_list"), {"month": month}).context["month"]
        finance.post(reverse("statement_open", args=[tenant.customer.slug, str(shown)]))
    old, new = Statement.objects.order_by("month")
    text = finance.get(reverse("statement_detail", args=[old.pk])).content.decode()
    asked = text[text.index('<details class="confirm') :].split("</details>")[0]
    assert f'action="{reverse("statement_close", args=[old.pk])}"' in asked
    assert text.count(reverse("statement_close", args=[old.pk])) == 1
    text = finance.get(reverse("statement_detail", args=[new.pk])).content.decode()
    assert reverse("statement_close", args=[new.pk]) not in text
    assert "when the month is over" in text
