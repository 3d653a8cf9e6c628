"""The end of a tenant: nothing begins, what is on its way is settled, nothing of people is left."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Call, Usage
from msp_portal.offboarding.archive import write_archive
from provisioning.models import Job, Lane, Operation, Schedule
from provisioning.services import erasure, lanes, offboarding
from provisioning.services.decisions import DecisionRefused
from provisioning.services.erasure import left_of
from provisioning.services.offboarding import OffboardingRefused, begin, call_off, go_on
from provisioning.services.on_demand import send_on_demand
from provisioning.services.queueing import QueueRefused
from provisioning.services.reconciling import queue_reconcile
from provisioning.services.undoing import undo_job
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Contact, Credential, Offboarding, Tenant, User
from tests.support.engine import Engine, edited, people, person, value
from tests.support.rows import add_schedule

TABLE = people(12)


@pytest.fixture
def admin(engine: Engine) -> User:
    return person(Role.ADMIN)


def leave(engine: Engine, admin: User, keep_days: int = 30) -> Offboarding:
    tenant = Tenant.objects.select_related("customer").get(pk=engine.tenant.pk)
    return begin(tenant=tenant, reason="contract ended", keep_days=keep_days, by=admin)


def leaving(engine: Engine) -> Offboarding:
    return Offboarding.objects.get(tenant=engine.tenant)


def test_nothing_begins_any_more(engine: Engine, admin: User) -> None:
    job = engine.apply(TABLE)
    schedule = add_schedule(engine.tenant)
    Schedule.objects.update(enabled=True)
    leave(engine, admin)
    begins: list[Any] = [
        lambda: engine.upload(TABLE),
        lambda: engine.queue(),
        lambda: engine.queue(Job.Kind.PILOT, 2),
        lambda: send_on_demand(tenant=engine.tenant, key=TABLE.keys()[0], by=engine.engineer),
        lambda: queue_reconcile(tenant=engine.tenant, by=engine.engineer),
        lambda: undo_job(job=engine.fresh(job), by=engine.engineer),
    ]
    for start in begins:
        with pytest.raises(QueueRefused, match="being offboarded"):
            start()
    assert Job.objects.count() == 1
    schedule.refresh_from_db()
    assert not schedule.enabled


def test_a_waiting_plan_is_cancelled_and_cannot_be_approved(engine: Engine, admin: User) -> None:
    plan = engine.plan(TABLE)
    leave(engine, admin)
    assert engine.fresh(plan).state == Job.State.CANCELLED
    with pytest.raises(DecisionRefused):
        engine.approve(plan)
    assert go_on(timezone.now()) == 1
    assert not Credential.objects.exclude(sealed_secret=b"").exists()


def test_what_is_on_its_way_is_settled_before_the_credential_goes(
    engine: Engine, admin: User, settings: Any
) -> None:
    settings.LANE_SLICE_SECONDS, settings.SCIM_BATCH = 0.0, 4
    job = engine.approve(engine.plan(TABLE))
    engine.serve(job, until=lambda current: current.settled > 0)
    leave(engine, admin)
    assert go_on(timezone.now()) == 0
    assert Credential.objects.get().sealed_secret
    job = engine.serve(job)
    assert job.state == Job.State.CANCELLED
    assert not job.operations.filter(state__in=Operation.UNSETTLED).exists()
    engine.check_calls()
    assert go_on(timezone.now()) == 1
    assert not Credential.objects.get().sealed_secret
    assert leaving(engine).revoked_at
    assert go_on(timezone.now()) == 0, "the data stays until its day"


def test_a_door_that_was_shut_first_does_not_hold_it_up(
    engine: Engine, admin: User, settings: Any
) -> None:
    job = engine.approve(engine.plan(TABLE))
    operation = job.operations.first()
    assert operation is not None
    Operation.objects.filter(pk=operation.pk).update(
        state=Operation.State.UNKNOWN, uncertain_since=timezone.now()
    )
    leave(engine, admin)
    later = timezone.now() + timedelta(hours=settings.OFFBOARDING_PATIENCE_HOURS, minutes=1)
    held = lanes.claim()
    assert held is not None
    Lane.objects.update(quiet_at=later + timedelta(minutes=1))
    assert go_on(later) == 0, "a worker is still at it"
    Lane.objects.update(quiet_at=later - timedelta(minutes=1))
    assert go_on(later) == 1
    operation.refresh_from_db()
    assert (operation.state, "Nobody will find out" in operation.message) == ("failed", True)
    assert engine.fresh(job).state == Job.State.CANCELLED


def names_of(engine: Engine) -> list[str]:
    """What a person would be found by: names, user names, keys."""
    found = [value(TABLE, at, "family_name") for at in range(12)]
    found += [user["userName"] for user in engine.users()]
    return [*found, *(user["id"] for user in engine.users()), "ida@lanternfield.example"]


def stored_text() -> str:
    """Every value of every table of ours but the audit trail, as text."""
    skipped = ("tenants_auditevent", "tenants_user", "django_", "auth_", "account_")
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith(skipped):
                cursor.execute(f'SELECT * FROM "{table}"')
                found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_nothing_of_anybody_is_left_and_the_bill_stays(engine: Engine, admin: User) -> None:
    engine.apply(TABLE)
    engine.apply(edited(TABLE, 0, job_title="Chief"))
    Contact.objects.create(
        customer=engine.tenant.customer, name="Ida", email="ida@lanternfield.example"
    )
    Tenant.objects.filter(pk=engine.tenant.pk).update(protected_accounts=["a@b.example"])
    names, usage = names_of(engine), list(Usage.objects.order_by("pk").values())
    kept = stored_text()
    assert all(name in kept for name in names if "@" in name), "nothing to erase was there"
    leave(engine, admin, keep_days=1)
    now = timezone.now()
    assert (go_on(now), go_on(now)) == (1, 0)
    assert go_on(now + timedelta(days=1, minutes=1)) == 1
    left = stored_text()
    assert [name for name in names if name in left] == []
    assert list(Usage.objects.order_by("pk").values()) == usage
    assert Call.objects.count() > 0
    proof = leaving(engine)
    assert proof.erased_at
    assert proof.proof["provisioning.DirectoryObject"] == 12
    assert proof.proof["tenants.Contact"] == 1
    event = AuditEvent.objects.get(action="offboarding.erased")
    assert event.detail["rows"] == proof.proof
    assert go_on(now + timedelta(days=9)) == 0


def test_a_crash_in_between_costs_nothing(
    engine: Engine, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply(TABLE)
    leave(engine, admin, keep_days=0)
    now = timezone.now() + timedelta(seconds=1)
    go_on(now)
    monkeypatch.setattr(erasure, "_BATCH", 5)
    real, calls = erasure._delete_some, []

    def dies(*arguments: Any) -> int:
        calls.append(1)
        if len(calls) == 6:
            raise ConnectionError("the worker died")
        return real(*arguments)

    monkeypatch.setattr(erasure, "_delete_some", dies)
    assert go_on(now) == 0
    assert any(left_of(engine.tenant).values())
    with pytest.raises(OffboardingRefused, match="erased already"):
        call_off(tenant=engine.tenant, by=admin)
    assert go_on(now) == 1
    assert leaving(engine).proof["provisioning.DirectoryObject"] == 12
    assert leaving(engine).proof["provisioning.Operation"] == 12


def test_another_tenant_is_not_touched(engine: Engine, other: Engine, admin: User) -> None:
    engine.apply(TABLE)
    other.apply(people(5, seed=3))
    # The nearest there is: another tenant of the same customer.
    Tenant.objects.filter(pk=other.tenant.pk).update(customer=engine.tenant.customer)
    Contact.objects.create(customer=engine.tenant.customer, name="Ida", email="ida@a.example")
    before = left_of(other.tenant)
    leave(engine, admin, keep_days=0)
    for _ in range(2):
        go_on(timezone.now() + timedelta(seconds=1))
    assert leaving(engine).erased_at
    assert left_of(other.tenant) == before
    assert Contact.objects.exists(), "needed as long as a tenant stays"
    assert Credential.objects.get(tenant=other.tenant).sealed_secret
    other.apply(edited(people(5, seed=3), 0, job_title="Chief"))


def test_it_can_be_called_off_before_the_day(engine: Engine, admin: User) -> None:
    leave(engine, admin)
    with pytest.raises(OffboardingRefused, match="already"):
        leave(engine, admin)
    call_off(tenant=engine.tenant, by=admin)
    with pytest.raises(OffboardingRefused, match="not being"):
        call_off(tenant=engine.tenant, by=admin)
    engine.apply(TABLE)


def test_only_administrators_offboard(engine: Engine) -> None:
    with pytest.raises(OffboardingRefused, match="may not offboard"):
        leave(engine, engine.engineer)
    assert not Offboarding.objects.exists()


@pytest.mark.parametrize("days", [-1, offboarding.LONGEST_DAYS + 1])
def test_days_have_limits(engine: Engine, admin: User, days: int) -> None:
    with pytest.raises(OffboardingRefused, match="days"):
        leave(engine, admin, keep_days=days)


# Pages.


def test_the_archive_holds_everything_and_works_after_the_erasure(
    engine: Engine, admin: User
) -> None:
    engine.apply(TABLE)
    first = read(engine)
    assert {"jobs.csv", "usage.csv", "profiles/main.yaml", "audit.csv"} <= first.keys()
    (report,) = [text for name, text in first.items() if name.startswith("jobs/")]
    assert report.count("create,done") == 12
    assert json.loads(first["offboarding.json"]) == {}
    leave(engine, admin, keep_days=0)
    for _ in range(2):
        go_on(timezone.now() + timedelta(seconds=1))
    after = read(engine)
    assert after["usage.csv"] == first["usage.csv"]
    assert json.loads(after["offboarding.json"])["rows_erased"]["provisioning.Operation"] == 12
    assert "create,done" not in "".join(after.values())


def read(engine: Engine) -> dict[str, str]:
    out = io.BytesIO()
    write_archive(Tenant.objects.select_related("customer").get(pk=engine.tenant.pk), out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_page_begins_it_shows_it_and_calls_it_off(engine: Engine, admin: User) -> None:
    client = Client()
    client.force_login(admin)
    address = reverse("tenant_offboarding", kwargs={"slug": engine.tenant.slug})
    assert "Offboard this tenant" in client.get(address).content.decode()
    wrong = client.post(address, {"keep_days": "30", "confirm": "another"})
    assert "This is not brindlewick" in wrong.content.decode()
    assert not Offboarding.objects.exists()
    client.post(address, {"keep_days": "30", "confirm": engine.tenant.slug, "reason": "moved"})
    page = client.get(address).content.decode()
    assert "Will be erased" in page
    assert "moved" in page
    archive = client.get(reverse("offboarding_archive", kwargs={"slug": engine.tenant.slug}))
    assert b"".join(archive.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
    client.post(reverse("offboarding_call_off", kwargs={"slug": engine.tenant.slug}))
    assert not Offboarding.objects.exists()


def test_pages_of_an_erased_tenant_still_open(engine: Engine, admin: User) -> None:
    job = engine.apply(TABLE)
    leave(engine, admin, keep_days=0)
    for _ in range(2):
        go_on(timezone.now() + timedelta(seconds=1))
    client = Client()
    client.force_login(admin)
    for name, kwargs in (
        ("job_detail", {"pk": job.pk}),
        ("job_csv", {"pk": job.pk}),
        ("tenant_detail", {"slug": engine.tenant.slug}),
        ("tenant_offboarding", {"slug": engine.tenant.slug}),
        ("profile_detail", {"slug": engine.tenant.slug}),
        ("report_list", {}),
    ):
        assert client.get(reverse(name, kwargs=kwargs)).status_code == 200, name
