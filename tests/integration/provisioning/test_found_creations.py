"""Creations nobody heard of, found by what the directory shows; nothing else is ever found."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.domain.pricing import FOUND
from billing.models import Call
from billing.selectors import last_answers
from provisioning.services import approval, slices
from tests.integration.provisioning.test_unknown_outcomes import die_in_round
from tests.support.engine import Engine, edited, only, people, value
from tests.support.staff import DEPARTMENTS, export, profile, record

TABLE = people(6)
ALONE = only(TABLE, 0)
KEY = value(TABLE, 0, "employee_id")
CUT_AFTER = {"kind": "reset", "when": "after"}
CUT_BEFORE = {"kind": "reset", "when": "before"}


def creations(engine: Engine) -> dict[str, int]:
    """Creations by how they ended."""
    found: dict[str, int] = {}
    for state in Call.objects.filter(
        tenant=engine.tenant, purpose__in=("create", "group_create")
    ).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


@pytest.mark.parametrize(
    ("fault", "ended"),
    [
        pytest.param(CUT_AFTER, {"answered": 3, "found": 3}, id="cut after the write"),
        # Sent again and answered then: what the first had come to nobody can say.
        pytest.param(CUT_BEFORE, {"answered": 6, "uncertain": 3}, id="cut before"),
        pytest.param({"kind": "truncated"}, {"answered": 3, "found": 3}, id="half an answer"),
        pytest.param(
            {"kind": "html", "when": "after"},
            # The failure is a gateway's, not the service's: sent again it is a duplicate.
            {"answered": 6, "found": 3},
            id="a proxy's page after the write",
        ),
        pytest.param(
            {"kind": "status", "status": 504, "when": "after"}, {"answered": 6}, id="answered 504"
        ),
    ],
)  # fmt: skip
def test_what_the_directory_shows_is_not_uncertain_any_more(
    engine: Engine, fault: dict[str, Any], ended: dict[str, int]
) -> None:
    job = engine.plan(TABLE)
    engine.fault(**fault, method="POST", times=3)
    job = engine.serve(engine.approve(job))
    engine.check(job, TABLE)
    assert creations(engine) == ended
    found = ended.get("found", 0)
    cost = engine.cost()
    assert (cost.uncertain, cost.found) == (ended.get("uncertain", 0), found)
    assert cost.billable == engine.sandbox.usage(engine.directory_id)["billable"]


def test_a_found_call_was_not_answered_all_the_same(engine: Engine) -> None:
    """The next plan reckons with retries as if it had stayed in doubt."""
    job = engine.plan(TABLE)
    engine.fault(**CUT_AFTER, method="POST", times=3)
    engine.serve(engine.approve(job))
    answers = last_answers(engine.tenant, 100)
    assert answers["create", FOUND] == 3
    changed = edited(TABLE, 0, job_title="Chief")
    doubted = engine.plan(changed)
    approval.cancel(job=doubted, by=engine.engineer)
    Call.objects.filter(state=Call.State.FOUND).update(state=Call.State.ANSWERED, status=201)
    assert engine.plan(changed).most_calls < doubted.most_calls


def test_of_several_attempts_in_doubt_one_is_found(engine: Engine) -> None:
    """The directory lags: the first attempt is looked up in vain, and sent again."""
    engine.switch(read_lag_seconds=0.5)
    job = engine.plan(ALONE)
    engine.fault(**CUT_AFTER, method="POST", times=2)
    job = engine.serve(engine.approve(job))
    engine.check(job, ALONE)
    assert creations(engine)["found"] == 1
    assert creations(engine)["uncertain"] == 1


def test_a_duplicate_of_ones_own_tells_of_the_attempt_before(engine: Engine) -> None:
    engine.switch(read_lag_seconds=0.5)
    job = engine.plan(ALONE)
    engine.fault(**CUT_AFTER, method="POST")
    job = engine.serve(engine.approve(job))
    engine.check(job, ALONE)
    statuses = Call.objects.filter(purpose="create").order_by("started_at")
    assert list(statuses.values_list("state", "status")) == [("found", None), ("answered", 409)]


def test_what_an_answered_failure_may_have_made_is_nobody_elses(engine: Engine) -> None:
    """The 504 wrote; the attempt after it never arrived, and is not taken for the writer."""
    engine.switch(read_lag_seconds=0.5)
    job = engine.plan(ALONE)
    engine.fault(kind="status", status=504, when="after", method="POST")
    engine.fault(**CUT_BEFORE, method="POST", times=9)
    job = engine.serve(engine.approve(job))
    engine.check(job, ALONE)
    assert creations(engine)["answered"] == 1
    assert creations(engine).keys() == {"answered", "uncertain"}


def test_a_later_job_shows_what_an_earlier_one_gave_up_on(engine: Engine) -> None:
    engine.switch(read_lag_seconds=2.0)
    job = engine.plan(ALONE)
    engine.fault(**CUT_AFTER, method="POST")
    job = engine.serve(engine.approve(job))
    assert job.failed == 1
    assert creations(engine) == {"answered": 1, "uncertain": 1}
    engine.switch(read_lag_seconds=0.0)
    later = engine.apply(ALONE)
    engine.check(later, ALONE)
    found = Call.objects.get(state="found")
    assert (found.job, creations(engine)) == (job.label, {"answered": 2, "found": 1})


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_dead_workers_calls_are_found_or_stay_uncertain(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    job = engine.approve(engine.plan(TABLE))
    with monkeypatch.context() as patch:
        die_in_round(patch, moment, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    engine.bury()
    job = engine.serve(job)
    engine.check(job, TABLE)
    died = {"before": {"answered": 6, "uncertain": 6}, "after": {"found": 6}}
    assert creations(engine) == died[moment]


def test_a_failure_that_nobody_saw_is_told_apart(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service wrote and answered 504, the worker died: what was found may not be billed."""
    job = engine.approve(engine.plan(TABLE))
    engine.fault(kind="status", status=504, when="after", method="POST", times=2)
    with monkeypatch.context() as patch:
        die_in_round(patch, "after", KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    engine.bury()
    job = engine.serve(job)
    engine.check(job, TABLE)
    billed = engine.sandbox.usage(engine.directory_id)["billable"]
    assert (engine.cost().found, engine.cost().billable - billed) == (6, 2)


def test_groups_are_found_by_the_nickname_we_chose(engine: Engine) -> None:
    engine.publish(profile(DEPARTMENTS))
    engine.fault(**CUT_AFTER, method="POST", path="/groups")
    job = engine.apply(export([record("01", department="Sales"), record("02", department="Care")]))
    assert job.groups_created == 2
    assert creations(engine) == {"answered": 3, "found": 1}
    engine.check_calls()


# Other writers, and a directory that shows what is gone.


@pytest.mark.parametrize(
    "account",
    [
        {"userName": "somebody.else@brindlewick.example"},
        {"displayName": "Somebody Else"},
        {"active": False},
    ],
    ids=["another name", "other values", "closed"],
)
def test_another_writers_account_proves_nothing(engine: Engine, account: dict[str, Any]) -> None:
    job = engine.approve(engine.plan(ALONE))
    (operation,) = engine.operations(job)
    names = {name: operation.after[name] for name in ("userName", "displayName", "active")}
    engine.seed({**names, **account, "externalId": KEY})
    engine.fault(**CUT_BEFORE, method="POST")
    job = engine.serve(job)
    assert creations(engine) == {"uncertain": 1}
    engine.check_calls()


def test_an_account_that_is_gone_and_still_shown_proves_nothing(engine: Engine) -> None:
    """Deleted outside, noticed by a write, created anew: reads still show the old account."""
    engine.apply(ALONE)
    engine.switch(read_lag_seconds=60.0)
    engine.delete_outside(engine.user(KEY)["id"])
    moved = edited(ALONE, 0, job_title="Keeper of Lamps")
    assert engine.apply(moved).failed == 1
    job = engine.plan(ALONE)
    engine.fault(**CUT_BEFORE, method="POST", times=9)
    job = engine.serve(engine.approve(job))
    assert job.created == 1, "the directory does not lag"
    assert creations(engine) == {"answered": 1, "uncertain": 1}
    engine.check_calls(outside=1)


@pytest.mark.parametrize("other", ["older than what is kept", "of another kind"])
def test_an_operation_whose_calls_do_not_tell_proves_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """Its calls may be deleted by now, or it has given our key to an account that was there."""
    earlier = engine.plan(only(TABLE, 1))
    job = engine.approve(engine.plan(ALONE))
    with monkeypatch.context() as patch:
        die_in_round(patch, "after", KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    engine.bury()
    if other == "of another kind":
        (row,) = earlier.operations.all()
        row.kind, row.state, row.first_sent_at = "adopt", "done", timezone.now()
        row.folded_key = engine.operations(job)[0].folded_key
        row.save()
    else:
        job.operations.update(first_sent_at=timezone.now() - timedelta(days=90))
    engine.serve(job)
    assert creations(engine) == {"uncertain": 1}


# What leaves no mark.


def test_changes_and_deletions_stay_uncertain(engine: Engine) -> None:
    engine.apply(TABLE)
    changed = edited(TABLE, 0, job_title="Chief")
    engine.fault(**CUT_AFTER, method="PATCH", times=2)
    job = engine.apply(only(changed, *range(5)))
    assert (job.updated, job.disabled) == (1, 1)
    assert engine.call_states()["uncertain"] == 2
    assert engine.call_states()["found"] == 0
    engine.check(job, TABLE)
