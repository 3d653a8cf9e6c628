"""Predictions of random jobs: exact when nothing unforeseen happens, and else within the range.

ESTIMATE_JOBS jobs without and as many with faults (12 by default, 200 by `make estimates`). What
counts is every call of the job after its plan was there: what planning reads is known by then.
"""

import os
import re
from collections import Counter
from itertools import islice
from statistics import mean, median
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.selectors import job_cost
from provisioning.models import Drift, Job
from provisioning.selectors.reports import report_of
from provisioning.services import approval, repairs, slices
from provisioning.services.estimates import why_differs
from provisioning.services.reconciling import queue_reconcile
from tenants.domain.roles import Role
from tenants.models import User
from tests.support.engine import DOMAIN, Engine, first_price, only, people, person
from tests.support.estimated_jobs import Run, runs
from tests.support.sandbox import RunningSandbox
from tests.support.staff import DEPARTMENTS, export, profile, record

JOBS = int(os.environ.get("ESTIMATE_JOBS", "12"))
SEED = int(os.environ.get("ESTIMATE_SEED", "2026"))
# One in twenty, and of a few jobs two: a dozen says nothing more precise.
OUTSIDE = max(JOBS // 20, 2)


@pytest.fixture(autouse=True)
def _one_thread(settings: Any) -> None:
    """So that a seed is a seed: faults strike whatever request comes next."""
    settings.SCIM_THREADS = 1
    settings.SANDBOX_SPEED = 50.0


def _jobs(sandbox: RunningSandbox, *, faulty: bool) -> list[Run]:
    first_price()
    engineer = person(Role.ENGINEER)
    return list(islice(runs(sandbox, engineer, SEED, faulty=faulty), JOBS))


def test_nothing_unforeseen_happens_and_the_prediction_is_exact(
    sandbox: RunningSandbox, db: None
) -> None:
    found = _jobs(sandbox, faulty=False)
    _tell("without faults", found)
    assert [str(run) for run in found if not run.exact] == []


def test_with_faults_the_actual_lies_in_the_range(sandbox: RunningSandbox, db: None) -> None:
    found = _jobs(sandbox, faulty=True)
    _tell("with faults", found)
    outside = [str(run) for run in found if not run.inside]
    assert len(outside) <= OUTSIDE, outside
    assert all(run.why for run in found if not run.inside)
    # Else the range would be tested by nothing.
    assert sum(run.made != run.expected for run in found) > len(found) / 4


def test_what_a_withheld_group_takes_along_is_not_expected(engine: Engine) -> None:
    """Nobody knows whether the group is there, so that its creation needs a yes of its own."""
    engine.publish(profile(DEPARTMENTS))
    file = export(record(f"{n:02}", department="Sales" if n % 2 else "Care") for n in range(60))
    engine.fault(kind="reset", when="before", method="POST", path="/groups")
    in_a_hurry(engine, engine.approve(engine.plan(file)))
    job = engine.serve(engine.queue())
    # The group, and its thirty members in two packs.
    assert (job.planned_calls, job.withheld, job.expected_calls) == (3, 1, 0)
    with_it = engine.serve(engine.approve(job, include_withheld=True))
    assert (with_it.expected_calls, since_plan(with_it)) == (3, 3)


def test_an_approval_counts_what_was_approved(engine: Engine) -> None:
    engine.seed(*({"userName": f"user{n}@{DOMAIN}", "title": "Old"} for n in (1, 2)))
    engine.publish(profile(manager=False, matching=["userName"]))
    file = export(record(key, department="Sales") for key in ("1", "2", "3"))
    job = engine.plan(file)
    assert (job.planned_calls, job.expected_calls, job.least_calls) == (3, 1, 1)
    chosen = engine.operation(job, "1").pk
    approval.approve(job=job, by=engine.engineer, adopt=[chosen])
    job = engine.serve(job)
    assert (job.expected_calls, since_plan(job)) == (2, 2)


def test_a_name_kept_by_a_deleted_account_is_reckoned_with(engine: Engine) -> None:
    engine.publish(profile(DEPARTMENTS, manager=False))
    file = export(record(f"{n:02}", department="Sales") for n in range(9))
    engine.apply(file)
    engine.delete_outside(engine.user("03")["id"])
    job = engine.serve(queue_reconcile(tenant=engine.tenant, by=engine.engineer))
    # Created and added by the count; refused and looked up by what Entra keeps.
    assert (job.planned_calls, job.expected_calls, job.least_calls) == (2, 2, 1)
    assert "30 days" in str(job.reasons)
    job = engine.serve(engine.approve(job))
    assert (job.failed, since_plan(job)) == (1, 2)
    # The next sync knows it from what that creation was told.
    again = engine.serve(engine.queue())
    assert (again.planned_calls, again.expected_calls) == (2, 2)
    engine.switch(soft_delete_days=0)
    again = engine.serve(engine.approve(again))
    assert (again.created, since_plan(again), why_differs(again, 2)) == (1, 2, "")


def test_a_decision_on_a_difference_counts_the_plan_anew(engine: Engine) -> None:
    """A person whose account stays away is in no pack of members either."""
    engine.publish(profile(DEPARTMENTS, manager=False))
    engine.apply(export(record(f"{n:02}", department=f"D{n}") for n in range(9)))
    engine.delete_outside(engine.user("03")["id"])
    job = engine.serve(queue_reconcile(tenant=engine.tenant, by=engine.engineer))
    assert job.planned_calls == 2
    rows = Drift.objects.filter(kind=Drift.Kind.MISSING)
    repairs.decide(job=job, rows=rows, decision=Drift.Decision.THEIRS, by=engine.engineer)
    job = engine.fresh(job)
    assert (job.planned_calls, job.expected_calls, job.most_calls) == (0, 0, 0)


def test_the_report_says_that_it_was_outside_and_why(engine: Engine) -> None:
    table = people(8)
    engine.apply(table)
    job = engine.plan(only(table, *range(6)))
    assert (job.least_calls, job.expected_calls) == (2, 2)
    engine.fault(kind="status", status=503, times=9)
    job = in_a_hurry(engine, engine.approve(job))
    text = page_of(engine.engineer, job)
    assert f"2 to {job.most_calls}, most likely 2" in text
    assert "11 made: outside. More was tried than the range allows for: 9 attempts" in text
    inside = engine.apply(only(table, *range(4)))
    assert "2 made: inside" in page_of(engine.engineer, inside)


def test_the_plan_shows_the_range_its_reasons_and_its_price(engine: Engine) -> None:
    job = engine.plan(people(20))
    text = page_of(engine.engineer, job)
    assert f"20 to {job.most_calls}, most likely 20" in text
    assert f"USD 0.04 to {job.most_calls * 2 / 1000:g}, most likely USD 0.04" in text
    assert f"Up to {job.reasons[0]['more']} more." in text
    assert "Calls that are refused for now" in text
    plan = report_of(job)["plan"]["estimate"]
    assert (plan["least"], plan["most"]) == (20, job.most_calls)
    assert plan["amounts"]["least"] == "0.040000000"
    assert plan["reasons"] == job.reasons


def in_a_hurry(engine: Engine, job: Job) -> Job:
    """Serve without waiting for the clock."""
    while (job := engine.fresh(job)).state in Job.IN_LANE:
        if not slices.serve_next():
            engine.hurry()
    return job


def since_plan(job: Job) -> int | None:
    """Calls by the meter since the plan was there."""
    return job.since_plan(job_cost(job.tenant, job.label).calls)


def page_of(viewer: User, job: Job) -> str:
    """The text of a job's page."""
    client = Client()
    client.force_login(viewer)
    body = client.get(reverse("job_detail", args=[job.pk])).content.decode()
    return " ".join(re.sub("<[^>]*>", "", body).split())


def _tell(what: str, found: list[Run]) -> None:
    inside, exact = sum(run.inside for run in found), sum(run.made == run.expected for run in found)
    print(f"\n{len(found)} jobs {what}: {inside} inside ({inside / len(found):.1%}), {exact} exact")
    print(f"  kinds: {dict(Counter(run.kind for run in found))}")
    calls = [run.expected for run in found]
    widths = [(run.most - run.least) / run.expected for run in found if run.expected]
    print(f"  calls: {sum(calls)} expected, {sum(run.made for run in found)} made", end="")
    print(f", {min(calls)} to {max(calls)} a job")
    print(f"  width of the range: {mean(widths):.0%} of what is expected, median", end="")
    print(f" {median(widths):.0%}; what was made came to", end="")
    used = [abs(run.made - run.expected) / run.expected for run in found if run.expected]
    print(f" {mean(used):.0%} beside it, at most {max(used):.0%}")
    for run in found:
        if not run.inside or (not run.exact and "without" in what):
            print(f"  {'inside' if run.inside else 'outside'}: {run}")
