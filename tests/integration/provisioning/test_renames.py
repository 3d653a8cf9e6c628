"""User names handed on in one job: chains, swaps, and what is left when somebody's change fails."""

from typing import Any

import pytest
from pytest_django import Settings

from provisioning.domain.attributes import MAIL_NICKNAME, USER_NAME
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.services import approval
from tests.support.engine import DOMAIN, Engine

pytestmark = pytest.mark.django_db(transaction=True)

_PROFILE: dict[str, Any] = {
    "key_column": "id",
    "attributes": [
        {"target": USER_NAME, "expression": f'Join("@", [login], "{DOMAIN}")'},
        {"target": MAIL_NICKNAME, "column": "login"},
        {"target": "displayName", "column": "name"},
        {"target": "name.givenName", "column": "name"},
        {"target": "name.familyName", "column": "name"},
        {"target": "active", "constant": "true"},
    ],
}


@pytest.fixture
def renamed(engine: Engine) -> Engine:
    """Ann has a, Bo has b, Cy has c."""
    engine.publish(_PROFILE)
    engine.apply(people(("1", "a", "Ann"), ("2", "b", "Bo"), ("3", "c", "Cy")))
    return engine


def people(*rows: tuple[str, str, str]) -> bytes:
    lines = ["id,login,name", *(",".join(row) for row in rows)]
    return "\n".join(lines).encode()


def names(engine: Engine) -> dict[str, str]:
    return {user["externalId"]: user["userName"].partition("@")[0] for user in engine.users()}


SWAPPED = people(("1", "b", "Ann"), ("2", "a", "Bo"), ("3", "c", "Cy"))


def test_a_chain_ends_with_the_names_that_were_wanted(renamed: Engine) -> None:
    requests = renamed.requests()
    chain = people(("1", "b", "Ann"), ("2", "c", "Bo"), ("3", "d", "Cy"), ("4", "a", "Di"))
    job = renamed.apply(chain)
    assert names(renamed) == {"1": "b", "2": "c", "3": "d", "4": "a"}
    assert (job.updated, job.created, job.failed) == (3, 1, 0)
    assert (job.planned_calls, renamed.requests() - requests) == (4, 4)
    assert renamed.plan(chain).state == Job.State.FINISHED


def test_a_swap_takes_one_call_more_and_it_is_priced(renamed: Engine) -> None:
    requests = renamed.requests()
    job = renamed.plan(SWAPPED)
    assert (job.planned_calls, job.total) == (3, 2)
    job = renamed.serve(renamed.approve(job))
    assert names(renamed) == {"1": "b", "2": "a", "3": "c"}
    assert (job.state, job.updated, job.failed) == (Job.State.FINISHED, 2, 0)
    assert renamed.requests() - requests == 3
    shadow = DirectoryObject.objects.filter(tenant=renamed.tenant)
    assert {row.key: row.user_name.partition("@")[0] for row in shadow} == names(renamed)
    renamed.check_calls()
    assert renamed.plan(SWAPPED).state == Job.State.FINISHED


def test_a_circle_of_three_takes_four_calls(renamed: Engine) -> None:
    requests = renamed.requests()
    renamed.apply(people(("1", "b", "Ann"), ("2", "c", "Bo"), ("3", "a", "Cy")))
    assert names(renamed) == {"1": "b", "2": "c", "3": "a"}
    assert renamed.requests() - requests == 4


def test_whoever_waits_for_a_name_that_is_kept_fails_with_the_reason(renamed: Engine) -> None:
    job = renamed.plan(people(("1", "b", "Ann"), ("2", "d", "Bo"), ("3", "c", "Cy")))
    approval.approve(job=job, by=renamed.engineer)
    renamed.delete_outside(renamed.user("2")["id"])
    job = renamed.serve(job)
    failed = renamed.operation(job, "1")
    assert (job.failed, failed.state) == (2, Operation.State.FAILED)
    assert "still held by the account of the person with key 2" in failed.message
    assert failed.attempts == 0


def test_a_swap_that_breaks_in_the_middle_says_so_and_the_next_sync_mends_it(
    renamed: Engine,
) -> None:
    job = renamed.plan(SWAPPED)
    approval.approve(job=job, by=renamed.engineer)
    # The opener's temporary name is written, then the other one's change is refused.
    other = renamed.user("2")["id"]
    renamed.fault(kind="status", status=400, method="PATCH", path=f"/users/{other}")
    job = renamed.serve(job)
    opener = renamed.operation(job, "1")
    assert opener.state == Operation.State.FAILED
    assert f"temporary name a.moving@{DOMAIN}" in opener.message
    assert names(renamed) == {"1": "a.moving", "2": "b", "3": "c"}
    renamed.apply(SWAPPED)
    assert names(renamed) == {"1": "b", "2": "a", "3": "c"}


def test_a_cancelled_swap_is_carried_through_once_it_was_begun(
    renamed: Engine, settings: Settings
) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    job = renamed.plan(SWAPPED)
    approval.approve(job=job, by=renamed.engineer)
    renamed.serve(job, until=lambda _: "a.moving" in names(renamed).values())
    approval.cancel(job=renamed.fresh(job), by=renamed.engineer)
    job = renamed.serve(job)
    assert job.state == Job.State.CANCELLED
    assert names(renamed) == {"1": "b", "2": "a", "3": "c"}


def test_a_swap_is_carried_through_although_answers_are_lost(renamed: Engine) -> None:
    job = renamed.plan(SWAPPED)
    approval.approve(job=job, by=renamed.engineer)
    renamed.fault(kind="status", status=504, when="after", method="PATCH", times=2)
    job = renamed.serve(job, until=lambda current: _hurried(renamed, current))
    assert (job.updated, job.failed) == (2, 0)
    assert names(renamed) == {"1": "b", "2": "a", "3": "c"}
    renamed.check_calls()


def _hurried(engine: Engine, job: Job) -> bool:
    engine.hurry()
    return job.state not in Job.IN_LANE
