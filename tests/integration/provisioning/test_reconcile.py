"""Reading a directory back: what changed outside is found, and ours or theirs is taken."""

from typing import Any

import pytest

from msp_portal.demo.generator import people_profile
from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID
from provisioning.models import (
    AcceptedDrift,
    DirectoryObject,
    Drift,
    Job,
    Operation,
    Reconciliation,
)
from provisioning.scim import users
from provisioning.services import approval, repairs
from provisioning.services.decisions import DecisionRefused
from provisioning.services.queueing import QueueRefused
from provisioning.services.reconciling import forecast_of, queue_reconcile
from provisioning.services.replanning import plan_again
from provisioning.services.snapshots import erase
from tests.support.engine import Engine, edited, only, people

TABLE = people(12)
THEIRS, OURS, OPEN = Drift.Decision.THEIRS, Drift.Decision.OURS, Drift.Decision.OPEN
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def key(at: int) -> str:
    return list(TABLE.keys())[at]


def change_outside(engine: Engine, at: int, **values: Any) -> None:
    """Somebody changes an account in Entra's own portal."""
    operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    with engine.outside() as client:
        body = {"schemas": [PATCH], "Operations": operations}
        entra_id = engine.user(key(at))["id"]
        assert client.patch(f"/users/{entra_id}", json=body).status_code == 204


def reconcile(engine: Engine, sample: int | None = None, **options: Any) -> Job:
    tenant = engine.tenant.__class__.objects.select_related("customer").get(pk=engine.tenant.pk)
    return engine.serve(
        queue_reconcile(tenant=tenant, by=engine.engineer, sample=sample, **options)
    )


def finish(engine: Engine, job: Job, **included: bool) -> Job:
    job = engine.serve(engine.approve(job, **included))
    assert job.state == Job.State.FINISHED, (job.state, job.problem)
    return job


def decide(engine: Engine, job: Job, decision: Drift.Decision, **which: Any) -> int:
    rows = Drift.objects.filter(**which)
    return repairs.decide(job=engine.fresh(job), rows=rows, decision=decision, by=engine.engineer)


def drift(job: Job) -> list[tuple[str, str, str]]:
    rows = job.drift.order_by("key", "path")
    return list(rows.values_list("kind", "key", "path"))


@pytest.fixture
def applied(engine: Engine) -> Engine:
    engine.apply(TABLE)
    return engine


def test_nothing_changed_is_said_and_finished(applied: Engine) -> None:
    job = reconcile(applied)
    assert (job.state, job.planned_calls, drift(job)) == (Job.State.FINISHED, 0, [])
    reading = job.reconciliation
    assert (reading.users, reading.checked, reading.drifted) == (12, 12, 0)
    assert applied.purposes()["inventory"] == 2
    applied.check(job, TABLE)


def test_ours_is_written_back_in_one_call_a_person(applied: Engine) -> None:
    before = applied.user(key(3))
    change_outside(applied, 3, title="Pirate", displayName="Somebody Else")
    job = reconcile(applied)
    assert job.state == Job.State.PLANNED
    assert drift(job) == [
        ("changed", key(3).casefold(), "displayName"),
        ("changed", key(3).casefold(), "title"),
    ]
    assert (job.planned_calls, job.total, applied.operations(job)[0].kind) == (1, 1, "update")
    row = job.drift.get(path="title")
    assert (row.ours, row.theirs, row.wanted) == (before["title"], "Pirate", before["title"])
    # The shadow knows the truth while the plan waits, and forgets what it was written from.
    shadow = DirectoryObject.objects.get(tenant=applied.tenant, key=key(3).casefold())
    assert (shadow.state["title"], shadow.record_digest, shadow.revision > 1) == (
        "Pirate",
        "",
        True,
    )
    job = finish(applied, job)
    assert job.updated == 1
    assert applied.user(key(3))["title"] == before["title"]
    assert reconcile(applied).state == Job.State.FINISHED
    assert applied.plan(TABLE).planned_calls == 0


def test_theirs_stays_until_the_source_changes(applied: Engine) -> None:
    change_outside(applied, 3, title="Pirate")
    job = reconcile(applied)
    assert decide(applied, job, THEIRS, path="title") == 1
    job = applied.fresh(job)
    assert (job.planned_calls, job.total) == (0, 0)
    finish(applied, job)
    assert applied.user(key(3))["title"] == "Pirate"
    again = applied.plan(TABLE)
    assert (again.state, again.planned_calls, again.flapping) == (Job.State.FINISHED, 0, {})
    # A change of another attribute leaves it alone, too.
    applied.apply(edited(TABLE, 3, department="Board"))
    assert applied.user(key(3))["title"] == "Pirate"
    changed = edited(TABLE, 3, job_title="Captain")
    job = applied.apply(changed)
    assert (job.updated, applied.user(key(3))["title"]) == (1, "Captain")
    assert not AcceptedDrift.objects.exists()
    # Back to the old value: what was accepted then is forgotten.
    applied.apply(TABLE)
    assert applied.user(key(3))["title"] != "Pirate"


def test_per_attribute_and_back_again(applied: Engine) -> None:
    for at in (1, 2):
        change_outside(applied, at, title="Pirate", displayName=f"Person {at}")
    job = reconcile(applied)
    assert job.planned_calls == 2
    assert decide(applied, job, THEIRS, path="title") == 2
    assert [sorted(each.after) for each in applied.operations(job)] == [["displayName"]] * 2
    assert decide(applied, job, THEIRS, key=key(1).casefold()) == 1
    assert applied.fresh(job).planned_calls == 1
    assert AcceptedDrift.objects.count() == 3
    assert decide(applied, job, OURS, key=key(1).casefold(), path="title") == 1
    assert applied.operation(job, key(1)).kind == "update"
    assert AcceptedDrift.objects.count() == 2
    job = finish(applied, job)
    assert job.updated == 2
    found = {
        at: (applied.user(key(at))["title"], applied.user(key(at))["displayName"]) for at in (1, 2)
    }
    assert found[1][0] != "Pirate"
    assert found[1][1] == "Person 1"
    assert found[2][0] == "Pirate"
    assert found[2][1] != "Person 2"
    assert applied.plan(TABLE).planned_calls == 0


def test_disabled_outside_is_enabled_again_and_goes_by_its_kind(applied: Engine) -> None:
    change_outside(applied, 5, active=False)
    job = reconcile(applied)
    assert applied.operation(job, key(5)).kind == "enable"
    job = finish(applied, job)
    assert (job.enabled, applied.user(key(5))["active"]) == (1, True)


def test_a_leaver_enabled_outside_is_disabled_unless_that_is_accepted(applied: Engine) -> None:
    rest = only(TABLE, *range(1, 12))
    applied.apply(rest)
    change_outside(applied, 0, active=True)
    job = reconcile(applied)
    assert applied.operation(job, key(0)).kind == "disable"
    decide(applied, job, THEIRS, path=ACTIVE)
    finish(applied, job)
    assert applied.plan(rest).planned_calls == 0
    # Back in the source and gone again: nothing is accepted any more.
    applied.apply(TABLE)
    job = applied.apply(rest)
    assert (job.disabled, applied.user(key(0))["active"]) == (1, False)


def test_deleted_outside_is_created_again_or_left_deleted(applied: Engine) -> None:
    applied.switch(soft_delete_days=0)
    for at in (0, 1):
        applied.delete_outside(applied.user(key(at))["id"])
    job = reconcile(applied)
    assert job.reconciliation.missing == 2
    assert {each.kind for each in applied.operations(job)} == {"create"}
    assert DirectoryObject.objects.filter(tenant=applied.tenant).exclude(key="").count() == 10
    assert decide(applied, job, THEIRS, key=key(1).casefold()) == 1
    assert applied.fresh(job).planned_calls == 1
    job = finish(applied, job)
    again = applied.plan(TABLE)
    assert (again.planned_calls, again.operations.get().kind) == (0, "leave")
    assert "deleted outside" in again.operations.get().reason
    # Who leaves the source and comes back is a joiner again.
    applied.apply(only(TABLE, 0, *range(2, 12)))
    assert applied.plan(TABLE).planned_calls == 1


def test_accounts_that_are_not_ours_are_counted_and_never_touched(applied: Engine) -> None:
    applied.seed({"userName": "cleaner@brindlewick.example"})
    (entra_id,) = applied.seed({"userName": "robot@brindlewick.example", "externalId": "R-1"})
    job = reconcile(applied)
    reading = job.reconciliation
    assert (reading.unmanaged, reading.appeared, reading.drifted) == (2, 2, 0)
    carrier = job.drift.get()
    assert (carrier.kind, carrier.entra_id, carrier.theirs) == ("carrier", entra_id, "R-1")
    assert (job.state, job.planned_calls) == (Job.State.FINISHED, 0)
    # They are known from then on, and their end is noticed.
    applied.delete_outside(entra_id)
    job = reconcile(applied)
    assert (job.reconciliation.vanished, job.reconciliation.unmanaged, drift(job)) == (1, 1, [])


def test_an_external_id_taken_away_outside_is_written_back(applied: Engine) -> None:
    entra_id = applied.user(key(2))["id"]
    change_outside(applied, 2, externalId="X-9")
    job = reconcile(applied)
    row = job.drift.get()
    assert (row.path, row.theirs, row.wanted) == (EXTERNAL_ID, "X-9", key(2))
    assert decide(applied, job, THEIRS, path=EXTERNAL_ID) == 0
    finish(applied, job)
    assert applied.user(key(2))["id"] == entra_id
    assert reconcile(applied).state == Job.State.FINISHED


def test_a_deleted_account_that_was_restored_is_ours_again(applied: Engine) -> None:
    known = applied.user(key(4))
    applied.delete_outside(known["id"])
    job = reconcile(applied)
    approval.cancel(job=job, by=applied.engineer)
    back = {name: value for name, value in known.items() if name not in ("meta", "password_set")}
    applied.seed({**back, "active": False})
    job = reconcile(applied)
    assert (job.reconciliation.returned, job.reconciliation.unmanaged) == (1, 0)
    assert applied.operation(job, key(4)).kind == "enable"
    finish(applied, job)
    assert applied.user(key(4))["active"] is True
    assert applied.plan(TABLE).planned_calls == 0


def test_cancelled_the_shadow_knows_the_truth_and_theirs_can_still_be_taken(
    applied: Engine,
) -> None:
    change_outside(applied, 3, title="Pirate")
    change_outside(applied, 4, title="Pirate")
    job = reconcile(applied)
    approval.cancel(job=job, by=applied.engineer)
    assert applied.plan(TABLE).planned_calls == 2
    assert decide(applied, job, THEIRS, key=key(3).casefold()) == 1
    with pytest.raises(DecisionRefused, match="cancelled"):
        decide(applied, job, OURS)
    job = applied.apply(TABLE)
    assert (job.updated, applied.user(key(3))["title"]) == (1, "Pirate")


def test_only_what_drifted_is_written(applied: Engine) -> None:
    """Changes of the source that wait are for a sync, also those of the same person."""
    applied.upload(edited(edited(TABLE, 3, department="Board"), 4, department="Board"))
    change_outside(applied, 3, title="Pirate")
    with pytest.raises(QueueRefused, match="open"):
        reconcile(applied)
    approval.cancel(job=Job.objects.latest("pk"), by=applied.engineer)
    applied.serve(Job.objects.latest("pk"))
    definition = people_profile()
    definition["attributes"].append({"target": "preferredLanguage", "constant": "en"})
    applied.publish(definition)
    job = reconcile(applied)
    (operation,) = applied.operations(job)
    assert (operation.key, [*operation.after], operation.record_digest) == (key(3), ["title"], "")


def test_the_promised_calls_are_those_made(
    applied: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PAGE", 5)
    for whole in (None, 2):
        before = applied.requests()
        promised = forecast_of(applied.source, whole)
        job = reconcile(applied, whole)
        assert job.reconciliation.promised_calls == promised.calls == (3 if whole is None else 2)
        assert applied.requests() - before == promised.calls
    applied.check_calls()


def test_a_sample_reads_so_many_and_says_what_drifted(
    applied: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PAGE", 1)
    for at in range(12):
        change_outside(applied, at, title="Pirate")
    applied.delete_outside(applied.user(key(0))["id"])
    job = reconcile(applied, 11)
    reading = job.reconciliation
    assert (reading.whole, reading.checked, reading.managed) == (False, 11, 12)
    assert applied.purposes()["verify"] == 11
    assert reading.drifted == 11
    assert job.total in (10, 11)
    applied.check_calls(outside=13)


def test_everything_is_read_when_that_is_no_dearer(applied: Engine) -> None:
    promised = forecast_of(applied.source, 3)
    assert (promised.whole, promised.calls, promised.instead) == (True, 1, True)
    job = reconcile(applied, 3)
    assert (job.reconciliation.whole, job.reconciliation.checked) == (True, 12)
    assert applied.purposes()["verify"] == 1


def test_an_implausible_read_stops_for_a_person(applied: Engine) -> None:
    for at in range(6):
        applied.delete_outside(applied.user(key(at))["id"])
    job = reconcile(applied)
    assert (job.state, job.comparison["missing"], job.drift.count()) == (Job.State.STOPPED, 6, 0)
    assert "6 of 12 managed accounts (50 %)" in job.comparison["reasons"][0]
    shadows = DirectoryObject.objects.filter(tenant=applied.tenant).exclude(key="")
    assert (shadows.count(), job.operations.count()) == (12, 0)
    approval.accept_loss(job=job, by=applied.engineer)
    job = applied.serve(job)
    assert (job.state, job.planned_calls, shadows.count()) == (Job.State.PLANNED, 6, 6)


def test_without_a_kept_read_the_shadow_stands_for_the_source(applied: Engine) -> None:
    title = applied.user(key(3))["title"]
    change_outside(applied, 3, title="Pirate")
    applied.delete_outside(applied.user(key(4))["id"])
    for snapshot in Job.objects.get().source.snapshots.all():
        erase(snapshot, snapshot.created_at)
    job = reconcile(applied)
    assert (job.snapshot, job.planned_calls) == (None, 1)
    missing = job.drift.get(kind="missing")
    assert not missing.writable
    assert "upload its file" in missing.note
    finish(applied, job)
    assert applied.user(key(3))["title"] == title


def test_a_reading_that_broke_off_begins_anew_without_double_rows(
    applied: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PAGE", 5)
    for at in (0, 11):
        change_outside(applied, at, title="Pirate")
    applied.seed({"userName": "robot@brindlewick.example", "externalId": "R-1"})
    applied.fault(kind="slow", delay=0, method="GET", times=2)
    applied.fault(kind="status", status=403, method="GET", times=1)
    job = queue_reconcile(tenant=applied.tenant, by=None)
    job = applied.serve(job, until=lambda job: bool(job.problem))
    assert job.state == Job.State.PLANNING
    applied.hurry()
    job = applied.serve(job)
    kinds = sorted(kind for kind, _, _ in drift(job))
    assert (kinds, job.planned_calls) == (["carrier", "changed", "changed"], 2)
    finish(applied, job)


class _Died(BaseException):
    pass


def test_after_a_complete_reading_nothing_is_paid_twice(
    applied: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(4):
        change_outside(applied, at, title="Pirate")
    job = queue_reconcile(tenant=applied.tenant, by=None)

    def dies(*_: Any) -> None:
        raise _Died

    with monkeypatch.context() as patch:
        patch.setattr("provisioning.services.taking_over._take", dies)
        with pytest.raises(_Died):
            applied.serve(job)
    applied.bury()
    job = applied.serve(job)
    assert (job.state, job.planned_calls) == (Job.State.PLANNED, 4)
    assert applied.purposes()["inventory"] == 2


def test_an_expired_plan_is_made_again_without_reading(applied: Engine) -> None:
    change_outside(applied, 3, title="Pirate", displayName="Somebody Else")
    job = reconcile(applied)
    decide(applied, job, THEIRS, path="displayName")
    definition = people_profile()
    definition["attributes"].append({"target": "preferredLanguage", "constant": "en"})
    applied.publish(definition)
    calls = applied.requests()
    with pytest.raises(DecisionRefused, match="changed since"):
        applied.approve(job)
    job = applied.serve(plan_again(job=job, by=applied.engineer))
    assert applied.requests() == calls
    (operation,) = applied.operations(job)
    assert (job.state, [*operation.after]) == (Job.State.PLANNED, ["title"])
    finish(applied, job)
    assert applied.user(key(3))["displayName"] == "Somebody Else"


def test_protected_and_on_premises_accounts_are_told_and_never_written(applied: Engine) -> None:
    change_outside(applied, 3, title="Pirate")
    applied.tenant.protected_accounts = [applied.user(key(3))["userName"]]
    applied.tenant.save()
    job = reconcile(applied)
    row = job.drift.get()
    assert (row.writable, job.planned_calls) == (False, 0)
    assert "Protected" in row.note


def test_without_managed_accounts_there_is_nothing_to_compare(engine: Engine) -> None:
    with pytest.raises(QueueRefused, match="manages no account"):
        queue_reconcile(tenant=engine.tenant, by=None)
    assert not Reconciliation.objects.exists()
    assert not Operation.objects.exists()
