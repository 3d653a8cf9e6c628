"""What if: a tenant's month at other intervals and sizes, and a migration, beside the naive way."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing.charts import Pair, paired_bars
from billing.domain.periods import start_of
from billing.domain.pricing import USUAL_RULE, NoPrice, Price, price_at
from billing.domain.simulator import Compared, History, Kind, Scenario, Way, replay
from billing.exports import cell
from billing.selectors import price_book
from provisioning.domain.what_if import Line, migration_alone, side_by_side
from provisioning.selectors.past import (
    Days,
    Pace,
    days_of,
    history_of,
    managed_groups,
    metered_writes,
    newest_people,
    pace_of,
)
from provisioning.templatetags.simulator_ui import kind_words
from provisioning.what_if_forms import MigrationForm, WhatIfForm
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Tenant
from tenants.selectors import tenants_for

_GROWTHS = (20, 50)
_COLUMNS = (
    "way",
    "details",
    "calls",
    "cost",
    "naive_calls",
    "naive_cost",
    "saved_calls",
    "saved",
    "currency",
    "seconds_from_full_quota",
    "seconds_from_empty_quota",
)


@dataclass(frozen=True, slots=True)
class _Past:
    """A tenant's history, the days it may begin on, and the calls that its writes take now."""

    history: History
    days: Days
    pace: Pace
    replayed: int
    metered: int


@dataclass(frozen=True, slots=True)
class _Question:
    """What was asked about a tenant, and the answer: nothing of it while the form is wrong.

    `price` is None where the price book has none: then amounts mean nothing.
    """

    tenant: Tenant
    price: Price | None
    form: MigrationForm
    past: _Past | None = None
    lines: Sequence[Line] = ()
    migration: Compared | None = None

    @property
    def chosen(self) -> Line | None:
        """The way that was asked for."""
        return next((line for line in self.lines if line.chosen), None)


@allowed(Action.SEE_COSTS)
def simulator(request: PortalRequest, slug: str) -> HttpResponse:
    """Several ways side by side, the chosen one in detail; a migration alone without a history."""
    asked = _asked(request, slug)
    chosen = asked.chosen
    context = {
        "tenant": asked.tenant,
        "price": asked.price,
        "currency": asked.price.currency if asked.price else "",
        "form": asked.form,
        "past": asked.past,
        "lines": asked.lines,
        "chosen": chosen,
        "migration": asked.migration,
        "move": asked.form.migrated if asked.migration else None,
        "bars": _bars(asked.lines, priced=asked.price is not None),
        "kinds": _kinds(chosen.answer.month) if chosen else [],
        "moved": _kinds(asked.migration) if asked.migration else [],
        "growths": _growths(request) if "growth" in asked.form.fields else [],
        "query": request.GET.urlencode(),
        "without_load": _without_load(request, asked.past),
    }
    return render(request, "provisioning/simulator.html", context)


@allowed(Action.SEE_COSTS)
def simulator_csv(request: PortalRequest, slug: str) -> HttpResponse:
    """The comparison as CSV; back to the page when there is nothing to compare."""
    asked = _asked(request, slug)
    if not asked.lines and asked.migration is None:
        page = reverse("simulator", kwargs={"slug": slug})
        return redirect(f"{page}?{request.GET.urlencode()}")
    name = f"simulator-{asked.tenant.slug}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    rows = csv.writer(response)
    rows.writerow(_COLUMNS)
    for line in asked.lines:
        now = " (as now)" if line.present else ""
        rows.writerow(_row(f"{line.name}{now}", line.detail, line.answer.month, asked.price))
    if asked.migration:
        rows.writerow(_row("Migration, once", "", asked.migration, asked.price))
    return response


def _asked(request: PortalRequest, slug: str) -> _Question:
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    now = timezone.now()
    price, days = _price(tenant, now), days_of(tenant, now)
    if days is None:
        return _alone(request, tenant, price, now)
    pace = pace_of(tenant, start_of(days.usual))
    form = WhatIfForm(request.GET.dict(), days, pace)
    if not form.is_valid():
        return _Question(tenant, price, form)
    past = _past(tenant, form.cleaned_data["since"], now, days, pace)
    kinds = Counter(write.kind for write in past.history.writes)
    form.move(len(past.history.group_sizes), (kinds[Kind.SECOND], kinds[Kind.CREATE]))
    present = Scenario(pace.sync_minutes, pace.reconcile_minutes)
    lines = side_by_side(past.history, present, form.scenario(), price or _unpriced(now))
    migration = next(line.answer.migration for line in lines if line.chosen)
    return _Question(tenant, price, form, past, lines, migration)


def _alone(request: PortalRequest, tenant: Tenant, price: Price | None, now: datetime) -> _Question:
    """A migration by itself, by default of everybody in the newest reads."""
    people = newest_people(tenant)
    form = MigrationForm(request.GET.dict(), {"people": people} if people else {})
    if not form.is_valid() or not (move := form.move(managed_groups(tenant))):
        return _Question(tenant, price, form)
    found = migration_alone(move, price or _unpriced(now), now)
    return _Question(tenant, price, form, migration=found)


def _past(tenant: Tenant, since: date, now: datetime, days: Days, pace: Pace) -> _Past:
    history = history_of(tenant, start_of(since), now, pace)
    replayed = sum(replay(history, pace.sync_minutes).values())
    return _Past(history, days, pace, replayed, metered_writes(tenant, since))


def _price(tenant: Tenant, now: datetime) -> Price | None:
    try:
        return price_at(price_book(), now, tenant.cloud)
    except NoPrice:
        return None


def _unpriced(now: datetime) -> Price:
    """Stands for a price nobody knows, so that calls can be counted."""
    return Price(Decimal(0), "", USUAL_RULE, now)


def _bars(lines: Sequence[Line], *, priced: bool) -> tuple[Pair, ...]:
    """The portal's way and the naive one by cost, or by calls without a price."""

    def value(way: Way) -> Decimal:
        return way.amount if priced else Decimal(way.total)

    def label(line: Line) -> str:
        return f"{line.name}, as now" if line.present else line.name

    months = [(label(line), line.answer.month) for line in lines]
    return paired_bars([(words, value(found.ours), value(found.naive)) for words, found in months])


def _kinds(compared: Compared) -> list[tuple[str, int, int]]:
    """Calls by kind, of the portal's way and of the naive one."""
    ours, naive = compared.ours.calls, compared.naive.calls
    return [
        (kind_words(kind), ours.get(kind, 0), naive.get(kind, 0))
        for kind in Kind
        if kind in ours or kind in naive
    ]


def _growths(request: PortalRequest) -> list[tuple[str, str]]:
    """Quick choices: words, and the query that asks for it."""
    found = []
    for growth in _GROWTHS:
        query = request.GET.copy()
        query["growth"] = str(growth)
        found.append((f"{growth} % growth", query.urlencode()))
    return found


def _without_load(request: PortalRequest, past: _Past | None) -> str:
    """Address that leaves out the first load, which the history has; empty where it has not."""
    load = past.days.first_load if past else None
    if past is None or load is None or past.history.start.date() > load:
        return ""
    query = request.GET.copy()
    query.pop("since", None)
    return f"?{query.urlencode()}"


def _row(way: str, details: str, found: Compared, price: Price | None) -> list[object]:
    ours, naive = found.ours, found.naive
    amounts = [f"{each:f}" if price else "" for each in (ours.amount, naive.amount, found.saved)]
    return [
        cell(way),
        cell(details),
        ours.total,
        amounts[0],
        naive.total,
        amounts[1],
        found.saved_calls,
        amounts[2],
        price.currency if price else "",
        ours.least_seconds,
        ours.most_seconds,
    ]
