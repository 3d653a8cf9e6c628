"""Pages of the calls that need not have been: of one tenant, and of all tenants of a customer."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing.domain.periods import Month
from billing.domain.pricing import Cost
from billing.domain.waste import Finding, Kind, Setting
from billing.domain.waste_words import ADVICE, CAUSES
from billing.exports import cell
from billing.labels import Target, target_of
from billing.views.costs import later_than, month_asked
from provisioning.selectors.waste import TenantWaste, source_by_job, waste_of
from provisioning.templatetags.waste_ui import waste_what
from provisioning.views.places import slug_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant
from tenants.selectors import actions_of, customers_for, tenants_for

_PAGE, _EXAMPLES = 50, 3
_PAGES: Mapping[str, tuple[str, Action]] = {
    "Profile": ("profile_edit", Action.EDIT_PROFILE),
    "Schedules and blackouts": ("schedule_list", Action.EDIT_TENANT),
    "Credential": ("tenant_credential", Action.EDIT_TENANT),
    "Reconcile": ("tenant_reconcile", Action.UPLOAD),
}
_OF_A_SOURCE = (Setting.RULE, Setting.GROUPS, Setting.MATCHING)
_SORTS = (("calls", "Calls"), ("jobs", "Jobs"), ("cause", "Cause"), ("tenant", "Tenant"))
_CAUSES = [(kind.name.lower(), name) for kind, (name, _) in CAUSES.items()]
_COLUMNS = [
    "month",
    "customer",
    "tenant",
    "cause",
    "what",
    "calls",
    "billable",
    "uncertain",
    "currency",
    "cost",
    "jobs",
    "avoided_by",
    "example_jobs",
]


@dataclass(frozen=True, slots=True)
class WasteLine:
    """A finding on the page; `url` is where its setting is changed, "" for who may not."""

    tenant: Tenant
    finding: Finding
    url: str

    @property
    def cause(self) -> tuple[str, str]:
        """What the cause is called, and what it means."""
        return CAUSES[self.finding.kind]

    @property
    def what(self) -> str:
        """What the calls were about, in words."""
        return waste_what(self.finding)

    @property
    def advice(self) -> tuple[str, str]:
        """The page where it is set, and what to do there."""
        return ADVICE[self.finding.setting]

    @property
    def examples(self) -> list[Target]:
        """Jobs with most of these calls."""
        return [target_of(label) for label in self.finding.jobs[:_EXAMPLES]]


@allowed(Action.SEE_COSTS)
def waste_tenant(request: PortalRequest, slug: str) -> HttpResponse:
    """What one tenant's month was spent on in vain."""
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    return _page(request, tenant.customer, [tenant], tenant)


@allowed(Action.SEE_COSTS)
def waste_customer(request: PortalRequest, slug: str) -> HttpResponse:
    """The same of all tenants of a customer."""
    customer = visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)
    return _page(request, customer, _tenants(customer))


@allowed(Action.SEE_COSTS)
def waste_tenant_csv(request: PortalRequest, slug: str) -> HttpResponse:
    """The tenant's findings as CSV, narrowed and sorted as on the page."""
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    return _file(request, tenant.customer, [tenant])


@allowed(Action.SEE_COSTS)
def waste_customer_csv(request: PortalRequest, slug: str) -> HttpResponse:
    """The same of all tenants of a customer."""
    customer = visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)
    return _file(request, customer, _tenants(customer))


def _tenants(customer: Customer) -> list[Tenant]:
    return list(customer.tenants.select_related("customer").order_by("name"))


def _page(
    request: PortalRequest, customer: Customer, tenants: list[Tenant], tenant: Tenant | None = None
) -> HttpResponse:
    month = month_asked(request)
    found = waste_of(tenants, month)
    wasted = sum((each.wasted for each in found), Cost())
    total = sum((each.total for each in found), Cost())
    lines = _asked(request, _lines(request, customer, found))
    context = {
        "customer": customer,
        "tenant": tenant,
        "month": month,
        "later": later_than(month),
        "wasted": wasted,
        "total": total,
        "share": _share(wasted, total),
        "gaps": _gaps(found, month),
        "kept_days": settings.CALL_RETENTION_DAYS,
        "page": Paginator(lines, _PAGE).get_page(request.GET.get("page")),
        "asked": request.GET.get("q", "").strip(),
        "cause": request.GET.get("cause", ""),
        "causes": _CAUSES,
        "sort": request.GET.get("sort", ""),
        "sorts": _SORTS if tenant is None else _SORTS[:-1],
        "csv_url": _csv_url(request, customer, tenant),
    }
    return render(request, "provisioning/waste.html", context)


def _csv_url(request: PortalRequest, customer: Customer, tenant: Tenant | None) -> str:
    where = (
        reverse("waste_tenant_csv", kwargs={"slug": tenant.slug})
        if tenant
        else reverse("waste_customer_csv", kwargs={"slug": customer.slug})
    )
    asked = request.GET.copy()
    asked.pop("page", None)
    return f"{where}?{asked.urlencode()}" if asked else where


def _lines(
    request: PortalRequest, customer: Customer, found: Iterable[TenantWaste]
) -> list[WasteLine]:
    pairs = [(each.tenant, finding) for each in found for finding in each.findings]
    may = actions_of(request.user, customer.pk)
    sources = source_by_job(
        finding.jobs[0] for _, finding in pairs if finding.setting in _OF_A_SOURCE
    )
    lines = []
    for tenant, finding in pairs:
        name, action = _PAGES[ADVICE[finding.setting][0]]
        source = sources.get(finding.jobs[0]) if finding.setting in _OF_A_SOURCE else None
        slug = slug_of(tenant, source) if source else tenant.slug
        url = reverse(name, kwargs={"slug": slug}) if action in may else ""
        lines.append(WasteLine(tenant, finding, url))
    return lines


def _asked(request: PortalRequest, lines: list[WasteLine]) -> list[WasteLine]:
    """Narrowed by cause and text, and sorted: by billed calls, as long as nobody asks otherwise."""
    cause, text = request.GET.get("cause", "").upper(), request.GET.get("q", "").strip().casefold()
    if cause in Kind.__members__:
        lines = [line for line in lines if line.finding.kind is Kind[cause]]
    if text:
        lines = [line for line in lines if text in f"{line.tenant.name} {line.what}".casefold()]
    lines.sort(key=lambda line: (-line.finding.cost.billable, -line.finding.cost.calls))
    match request.GET.get("sort", ""):
        case "calls":
            lines.sort(key=lambda line: -line.finding.cost.calls)
        case "jobs":
            lines.sort(key=lambda line: -len(line.finding.jobs))
        case "cause":
            lines.sort(key=lambda line: line.cause)
        case "tenant":
            lines.sort(key=lambda line: line.tenant.name)
    return lines


def _share(wasted: Cost, total: Cost) -> str:
    """The part of the month's cost, 0 to 1; of its calls, where there is no single amount."""
    amounts = list(total.amounts.values())
    if len(amounts) == 1 and amounts[0]:
        return str(sum(wasted.amounts.values(), Decimal(0)) / amounts[0])
    return str(Decimal(wasted.calls) / max(total.calls, 1))


def _gaps(found: Iterable[TenantWaste], month: Month) -> list[tuple[Tenant, date | None]]:
    """Tenants of whose month not every call is kept, with the first day from which on they are."""
    first = month.start.date()
    return [(each.tenant, each.known_from) for each in found if each.known_from != first]


def _file(request: PortalRequest, customer: Customer, tenants: list[Tenant]) -> HttpResponse:
    month = month_asked(request)
    headers = {"Content-Disposition": f'attachment; filename="scim-waste-{month}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    rows = csv.writer(response)
    rows.writerow(_COLUMNS)
    for line in _asked(request, _lines(request, customer, waste_of(tenants, month))):
        rows.writerows(_cells(line, month))
    return response


def _cells(line: WasteLine, month: Month) -> Iterable[list[Any]]:
    """A row for each currency; one without any for what was not priced."""
    cost, jobs = line.finding.cost, line.finding.jobs
    for currency, amount in cost.amounts.items() or [("", "")]:
        yield [
            month,
            cell(line.tenant.customer.name),
            cell(line.tenant.name),
            line.cause[0],
            cell(line.what),
            cost.calls,
            cost.billable,
            cost.uncertain,
            currency,
            f"{amount:f}" if currency else "",
            len(jobs),
            ": ".join(line.advice),
            " ".join(jobs[:_EXAMPLES]),
        ]
