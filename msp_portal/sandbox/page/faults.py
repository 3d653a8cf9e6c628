"""Queued faults of one directory, and one more."""

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.faults import KINDS, parse_fault
from msp_portal.sandbox.http import Json, Response
from msp_portal.sandbox.page.forms import Form, button
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import card, code, empty, table
from msp_portal.sandbox.page.visit import Visit
from msp_portal.sandbox.page.words import address, count
from msp_portal.sandbox.tenants import Tenant

_KINDS = {
    "status": "Answer with a status",
    "reset": "Cut the connection",
    "slow": "Answer late",
    "truncated": "Cut the answer in half",
    "html": "Answer with a proxy's HTML page",
}
_METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT")
_NUMBERS = {"status": int, "times": int, "seed": int, "delay": float, "rate": float}
_HEADS = (
    ("Kind", ""),
    ("Status", ""),
    ("When", ""),
    ("Requests", ""),
    ("Strikes", ""),
    ("Retry-After", ""),
)


def show(visit: Visit, status: int = 200) -> Response:
    """The queue and the form."""
    tenant = visit.tenant()
    columns = element("div", _queue(tenant), _form(visit, tenant), class_="columns")
    title = f"Faults of {tenant.config.name}"
    return document(visit, title, tenant_head(tenant, "faults"), columns, status=status)


def add(visit: Visit) -> str:
    """Queue the submitted fault; gives its kind."""
    names = ("kind", "when", "method", "path", "retry_after", *_NUMBERS)
    given: Json = {name: visit.field(name) for name in names if visit.field(name)}
    for name, kind in _NUMBERS.items():
        if name in given:
            given[name] = _number(name, kind, given[name])
    visit.tenant().faults.add(parse_fault(given))
    return str(given["kind"])


def _number(name: str, kind: type[int] | type[float], text: str) -> float:
    try:
        return kind(text)
    except ValueError:
        words = "a whole number" if kind is int else "a number"
        raise ControlError(400, f"'{name}' must be {words}, not {text!r}.") from None


def _queue(tenant: Tenant) -> Markup:
    faults = tenant.faults.shown()
    lede = "The oldest fault that fits a request strikes it. Faults are forgotten on a restart."
    if not faults:
        none = empty("No fault waits: every call is answered normally.")
        return card("Waiting", none, lede=lede)
    shown = table("Waiting faults", _HEADS, map(_row, faults))
    clear = button(address("tenants", tenant.id, "faults", "clear"), "Clear all faults")
    return card(count(len(faults), "fault") + " waiting", shown, clear, lede=lede)


def _row(fault: Json) -> list[Child]:
    slow, shows = fault["kind"] == "slow", fault["kind"] in ("status", "html")
    return [
        [_KINDS[fault["kind"]], f" (by {fault['delay']:g} s)" if slow else None],
        str(fault["status"]) if shows else "none",
        "instead of the work" if fault["when"] == "before" else "after the work",
        _requests(fault),
        _strikes(fault),
        fault["retry_after"] or "none",
    ]


def _requests(fault: Json) -> Child:
    narrowed = [each for each in (fault["method"], fault["path"]) if each]
    return code(" ".join(narrowed)) if narrowed else "all"


def _strikes(fault: Json) -> str:
    often = {None: "every time", 1: "once"}.get(fault["times"]) or count(fault["times"], "time")
    if fault["rate"] is None:
        return often
    chance = f"{fault['rate'] * 100:g} % of requests (seed {fault['seed']})"
    return chance if fault["times"] is None else f"{chance}, {often}"


def _form(visit: Visit, tenant: Tenant) -> Markup:
    form = Form(visit, "fault", address("tenants", tenant.id, "faults"))
    whens = [
        ("before", "Before the work: nothing is written"),
        ("after", "After the work: it was written"),
    ]
    body = form.render(
        form.choice("kind", "Kind", [(each, _KINDS[each]) for each in KINDS], "status"),
        form.choice("when", "When", whens, "before"),
        _row_of(
            form.number("status", "Status", placeholder="503",
                        hint="For an answer with a status or a page."),
            form.text("retry_after", "Retry-After", hint="Seconds or a date; empty: none."),
        ),
        _row_of(
            form.choice("method", "Method", [("", "Any"), *[(m, m) for m in _METHODS]]),
            form.text("path", "Path begins with", placeholder="/users",
                      hint="Below the SCIM base address."),
        ),
        _row_of(
            form.number("times", "How many times", placeholder="1",
                        hint="Empty: once, or without end with a rate."),
            form.number("delay", "Delay in seconds", placeholder="1", hint="For a late answer."),
        ),
        _row_of(
            form.number("rate", "Rate", placeholder="0.1",
                        hint="Chance from 0 to 1; empty: every fitting request."),
            form.number("seed", "Seed", placeholder="0", hint="The same seed, the same draws."),
        ),
        submit="Make the fault",
    )  # fmt: skip
    return card("New fault", body, ident="new")


def _row_of(*fields: Markup) -> Markup:
    return element("div", fields, class_="row")
