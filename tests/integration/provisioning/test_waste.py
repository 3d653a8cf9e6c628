"""What calls were wasted on, through the engine: counted exactly, each for one cause."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.domain.periods import month_of
from billing.domain.waste import Setting
from billing.models import Call, PriceBookEntry
from billing.selectors import costs_of
from billing.services import forget_subjects, prune_calls
from provisioning.models import Job
from provisioning.scim import users
from provisioning.selectors.waste import TenantWaste, waste_of
from tests.integration.provisioning.test_flapping import later, profile
from tests.integration.provisioning.test_reconcile import change_outside, reconcile
from tests.support.engine import Engine, edited, people, user_name

TABLE = people(12)
Found = list[tuple[str, str, int, int]]


def waste(engine: Engine) -> TenantWaste:
    """The running month's waste; its total is the month's cost."""
    now = timezone.now()
    (found,) = waste_of([engine.tenant], month_of(now))
    (whole,) = costs_of([engine.tenant], month_of(now))
    assert found.total == whole.cost
    return found


def told(engine: Engine) -> Found:
    """Cause, what, calls and how many of them are billed."""
    found = waste(engine).findings
    return [(each.kind, each.what, each.cost.calls, each.cost.billable) for each in found]


def test_a_run_without_trouble_wastes_nothing(engine: Engine) -> None:
    engine.apply(TABLE)
    assert engine.apply(edited(TABLE, 0, job_title="Chief")).updated == 1
    assert told(engine) == []
    assert waste(engine).total.calls == 14


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"kind": "status", "status": 429, "retry_after": 0.05}, "throttled"),
        ({"kind": "status", "status": 503}, "failed"),
    ],
)
def test_what_was_refused_for_now_and_sent_again(
    engine: Engine, fault: dict[str, Any], what: str
) -> None:
    engine.apply(TABLE)
    changed = TABLE
    for at in range(6):
        changed = edited(changed, at, job_title="Chief")
    engine.fault(**fault, method="PATCH", times=4)
    assert engine.apply(changed).updated == 6
    assert told(engine) == [("retry", what, 4, 0)]
    # What is billed for every answer is billed for these, too.
    PriceBookEntry.objects.update(rule="all")
    assert told(engine) == [("retry", what, 4, 4)]
    assert waste(engine).wasted.amounts == {"USD": Decimal("0.008")}


def test_a_creation_nobody_heard_of_is_wasted_when_it_has_to_be_sent_again(engine: Engine) -> None:
    job = engine.plan(TABLE)
    engine.fault(kind="reset", method="POST", times=2)
    engine.fault(kind="reset", when="after", method="POST", times=3)
    assert engine.serve(engine.approve(job)).created == 12
    assert engine.purposes() == {"inventory": 1, "create": 14, "lookup": 5}
    # Two creations without an answer and the lookups that did not find them; the others did.
    assert told(engine) == [("retry", "failed", 4, 2)]
    assert waste(engine).wasted.uncertain == 2


def test_reads_are_repeated_page_by_page(engine: Engine) -> None:
    engine.fault(kind="status", status=503, method="GET", times=2)
    engine.apply(TABLE)
    assert engine.purposes()["inventory"] == 3
    assert told(engine) == [("retry", "failed", 2, 0)]


def test_what_is_gone_is_a_404(engine: Engine) -> None:
    engine.apply(TABLE)
    changed = TABLE
    for at in (2, 3, 4):
        engine.delete_outside(engine.user(list(TABLE.keys())[at])["id"])
        changed = edited(changed, at, job_title="Chief")
    engine.serve(engine.approve(engine.plan(edited(changed, 5, job_title="Chief"))))
    assert told(engine) == [("not found", "update", 3, 3)]
    assert waste(engine).findings[0].setting is Setting.READ_ALL


def test_a_name_that_a_stranger_has_is_looked_up_in_vain(engine: Engine) -> None:
    engine.apply(people(3))
    engine.seed({"userName": user_name(TABLE, 7), "mailNickname": "stranger"})
    job = engine.serve(engine.approve(engine.plan(TABLE)))
    assert (job.created, job.failed) == (8, 1)
    assert told(engine) == [("read that changed nothing", "lookup", 1, 1)]
    assert waste(engine).findings[0].setting is Setting.MATCHING


def test_attributes_that_flap_alone(engine: Engine) -> None:
    engine.publish(profile("CStr(Now())"))
    engine.apply(TABLE)
    flapping = f"/users/{engine.user(list(TABLE.keys())[4])['id']}"
    jobs = []
    for day in (2, 3):
        job = engine.upload(edited(TABLE, 0, department=f"Board {day}"))
        Job.objects.filter(pk=job.pk).update(created_at=f"2027-01-0{day}T08:00:00Z")
        engine.fault(kind="status", status=503, method="PATCH", path=flapping)
        jobs.append(engine.serve(engine.approve(engine.serve(job))))
    # Whose record changed is updated anyway; an attempt that failed is part of the same waste.
    assert told(engine) == [("flapping attribute", "title", 24, 22)]
    (finding,) = waste(engine).findings
    assert (finding.setting, finding.jobs) == (Setting.RULE, tuple(job.label for job in jobs))


def test_a_value_that_flaps_beside_one_that_changed_is_no_waste(engine: Engine) -> None:
    engine.publish(profile("CStr(Now())"))
    engine.apply(people(2))
    changed = edited(edited(people(2), 0, department="Board"), 1, department="Board")
    engine.serve(engine.approve(engine.serve(later(engine.upload(changed)))))
    assert told(engine) == []


def test_one_reconcile_a_month_is_a_check(engine: Engine) -> None:
    engine.apply(TABLE)
    assert reconcile(engine).state == Job.State.FINISHED
    assert told(engine) == []
    again = [reconcile(engine) for _ in range(2)]
    assert told(engine) == [("job that found nothing", "reconcile", 2, 2)]
    (finding,) = waste(engine).findings
    assert (finding.setting, finding.jobs) == (Setting.CHECKS, tuple(job.label for job in again))
    change_outside(engine, 3, title="Pirate")
    assert reconcile(engine).state == Job.State.PLANNED
    assert told(engine) == [("job that found nothing", "reconcile", 2, 2)]


def test_a_sample_that_finds_somebody_missing_wastes_no_404(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PAGE", 1)  # so that a sample is cheaper than reading everybody
    engine.apply(people(3))
    for at in (0, 1):  # of three, so that any two have one of them
        engine.delete_outside(engine.user(list(TABLE.keys())[at])["id"])
    assert reconcile(engine, sample=2).drift.exists()
    assert Call.objects.filter(status=404, purpose="verify").exists()
    assert told(engine) == []


def test_a_reading_that_breaks_off_is_in_vain(engine: Engine) -> None:
    engine.apply(TABLE)
    job = reconcile(engine)
    Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED)
    job.reconciliation.__class__.objects.update(read_at=None)
    assert told(engine) == [("read that changed nothing", "inventory", 1, 1)]


def test_calls_that_no_job_made_are_nobodys_waste(engine: Engine) -> None:
    engine.apply(TABLE)
    Call.objects.filter(purpose="inventory").update(job="schema", status=404)
    assert told(engine) == []


def test_days_whose_calls_are_gone_only_count(engine: Engine) -> None:
    engine.apply(TABLE)
    for _ in range(2):
        reconcile(engine)
    now = timezone.now()
    assert waste(engine).known_from == month_of(now).start.date()
    assert len(told(engine)) == 1
    prune_calls(Call.objects.order_by("started_at")[1].started_at)
    found = waste(engine)
    assert (found.known_from, found.findings) == (None, [])
    assert found.total.calls == 15


def test_whose_people_were_erased_has_no_waste_left(engine: Engine) -> None:
    engine.apply(TABLE)
    for _ in range(2):
        reconcile(engine)
    forget_subjects(engine.tenant)
    assert (waste(engine).known_from, told(engine)) == (None, [])
