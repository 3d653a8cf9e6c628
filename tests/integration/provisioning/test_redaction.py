"""What is handed out of a job with redacted attributes: CSV, JSON and the command line."""

import json
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from provisioning.management.commands.sync import Command
from provisioning.models import Job
from provisioning.selectors import operations_of
from provisioning.selectors.reports import report_of
from tests.support.engine import Engine, edited, people, user_name, value

TABLE = people(4)
SECRETS = {
    "title": "Cloak-and-dagger",
    "displayName": f"{value(TABLE, 0, 'given_name')} {value(TABLE, 0, 'family_name')}",
    "userName": user_name(TABLE, 0),
}


def redacting(*targets: str) -> dict[str, Any]:
    data = people_profile()
    rules = [
        {**rule, "redact": True} if rule["target"] in targets else rule
        for rule in data["attributes"]
    ]
    return {**data, "attributes": rules}


def shown(engine: Engine, job: Job) -> str:
    """What is handed out of a job."""
    client = Client()
    client.force_login(engine.engineer)
    csv = client.get(reverse("job_csv", args=[job.pk])).content.decode()
    return "\n".join([csv, json.dumps(report_of(engine.fresh(job)), ensure_ascii=False)])


@pytest.mark.parametrize("target", sorted(SECRETS))
def test_a_redacted_value_is_nowhere_to_be_read(engine: Engine, target: str) -> None:
    secret = SECRETS[target]
    table = edited(TABLE, 0, job_title=SECRETS["title"])
    job = engine.plan(table)
    assert secret in shown(engine, job)
    engine.publish(redacting(target))
    job = engine.plan(table)
    told = shown(engine, job)
    assert secret not in told
    assert "[Redact]" in told
    engine.fault(kind="status", status=400, method="POST")
    job = engine.serve(engine.approve(job))
    assert (job.state, job.failed) == (Job.State.FINISHED, 1)
    told = f"Invalid value '{secret}' specified."
    job.operations.filter(key=value(TABLE, 0, "employee_id")).update(detail=told)
    assert secret not in shown(engine, job)


def test_a_redacted_name_cannot_be_guessed_by_searching(engine: Engine) -> None:
    job = engine.plan(TABLE)
    names = SECRETS["displayName"], SECRETS["userName"]
    assert [operations_of(job, text=name).count() for name in names] == [1, 1]
    engine.publish(redacting("displayName", "userName"))
    job = engine.plan(TABLE)
    assert [operations_of(job, text=name).count() for name in names] == [0, 0]
    assert operations_of(job, text=value(TABLE, 0, "employee_id")).count() == 1


def test_the_command_line_hides_it_too(engine: Engine) -> None:
    engine.publish(redacting("title", "userName"))
    engine.apply(TABLE)
    job = engine.plan(edited(TABLE, 0, job_title=SECRETS["title"]))
    assert job.state == Job.State.PLANNED
    out = StringIO()
    Command(stdout=out)._print(engine.fresh(job), as_json=False)
    text = out.getvalue()
    assert "title: '[Redact]' -> '[Redact]'" in text
    assert SECRETS["title"] not in text
    assert user_name(TABLE, 0) not in text


def test_a_comparison_of_two_versions_hides_it_too(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.publish(people_profile() | {"scope": {"column": "location", "is": "absent"}})
    page = f"{reverse('profile_compare', args=[engine.tenant.slug])}?old=1&new="
    client = Client()
    client.force_login(engine.engineer)
    assert SECRETS["displayName"] in client.get(f"{page}2").content.decode()
    engine.publish(redacting("displayName") | {"scope": {"column": "location", "is": "absent"}})
    shown = client.get(f"{page}3").content.decode()
    assert SECRETS["displayName"] not in shown
    assert value(TABLE, 0, "employee_id") in shown
