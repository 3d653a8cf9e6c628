"""The engine in this process against a real sandbox process: a tenant with everything it needs."""

import io
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from billing.domain.pricing import FOUND, UNCERTAIN, Cost, UsageLine, cost_of
from billing.models import Call, DailyUsage, PriceBookEntry, Usage
from billing.selectors.costs import price_book
from msp_portal.demo.generator import people_profile, people_table
from msp_portal.demo.table import Row, Table
from provisioning.domain.definition import parse_definition
from provisioning.domain.mapping import compile_profile
from provisioning.models import (
    DirectoryObject,
    HeldRecord,
    Job,
    Lane,
    Operation,
    ProfileVersion,
    Source,
)
from provisioning.services import approval, slices
from provisioning.services.profiles import publish
from provisioning.services.queueing import queue_from_snapshot
from provisioning.services.sources import own_source
from provisioning.services.uploads import accept_upload
from tenants import services
from tenants.domain.roles import Role
from tenants.models import Tenant, User
from tenants.services import TenantFacts
from tests.support.rows import reach_of
from tests.support.sandbox import RunningSandbox

DOMAIN = "brindlewick.example"
CLIENT_ID = "app"
SECRET = "the-secret-of-a-test"
_LONGEST_WAIT = 3.0


def first_price() -> None:
    """The price every tenant has from the migrations; tests that empty the tables lose it."""
    PriceBookEntry.objects.get_or_create(
        cloud="",
        effective_from=datetime(2026, 3, 1, tzinfo=UTC),
        defaults={"unit_price": Decimal("0.002"), "currency": "USD", "rule": "2xx+404"},
    )


def person(role: Role, email: str = "", customer: Any = None) -> User:
    """Somebody who holds this role, for all customers unless one is given."""
    email = email or f"{role.value}@lanternfield.example"
    return services.add_person(
        email=email,
        name=role.name.title(),
        password=None,
        role=role,
        reach=reach_of(customer),
        by=None,
    )


def edited(table: Table, at: int, **values: str) -> Table:
    """The table with other values in one row."""
    old = dict(zip(table.fields, table.rows[at].values, strict=True))
    row = Row(tuple((old | values)[field] for field in table.fields))
    rows = (*table.rows[:at], row, *table.rows[at + 1 :])
    return replace(table, rows=rows)


def only(table: Table, *positions: int) -> Table:
    """The table with these rows only."""
    return replace(table, rows=tuple(table.rows[at] for at in positions))


def value(table: Table, at: int, field: str) -> str:
    """One value of a table."""
    return table.rows[at].values[table.fields.index(field)]


def user_name(table: Table, at: int) -> str:
    """The user name that the profile of these tests makes of a row."""
    profile = compile_profile(parse_definition(people_profile()))
    record = dict(zip(table.columns, table.rows[at].values, strict=True))
    return str(profile.apply(record).values["userName"])


@dataclass
class Engine:
    """One tenant of the portal, its directory in the sandbox, and an engineer."""

    sandbox: RunningSandbox
    tenant: Tenant
    engineer: User

    @property
    def directory_id(self) -> str:
        """Id of the directory in the sandbox."""
        return self.tenant.entra_id

    @property
    def source(self) -> Source:
        """The tenant's first source."""
        return own_source(self.tenant)

    @property
    def main(self) -> Source:
        """The source the tenant began with, wherever it stands now."""
        return Source.objects.get(tenant=self.tenant, slug="main")

    def queue_of(self, source: Source) -> Job:
        """Queue a sync from a source's newest read."""
        tenant = Tenant.objects.select_related("customer").get(pk=self.tenant.pk)
        return queue_from_snapshot(
            tenant=tenant, kind=Job.Kind.SYNC, by=self.engineer, source=source
        )

    def upload(
        self, table: Table | bytes, pilot_size: int | None = None, source: Source | None = None
    ) -> Job:
        """Hand in a file as the engineer."""
        data = table if isinstance(table, bytes) else table.to_bytes()
        tenant = Tenant.objects.select_related("customer").get(pk=self.tenant.pk)
        return accept_upload(
            tenant=tenant,
            file=io.BytesIO(data),
            file_name="people.csv",
            by=self.engineer,
            pilot_size=pilot_size,
            source=source,
        )

    def queue(self, kind: Job.Kind = Job.Kind.SYNC, size: int | None = None) -> Job:
        """Queue a job from the newest read that is kept."""
        tenant = Tenant.objects.select_related("customer").get(pk=self.tenant.pk)
        return queue_from_snapshot(tenant=tenant, kind=kind, size=size, by=self.engineer)

    def publish(self, definition: Any, **fields: Any) -> ProfileVersion:
        """Publish the tenant's next profile version, with fields of the version's row."""
        tenant = Tenant.objects.select_related("customer").get(pk=self.tenant.pk)
        version = publish(tenant=tenant, definition=definition, by=self.engineer)
        ProfileVersion.objects.filter(pk=version.pk).update(**fields)
        return version

    def serve(self, job: Job, *, until: Callable[[Job], bool] | None = None) -> Job:
        """Serve slices until the job needs nothing from its lane, waiting as the lane asks."""
        done = until or (lambda current: current.state not in Job.IN_LANE)
        for _ in range(2000):
            job = self.fresh(job)
            if done(job):
                return job
            if not slices.serve_next():
                self._wait()
        raise AssertionError(f"{job} does not come to its end: {self.operations(job)}")

    def plan(self, table: Table | bytes) -> Job:
        """Upload and plan."""
        return self.serve(self.upload(table))

    def approve(self, job: Job, **included: bool) -> Job:
        """Approve as the engineer, with what needs a yes of its own."""
        approval.approve(job=self.fresh(job), by=self.engineer, **included)
        return self.fresh(job)

    def apply(self, table: Table | bytes) -> Job:
        """Upload, plan, approve and apply; a plan without operations ends by itself."""
        job = self.plan(table)
        if job.state == Job.State.PLANNED:
            job = self.serve(self.approve(job))
        assert job.state == Job.State.FINISHED, (job.state, job.problem)
        return job

    def hurry(self) -> None:
        """Let the time pass that the lane and its operations wait for."""
        now = timezone.now()
        Lane.objects.filter(tenant=self.tenant, wake_at__gt=now).update(wake_at=now)
        Lane.objects.filter(tenant=self.tenant).update(hushed_until=None)
        waiting = Operation.objects.filter(tenant=self.tenant, not_before__gt=now)
        waiting.update(not_before=now)

    def bury(self) -> None:
        """Let the time pass after which the lane of a dead holder is free."""
        Lane.objects.filter(tenant=self.tenant).exclude(holder="").update(
            quiet_at=timezone.now() - timedelta(seconds=1)
        )

    def fresh(self, job: Job) -> Job:
        """The job as it is now."""
        return Job.objects.select_related("tenant", "customer", "snapshot").get(pk=job.pk)

    def operations(self, job: Job) -> list[Operation]:
        """The job's operations."""
        return list(job.operations.select_related("target").order_by("pk"))

    def operation(self, job: Job, key: str) -> Operation:
        """The operation of one person."""
        return job.operations.select_related("target").get(key=key)

    def users(self) -> list[dict[str, Any]]:
        """Accounts of the directory."""
        return self.sandbox.users(self.directory_id)

    def user(self, key: str) -> dict[str, Any]:
        """The one account with this externalId."""
        (found,) = [user for user in self.users() if user.get("externalId") == key]
        return found

    def requests(self) -> int:
        """Requests the sandbox has counted."""
        return int(self.sandbox.usage(self.directory_id)["requests"])

    def by_status(self) -> dict[str, int]:
        """Requests the sandbox has counted, by answer; "0" is a connection cut."""
        return dict(self.sandbox.usage(self.directory_id)["by_status"])

    def purposes(self) -> Counter[str]:
        """Calls of this tenant by purpose."""
        return Counter(Call.objects.filter(tenant=self.tenant).values_list("purpose", flat=True))

    def call_states(self) -> Counter[str]:
        """Calls of this tenant by state."""
        return Counter(Call.objects.filter(tenant=self.tenant).values_list("state", flat=True))

    def fault(self, **fault: Any) -> None:
        """Queue a fault of the sandbox."""
        self.sandbox.fault(self.directory_id, **fault)

    def switch(self, **settings: Any) -> None:
        """Set switches of the directory."""
        self.sandbox.put_tenant(self.directory_id, settings=settings)

    def seed(self, *users: dict[str, Any]) -> list[str]:
        """Put accounts into the directory that this portal did not create."""
        whole = [{"displayName": "Somebody", "active": True, **user} for user in users]
        return self.sandbox.seed(self.directory_id, users=whole)["users"]

    @contextmanager
    def outside(self) -> Iterator[Any]:
        """An HTTP client that changes the directory behind the portal's back."""
        token = self.sandbox.token(self.directory_id, CLIENT_ID, SECRET)
        with self.sandbox.client(token) as client:
            yield client

    def delete_outside(self, entra_id: str) -> None:
        """Delete an account behind the portal's back, without counting the request."""
        with self.outside() as client:
            assert client.delete(f"/users/{entra_id}").status_code == 204

    def check(self, job: Job, table: Table, *, outside: int = 0) -> None:
        """What holds after every job, whatever went wrong; `outside` requests are not ours."""
        keys = sorted(user["externalId"] for user in self.users() if "externalId" in user)
        assert keys == sorted(table.keys()), "someone twice or missing"
        assert not job.operations.filter(state__in=Operation.UNSETTLED).exists()
        assert self.fresh(job).settled == self.fresh(job).total
        shadows = DirectoryObject.objects.filter(tenant=self.tenant).exclude(key="")
        assert shadows.count() == len(keys)
        self.check_calls(outside)

    def check_calls(self, outside: int = 0) -> None:
        """Certain calls <= the sandbox's count <= certain + uncertain, and usage equals calls."""
        states = self.call_states()
        certain, uncertain = states["answered"] + states["found"], states["uncertain"]
        assert states["open"] == 0
        counted = self.requests() - outside
        assert certain <= counted <= certain + uncertain, (states, self.by_status())
        for rows in (Usage.objects, DailyUsage.objects):
            own = rows.filter(tenant=self.tenant)
            used = Counter(dict(own.values_list("status").annotate(Sum("calls"))))
            assert (used[UNCERTAIN], used[FOUND]) == (uncertain, states["found"])
            assert used.total() == certain + uncertain
        self.check_bill(outside)

    def check_bill(self, outside: int = 0) -> None:
        """What was surely billed <= the sandbox's bill <= that and all in doubt.

        Of what was found in the directory nobody saw the answer: a failure would be free.
        """
        cost = self.cost()
        billed = int(self.sandbox.usage(self.directory_id)["billable"])
        most = cost.billable + cost.uncertain + outside
        assert cost.billable - cost.found <= billed <= most, (cost, self.by_status())

    def cost(self) -> Cost:
        """All calls of the tenant, priced."""
        rows = Usage.objects.filter(tenant=self.tenant).values_list("hour", "status", "calls")
        return cost_of([UsageLine(*row) for row in rows], price_book(), self.tenant.cloud)

    def _wait(self) -> None:
        lane = Lane.objects.get(tenant=self.tenant)
        assert lane.wanted, "the lane is not wanted, yet the job is not at its end"
        seconds = (lane.wake_at - timezone.now()).total_seconds()
        assert seconds < _LONGEST_WAIT, f"the lane sleeps for {seconds} s"
        time.sleep(max(seconds, 0.005))


def add_engine(
    sandbox: RunningSandbox,
    slug: str = "brindlewick",
    engineer: User | None = None,
    **config: Any,
) -> Engine:
    """A customer with one tenant, credential, profile and directory, and an engineer."""
    entra_id = str(uuid.uuid4())
    app = {"client_id": CLIENT_ID, "client_secret": SECRET}
    sandbox.put_tenant(entra_id, **{"domains": [DOMAIN], "applications": [app], **config})
    customer = services.add_customer(name=slug.title(), slug=slug, by=None)
    facts = TenantFacts(
        name=f"{slug} sandbox",
        slug=slug,
        cloud="sandbox",
        entra_id=entra_id,
        purpose=Tenant.Purpose.TEST,
        sandbox_url=sandbox.url,
    )
    tenant = services.add_tenant(customer=customer, facts=facts, by=None)
    services.store_secret(tenant=tenant, client_id=CLIENT_ID, secret=SECRET, by=None)
    publish(tenant=tenant, definition=people_profile(), by=None)
    return Engine(sandbox, tenant, engineer or person(Role.ENGINEER))


def people(count: int, seed: int = 1) -> Table:
    """Clean people as the profile of these tests maps them."""
    return people_table(count, seed)


def held(job: Job) -> list[tuple[int, str, str]]:
    """Line, key and code of a job's held records."""
    rows = HeldRecord.objects.filter(job=job).order_by("line")
    return list(rows.values_list("line", "key", "code"))
