"""Answers that do not say what happened: nobody is created twice, nothing is lost or uncounted."""

import time
from typing import Any

import pytest

from billing.models import Call
from provisioning.domain.retry import MAX_ATTEMPTS
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.services import applying, slices
from provisioning.services.lanes import LaneLost
from tests.support.engine import Engine, edited, only, people, user_name, value

TABLE = people(12)
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("429 with a time", {"kind": "status", "status": 429, "retry_after": 0.05}),
    ("429 without one", {"kind": "status", "status": 429}),
    ("429 with a date gone by", {"kind": "status", "status": 429,
                                 "retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    ("500", {"kind": "status", "status": 500}),
    ("500 after the write", {"kind": "status", "status": 500, "when": "after"}),
    ("503", {"kind": "status", "status": 503}),
    ("503 after the write", {"kind": "status", "status": 503, "when": "after"}),
    ("504", {"kind": "status", "status": 504}),
    ("504 after the write", {"kind": "status", "status": 504, "when": "after"}),
    ("reset", {"kind": "reset"}),
    ("reset after the write", {"kind": "reset", "when": "after"}),
    ("half an answer", {"kind": "truncated"}),
    ("a proxy's page", {"kind": "html"}),
    ("a proxy's page after the write", {"kind": "html", "when": "after"}),
    ("a proxy's page as success", {"kind": "html", "status": 200}),
]  # fmt: skip
NAMES = [name for name, _ in FAULTS]
# A change or a lookup may be repeated, so "before" and "after" are the same to it.
REPEATED = [
    pytest.param(fault, id=name)
    for name, fault in FAULTS
    if name in ("429 without one", "500", "504 after the write", "reset after the write")
    or name in ("half an answer", "a proxy's page", "a proxy's page as success")
]


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=NAMES)
def test_every_person_is_created_once(engine: Engine, fault: dict[str, Any]) -> None:
    job = engine.plan(TABLE)
    engine.fault(**fault, method="POST", times=4)
    job = engine.serve(engine.approve(job))
    assert (job.state, job.created, job.failed) == (Job.State.FINISHED, 12, 0)
    engine.check(job, TABLE)
    # What is known of the accounts is enough for a second run to find nothing to do.
    assert engine.apply(TABLE).planned_calls == 0


@pytest.mark.parametrize("fault", REPEATED)
def test_every_change_arrives(engine: Engine, fault: dict[str, Any]) -> None:
    engine.apply(TABLE)
    changed = TABLE
    for at in range(5):
        changed = edited(changed, at, job_title="Chief", phone="")
    engine.fault(**fault, method="PATCH", times=4)
    job = engine.apply(only(changed, *range(10)))
    assert (job.updated, job.disabled, job.failed) == (5, 2, 0)
    engine.check(job, TABLE)
    titles = [user["title"] for user in engine.users() if user["active"]]
    assert titles.count("Chief") == 5
    assert sum(not user["active"] for user in engine.users()) == 2


# A directory that reads behind its writes.
LAGGING = [fault for name, fault in FAULTS if "after" in name or "half" in name]
LAGGING_NAMES = [name for name in NAMES if "after" in name or "half" in name]


@pytest.mark.parametrize("fault", LAGGING, ids=LAGGING_NAMES)
def test_a_directory_that_lags_gets_nobody_twice(engine: Engine, fault: dict[str, Any]) -> None:
    engine.switch(read_lag_seconds=0.4)
    job = engine.plan(TABLE)
    engine.fault(**fault, method="POST", times=3)
    job = engine.serve(engine.approve(job))
    assert (job.state, job.created, job.failed) == (Job.State.FINISHED, 12, 0)
    engine.check(job, TABLE)


def test_one_lookup_is_enough_when_the_directory_does_not_lag(engine: Engine) -> None:
    job = engine.plan(TABLE)
    engine.fault(kind="reset", when="after", method="POST", times=3)
    job = engine.serve(engine.approve(job))
    assert engine.purposes() == {"inventory": 1, "create": 12, "lookup": 3}
    assert engine.call_states() == {"answered": 13, "found": 3}
    lookups = Call.objects.filter(purpose="lookup")
    assert {call.method for call in lookups} == {"GET"}
    engine.check(job, TABLE)


def test_a_lookup_waits_for_the_directory_to_show_its_writes(engine: Engine, settings: Any) -> None:
    settings.LOOKUP_DELAY_SECONDS = 0.3
    job = engine.plan(TABLE)
    engine.fault(kind="status", status=504, when="after", method="POST")
    job = engine.serve(engine.approve(job))
    lost = Call.objects.get(status=504)
    lookup = Call.objects.get(purpose="lookup")
    assert (lookup.started_at - lost.started_at).total_seconds() >= 0.3


def test_a_slow_answer_is_given_up_and_looked_up(engine: Engine, settings: Any) -> None:
    settings.SCIM_REQUEST_SECONDS = 0.3
    job = engine.plan(TABLE)
    engine.fault(kind="slow", delay=0.6, method="POST")
    engine.fault(kind="slow", delay=0.6, when="after", method="POST")
    began = time.monotonic()
    job = engine.serve(engine.approve(job))
    assert job.created == 12
    time.sleep(max(0.0, 0.7 - (time.monotonic() - began)))
    creations = Call.objects.filter(tenant=engine.tenant, purpose="create")
    found = creations.filter(state=Call.State.FOUND).count()
    # On a busy machine one may be looked for before it is written, and sent again: still in doubt.
    assert found + creations.filter(state=Call.State.UNCERTAIN).count() == 2
    assert found + creations.filter(status=201).count() == 12
    assert found >= 1
    engine.check(job, TABLE)


def test_a_creation_that_never_arrives_is_given_up(engine: Engine) -> None:
    engine.fault(kind="reset", method="POST", times=1000)
    job = engine.apply(only(TABLE, 0, 1))
    assert (job.failed, job.created) == (2, 0)
    operations = engine.operations(job)
    assert {operation.attempts for operation in operations} == {MAX_ATTEMPTS}
    assert all("however often" in operation.message for operation in operations)
    assert engine.purposes()["create"] == engine.purposes()["lookup"] == 2 * MAX_ATTEMPTS
    engine.check_calls()


@pytest.mark.parametrize("fault", REPEATED)
def test_a_lookup_that_fails_is_repeated(engine: Engine, fault: dict[str, Any]) -> None:
    job = engine.approve(engine.plan(TABLE))
    engine.fault(kind="reset", when="after", method="POST", times=2)
    engine.fault(**fault, method="GET", times=3)
    job = engine.serve(job)
    assert (job.created, job.failed) == (12, 0)
    engine.check(job, TABLE)


def test_two_accounts_with_one_key_are_left_to_a_person(engine: Engine) -> None:
    job = engine.approve(engine.plan(only(TABLE, 0)))
    key = value(TABLE, 0, "employee_id")
    engine.seed(
        {"userName": "one@brindlewick.example", "externalId": key},
        {"userName": "two@brindlewick.example", "externalId": key},
    )
    engine.fault(kind="status", status=504, method="POST")
    job = engine.serve(job)
    (operation,) = engine.operations(job)
    assert operation.state == Operation.State.FAILED
    assert "Several accounts" in operation.message
    assert len(engine.users()) == 2


# A worker that dies.


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_in_the_middle_creates_nobody_twice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    job = engine.approve(engine.plan(TABLE))
    with monkeypatch.context() as patch:
        die_in_round(patch, moment, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    assert engine.call_states() == {"answered": 1, "open": 12}
    assert not slices.serve_next(), "the lane of a dead holder is free too early"
    engine.bury()
    job = engine.serve(job)
    assert (job.created, job.failed) == (12, 0)
    assert engine.call_states()["uncertain" if moment == "before" else "found"] == 12
    engine.check(job, TABLE)


def test_a_worker_that_dies_while_changing_sends_the_changes_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply(TABLE)
    job = engine.approve(engine.plan(edited(only(TABLE, *range(11)), 0, job_title="Chief")))
    with monkeypatch.context() as patch:
        die_in_round(patch, "after", KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    engine.bury()
    job = engine.serve(job)
    assert (job.updated, job.disabled) == (1, 1)
    assert engine.purposes()["lookup"] == 0
    assert DirectoryObject.objects.get(key=value(TABLE, 0, "employee_id")).revision == 2
    engine.check(job, TABLE)


def test_a_worker_that_lost_its_lane_settles_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.approve(engine.plan(TABLE))
    with monkeypatch.context() as patch:
        die_in_round(patch, "after", LaneLost)
        assert slices.serve_next()
    assert engine.fresh(job).created == 0
    assert not DirectoryObject.objects.exclude(key="").exists()
    assert set(job.operations.values_list("state", flat=True)) == {"sent"}
    engine.bury()
    job = engine.serve(job)
    assert engine.purposes() == {"inventory": 1, "create": 12, "lookup": 12}
    engine.check(job, TABLE)


def test_a_failure_of_the_portal_itself_is_shown_and_survived(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = engine.approve(engine.plan(TABLE))
    with monkeypatch.context() as patch:
        die_in_round(patch, "after", ZeroDivisionError)
        assert slices.serve_next()
    assert "failed unexpectedly" in engine.fresh(job).problem
    engine.hurry()
    job = engine.serve(job)
    assert (job.created, job.problem) == (12, "")
    engine.check(job, TABLE)


def die_in_round(patch: pytest.MonkeyPatch, moment: str, error: type[BaseException]) -> None:
    """Die before the first request of a batch leaves, or after the last answer came."""
    from provisioning.scim.client import ScimClient

    send_all = ScimClient.send_all

    def dies(self: ScimClient, *arguments: Any) -> Any:
        if moment == "after":
            send_all(self, *arguments)
        raise error

    patch.setattr(ScimClient, "send_all", dies)
    assert applying.ScimClient is ScimClient


def test_a_change_given_up_in_doubt_is_planned_again_whatever_the_source_says(
    engine: Engine,
) -> None:
    """Answers 500 after the write: it happened, and nobody was told. The source then takes the
    change back; the directory must follow, although the shadow once held that very value."""
    key, title = value(TABLE, 0, "employee_id"), value(TABLE, 0, "job_title")
    engine.apply(TABLE)
    engine.fault(kind="status", status=500, when="after", method="PATCH", times=MAX_ATTEMPTS)
    job = engine.apply(edited(TABLE, 0, job_title="Keeper of Lamps"))
    assert (job.failed, job.updated) == (1, 0)
    assert engine.user(key)["title"] == "Keeper of Lamps"
    job = engine.apply(TABLE)
    assert (job.failed, job.updated) == (0, 1)
    assert engine.user(key)["title"] == title
    engine.check(job, TABLE)


def test_a_user_name_in_doubt_is_not_forgotten_when_its_owner_leaves(engine: Engine) -> None:
    key, name = value(TABLE, 0, "employee_id"), user_name(TABLE, 0)
    engine.apply(TABLE)
    engine.fault(kind="status", status=500, when="after", method="PATCH", times=MAX_ATTEMPTS)
    assert engine.apply(edited(TABLE, 0, given_name="Zebedee")).failed == 1
    job = engine.apply(only(TABLE, *range(1, len(TABLE.rows))))
    shadow = DirectoryObject.objects.get(external_id=key)
    assert (job.disabled, shadow.active, shadow.user_name) == (1, False, name)
