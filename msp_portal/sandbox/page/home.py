"""The start page: directories, a new one, the clock."""

from decimal import Decimal

from msp_portal.sandbox import costs
from msp_portal.sandbox.http import Response
from msp_portal.sandbox.page.forms import Form
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, titled
from msp_portal.sandbox.page.parts import badge, card, empty, link, table
from msp_portal.sandbox.page.visit import Visit
from msp_portal.sandbox.page.words import address, count, moment, money
from msp_portal.sandbox.service import Service, new_id
from msp_portal.sandbox.tenants import Tenant

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_HEADS = (
    ("Directory", ""),
    ("People", "num"),
    ("Groups", "num"),
    ("Calls", "num"),
    ("Billable", "num"),
    ("Cost", "num"),
)
_LEDE = (
    "A stand-in for Microsoft Entra: rehearse a customer's onboarding, or point another SCIM client"
    " at it. Nothing here reaches Microsoft, and nothing is charged."
)


def show(visit: Visit, status: int = 200) -> Response:
    """All directories, and the forms for one more and for the clock."""
    forms = element("div", _create(visit), _clock(visit), class_="columns")
    head = titled("Directories", lede=_LEDE)
    return document(visit, "Directories", head, _list(visit.service), forms, status=status)


def _list(service: Service) -> Markup:
    tenants = service.tenants()
    month = f"{service.now():%B %Y}"
    title = f"Calls and cost in {month}"
    if not tenants:
        return card(title, empty("There is no directory yet. Create the first one below."))
    usage = [_month(service, each) for each in tenants]
    rows = [_row(tenant, *used) for tenant, used in zip(tenants, usage, strict=True)]
    return card(title, table(title, _HEADS, rows, _total(tenants, usage)))


def _month(service: Service, tenant: Tenant) -> tuple[int, int]:
    """Requests and billable ones of the current month."""
    now = service.now()
    hours = [
        each
        for each in service.store.meter.hours(tenant.id)
        if (each.start.year, each.start.month) == (now.year, now.month)
    ]
    return sum(each.requests for each in hours), sum(each.billable for each in hours)


def _row(tenant: Tenant, calls: int, billable: int) -> list[Child]:
    name = link(tenant.config.name or "Unnamed directory", address("tenants", tenant.id))
    off = None if tenant.config.scim_enabled else badge("SCIM off", "bad")
    cost = money(billable * costs.price(tenant), tenant.switches.billing_currency)
    return [
        [name, off, element("code", tenant.id, class_="sub")],
        count(len(tenant.directory.users)),
        count(len(tenant.directory.groups)),
        count(calls),
        count(billable),
        cost,
    ]


def _total(tenants: list[Tenant], usage: list[tuple[int, int]]) -> list[Child]:
    sums: dict[str, Decimal] = {}
    for tenant, (_, billable) in zip(tenants, usage, strict=True):
        currency = tenant.switches.billing_currency
        sums[currency] = sums.get(currency, Decimal(0)) + billable * costs.price(tenant)
    return [
        "All",
        count(sum(len(each.directory.users) for each in tenants)),
        count(sum(len(each.directory.groups) for each in tenants)),
        count(sum(calls for calls, _ in usage)),
        count(sum(billable for _, billable in usage)),
        " + ".join(money(amount, currency) for currency, amount in sums.items()),
    ]


def _create(visit: Visit) -> Markup:
    form = Form(visit, "create", address("tenants"))
    body = form.render(
        form.text("name", "Name", placeholder="Lanternfield Bakeries"),
        form.text("tenant_id", "Tenant id", new_id(), class_="mono",
                  hint="A fresh GUID; replace it to rehearse with the customer's own."),
        form.lines("domains", "Verified domains",
                   hint="One a line. User names need one of them; their accounts need a password."),
        form.lines("federated_domains", "Federated domains",
                   hint="One a line. Verified too, but people sign in elsewhere: no password."),
        submit="Create the directory",
    )  # fmt: skip
    return card("New directory", body, ident="new")


def _clock(visit: Visit) -> Markup:
    form = Form(visit, "clock", address("clock"))
    told = "Tokens expire, deleted names are released, quotas refill and costs move to another day."
    body = form.render(
        element("div",
                form.number("amount", "Advance by", "1"),
                form.choice("unit", "Unit", [(each, each) for each in UNITS], "hours"),
                class_="row"),
        submit="Advance the clock",
    )  # fmt: skip
    now = element("p", element("time", moment(visit.service.now())), class_="figure")
    lede = f"{told} It is one clock for all directories."
    return card("Clock", now, body, lede=lede, ident="clock")
