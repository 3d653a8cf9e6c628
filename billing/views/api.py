"""The API for the MSP's own invoicing: GET only, the figures of the cost pages and statements."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from billing import selectors
from billing.api import answers, resources
from billing.api.description import openapi
from billing.api.queries import MonthQuery, NoQuery, PageQuery, PriceQuery, StatementQuery, month_in
from billing.api.resources import Page
from billing.domain.periods import start_of
from billing.selectors.bills import standings_by_customer
from billing.selectors.charges import charges_of
from billing.selectors.rows import used_days
from tenants.access import PortalRequest, visible
from tenants.api import endpoint
from tenants.domain.roles import Action
from tenants.models import Customer
from tenants.selectors import customers_for


@endpoint(PageQuery)
def customers(request: PortalRequest, query: PageQuery) -> Page[resources.Customer]:
    """Customers whose figures the token may read."""
    rows, after = answers.cut(customers_for(request.user, Action.SEE_COSTS), query)
    return Page([resources.Customer(row.slug, row.name) for row in rows], after)


@endpoint(MonthQuery)
def usage(request: PortalRequest, query: MonthQuery) -> Page[resources.Usage]:
    """Calls of a month by UTC day, tenant, purpose and answer."""
    used = used_days(request.user, month_in(query.month), _customer(request, query.customer))
    rows, after = answers.cut(used.select_related("tenant__customer"), query)
    return Page([answers.usage_of(row) for row in rows], after)


@endpoint(MonthQuery)
def costs(request: PortalRequest, query: MonthQuery) -> Page[resources.Cost]:
    """A month of each customer: cost by tenant at Microsoft's prices, and what the MSP charges."""
    month, one = month_in(query.month), _customer(request, query.customer)
    asked = customers_for(request.user, Action.SEE_COSTS)
    rows, after = answers.cut(asked.filter(pk=one.pk) if one else asked, query)
    charges = charges_of(rows, month)
    tenants = [each.tenant for row in charges for each in row.tenants]
    standings = standings_by_customer(tenants, month, timezone.now())
    return Page([answers.cost_of(row, month, standings) for row in charges], after)


@endpoint(StatementQuery)
def statements(request: PortalRequest, query: StatementQuery) -> Page[resources.Statement]:
    """Statements, without their lines."""
    found = selectors.statements_for(request.user)
    if query.month is not None:
        found = found.filter(month=month_in(query.month).start.date())
    if one := _customer(request, query.customer):
        found = found.filter(customer=one)
    if query.state is not None:
        found = found.filter(closed_at__isnull=query.state == "open")
    rows, after = answers.cut(found, query)
    return Page([answers.statement_of(row) for row in rows], after)


@endpoint(NoQuery)
def statement(request: PortalRequest, query: NoQuery, pk: int) -> resources.StatementDetail:
    """One statement with its lines and corrections."""
    return answers.statement_with_lines(visible(selectors.statements_for(request.user), pk=pk))


@endpoint(PriceQuery)
def prices(request: PortalRequest, query: PriceQuery) -> resources.Prices:
    """Prices in force."""
    day = query.day or timezone.now().date()
    found = selectors.prices_at(start_of(day))
    return resources.Prices(day, [answers.price_of(entry) for entry in found])


@csrf_exempt
@login_not_required
@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """The description of the API (OpenAPI 3.1); it holds nobody's data, so anybody may read it."""
    return HttpResponse(openapi(), content_type="application/json")


def _customer(request: PortalRequest, slug: str | None) -> Customer | None:
    if slug is None:
        return None
    return visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)
