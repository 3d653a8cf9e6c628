"""What one directory was called, hour by hour, and the cost export."""

from msp_portal.sandbox import costs
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Response
from msp_portal.sandbox.meter import Hour
from msp_portal.sandbox.page.forms import Form
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import card, empty, pager, table
from msp_portal.sandbox.page.visit import Draft, Visit
from msp_portal.sandbox.page.words import address, count, money
from msp_portal.sandbox.tenants import Tenant

_SIZE = 48


def download(visit: Visit) -> Response:
    """The cost export; the page again when its days cannot be."""
    try:
        return costs.download(visit.service.store, visit.tenant(), visit.query)
    except ControlError as error:
        typed = {name: [value] for name, value in visit.query.items()}
        visit.draft = Draft("export", typed, error.message)
        return show(visit, error.status)


def show(visit: Visit, status: int = 200) -> Response:
    """Usage per hour, latest first, and the export."""
    tenant = visit.tenant()
    hours = visit.service.store.meter.hours(tenant.id)
    columns = element("div", _totals(tenant, hours), _export(visit, tenant), class_="columns")
    title = f"Usage and cost of {tenant.config.name}"
    head = tenant_head(tenant, "usage")
    return document(visit, title, head, columns, _hours(visit, tenant, hours), status=status)


def _totals(tenant: Tenant, hours: list[Hour]) -> Markup:
    requests = sum(each.requests for each in hours)
    billable = sum(each.billable for each in hours)
    cost = money(billable * costs.price(tenant), tenant.switches.billing_currency)
    figures = (("Calls", count(requests)), ("Billable", count(billable)), ("Cost", cost))
    tiles = [
        element("div", element("dt", name), element("dd", value, class_="figure"))
        for name, value in figures
    ]
    switches = tenant.switches
    each = f"{switches.billing_currency} {switches.unit_price} for each"
    whole = switches.billing_rule == "all"
    told = f"{each} answer." if whole else f"{each} answer of 2xx or 404; others are free."
    return card("Since the directory began", element("dl", tiles, class_="tiles"), lede=told)


def _export(visit: Visit, tenant: Tenant) -> Markup:
    first, last = costs.month_of(visit.service.now().date())
    form = Form(visit, "export", address("tenants", tenant.id, "costs.csv"))
    days = form.day("from", "From", str(first)), form.day("to", "To", str(last))
    body = form.render(
        element("div", days, class_="row"), submit="Download the export", method="get"
    )
    lede = (
        "What Cost Management's export would show for the SCIM API: a row for each UTC day,"
        " both days included."
    )
    return card("Cost export", body, lede=lede)


def _hours(visit: Visit, tenant: Tenant, hours: list[Hour]) -> Markup:
    title = "Usage by hour and status"
    if not hours:
        return card(title, empty("No SCIM call yet. Token requests are not counted."))
    statuses = sorted({status for each in hours for status in each.by_status})
    pages = -(-len(hours) // _SIZE)
    page = visit.number("page", pages)
    latest = hours[::-1][(page - 1) * _SIZE : page * _SIZE]
    counted = ["Calls", "Billable", *map(_status, statuses)]
    heads = [("Hour, UTC", ""), *[(words, "num") for words in counted]]
    rows = [_row(each, statuses) for each in latest]
    lede = "Cut: the connection was cut before the work." if 0 in statuses else None
    return card(
        title,
        table(title, heads, rows, _sums(hours, statuses), stacked=False),
        pager(("tenants", tenant.id, "usage"), page, pages),
        lede=lede,
    )


def _status(status: int) -> str:
    return str(status) if status else "Cut"


def _row(hour: Hour, statuses: list[int]) -> list[Child]:
    seen = [hour.by_status.get(each, 0) for each in statuses]
    return [
        f"{hour.start:%Y-%m-%d %H}:00",
        count(hour.requests),
        count(hour.billable),
        *[count(each) if each else element("span", "0", class_="nil") for each in seen],
    ]


def _sums(hours: list[Hour], statuses: list[int]) -> list[Child]:
    by_status = [sum(hour.by_status.get(each, 0) for hour in hours) for each in statuses]
    totals = [sum(h.requests for h in hours), sum(h.billable for h in hours), *by_status]
    return ["All hours", *map(count, totals)]
