"""Blackouts: nothing is sent while one is on, and the job says until when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.domain.blackouts import BlackoutError
from provisioning.models import Blackout, Job, Lane, Operation
from provisioning.scim.client import ScimClient
from provisioning.services import approval, resting, slices
from provisioning.services.decisions import DecisionRefused
from provisioning.services.scheduling import (
    BlackoutFacts,
    add_blackout,
    change_blackout,
    remove_blackout,
    switch_blackout,
)
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import Engine, people, person

TABLE = people(20)


def facts(hours: float = 2) -> BlackoutFacts:
    """From an hour ago until so many hours from now."""
    begins, ends = (timezone.now() + timedelta(hours=each) for each in (-1, hours))
    return BlackoutFacts(
        "dated", begins.time(), ends.time(), first_day=begins.date(), last_day=ends.date()
    )


def begin(engine: Engine) -> Blackout:
    return add_blackout(tenant=engine.tenant, facts=facts(), by=engine.engineer, now=timezone.now())


def after_sending(patch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Do something once, when the first batch has been sent."""
    send_all, done = ScimClient.send_all, []

    def sends(self: ScimClient, *arguments: Any) -> Any:
        answers = send_all(self, *arguments)
        if not done:
            done.append(True)
            then()
        return answers

    patch.setattr(ScimClient, "send_all", sends)


def test_an_approved_job_waits_for_the_end_and_says_so(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    blackout, requests = begin(engine), engine.requests()
    assert slices.serve_next()
    job = engine.fresh(job)
    assert (job.state, job.settled, engine.requests()) == (Job.State.APPLYING, 0, requests)
    assert job.problem.startswith("Blackout until ")
    assert job.problem.endswith("(UTC).")
    lane = Lane.objects.get()
    assert lane.wanted
    assert timedelta(hours=1, minutes=59) < lane.wake_at - timezone.now() <= timedelta(hours=2)
    assert not slices.serve_next()
    remove_blackout(blackout=blackout, by=engine.engineer)
    job = engine.serve(job)
    assert (job.created, job.problem) == (20, "")
    engine.check(job, TABLE)


def test_a_blackout_that_begins_in_the_middle_of_a_slice_stops_it_between_two_batches(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCIM_BATCH = 6
    monkeypatch.setattr(resting, "_READ_AGAIN", 0.0)
    job = engine.approve(engine.plan(TABLE))
    with monkeypatch.context() as patch:
        after_sending(patch, lambda: begin(engine))
        assert slices.serve_next()
    # Entering it has woken the lane.
    assert slices.serve_next()
    assert not slices.serve_next()
    job = engine.fresh(job)
    assert (job.created, job.state) == (6, Job.State.APPLYING)
    assert job.problem.startswith("Blackout until ")
    assert len(engine.users()) == 6
    Blackout.objects.all().delete()
    engine.hurry()
    engine.check(engine.serve(job), TABLE)


def test_unknown_outcomes_wait_too(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    Operation.objects.filter(job=job).update(
        state=Operation.State.UNKNOWN, uncertain_since=timezone.now()
    )
    begin(engine)
    requests = engine.requests()
    assert slices.serve_next()
    assert engine.requests() == requests
    assert engine.fresh(job).problem.startswith("Blackout until ")


def test_cancelling_needs_no_call(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    begin(engine)
    assert slices.serve_next()
    approval.cancel(job=engine.fresh(job), by=engine.engineer)
    requests = engine.requests()
    job = engine.serve(job)
    assert (job.state, job.skipped, engine.requests()) == (Job.State.CANCELLED, 20, requests)


def test_a_first_plan_waits_for_its_inventory_and_a_later_one_needs_none(engine: Engine) -> None:
    blackout = begin(engine)
    job = engine.upload(TABLE)
    assert slices.serve_next()
    job = engine.fresh(job)
    assert (job.state, engine.requests()) == (Job.State.PLANNING, 0)
    assert job.problem.startswith("Blackout until ")
    switch_blackout(blackout=blackout, enabled=False, by=engine.engineer, now=timezone.now())
    engine.serve(job)
    blackout.refresh_from_db()
    switch_blackout(blackout=blackout, enabled=True, by=engine.engineer, now=timezone.now())
    requests = engine.requests()
    job = engine.plan(people(21))
    assert (job.state, job.planned_calls) == (Job.State.PLANNED, 21)
    assert engine.requests() == requests


def test_a_blackout_that_begins_while_the_directory_is_read_stops_the_next_page(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resting, "_READ_AGAIN", 0.0)
    engine.seed(*({"userName": f"u{number}@brindlewick.example"} for number in range(1001)))
    job = engine.upload(TABLE)
    with monkeypatch.context() as patch:
        after_sending(patch, lambda: begin(engine))
        assert slices.serve_next()
    assert engine.requests() == 1
    assert engine.fresh(job).problem.startswith("Blackout until ")
    Blackout.objects.all().delete()
    engine.hurry()
    assert engine.serve(job).state == Job.State.PLANNED


def test_what_people_do_with_blackouts_is_recorded(engine: Engine) -> None:
    blackout, by, now = begin(engine), engine.engineer, timezone.now()
    change_blackout(blackout=blackout, facts=facts(3), by=by, now=now)
    switch_blackout(blackout=blackout, enabled=False, by=by, now=now)
    assert resting.blackout_until(engine.tenant, now) is None
    remove_blackout(blackout=blackout, by=by)
    events = AuditEvent.objects.filter(action__startswith="blackout.").order_by("pk")
    assert list(events.values_list("action", flat=True)) == [
        "blackout.added",
        "blackout.changed",
        "blackout.switched_off",
        "blackout.removed",
    ]
    with pytest.raises(DecisionRefused):
        add_blackout(tenant=engine.tenant, facts=facts(), by=person(Role.FINANCE), now=now)


def test_a_blackout_that_never_ends_is_refused(engine: Engine) -> None:
    now, by = timezone.now(), engine.engineer
    midnight = (now - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0).time()
    always = BlackoutFacts("weekly", midnight, midnight, days=tuple(range(7)))
    with pytest.raises(BlackoutError, match="leave no time"):
        add_blackout(tenant=engine.tenant, facts=always, by=by, now=now)
    assert not Blackout.objects.exists()
