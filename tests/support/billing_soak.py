"""Many calls through the real client, meter and sandbox over six days, then both counts compared.

`python -m tests.support.billing_soak SANDBOX CALLS SEED CRASHES` runs in a portal's environment and
prints figures as JSON. The clocks of the portal and of the sandbox stand at the end of a month and
go on day by day. In the end the sandbox's cost exports are imported, and each day of each tenant is
held against them. With CRASHES, connections are cut and a worker "dies" after it has sent a batch:
its calls stay open and are taken for uncertain, as the next holder of the lane does.
"""

import csv
import io
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import django
import httpx
import time_machine

FIRST = datetime(2026, 10, 29, 20, tzinfo=UTC)
DAYS = 6
UNIT = Decimal("0.002")
BATCH = 64
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "retry_after": 0.01, "rate": 0.02},
    {"kind": "status", "status": 500, "rate": 0.02},
    {"kind": "status", "status": 503, "rate": 0.02},
    {"kind": "status", "status": 504, "when": "before", "rate": 0.01},
    {"kind": "status", "status": 504, "when": "after", "rate": 0.01},
]
CUTS: list[dict[str, Any]] = [
    {"kind": "reset", "when": "before", "rate": 0.005},
    {"kind": "reset", "when": "after", "rate": 0.005},
]
ABSENT = UUID(int=7)


class Soak:
    """Tenants of a seeded portal, driven through the client that jobs use."""

    def __init__(self, url: str, calls: int, seed: int, crashes: bool) -> None:
        from tenants.models import Tenant, User

        self.tenants = list(Tenant.objects.select_related("customer").order_by("slug"))
        self.finance = User.objects.filter(is_active=True).first()
        self.crashes = crashes
        self._control = httpx.Client(base_url=f"{url}/_sandbox", timeout=60)
        self._chance = random.Random(seed)
        self._known: dict[int, list[str]] = {tenant.pk: [] for tenant in self.tenants}
        self._number = 0
        self._share = -(-calls // (DAYS * len(self.tenants)))
        for tenant in self.tenants:
            for at, fault in enumerate([*FAULTS, *(CUTS if crashes else [])]):
                body = {**fault, "seed": seed + at}
                path = f"/tenants/{tenant.entra_id}/faults"
                self._control.post(path, json=body).raise_for_status()

    def run(self) -> dict[str, Any]:
        """Drive every tenant on every day; gives the figures."""
        began = time.monotonic()
        for day in range(DAYS):
            moment = FIRST + timedelta(days=day)
            with self.at(moment):
                for tenant in self.tenants:
                    self._drive(tenant, day)
        figures = self._figures()
        return {**figures, "seconds": round(time.monotonic() - began)}

    def at(self, moment: datetime) -> time_machine.travel:
        """Both clocks at a moment, and ticking."""
        ahead = self._control.get("/clock").json()["now"]
        seconds = (moment - datetime.fromisoformat(ahead)).total_seconds()
        self._control.post("/clock", json={"advance_seconds": seconds}).raise_for_status()
        return time_machine.travel(moment, tick=True)

    def _drive(self, tenant: Any, day: int) -> None:
        from billing.services import abandon_open_calls
        from provisioning.adapters.directory import open_client
        from provisioning.adapters.journal import Journal

        label = f"job:{day}"
        journal = Journal(tenant, label)
        sent = 0
        while sent < self._share:
            # A slice: clients are opened for some seconds only.
            with open_client(tenant, label, lambda: time.monotonic() + 600) as client:
                for _ in range(20):
                    if sent >= self._share:
                        break
                    client.ready()
                    attempts = list(self._attempts(tenant, min(BATCH, self._share - sent)))
                    journal.opened(attempts)
                    exchanges = client.send_all(attempts, time.monotonic() + 600)
                    sent += sum(exchange.answer.status is not None for exchange in exchanges)
                    if self.crashes and self._chance.random() < 0.02:
                        abandon_open_calls(tenant)
                        continue
                    journal.settled(exchanges)
                    self._learn(tenant, exchanges)

    def _attempts(self, tenant: Any, number: int) -> Iterator[Any]:
        from provisioning.scim.messages import Attempt, Purpose
        from provisioning.scim.urns import ENTRA_USER
        from provisioning.scim.users import change_user, create_user, delete_user, get_user

        known = self._known[tenant.pk]
        for _ in range(number):
            kind, self._number = self._chance.random(), self._number + 1
            name = f"p{self._number}"
            if kind < 0.4 or not known:
                state = {
                    "userName": f"{name}@brindlewick.example",
                    "displayName": name,
                    "externalId": name,
                    "name.givenName": "Some",
                    "name.familyName": name,
                    f"{ENTRA_USER}:mailNickname": name,
                    "active": True,
                }
                yield Attempt(create_user(state, "A-long-Passw0rd-1", name))
            elif kind < 0.75:
                entra_id = self._chance.choice(known)
                changes = {"displayName": f"Renamed {name}"}
                yield Attempt(change_user(entra_id, changes, Purpose.UPDATE, name))
            elif kind < 0.85:
                yield Attempt(get_user(str(ABSENT), ("userName",), Purpose.LOOKUP, name))
            elif kind < 0.9:
                yield Attempt(delete_user(known.pop(self._chance.randrange(len(known))), name))
            else:
                entra_id = self._chance.choice(known)
                yield Attempt(get_user(entra_id, ("userName",), Purpose.VERIFY, name))

    def _learn(self, tenant: Any, exchanges: list[Any]) -> None:
        for exchange in exchanges:
            body = exchange.answer.body
            if exchange.answer.status == 201 and isinstance(body, dict):
                self._known[tenant.pk].append(body["id"])

    def _figures(self) -> dict[str, Any]:
        from billing.domain.periods import month_of
        from billing.models import Call
        from billing.selectors.overview import tenant_days
        from billing.services.statements import close_statement, open_statement

        months = [month_of(FIRST), month_of(FIRST).next()]
        counts = {"calls": 0, "billable": 0, "uncertain": 0, "sandbox": 0, "days": 0}
        wrong, statements, exported = [], [], Decimal(0)
        with self.at(months[-1].end + timedelta(hours=1)):
            for tenant in self.tenants:
                export = self._export(tenant)
                for day, cost in (pair for month in months for pair in tenant_days(tenant, month)):
                    quantity, amount = export.pop(f"{day:%m/%d/%Y}", (0, Decimal(0)))
                    most = cost.billable + cost.uncertain
                    exact = self.crashes or cost.amounts.get("USD", 0) == amount
                    if not (cost.billable <= quantity <= most and exact):
                        wrong.append([tenant.slug, str(day), cost.billable, most, quantity])
                    exported += amount
                    counts["calls"] += cost.calls
                    counts["billable"] += cost.billable
                    counts["uncertain"] += cost.uncertain
                    counts["sandbox"] += quantity
                    counts["days"] += 1
                wrong += [[tenant.slug, day] for day in export]
            for tenant in self.tenants:
                for month in months:
                    opened = open_statement(customer=tenant.customer, month=month, by=None)
                    closed = close_statement(statement=opened, by=self.finance)
                    lines = closed.lines.all()
                    statements.append(str(sum(line.amount for line in lines)))
            reconciled = self._reconciled(months)
        stated = sum(map(Decimal, statements))
        return {
            **counts,
            "requests": sum(self._usage(tenant)["requests"] for tenant in self.tenants),
            "stated": f"{stated.normalize():f}",
            "priced": f"{(counts['billable'] * UNIT).normalize():f}",
            "exported": f"{exported.normalize():f}",
            "open": Call.objects.filter(state=Call.State.OPEN).count(),
            "wrong": wrong,
            **reconciled,
        }

    def _reconciled(self, months: list[Any]) -> dict[str, Any]:
        """Import every tenant's export; gives how far each cause explains the days' differences."""
        from billing.domain.azure_survey import Hints
        from billing.domain.reconciliation import Cause, Share
        from billing.models import BillDay
        from billing.selectors.bills import comparisons, standing_of
        from billing.services.bills import import_bill
        from tenants.models import Tenant
        from tenants.services.onboarding import Billing, link_billing

        for tenant in self.tenants:
            text = self._export_text(tenant)
            row = next(csv.DictReader(io.StringIO(text)))
            linked = Billing(row["SubscriptionId"], row["ResourceGroup"].upper())
            link_billing(tenant=tenant, billing=linked, by=self.finance)
            # So that only the resource group tells whose the calls are.
            Tenant.objects.filter(pk=tenant.pk).update(entra_id=str(ABSENT))
            source = io.BytesIO(text.encode())
            assert self.finance
            import_bill(source=source, name=tenant.slug, hints=Hints(), by=self.finance)
        found = [each for month in months for each in comparisons(self.tenants, month)]
        findings = [finding for each in found for finding in each.findings]
        by_cause = {
            cause.value: int(sum(f.shares[cause].calls for f in findings if cause in f.shares))
            for cause in Cause
            if any(cause in finding.shares for finding in findings)
        }
        states = {standing_of(self.tenants, month, month.end).state for month in months}
        return {
            "reconciled_days": len(findings),
            "explained": by_cause,
            # Days whose difference is more than what is uncertain, in calls or in money.
            "unlike": [
                [finding.tenant, str(finding.day)]
                for finding in findings
                if finding.difference != finding.shares.get(Cause.UNCERTAIN, Share())
            ],
            "unassigned": BillDay.objects.filter(tenant=None).count(),
            "uncovered": sum(len(each.missing) + bool(each.problem) for each in found),
            "states": sorted(states),
        }

    def _export_text(self, tenant: Any) -> str:
        path = f"/tenants/{tenant.entra_id}/costs.csv"
        return self._control.get(path, params={"from": "2026-10-01", "to": "2026-12-01"}).text

    def _export(self, tenant: Any) -> dict[str, tuple[int, Decimal]]:
        return {
            row["Date"]: (int(row["Quantity"]), Decimal(row["CostInBillingCurrency"]))
            for row in csv.DictReader(io.StringIO(self._export_text(tenant)))
        }

    def _usage(self, tenant: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._control.get(
            "/usage", params={"tenant": tenant.entra_id}
        ).json()["tenants"][tenant.entra_id.lower()]
        return found


def main() -> None:
    """Run, and print the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from tenants.row_security import everything

    url, calls, seed, crashes = sys.argv[1], *map(int, sys.argv[2:5])
    with everything():
        print(json.dumps(Soak(url, calls, seed, bool(crashes)).run()))


if __name__ == "__main__":
    main()
