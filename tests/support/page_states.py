"""Tenants in each state a page can show: `python -m tests.support.page_states SANDBOX_URL`.

Prints the addresses of their jobs as JSON. Needs a running sandbox and worker.
"""

import io
import json
import os
import sys
import time
import uuid
from dataclasses import replace
from typing import Any

import django
import httpx

PEOPLE = 20
NAMES = {
    "calm": "Calm Waters Housing",
    "doubtful": "Doubtful Sound Diving",
    "short": "Short Street Bakery",
    "failing": "Failing Light Theatre",
    "barred": "Barred Owl Optics",
    "blank": "Blank Canvas Prints",
    "fresh": "Fresh Paint Interiors",
    "edited": "Edited Volumes Press",
    "paused": "Paused Breath Yoga",
    "expired": "Expired Stamps Trading",
    "doubled": "Doubled Up Staffing",
    "night": "Night Shift Bakers",
    "resting": "Resting Place Hotels",
}


def main() -> None:
    """Bring each tenant into its state, those that are independent side by side."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    states = _States(sys.argv[1])
    states.seed()
    states.grow_old()
    first = states.settle({name: states.upload(name) for name in ("calm", "doubtful", "short")})
    states.settle({"edited": states.upload("edited")})
    waits = states.settle({name: states.upload(name) for name in ("night", "resting")})
    states.keep_waiting()
    states.approve(waits)
    still = states.settle({name: states.upload(name) for name in ("paused", "expired")})
    states.pause(still["paused"])
    states.expire("expired")
    still = states.settle(still)
    failing = states.settle({"failing": states.upload("failing")})
    states.break_directory()
    states.approve(first | failing)
    reports = states.settle(first | failing)
    shared = states.share_out()
    waiting = states.settle(states.upload_again())
    states.bar()
    states.roll_over()
    shown = {
        "report": reports["calm"],
        "failures": reports["failing"],
        "plan": waiting["calm"],
        "withheld": waiting["doubtful"],
        "stopped": waiting["short"],
        "transfer": shared,
        **still,
        **{name: states.in_trouble(job) for name, job in waits.items()},
        "trouble": states.in_trouble(states.upload("barred")),
    }
    bills = states.bill()
    person = states.settle({"person": states.send_person(waiting["calm"])})["person"]
    addresses = {name: f"/jobs/{job.pk}/" for name, job in shown.items()}
    addresses |= bills
    addresses |= {
        "person": f"/jobs/{person.pk}/stages/",
        "undo": f"/jobs/{reports['calm'].pk}/undo/",
        "bill": f"/costs/reconciliation/imports/{states.azure_bill()}/",
    }
    print(json.dumps(addresses))


class _States:
    def __init__(self, sandbox_url: str) -> None:
        from msp_portal.demo.generator import DemoCustomer, people_profile, people_table

        self._url = sandbox_url
        self._customers = {
            slug: DemoCustomer(
                slug,
                name,
                "brindlewick.example",
                str(uuid.uuid5(uuid.NAMESPACE_DNS, slug)),
                people_table(PEOPLE, seed),
                people_profile(),
            )
            for seed, (slug, name) in enumerate(NAMES.items())
        }

    def seed(self) -> None:
        from django.conf import settings

        from msp_portal.demo import seeding
        from provisioning.models import MappingProfile
        from tenants import services
        from tenants.services import TenantFacts

        password = seeding.demo_password(settings.VAR_DIR)
        self._engineer = seeding.seed(tuple(self._customers.values()), self._url, password)
        # Connected, but nobody has written its profile yet.
        MappingProfile.objects.filter(tenant__slug="fresh").delete()
        self._save_drafts()
        services.add_customer(name="Empty Nest Travel", slug="empty", by=None)
        bare = services.add_customer(name="Bare Hill Farm", slug="bare", by=None)
        facts = TenantFacts(
            name="Bare Hill Farm production",
            slug="bare",
            purpose="production",
            cloud="global",
            entra_id="barehill.example",
            sandbox_url="",
            protected_accounts=(),
        )
        services.add_tenant(customer=bare, facts=facts, by=None)

    def grow_old(self) -> None:
        """A tenant whose jobs ran every day for a month."""
        from tests.support.pasts import add_past
        from tests.support.rows import add_tenant

        add_past(add_tenant("aged"))

    def _save_drafts(self) -> None:
        """A tenant with a draft that is wrong, and people to try it on."""
        from provisioning.services.drafts import save_draft
        from tenants.models import Tenant

        tenant = Tenant.objects.get(slug="edited")
        profile = self._customers["edited"].profile
        wrong = {"target": "userType", "expression": 'Join(" ", [given_name]'}
        draft = {**profile, "attributes": [*profile["attributes"], wrong]}
        save_draft(tenant=tenant, content=draft, revision=0, by=self._engineer)

    def upload(self, slug: str, table: Any = None, source: Any = None) -> Any:
        from provisioning.services.uploads import accept_upload
        from tenants.models import Tenant

        return accept_upload(
            tenant=Tenant.objects.get(slug=slug),
            file=io.BytesIO((table or self._customers[slug].table).to_bytes()),
            file_name=f"{slug}-people.csv",
            by=self._engineer,
            source=source,
        )

    def upload_again(self) -> dict[str, Any]:
        from msp_portal.demo import table as tables

        calm, doubtful, short = (
            self._customers[name].table for name in ("calm", "doubtful", "short")
        )
        again = {
            "calm": tables.with_duplicate_key(tables.without(tables.changed(calm, 4), 3)),
            "doubtful": tables.with_unreadable_key(tables.without(doubtful, 2)),
            "short": tables.without(short, PEOPLE // 2),
        }
        return {slug: self.upload(slug, table) for slug, table in again.items()}

    def share_out(self) -> Any:
        """A tenant of two sources: one person has changed over, another is in both by now."""
        from msp_portal.demo import table as tables
        from provisioning.services.profiles import publish
        from provisioning.services.sources import add_source
        from tenants.models import Tenant

        tenant, customer = Tenant.objects.get(slug="doubled"), self._customers["doubled"]
        second = add_source(tenant=tenant, name="Contractors", by=self._engineer)
        publish(tenant=tenant, definition=customer.profile, by=self._engineer, source=second)
        staff = tables.without(customer.table, 3)
        few = replace(staff, rows=tuple(r for r in customer.table.rows if r not in staff.rows))
        moved = tables.changed(replace(few, rows=few.rows[:2]), 2)
        both = replace(staff, rows=(*staff.rows, *moved.rows))
        self._carry_out(staff)
        self._carry_out(few, second)
        self._carry_out(both)
        self._carry_out(replace(few, rows=few.rows[1:]), second)
        return self.settle({"": self.upload("doubled", both)})[""]

    def _carry_out(self, table: Any, source: Any = None) -> None:
        jobs = self.settle({"": self.upload("doubled", table, source)})
        if jobs[""].state == jobs[""].State.PLANNED:
            self.approve(jobs)
            self.settle(jobs)

    def send_person(self, plan: Any) -> Any:
        """Somebody whom this plan would change, on demand beside it."""
        from provisioning.services.on_demand import send_on_demand

        changed = plan.operations.filter(kind="update").first()
        return send_on_demand(tenant=plan.tenant, key=changed.key, by=self._engineer)

    def break_directory(self) -> None:
        """Two user names are taken behind the portal's back, and one creation is refused."""
        from provisioning.models import Operation

        planned = Operation.objects.filter(tenant__slug="failing")[:2]
        people = [{"userName": each.user_name, "displayName": each.person} for each in planned]
        self._control("failing", "POST", "/seed", {"users": people})
        fault = {"kind": "status", "status": 400, "times": 1, "method": "POST"}
        self._control("failing", "POST", "/faults", fault)

    def bar(self) -> None:
        """The directory no longer accepts this tenant's application."""
        from tenants.models import Credential
        from tenants.tokens import secret_of

        credential = Credential.objects.get(tenant__slug="barred")
        application = {
            "client_id": credential.client_id,
            "client_secret": secret_of(credential),
            "secret_expired": True,
        }
        self._control("barred", "PUT", "", {"applications": [application]})

    def roll_over(self) -> None:
        """One tenant's secret ends soon, and a certificate that was made here stands by."""
        from datetime import timedelta

        from django.utils import timezone

        from tenants import services
        from tenants.models import Credential

        current = Credential.objects.get(tenant__slug="doubtful")
        Credential.objects.filter(pk=current.pk).update(
            expires_at=timezone.now() + timedelta(days=12, hours=1)
        )
        made = services.generate_certificate(
            tenant=current.tenant,
            client_id=current.client_id,
            bits=2048,
            days=365,
            by=self._engineer,
            as_next=True,
        )
        roles = current.roles[:1] if current.roles else []
        Credential.objects.filter(pk=made.pk).update(
            roles=roles, refused_at=timezone.now(), refusal="Entra refused the certificate."
        )

    def bill(self) -> dict[str, str]:
        """Budgets that hold and do not, a rate, terms, and a statement of the running month."""
        from datetime import date

        from django.utils import timezone

        from billing.domain.periods import month_of
        from billing.models import Budget, CustomerTerms, ExchangeRate
        from billing.services.statements import open_statement
        from billing.services.watching import watch_budgets
        from tenants.models import Customer

        now = timezone.now()
        calm, failing = (Customer.objects.get(slug=slug) for slug in ("calm", "failing"))
        Budget.objects.create(amount=100)
        Budget.objects.create(amount="0.01", customer=failing)
        Budget.objects.create(amount=5, currency="GBP", customer=failing, span="year")
        budget = Budget.objects.create(amount=9, currency="EUR", customer=calm)
        start = date(2026, 3, 1)
        ExchangeRate.objects.create(base="USD", quote="EUR", day=start, rate="0.92", note="ECB")
        CustomerTerms.objects.create(
            customer=calm, effective_from=start, markup_percent=12, fixed_fee=30, currency="EUR"
        )
        watch_budgets(now)
        statement = open_statement(customer=calm, month=month_of(now), by=None)
        return {
            "day": f"/costs/tenants/calm/{now:%Y-%m-%d}/",
            "statement": f"/costs/statements/{statement.pk}/",
            "budget": f"/costs/budgets/{budget.pk}/",
        }

    def approve(self, jobs: dict[str, Any]) -> None:
        from provisioning.services import approval

        for job in jobs.values():
            approval.approve(job=job, by=self._engineer)

    def pause(self, job: Any) -> None:
        """Approved and paused at one stroke, so that nothing of it is sent."""
        from django.db import transaction

        from provisioning.services import approval, pausing

        with transaction.atomic():
            approval.approve(job=job, by=self._engineer)
            pausing.pause(job=job, by=self._engineer)

    def expire(self, slug: str) -> None:
        """The profile changes while a plan waits; this tenant also has an approval policy."""
        from provisioning.domain.approval_policy import Limit, Policy
        from provisioning.services.policies import change_policy
        from provisioning.services.profiles import publish
        from tenants.models import Tenant, User

        profile = self._customers[slug].profile
        rule = {"target": "preferredLanguage", "constant": "en"}
        tenant = Tenant.objects.get(slug=slug)
        admin = User.objects.get(email="admin@lanternfield.example")
        definition = {**profile, "attributes": [*profile["attributes"], rule]}
        publish(tenant=tenant, definition=definition, by=self._engineer)
        policy = Policy(automatic=True, creations=Limit(5), two_above=0)
        change_policy(tenant=tenant, policy=policy, by=admin)

    def keep_waiting(self) -> None:
        """One tenant has a blackout and a schedule, another rests after failures."""
        from datetime import time, timedelta

        from django.utils import timezone

        from provisioning.domain.quarantine import Stage
        from provisioning.services import quarantines, scheduling
        from tenants.models import Tenant

        now, by = timezone.now(), self._engineer
        night, resting = (Tenant.objects.get(slug=slug) for slug in ("night", "resting"))
        days = {
            "first_day": (now - timedelta(days=2)).date(),
            "last_day": (now + timedelta(days=9)).date(),
        }
        blackout = scheduling.BlackoutFacts("dated", time(18), time(6), note="Stocktaking", **days)
        weekly = scheduling.BlackoutFacts("weekly", time(22), time(2), days=(5, 6))
        schedule = scheduling.ScheduleFacts(
            "evaluate", "weekly", times=(time(6), time(18)), days=(0, 3)
        )
        for tenant in (night, resting):
            scheduling.add_schedule(tenant=tenant, facts=schedule, by=by, now=now)
        for facts in (blackout, weekly):
            scheduling.add_blackout(tenant=night, facts=facts, by=by, now=now)
        off = "The SCIM Provisioning API is not switched on for this tenant."
        for _ in range(5):
            quarantines.note(resting, quarantines.Failure(Stage.CALL, "off", off), now)

    def settle(self, jobs: dict[str, Any]) -> dict[str, Any]:
        """The jobs once nothing moves any more."""
        return {
            name: _until(job, lambda job: job.state not in job.IN_LANE)
            for name, job in jobs.items()
        }

    def azure_bill(self) -> int:
        """Azure's bill of a past month: a tenant's calls that are not from us, and nobody's."""
        from billing.domain.azure_survey import Hints
        from billing.services.bills import import_bill
        from tenants.models import Tenant, User
        from tenants.services.onboarding import Billing, link_billing
        from tests.support.azure_exports import TRAPS, a_month, export

        month = a_month(11, tenants=2)
        resource = next(iter(month.resources.values()))
        _, _, subscription, _, group, *_ = resource.split("/")
        calm = Tenant.objects.get(slug="calm")
        link_billing(tenant=calm, billing=Billing(subscription, group), by=None)
        by = User.objects.get(email="admin@lanternfield.example")
        source = io.BytesIO(export(month, TRAPS, seed=11))
        return import_bill(source=source, name="april.csv", hints=Hints(), by=by).pk

    def in_trouble(self, job: Any) -> Any:
        return _until(job, lambda job: job.problem)

    def _control(self, slug: str, method: str, path: str, body: dict[str, Any]) -> None:
        url = f"{self._url}/_sandbox/tenants/{self._customers[slug].tenant_id}{path}"
        httpx.request(method, url, json=body).raise_for_status()


def _at_rest(job: Any) -> bool:
    return job.state not in job.IN_LANE


def _until(job: Any, reached: Any) -> Any:
    until = time.monotonic() + 60
    while not reached(job):
        assert time.monotonic() < until, f"{job}: {job.state} {job.problem}"
        time.sleep(0.1)
        job.refresh_from_db()
    return job


if __name__ == "__main__":
    main()
