"""Reads of statements; an open one is made of today's figures."""

from dataclasses import dataclass

from django.db.models import QuerySet

from billing.domain.periods import Month
from billing.domain.statements import (
    Charge,
    Rate,
    Terms,
    UsageCost,
    charge,
    differences,
    totals,
    usage_lines,
)
from billing.models import CustomerTerms, ExchangeRate, Statement, StatementLine
from billing.selectors.costs import purposes_of
from tenants.domain.roles import Action
from tenants.models import Customer, User
from tenants.selectors import customers_for


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a closed statement that would read otherwise today."""

    closed: UsageCost
    now: UsageCost


def statements_for(viewer: User) -> QuerySet[Statement]:
    """Statements of the customers whose costs this person may see."""
    customers = customers_for(viewer, Action.SEE_COSTS)
    return Statement.objects.filter(customer__in=customers).select_related("customer")


def usage_costs(customer: Customer, month: Month) -> list[UsageCost]:
    """A customer's month as lines by tenant, purpose and currency, from today's figures."""
    usual = terms_of(customer, month).currency
    tenants = list(customer.tenants.order_by("name", "pk"))
    purposes = purposes_of(tenants, month)
    return [
        line
        for tenant in tenants
        for purpose, cost in purposes[tenant.pk]
        for line in usage_lines(tenant.pk, purpose, cost, usual)
    ]


def terms_of(customer: Customer, month: Month) -> Terms:
    """What the customer is charged in a month: the latest terms begun; cost alone without any."""
    begun = customer.terms.filter(effective_from__lte=month.start.date())
    terms: CustomerTerms | None = begun.order_by("-effective_from").first()
    if terms is None:
        return Terms("USD")
    return Terms(terms.currency, terms.markup_percent, terms.fixed_fee)


def statement_charge(statement: Statement, lines: list[UsageCost]) -> tuple[Charge, Terms]:
    """What an open statement would be closed with now; raises NoRate."""
    terms = terms_of(statement.customer, statement.period)
    rates = [Rate(r.base, r.quote, r.day, r.rate) for r in ExchangeRate.objects.all()]
    waiting = statement.lines.filter(kind=StatementLine.Kind.CORRECTION)
    corrections = totals(UsageCost(0, "", 0, 0, 0, line.currency, line.amount) for line in waiting)
    return charge(totals(lines), corrections, terms, rates, statement.period), terms


def frozen_lines(statement: Statement) -> list[UsageCost]:
    """The usage lines a statement was closed with."""
    return [
        UsageCost(
            line.tenant_id or 0,
            line.purpose,
            line.calls,
            line.billable,
            line.uncertain,
            line.currency,
            line.amount,
        )
        for line in statement.lines.filter(kind=StatementLine.Kind.USAGE)
    ]


def changes_since(statement: Statement) -> list[Change]:
    """What a closed statement's month looks like today where it differs."""
    today = usage_costs(statement.customer, statement.period)
    return [Change(*pair) for pair in differences(frozen_lines(statement), today)]
