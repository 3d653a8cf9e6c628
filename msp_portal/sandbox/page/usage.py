"""What one directory was called, hour by hour, and the cost export."""

from msp_portal.sandbox import costs
from msp_portal.sandbox.http import Response
from msp_portal.sandbox.meter import Hour
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import card, empty, pager, table
from msp_portal.sandbox.page.visit import ROOT, Visit
from msp_portal.sandbox.page.words import count, money
from msp_portal.sandbox.tenants import Tenant

_SIZE = 48


def show(visit: Visit) -> Response:
    """Usage per hour, latest first, and the export."""
    tenant = visit.tenant()
    hours = visit.service.store.meter.hours(tenant.id)
    columns = element("div", _totals(tenant, hours), _export(visit, tenant), class_="columns")
    title = f"Usage and cost of {tenant.config.name}"
    head = tenant_head(tenant, "usage")
    return document(visit, title, head, columns, _hours(visit, tenant, hours))


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
    rule = "every answer" if switches.billing_rule == "all" else "answers with 2xx and 404"
    told = f"{switches.billing_currency} {switches.unit_price} a call; {rule} are billed."
    if switches.billing_rule == "all":
        told = told.replace("are billed", "is billed")
    return card("Since the directory began", element("dl", tiles, class_="tiles"), lede=told)


def _export(visit: Visit, tenant: Tenant) -> Markup:
    first, last = costs.month_of(visit.service.now().date())
    days = [
        element("div", element("label", words, for_=f"export-{name}"),
                element("input", type="date", name=name, id=f"export-{name}", value=str(day),
                        required=True), class_="field")
        for name, words, day in (("from", "From", first), ("to", "To", last))
    ]  # fmt: skip
    button = element("div", element("button", "Download the export", class_="primary"),
                     class_="actions")  # fmt: skip
    form = element("form", element("div", days, class_="row"), button, method="get",
                   action=f"{ROOT}tenants/{tenant.id}/costs.csv", id="export")  # fmt: skip
    lede = (
        "What Cost Management's export would show for the SCIM API: a row for each UTC day,"
        " both days included."
    )
    return card("Cost export", form, lede=lede)


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
