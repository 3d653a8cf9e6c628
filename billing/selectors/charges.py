"""A month of many customers: what it costs by tenant, and what the MSP charges for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.periods import Month
from billing.domain.pricing import Cost
from billing.domain.statements import Charge, NoRate, charge
from billing.models import Statement, StatementLine
from billing.selectors.costs import TenantCost, costs_of
from billing.selectors.rates import known_rates
from billing.selectors.statements import terms_in
from tenants.models import Customer, Tenant


@dataclass(frozen=True, slots=True)
class CustomerCharge:
    """A customer's month; the charge of a closed statement is the statement itself.

    No charge: a rate is missing, and `problem` says which.
    """

    customer: Customer
    tenants: list[TenantCost]
    charge: Charge | Statement | None
    markup_percent: Decimal
    problem: str
    statement: Statement | None


def charges_of(customers: Sequence[Customer], month: Month) -> list[CustomerCharge]:
    """The month of these customers; the number of queries does not grow with them."""
    tenants = Tenant.objects.filter(customer__in=customers).select_related("customer")
    costs: dict[int, list[TenantCost]] = {each.pk: [] for each in customers}
    for row in costs_of(tenants.order_by("name", "pk"), month):
        costs[row.tenant.customer_id].append(row)
    kept = Statement.objects.filter(customer__in=customers, month=month.start.date())
    statements = {statement.customer_id: statement for statement in kept}
    waiting = _waiting(list(kept))
    terms, rates = terms_in(customers, month), known_rates()
    found = []
    for customer in customers:
        own, statement = costs[customer.pk], statements.get(customer.pk)
        if statement is not None and statement.is_closed:
            percent = statement.markup_percent or Decimal(0)
            found.append(CustomerCharge(customer, own, statement, percent, "", statement))
            continue
        agreed, made, problem = terms[customer.pk], None, ""
        total = sum((row.cost for row in own), Cost()).amounts
        try:
            made = charge(total, waiting.get(customer.pk, {}), agreed, rates, month)
        except NoRate as error:
            problem = str(error)
        percent = agreed.markup_percent
        found.append(CustomerCharge(customer, own, made, percent, problem, statement))
    return found


def _waiting(statements: Sequence[Statement]) -> dict[int, dict[str, Decimal]]:
    """Corrections on open statements, by customer and currency."""
    sums: dict[int, dict[str, Decimal]] = {}
    lines = StatementLine.objects.filter(
        statement__in=[each for each in statements if not each.is_closed],
        kind=StatementLine.Kind.CORRECTION,
    )
    for line in lines:
        own = sums.setdefault(line.customer_id, {})
        own[line.currency] = own.get(line.currency, Decimal(0)) + line.amount
    return sums
