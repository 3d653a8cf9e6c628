"""Existing accounts taken over one by one, or all."""

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import Job, Operation
from provisioning.services import approval
from provisioning.services.decisions import DecisionRefused
from tests.support.engine import DOMAIN, Engine
from tests.support.staff import export, profile, record

ROWS = export(record(key, department="Sales") for key in ("1", "2", "3"))
_DONE, _SKIPPED = Operation.State.DONE, Operation.State.SKIPPED


@pytest.fixture
def planned(engine: Engine) -> tuple[Engine, Job]:
    """Accounts of two of three people exist already."""
    engine.seed(*({"userName": f"user{n}@{DOMAIN}", "title": "Old"} for n in (1, 2)))
    engine.publish(profile(manager=False, matching=["userName"]))
    return engine, engine.plan(ROWS)


def states(engine: Engine, job: Job) -> dict[str, str]:
    return {each.key: each.state for each in engine.operations(job)}


def test_a_ticked_account_is_adopted_and_another_is_not(planned: tuple[Engine, Job]) -> None:
    engine, job = planned
    client = Client()
    client.force_login(engine.engineer)
    text = client.get(reverse("job_detail", args=[job.pk])).content.decode()
    wanted, other = engine.operation(job, "1"), engine.operation(job, "2")
    for each in (wanted, other):
        assert f'name="adopt"\n                     value="{each.pk}"' in text
    assert "Old" in text  # what adopting would change
    client.post(reverse("job_approve", args=[job.pk]), {"adopt": [wanted.pk]})
    job = engine.serve(job)
    assert states(engine, job) == {"1": _DONE, "2": _SKIPPED, "3": _DONE}
    assert (job.adopted, job.created, job.settled) == (1, 1, job.total)
    titles = {user["userName"]: user.get("title") for user in engine.users()}
    assert (titles[f"user1@{DOMAIN}"], titles[f"user2@{DOMAIN}"]) == ("Sales", "Old")


def test_all_are_adopted_with_one_tick(planned: tuple[Engine, Job]) -> None:
    engine, job = planned
    client = Client()
    client.force_login(engine.engineer)
    client.post(reverse("job_approve", args=[job.pk]), {"include_adoptions": "on"})
    assert engine.serve(job).adopted == 2


def test_without_a_tick_nobody_is_adopted(planned: tuple[Engine, Job]) -> None:
    engine, job = planned
    job = engine.serve(engine.approve(job))
    assert (job.adopted, job.created) == (0, 1)


def test_what_is_not_up_for_adoption_is_refused(planned: tuple[Engine, Job]) -> None:
    engine, job = planned
    creation = engine.operation(job, "3")
    with pytest.raises(DecisionRefused, match="not up for adoption"):
        approval.approve(job=job, by=engine.engineer, adopt=[creation.pk])
    client = Client()
    client.force_login(engine.engineer)
    client.post(reverse("job_approve", args=[job.pk]), {"adopt": ["1; drop"]})
    assert engine.fresh(job).state == Job.State.PLANNED
