"""Reads of statements; an open one is made of today's figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from billing.domain.periods import Month
from billing.domain.statements import (
    Charge,
    Terms,
    UsageCost,
    charge,
    differences,
    reason,
    still_owed,
    totals,
    usage_lines,
)
from billing.models import CustomerTerms, Statement, StatementLine
from billing.selectors.costs import purposes_of
from billing.selectors.rates import known_rates
from tenants.domain.roles import Action
from tenants.models import Customer, User
from tenants.selectors import customers_for


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a closed statement that would read otherwise today."""

    closed: UsageCost
    now: UsageCost

    @property
    def reason(self) -> str:
        """Why, as far as the counts tell."""
        return reason(self.closed, self.now)


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
    return terms_in([customer], month)[customer.pk]


def terms_in(customers: Iterable[Customer], month: Month) -> dict[int, Terms]:
    """The same of many customers, by pk: one query."""
    found = {customer.pk: Terms("USD") for customer in customers}
    begun = CustomerTerms.objects.filter(
        customer__in=found, effective_from__lte=month.start.date()
    ).order_by("effective_from")
    for row in begun:
        found[row.customer_id] = Terms(row.currency, row.markup_percent, row.fixed_fee)
    return found


def statement_charge(statement: Statement, lines: list[UsageCost]) -> tuple[Charge, Terms]:
    """What an open statement would be closed with now; raises NoRate."""
    terms = terms_of(statement.customer, statement.period)
    waiting = statement.lines.filter(kind=StatementLine.Kind.CORRECTION)
    corrections = totals(map(_amount, waiting))
    return charge(totals(lines), corrections, terms, known_rates(), statement.period), terms


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


def owed_since(statement: Statement, changes: list[Change]) -> dict[str, Decimal]:
    """By currency what changed since a statement was closed and no correction has settled."""
    made = StatementLine.objects.filter(corrects=statement)
    return still_owed([(change.closed, change.now) for change in changes], map(_amount, made))


def _amount(line: StatementLine) -> UsageCost:
    return UsageCost(0, "", 0, 0, 0, line.currency, line.amount)
