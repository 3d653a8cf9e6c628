"""A regular expression that takes too long holds its record; too many of them stop the plan."""

from typing import Any

from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import Table
from provisioning.models import HeldRecord, Job, Operation
from tests.support.engine import Engine, edited, held, people

SLOW = "(a|aa)+$"
CELL = "a" * 60 + "b"


def profile(**more: Any) -> dict[str, Any]:
    data = people_profile()
    text = f'Replace([job_title], , "{SLOW}", , "z", , )'
    rules = [rule for rule in data["attributes"] if rule["target"] != "title"]
    return {**data, "attributes": [*rules, {"target": "title", "expression": text}], **more}


def slow(table: Table, count: int) -> Table:
    for at in range(count):
        table = edited(table, at, job_title=CELL)
    return table


def test_a_few_slow_records_are_held_like_any_other(engine: Engine) -> None:
    engine.publish(profile())
    job = engine.plan(slow(people(24), 19))
    assert (job.state, job.planned_calls, len(held(job))) == (Job.State.PLANNED, 5, 19)


def test_twenty_of_them_stop_the_plan_with_the_attribute_named(engine: Engine) -> None:
    engine.publish(profile())
    table = people(40)
    for at in range(20, 40):
        table = edited(table, at, job_title=CELL)
    job = engine.plan(table)
    assert job.state == Job.State.FAILED
    assert job.problem.startswith("Job title: a regular expression took too long on 20 records")
    assert "Make it simpler" in job.problem
    assert not Operation.objects.filter(job=job).exists()
    assert HeldRecord.objects.filter(job=job).count() == job.held == 20
    assert set(engine.purposes()) == {"inventory"}
    # The next file is planned as if nothing had been.
    assert engine.plan(people(3)).planned_calls == 3


def test_a_slow_pattern_of_the_scope_is_counted_as_well(engine: Engine) -> None:
    scope = {"column": "job_title", "is": "matches", "value": SLOW}
    engine.publish({**people_profile(), "scope": scope})
    job = engine.plan(slow(people(24), 24))
    assert (job.state, job.problem.split(":")[0]) == (Job.State.FAILED, "The scope")
