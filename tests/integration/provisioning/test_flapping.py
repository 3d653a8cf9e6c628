"""Attributes that change although nothing in the source did are warned about."""

from typing import Any

import pytest

from msp_portal.demo.generator import people_profile
from provisioning.models import DirectoryObject, Job
from provisioning.selectors.reports import report_of
from tests.support.engine import Engine, edited, only, people

TABLE = people(5)


def profile(expression: str) -> dict[str, Any]:
    data = people_profile()
    rules = [rule for rule in data["attributes"] if rule["target"] != "title"]
    return {**data, "attributes": [*rules, {"target": "title", "expression": expression}]}


@pytest.fixture(autouse=True)
def _clock(engine: Engine) -> None:
    engine.publish(profile("CStr(Now())"))


def later(job: Job) -> Job:
    """The job as if it had been asked for hours later: Now() is the job's own moment."""
    Job.objects.filter(pk=job.pk).update(created_at="2027-01-01T08:00:00Z")
    return job


def test_what_hangs_on_the_time_is_named_with_its_people(engine: Engine) -> None:
    first = engine.apply(TABLE)
    assert first.flapping == {}
    job = engine.serve(later(engine.upload(TABLE)))
    assert (job.planned_calls, job.flapping) == (5, {"title": 5})
    assert report_of(job)["flapping"] == {"title": 5}


def test_whose_record_changed_is_not_named(engine: Engine) -> None:
    engine.apply(TABLE)
    changed = edited(edited(TABLE, 0, department="Board"), 1, phone="")
    job = engine.serve(later(engine.upload(changed)))
    assert (job.planned_calls, job.flapping) == (5, {"title": 3})


def test_a_column_that_the_profile_does_not_read_changes_nothing(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.serve(later(engine.upload(edited(TABLE, 0, job_title="Chief"))))
    assert job.flapping == {"title": 5}


def test_another_version_of_the_profile_is_another_mapping(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.publish(profile('Append("x", CStr(Now()))'))
    job = engine.plan(TABLE)
    assert (job.planned_calls, job.flapping) == (5, {})
    engine.serve(engine.approve(job))
    assert engine.serve(later(engine.upload(TABLE))).flapping == {"title": 5}


def test_who_was_away_and_comes_back_is_not_named(engine: Engine) -> None:
    engine.publish(people_profile())
    engine.apply(TABLE)
    engine.apply(only(TABLE, 1, 2, 3, 4))
    job = engine.plan(TABLE)
    assert (job.planned_calls, job.flapping) == (1, {})


def test_a_change_that_failed_is_not_named_when_it_is_planned_again(engine: Engine) -> None:
    engine.publish(people_profile())
    engine.apply(TABLE)
    changed = edited(TABLE, 0, job_title="Chief")
    engine.fault(kind="status", status=400, method="PATCH")
    job = engine.serve(engine.approve(engine.plan(changed)))
    assert job.failed == 1
    assert engine.plan(changed).flapping == {}


@pytest.mark.parametrize("times", [1, 20])
def test_nor_is_one_that_may_have_been_made(engine: Engine, times: int) -> None:
    engine.publish(people_profile())
    engine.apply(TABLE)
    changed = edited(TABLE, 0, job_title="Chief")
    engine.fault(kind="status", status=504, when="after", method="PATCH", times=times)
    job = engine.serve(engine.approve(engine.plan(changed)))
    assert job.failed == (times > 1)
    assert engine.plan(changed).flapping == {}


def test_the_digest_tells_nothing_and_differs_from_tenant_to_tenant(
    engine: Engine, other: Engine
) -> None:
    engine.apply(TABLE)
    other.publish(profile("CStr(Now())"))
    other.apply(TABLE)
    digests = set(DirectoryObject.objects.exclude(key="").values_list("record_digest", flat=True))
    assert len(digests) == 10
    assert all(len(digest) == 32 for digest in digests)
