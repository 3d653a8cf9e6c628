"""Managers: by reference, after their accounts, in as few calls as the directory allows."""

import pytest
from django.utils import timezone

from provisioning.domain.attributes import MANAGER
from provisioning.domain.retry import GiveUp
from provisioning.models import Directory, DirectoryObject, HeldRecord, Job, Operation
from provisioning.scim.errors import Rejected
from provisioning.scim.messages import Answer, Fate
from provisioning.services import effects, outcomes
from provisioning.services.samples import sample_of
from tests.support.engine import Engine
from tests.support.staff import export, managers, profile, record

# 1 leads 2 and 3, 3 leads 4; the file has them in the order that fits least.
CHAIN = [record("4", manager="3"), record("3", manager="1"), record("2", manager="1"), record("1")]
WHO = {"2": "1", "3": "1", "4": "3"}


@pytest.fixture
def staff(engine: Engine) -> Engine:
    engine.publish(profile())
    return engine


def test_managers_are_created_first_and_save_a_call(staff: Engine) -> None:
    job = staff.apply(export(CHAIN))
    assert managers(staff) == WHO
    assert staff.purposes() == {"inventory": 1, "create": 4}
    assert job.planned_calls == 4
    assert Directory.objects.get(tenant=staff.tenant).manager_at_creation is True
    staff.check_calls()


def test_where_creations_may_not_name_one_each_takes_a_call_after_it(staff: Engine) -> None:
    staff.switch(manager_at_creation=False)
    job = staff.apply(export(CHAIN))
    assert managers(staff) == WHO
    assert job.failed == 0
    assert Directory.objects.get(tenant=staff.tenant).manager_at_creation is False
    # Known by now: the next ones are planned and priced with the call after.
    more = [*CHAIN, record("6", manager="5"), record("5", manager="1")]
    calls = staff.requests()
    job = staff.apply(export(more))
    assert managers(staff) == WHO | {"6": "5", "5": "1"}
    assert job.planned_calls == staff.requests() - calls == 4


@pytest.mark.parametrize("carries", [True, False])
def test_circles_are_no_problem(staff: Engine, carries: bool) -> None:
    staff.switch(manager_at_creation=carries)
    Directory.objects.create(
        customer=staff.tenant.customer, tenant=staff.tenant, manager_at_creation=carries
    )
    circle = [
        record("1", manager="2"),
        record("2", manager="3"),
        record("3", manager="1"),
        record("4", manager="4"),
    ]
    job = staff.apply(export(circle))
    assert managers(staff) == {"1": "2", "2": "3", "3": "1", "4": "4"}
    assert job.planned_calls == (6 if carries else 8)
    assert staff.requests() == job.planned_calls + 1


def test_a_change_of_manager_joins_the_other_changes(staff: Engine) -> None:
    staff.apply(export(CHAIN))
    changed = [CHAIN[0] | {"manager": "2", "department": "Care"}, *CHAIN[1:]]
    job = staff.apply(export(changed))
    assert (job.updated, job.planned_calls) == (1, 1)
    assert managers(staff) == WHO | {"4": "2"}


def test_a_manager_who_joins_is_waited_for_by_who_is_there(staff: Engine) -> None:
    staff.apply(export(CHAIN))
    changed = [CHAIN[0] | {"manager": "9"}, *CHAIN[1:], record("9")]
    job = staff.apply(export(changed))
    assert (job.created, job.updated, job.planned_calls) == (1, 1, 2)
    assert managers(staff) == WHO | {"4": "9"}


def test_nobody_loses_a_manager_by_a_key_that_nobody_has(staff: Engine) -> None:
    staff.apply(export(CHAIN))
    job = staff.apply(export([CHAIN[0] | {"manager": "77"}, *CHAIN[1:]]))
    assert (job.state, job.total) == (Job.State.FINISHED, 0)
    (noted,) = HeldRecord.objects.filter(job=job)
    assert (noted.stage, noted.key, job.held) == (HeldRecord.Stage.MANAGER, "4", 0)
    assert "77" in noted.message
    assert managers(staff) == WHO


def test_who_has_none_any_more_loses_the_one_in_the_directory(staff: Engine) -> None:
    staff.apply(export(CHAIN))
    job = staff.apply(export([CHAIN[0] | {"manager": ""}, *CHAIN[1:]]))
    assert job.updated == 1
    assert managers(staff) == {"2": "1", "3": "1"}
    assert staff.apply(export([CHAIN[0] | {"manager": ""}, *CHAIN[1:]])).total == 0


def test_whose_manager_gets_no_account_is_created_all_the_same(staff: Engine) -> None:
    staff.fault(kind="status", status=400, method="POST")
    job = staff.apply(export(CHAIN))
    assert (job.created, job.failed) == (3, 1)
    assert managers(staff) == {"4": "3"}
    without = job.operations.get(key="2")
    assert "got no account" in without.warning
    job = staff.apply(export(CHAIN))
    assert managers(staff) == WHO
    assert (job.created, job.updated) == (1, 2)


def test_a_manager_whose_account_is_gone_does_not_hold_up_the_rest(staff: Engine) -> None:
    staff.apply(export(CHAIN))
    staff.delete_outside(staff.user("1")["id"])
    changed = [CHAIN[0] | {"manager": "1", "department": "Care"}, *CHAIN[1:]]
    job = staff.apply(export(changed))
    assert (job.updated, job.failed) == (1, 0)
    assert staff.user("4")["title"] == "Care"
    assert job.operations.get(key="4").warning.startswith("The manager's account is gone")


@pytest.mark.parametrize(
    ("target", "carries", "said", "refused"),
    [
        # A circle's second call: the account named is gone, which says nothing about creations.
        (DirectoryObject(pk=1), False, "Reference id-1 does not exist.", False),
        (None, True, "Reference id-1 does not exist.", False),
        (None, True, "The manager cannot be set at creation.", True),
    ],
)
def test_only_a_creation_that_may_not_name_a_manager_changes_later_ones(
    target: DirectoryObject | None, carries: bool, said: str, refused: bool
) -> None:
    operation = Operation(
        kind=Operation.Kind.CREATE,
        target=target,
        after={MANAGER: "id-1", "title": "Baker"},
        carries_manager=carries,
        warning="Said before.",
    )
    error = Rejected(Answer(Fate.ANSWERED, timezone.now(), 1, 400, body={"detail": said}))
    outcome = outcomes.failed_write(operation, error, GiveUp(), timezone.now())
    assert (outcome.renamed, outcome.manager_refused) == (True, refused)
    assert operation.carries_manager is (carries and not refused)
    assert operation.warning.endswith("Said before.")


@pytest.mark.parametrize("carries", [True, False])
def test_the_preview_of_a_profile_counts_the_calls_of_managers(
    staff: Engine, carries: bool
) -> None:
    staff.switch(manager_at_creation=carries)
    Directory.objects.create(
        customer=staff.tenant.customer, tenant=staff.tenant, manager_at_creation=carries
    )
    job = staff.plan(export([*CHAIN, record("5", manager="5")]))
    found = sample_of(staff.tenant)
    assert found is not None
    shown = effects.effect(staff.tenant, profile(), found, timezone.now()).effect
    assert shown.calls == job.planned_calls == (6 if carries else 9)


def test_who_becomes_inactive_keeps_the_manager_until_active_again(staff: Engine) -> None:
    staff.apply(export(CHAIN))
    changed = export([CHAIN[0] | {"status": "inactive", "manager": "2"}, *CHAIN[1:]])
    job = staff.apply(changed)
    assert (job.disabled, job.total) == (1, 1)
    assert staff.apply(changed).total == 0
    assert managers(staff) == WHO
    job = staff.apply(export([CHAIN[0] | {"manager": "2"}, *CHAIN[1:]]))
    assert (job.enabled, job.planned_calls) == (1, 1)
    assert managers(staff) == WHO | {"4": "2"}
