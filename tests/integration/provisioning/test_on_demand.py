"""One person on demand: chosen, sent before everything else, shown stage by stage."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from provisioning.domain.approval_policy import Limit, Policy
from provisioning.models import DirectoryObject, Job, Lane, Operation
from provisioning.services import applying, lanes, slices
from provisioning.services.decisions import DecisionRefused
from provisioning.services.on_demand import Someone, find_people, person_named, send_on_demand
from provisioning.services.policies import change_policy
from provisioning.services.queueing import QueueRefused
from provisioning.services.replanning import plan_again
from provisioning.services.stages import stages_of
from provisioning.services.urgency import Lookout
from tenants.domain.roles import Role
from tests.support.engine import Engine, edited, only, people, person, value

TABLE = people(12)


def key(at: int) -> str:
    return value(TABLE, at, "employee_id")


def send(engine: Engine, at: int) -> Job:
    return send_on_demand(tenant=engine.tenant, key=key(at), by=engine.engineer)


def between_rounds(monkeypatch: pytest.MonkeyPatch, act: Callable[[int], None]) -> None:
    """Do something after each round of a job that is applied."""
    rounds = []
    real = applying._round

    def acting(*arguments: Any) -> Any:
        verdict = real(*arguments)
        rounds.append(1)
        act(len(rounds))
        return verdict

    monkeypatch.setattr(applying, "_round", acting)


def test_one_person_is_planned_priced_and_approved_beside_an_open_job(engine: Engine) -> None:
    everybody = engine.plan(TABLE)
    job = engine.serve(send(engine, 3))
    assert (job.state, job.title, job.planned_calls) == (Job.State.PLANNED, "On demand", 1)
    assert engine.fresh(everybody).state == Job.State.PLANNED
    job = engine.serve(engine.approve(job))
    assert (job.state, job.created) == (Job.State.FINISHED, 1)
    assert [user["externalId"] for user in engine.users()] == [key(3)]
    # The others' plan knew nothing of that: nobody is created twice, and it costs nothing.
    everybody = engine.serve(engine.approve(everybody))
    assert (everybody.state, everybody.created, everybody.failed) == (Job.State.FINISHED, 12, 0)
    assert engine.operation(everybody, key(3)).attempts == 0
    assert engine.purposes()["create"] == 12
    engine.check(everybody, TABLE)


def test_what_differs_by_then_waits_for_the_next_plan(engine: Engine) -> None:
    everybody = engine.plan(TABLE)
    engine.serve(engine.approve(engine.serve(send(engine, 3))))
    account = DirectoryObject.objects.get(key=key(3))
    account.state["title"] = "Chief"
    account.save()
    everybody = engine.serve(engine.approve(everybody))
    assert (everybody.created, everybody.skipped) == (11, 1)
    assert "another job" in engine.operation(everybody, key(3)).message.lower()


def test_a_change_that_moved_sends_what_is_left(engine: Engine) -> None:
    engine.apply(TABLE)
    changed = edited(edited(TABLE, 0, job_title="Chief", phone=""), 1, job_title="Chief")
    everybody = engine.plan(changed)
    account = DirectoryObject.objects.get(key=key(0))
    account.state["title"] = "Chief"
    account.revision += 1
    account.save()
    everybody = engine.serve(engine.approve(everybody))
    assert (everybody.updated, everybody.failed) == (2, 0)
    left = engine.operation(everybody, key(0))
    assert "title" not in left.after
    assert left.after
    assert engine.user(key(0))["title"] == value(TABLE, 0, "job_title"), "not sent again"


def test_a_person_interrupts_a_long_job_of_the_same_tenant(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCIM_BATCH, settings.LANE_LOOK_SECONDS = 2, 0.0
    everybody = engine.approve(engine.plan(TABLE))
    change_policy(
        tenant=engine.tenant,
        policy=Policy(automatic=True, creations=Limit(5, 100)),  # type: ignore[arg-type]
        by=person(Role.ADMIN),
    )
    job: list[Job] = []
    seen: list[int] = []

    def arrives(number: int) -> None:
        if number == 1:
            job.append(send(engine, 11))
        if job and engine.fresh(job[0]).created:
            seen.append(engine.fresh(everybody).created)

    between_rounds(monkeypatch, arrives)
    assert slices.serve_next()
    assert seen[0] == 2, "the person waited for more than one round"
    everybody = engine.serve(everybody)
    assert everybody.created == 12
    assert engine.purposes()["create"] == 12
    engine.check(everybody, TABLE)


def test_leavers_go_before_a_person(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCIM_BATCH, settings.LANE_LOOK_SECONDS = 2, 0.0
    more = people(20)
    engine.apply(only(more, *range(12)))
    leaving = only(more, *range(4, 20))
    everybody = engine.plan(leaving)
    person = engine.serve(
        send_on_demand(tenant=engine.tenant, key=value(more, 15, "employee_id"), by=engine.engineer)
    )
    engine.approve(person)
    engine.approve(everybody)
    seen: list[tuple[int, int]] = []
    between_rounds(
        monkeypatch,
        lambda _: seen.append((engine.fresh(everybody).disabled, engine.fresh(person).created)),
    )
    assert slices.serve_next()
    assert seen[:3] == [(2, 0), (4, 0), (4, 1)]
    assert engine.serve(everybody).created == 8


def test_a_person_whose_outcome_is_unknown_does_not_hold_up_the_others(
    engine: Engine, settings: Any
) -> None:
    everybody = engine.plan(TABLE)
    person = engine.serve(send(engine, 3))
    settings.LOOKUP_DELAY_SECONDS = 0.5
    engine.fault(kind="reset", when="after", method="POST")
    engine.approve(person)
    engine.approve(everybody)
    assert slices.serve_next()
    assert engine.fresh(everybody).state == Job.State.FINISHED
    person = engine.serve(person)
    assert person.created == 1
    engine.check(person, TABLE)


def test_one_open_job_for_a_person_and_one_for_everybody(engine: Engine) -> None:
    everybody = engine.plan(TABLE)
    first = engine.serve(send(engine, 3))
    second = engine.serve(send(engine, 4))
    again = engine.serve(send(engine, 3))
    states = [engine.fresh(job).state for job in (everybody, first, second, again)]
    assert states == ["planned", "cancelled", "planned", "planned"]
    engine.approve(second)
    with pytest.raises(QueueRefused, match="applying"):
        send(engine, 4)
    with pytest.raises(IntegrityError):
        Job.objects.filter(pk=first.pk).update(state=Job.State.PLANNED)
    engine.serve(engine.approve(everybody))
    newer = engine.plan(edited(TABLE, 0, job_title="Chief"))
    assert engine.fresh(again).state == "planned", "a new file replaces nobody on demand"
    with pytest.raises(DecisionRefused, match="read again"):
        engine.approve(again)
    fresh = engine.serve(plan_again(job=again, by=engine.engineer))
    assert (fresh.kind, fresh.subject_key) == (Job.Kind.ON_DEMAND, again.subject_key)
    assert engine.fresh(newer).state == "planned"


def test_who_is_gone_from_the_read_would_be_disabled(engine: Engine) -> None:
    engine.apply(TABLE)
    user_name = DirectoryObject.objects.get(key=key(11)).user_name
    engine.plan(only(TABLE, *range(11)))
    assert find_people(engine.tenant, user_name) == [Someone(key(11), user_name, gone=True)]
    job = engine.serve(send(engine, 11))
    (operation,) = engine.operations(job)
    assert operation.kind == "disable"
    assert engine.serve(engine.approve(job)).disabled == 1


def test_people_are_found_by_name_and_key(engine: Engine) -> None:
    engine.plan(TABLE)
    name = f"{value(TABLE, 5, 'given_name')} {value(TABLE, 5, 'family_name')}"
    assert key(5) in [each.key for each in find_people(engine.tenant, name)]
    assert person_named(engine.tenant, f" {key(5)} ").key == key(5)
    with pytest.raises(QueueRefused, match="Nobody"):
        person_named(engine.tenant, "no such person")
    with pytest.raises(QueueRefused, match=r"matches .* and more"):
        person_named(engine.tenant, "a")
    with pytest.raises(QueueRefused, match="nobody with the key"):
        send_on_demand(tenant=engine.tenant, key="no such key", by=None)


def test_without_a_read_it_says_what_to_do(engine: Engine) -> None:
    with pytest.raises(QueueRefused, match="Upload its file"):
        find_people(engine.tenant, "")


def test_a_read_that_the_guard_stopped_sends_nobody(engine: Engine) -> None:
    engine.apply(TABLE)
    stopped = engine.upload(only(TABLE, 0, 1))
    assert stopped.state == Job.State.STOPPED
    job = engine.serve(send(engine, 11))
    assert (job.state, job.unchanged) == (Job.State.FINISHED, 1)


def test_an_urgent_lane_goes_before_its_turn_but_not_twice(engine: Engine, other: Engine) -> None:
    def claimed() -> str:
        held = lanes.claim()
        assert held is not None
        lanes.release(held)
        return held.tenant.slug

    lanes.want(engine.tenant)
    assert claimed() == engine.tenant.slug
    lanes.want(engine.tenant, urgent=True)
    lanes.want(other.tenant)
    assert claimed() == engine.tenant.slug
    lanes.want(engine.tenant, urgent=True)
    assert claimed() == other.tenant.slug
    lanes.want(other.tenant)
    assert claimed() == engine.tenant.slug


def test_a_slice_makes_room_after_its_half_for_a_person_of_another_tenant(
    engine: Engine, other: Engine, settings: Any
) -> None:
    settings.LANE_LOOK_SECONDS, settings.LANE_SLICE_SECONDS = 0.0, 100.0
    everybody = engine.approve(engine.plan(TABLE))
    held = lanes.claim()
    assert held is not None
    assert held.tenant == engine.tenant

    def makes_room(left: float) -> bool:
        return Lookout(everybody, held, time.monotonic() + left).gives_way()

    lanes.want(other.tenant)
    assert not makes_room(40), "only for who is urgent"
    lanes.want(other.tenant, urgent=True)
    assert not makes_room(60), "a lane keeps the first half of its slice"
    assert makes_room(40)
    assert lanes.claim() is not None
    assert not makes_room(40), "another worker serves them already"


def test_a_lane_stays_urgent_as_long_as_somebody_is_to_be_sent(engine: Engine) -> None:
    engine.plan(TABLE)
    job = send(engine, 3)
    held = lanes.claim()
    assert held is not None
    lanes.release(held)
    assert Lane.objects.get().urgent
    engine.serve(job)
    assert not Lane.objects.get().urgent


# Pages.


def signed_in(engine: Engine) -> Client:
    client = Client()
    client.force_login(engine.engineer)
    return client


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_person_is_chosen_on_a_page_and_followed_to_the_answer(engine: Engine) -> None:
    engine.apply(only(TABLE, *range(11)))
    engine.plan(TABLE)
    client = signed_in(engine)
    page = reverse("tenant_person", args=[engine.tenant.slug])
    assert key(11) in text_of(client.get(page, {"q": value(TABLE, 11, "family_name")}))
    response = client.post(page, {"key": key(11)})
    job = Job.objects.filter(kind=Job.Kind.ON_DEMAND).get()
    stages = reverse("job_stages", args=[job.pk])
    assert response.headers["Location"] == stages
    assert "hx-get" in text_of(client.get(stages))
    job = engine.serve(job)
    text = text_of(client.get(stages))
    for said in ("1. Read", "2. Scope", "3. Mapped", "column job_title", "No account of the"):
        assert said in text
    assert value(TABLE, 11, "job_title") in text
    approved = client.post(reverse("job_approve", args=[job.pk]))
    assert approved.headers["Location"] == stages
    engine.serve(job)
    text = text_of(client.get(stages))
    assert "HTTP" in text
    assert "201" in text
    assert "Done" in text


def test_news_come_by_the_jobs_row_alone(engine: Engine, django_assert_num_queries: Any) -> None:
    engine.plan(TABLE)
    job, client = send(engine, 3), signed_in(engine)
    page = client.get(reverse("job_stages", args=[job.pk]))
    news = reverse("job_stages_news", args=[job.pk])
    seen = {"seen": page.context["seen"].partition("=")[2]}
    assert "HX-Refresh" not in client.get(news, seen).headers
    engine.serve(job)
    assert client.get(news, seen).headers["HX-Refresh"] == "true"


def test_redacted_values_are_on_no_stage(engine: Engine) -> None:
    profile = people_profile()
    for rule in profile["attributes"]:
        rule["redact"] = rule["target"] == "title"
    engine.publish(profile)
    engine.plan(TABLE)
    job = engine.serve(send(engine, 3))
    text = text_of(signed_in(engine).get(reverse("job_stages", args=[job.pk])))
    assert value(TABLE, 3, "job_title") not in text
    assert "[Redact]" in text
    assert value(TABLE, 3, "department") in text


def test_the_scope_says_what_decided(engine: Engine) -> None:
    department = value(TABLE, 3, "department")
    scope = {
        "all": [
            {"column": "employee_id", "is": "present"},
            {"column": "department", "is": "not_equals", "value": department},
        ]
    }
    engine.publish({**people_profile(), "scope": scope})
    engine.plan(TABLE)
    job = engine.serve(send(engine, 3))
    stages = stages_of(job)
    assert stages.record is not None
    assert stages.record.scope.covers is False
    assert stages.record.scope.because == [f"department is anything but {department}: no"]
    assert (job.state, stages.current) == (Job.State.FINISHED, "done")


def test_the_command_line_sends_one_person(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.plan(TABLE)
    monkeypatch.setattr("time.sleep", lambda _: slices.serve_next())
    call_command(
        *("sync", engine.tenant.slug, "--as", engine.engineer.email, "--person", key(3)),
        "--apply",
    )
    assert "created 1" in capsys.readouterr().out
    assert Operation.objects.filter(job__kind=Job.Kind.ON_DEMAND, state="done").count() == 1
    with pytest.raises(CommandError, match="Nobody"):
        call_command("sync", engine.tenant.slug, "--person", "no such person")
    with pytest.raises(CommandError, match="no --pilot"):
        call_command("sync", engine.tenant.slug, "--person", key(3), "--pilot", "2")
