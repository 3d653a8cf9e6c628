"""SelectUniqueValue: the first value that is free, also when only Entra knows that one is taken."""

from typing import Any

import pytest

from msp_portal.demo.generator import people_profile
from provisioning.domain.attributes import MAIL_NICKNAME
from provisioning.models import Job, Operation
from tests.support.engine import DOMAIN, Engine, edited, only, people, value

TABLE = people(4)
KEYS = [value(TABLE, at, "employee_id") for at in range(4)]


def definition(*rules: str, nickname: str = "") -> dict[str, Any]:
    """The tests' profile with alternatives for the user name and perhaps the mail nickname."""
    data = people_profile()
    given = {"userName": f"SelectUniqueValue({', '.join(rules)})"}
    if nickname:
        given[MAIL_NICKNAME] = nickname
    kept = [rule for rule in data["attributes"] if rule["target"] not in given]
    fresh = [{"target": path, "expression": text, "when": "create"} for path, text in given.items()]
    return {**data, "attributes": [*fresh, *kept]}


def names(*starts: str) -> list[str]:
    return [f'"{start}@{DOMAIN}"' for start in starts]


SHARED = definition(*names("a", "b", "c", "d"))


def got(job: Job) -> list[str]:
    return [op.user_name.split("@")[0] for op in job.operations.order_by("pk")]


def test_people_of_one_run_get_different_values_in_their_order(engine: Engine) -> None:
    engine.publish(SHARED)
    job = engine.apply(TABLE)
    assert got(job) == ["a", "b", "c", "d"]
    assert (job.created, engine.requests()) == (4, 1 + job.planned_calls)
    assert engine.apply(TABLE).planned_calls == 0


def test_a_value_that_an_account_has_is_passed_over_without_a_call(engine: Engine) -> None:
    engine.seed({"userName": f"A@{DOMAIN}"})
    engine.publish(SHARED)
    job = engine.apply(only(TABLE, 0))
    assert (got(job), job.failed) == (["b"], 0)
    assert engine.requests() == 1 + job.planned_calls


def test_a_person_keeps_the_value_of_the_creation(engine: Engine) -> None:
    engine.publish(SHARED)
    engine.apply(TABLE)
    job = engine.apply(edited(TABLE, 2, job_title="Chief"))
    assert (job.planned_calls, job.updated) == (1, 1)
    assert engine.user(KEYS[2])["userName"] == f"c@{DOMAIN}"


def test_when_every_value_is_taken_the_person_is_left_with_the_reason(engine: Engine) -> None:
    engine.publish(definition(*names("a", "b")))
    job = engine.plan(TABLE)
    assert job.planned_calls == 2
    left = engine.operation(job, KEYS[2])
    assert left.kind == "leave"
    assert "User name: every value the profile proposes is taken" in left.reason


@pytest.mark.parametrize("status", [409, 400])
def test_a_value_that_somebody_took_meanwhile_is_not_the_end(engine: Engine, status: int) -> None:
    engine.switch(duplicate_status=status)
    engine.publish(SHARED)
    job = engine.plan(only(TABLE, 0))
    engine.seed({"userName": f"a@{DOMAIN}"}, {"userName": f"b@{DOMAIN}"})
    job = engine.serve(engine.approve(job))
    assert (job.created, job.failed, got(job)) == (1, 0, ["c"])
    assert engine.user(KEYS[0])["userName"] == f"c@{DOMAIN}"
    # Each name that was taken cost a refused creation and a lookup, and all of it is metered.
    assert (engine.purposes()["create"], engine.purposes()["lookup"]) == (3, 2)
    engine.check_calls()
    assert engine.apply(only(TABLE, 0)).planned_calls == 0


def test_a_choice_that_another_person_of_the_run_has_is_passed_over(engine: Engine) -> None:
    engine.publish(SHARED)
    job = engine.plan(only(TABLE, 0, 1))
    engine.seed({"userName": f"a@{DOMAIN}"})
    job = engine.serve(engine.approve(job))
    assert (job.created, got(job)) == (2, ["c", "b"])


def test_two_of_one_batch_are_not_given_the_same_next_choice(engine: Engine) -> None:
    engine.publish(SHARED)
    job = engine.plan(only(TABLE, 0, 1))
    engine.seed({"userName": f"a@{DOMAIN}"}, {"userName": f"b@{DOMAIN}"})
    job = engine.serve(engine.approve(job))
    assert (job.created, sorted(got(job))) == (2, ["c", "d"])
    assert (engine.purposes()["create"], engine.purposes()["lookup"]) == (4, 2)


def test_when_no_choice_is_left_it_fails_with_the_reason(engine: Engine) -> None:
    engine.publish(definition(*names("a", "b")))
    job = engine.plan(only(TABLE, 0))
    engine.seed({"userName": f"a@{DOMAIN}"}, {"userName": f"b@{DOMAIN}"})
    job = engine.serve(engine.approve(job))
    assert (job.created, job.failed) == (0, 1)
    assert "belongs to an account" in engine.operation(job, KEYS[0]).message


def test_a_name_that_a_deleted_account_keeps_is_passed_over(engine: Engine) -> None:
    engine.publish(SHARED)
    job = engine.plan(only(TABLE, 0))
    (gone,) = engine.seed({"userName": f"a@{DOMAIN}"})
    engine.delete_outside(gone)
    job = engine.serve(engine.approve(job))
    assert (job.created, got(job)) == (1, ["b"])


def test_a_protected_choice_is_passed_over(engine: Engine) -> None:
    engine.publish(SHARED)
    job = engine.plan(only(TABLE, 0))
    engine.seed({"userName": f"a@{DOMAIN}"})
    engine.tenant.protected_accounts = ["b@*"]
    engine.tenant.save()
    assert got(engine.serve(engine.approve(job))) == ["c"]


FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 504, "when": "after"},
    {"kind": "reset", "when": "after"},
    {"kind": "status", "status": 503},
]


@pytest.mark.parametrize("lag", [0, 0.4])
@pytest.mark.parametrize("fault", FAULTS, ids=["504 after", "reset after", "503"])
def test_an_attempt_nobody_heard_of_is_never_repeated_under_another_name(
    engine: Engine, fault: dict[str, Any], lag: float
) -> None:
    engine.switch(read_lag_seconds=lag)
    engine.publish(SHARED)
    job = engine.plan(only(TABLE, 0, 1))
    engine.fault(**fault, method="POST", times=2)
    job = engine.serve(engine.approve(job))
    assert (job.created, job.failed) == (2, 0)
    assert sorted(user["userName"] for user in engine.users()) == [f"a@{DOMAIN}", f"b@{DOMAIN}"]
    engine.check_calls()


def test_nicknames_are_told_apart_as_well(engine: Engine) -> None:
    nickname = 'SelectUniqueValue("nick", Append("nick", [employee_id]))'
    engine.publish(definition(*names("a", "b"), nickname=nickname))
    job = engine.apply(only(TABLE, 0, 1))
    assert [op.after[MAIL_NICKNAME] for op in engine.operations(job)] == ["nick", f"nick{KEYS[1]}"]
    more = engine.plan(only(TABLE, 0, 1, 2))
    (operation,) = engine.operations(more)
    assert operation.kind == "leave"  # no user name is left
    assert not Operation.objects.filter(job=more, kind="create").exists()
