"""Rows for tests that need no real run: customers, tenants, jobs, people."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db.models import F
from django.utils import timezone

from billing.models import BillDay, BillFile, DailyUsage, Usage
from provisioning.domain.starter import STARTER
from provisioning.models import Blackout, Job, Schedule
from provisioning.selectors import profile_in
from provisioning.services.profiles import publish
from tenants import services
from tenants.domain.events import CHOOSABLE
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.domain.roles import Role
from tenants.models import Customer, Destination, Tenant, User
from tenants.services import TenantFacts
from tenants.services.destinations import DestinationFacts, add_destination
from tenants.services.notices import tell_one


def add_tenant(slug: str, cloud: str = "global", customer: Customer | None = None) -> Tenant:
    """A tenant that has a profile and a source; of a customer of its own if none is given."""
    customer = customer or services.add_customer(
        name=f"Customer {slug}", slug=f"customer-{slug}", by=None
    )
    facts = TenantFacts(name=f"Tenant {slug}", slug=slug, cloud=cloud, entra_id=str(uuid4()))
    tenant = services.add_tenant(customer=customer, facts=facts, by=None)
    publish(tenant=tenant, definition=STARTER, by=None)
    return tenant


def add_usage(
    tenant: Tenant,
    hour: datetime,
    status: int = 201,
    calls: int = 1,
    purpose: str = "create",
    job: str = "",
) -> None:
    """Counted calls without rows of their own, in their hour and day."""
    key = {"customer": tenant.customer, "tenant": tenant, "purpose": purpose, "status": status}
    Usage.objects.create(**key, hour=hour, job=job, calls=calls)
    day, new = DailyUsage.objects.get_or_create(**key, day=hour.date(), defaults={"calls": calls})
    if not new:
        DailyUsage.objects.filter(pk=day.pk).update(calls=F("calls") + calls)


def add_bill(tenant: Tenant, day: date = date(2026, 5, 1), calls: int = 3) -> BillFile:
    """An imported file with one day's calls of a tenant."""
    file = BillFile.objects.create(
        content_hash=uuid4().hex,
        file_name=f"{tenant}.csv",
        variant="Enterprise Agreement",
        rows=1,
        first_day=day,
        last_day=day,
        imported_at=timezone.now(),
    )
    BillDay.objects.create(
        customer=tenant.customer,
        tenant=tenant,
        file=file,
        day=day,
        resource_id=f"/subscriptions/{tenant.slug}",
        kind="usage",
        currency="USD",
        quantity=Decimal(calls),
        cost=calls * Decimal("0.002"),
        rows=1,
    )
    return file


def add_job(tenant: Tenant, state: Job.State, **values: Any) -> Job:
    """A job of the tenant's current profile version in a state."""
    profile = profile_in(tenant)
    assert profile is not None
    version = profile.current
    assert version is not None
    return Job.objects.create(
        customer=tenant.customer,
        tenant=tenant,
        source=profile.source,
        profile_version=version,
        file_name="people.csv",
        state=state,
        **values,
    )


def add_schedule(tenant: Tenant) -> Schedule:
    """A schedule that is switched off."""
    return Schedule.objects.create(
        customer=tenant.customer, tenant=tenant, unit="daily", times=["06:00"], enabled=False
    )


def add_blackout(tenant: Tenant) -> Blackout:
    """A blackout of an hour on Mondays."""
    return Blackout.objects.create(
        customer=tenant.customer, tenant=tenant, days=[0], begins=time(3), ends=time(4)
    )


def add_webhook(customer: Customer | None, url: str = "https://hook.example/in") -> Destination:
    """A webhook that wants everything, with a test message that waits."""
    by = User.objects.filter(email="webhooks@msp.example").first()
    by = by or User.objects.create_user("webhooks@msp.example")
    facts = DestinationFacts(url, CHOOSABLE)
    row, _ = add_destination(channel="webhook", customer=customer, facts=facts, by=by)
    tell_one(row, "notices.test", subject=row)
    return row


def reach_of(customer: Customer | None) -> Reach:
    """This customer only; all of them for None."""
    return Reach(Scope.LISTED, frozenset({customer.pk})) if customer else EVERYWHERE


def add_person(role: Role, customer: Customer | None) -> User:
    """A person with one grant."""
    scope = customer.slug if customer else "all"
    return services.add_person(
        email=f"{role}-{scope}@msp.example",
        name=f"{role} of {scope}",
        password="a-password-for-tests",
        role=role,
        reach=reach_of(customer),
        by=None,
    )
