"""What a tenant's first job sees in its directory, and what it leaves alone."""

from typing import Any

import pytest

from billing.models import Call
from provisioning.models import Directory, DirectoryObject, Job, Operation
from provisioning.services import inventory, slices
from provisioning.services.lanes import LaneLost
from tests.support.engine import DOMAIN, Engine, only, people, user_name, value

TABLE = people(4)
ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"


def left_alone(engine: Engine, job: Job) -> Operation:
    (operation,) = job.operations.filter(kind=Operation.Kind.LEAVE)
    assert operation.state == Operation.State.SKIPPED
    return operation


def strangers(count: int) -> list[dict[str, Any]]:
    return [{"userName": f"stranger{number:04}@{DOMAIN}"} for number in range(count)]


@pytest.mark.parametrize("change", [str, str.upper, str.title], ids=["same", "upper", "title"])
def test_an_account_with_the_user_name_is_shown_and_not_touched(
    engine: Engine, change: Any
) -> None:
    name = change(user_name(TABLE, 1))
    (entra_id,) = engine.seed({"userName": name, "title": "Founder"})
    job = engine.apply(TABLE)
    operation = left_alone(engine, job)
    assert operation.key == value(TABLE, 1, "employee_id")
    assert "not created by this portal" in operation.reason
    assert operation.target is not None
    assert operation.target.entra_id == entra_id
    assert (job.created, job.planned_calls, job.total) == (3, 3, 3)
    (account,) = [user for user in engine.users() if user["id"] == entra_id]
    assert (account["title"], account["userName"]) == ("Founder", name)
    assert "externalId" not in account


def test_an_account_with_the_persons_key_is_not_created_twice(engine: Engine) -> None:
    key = value(TABLE, 1, "employee_id")
    engine.seed({"userName": f"earlier.name@{DOMAIN}", "externalId": key, "title": "Founder"})
    job = engine.apply(TABLE)
    assert [user for user in engine.users() if user.get("externalId") == key] == [engine.user(key)]
    assert engine.user(key)["title"] == "Founder"
    assert left_alone(engine, job).key == key


def test_an_account_left_alone_costs_nothing_and_is_shown_each_time(engine: Engine) -> None:
    engine.seed({"userName": user_name(TABLE, 0)})
    engine.apply(TABLE)
    calls = engine.requests()
    again = engine.apply(TABLE)
    assert (again.planned_calls, again.unchanged) == (0, 3)
    left_alone(engine, again)
    assert engine.requests() == calls


def test_an_on_premises_account_is_never_written(engine: Engine) -> None:
    engine.seed({"userName": user_name(TABLE, 2), ENTRA: {"onPremisesSyncEnabled": True}})
    operation = left_alone(engine, engine.apply(TABLE))
    assert "on-premises" in operation.reason
    shadow = DirectoryObject.objects.get(pk=operation.target_id)
    assert (shadow.on_premises, shadow.managed) == (True, False)


def test_an_account_of_ours_that_becomes_on_premises_is_left(engine: Engine) -> None:
    engine.apply(TABLE)
    DirectoryObject.objects.filter(key=value(TABLE, 2, "employee_id")).update(on_premises=True)
    operation = left_alone(engine, engine.plan(only(TABLE, 0, 1, 3)))
    assert "on-premises" in operation.reason


@pytest.mark.parametrize("entry", ["id", "name", "upper", "pattern"])
def test_a_protected_account_is_not_written(engine: Engine, entry: str) -> None:
    engine.apply(TABLE)
    name, key = user_name(TABLE, 2), value(TABLE, 2, "employee_id")
    entries = {
        "id": engine.user(key)["id"].upper(),
        "name": name,
        "upper": f"  {name.upper()} ",
        "pattern": f"{name[:4]}*@{DOMAIN}",
    }
    engine.tenant.protected_accounts = [entries[entry]]
    engine.tenant.save()
    job = engine.apply(only(TABLE, 0, 1, 3))
    assert "Protected" in left_alone(engine, job).reason
    assert job.disabled == 0
    assert engine.user(key)["active"] is True


def test_nobody_is_created_under_a_protected_name(engine: Engine) -> None:
    engine.tenant.protected_accounts = [user_name(TABLE, 0).split("@")[0] + "@*"]
    engine.tenant.save()
    job = engine.apply(TABLE)
    assert job.created == 3
    assert left_alone(engine, job).key == value(TABLE, 0, "employee_id")


def known(name: str, *, active: bool) -> dict[str, Any]:
    """What the profile maps, as the inventory has found it."""
    return {"displayName": "Somebody", "userName": f"{name}@{DOMAIN}", "active": active}


def test_guests_and_disabled_accounts_are_noted_as_such(engine: Engine) -> None:
    engine.seed(
        {"userName": f"guest@{DOMAIN}", ENTRA: {"userType": "Guest"}, "active": False},
        {"userName": f"member@{DOMAIN}", ENTRA: {"userType": "Member"}},
    )
    engine.plan(TABLE)
    rows = DirectoryObject.objects.values_list("user_name", "guest", "active", "key", "state")
    assert sorted(rows) == [
        (f"guest@{DOMAIN}", True, False, "", known("guest", active=False)),
        (f"member@{DOMAIN}", False, True, "", known("member", active=True)),
    ]


@pytest.mark.parametrize(("accounts", "calls"), [(0, 1), (999, 1), (1000, 2)])
def test_an_inventory_takes_one_call_for_each_999(
    engine: Engine, accounts: int, calls: int
) -> None:
    engine.seed(*strangers(accounts))
    engine.plan(TABLE)
    assert DirectoryObject.objects.count() == accounts
    assert engine.requests() == calls
    assert engine.purposes() == {"inventory": calls}


def test_the_second_job_reads_nothing(engine: Engine) -> None:
    engine.plan(TABLE)
    calls = engine.requests()
    engine.plan(TABLE)
    assert engine.requests() == calls == 1


def test_a_lane_lost_between_pages_reads_the_directory_anew_and_keeps_no_double(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.seed(*strangers(1005))
    pages = []
    note = inventory._note

    def dies(tenant: Any, page: Any, paths: Any) -> None:
        if pages:
            raise LaneLost
        pages.append(page)
        note(tenant, page, paths)

    monkeypatch.setattr(inventory, "_note", dies)
    job = engine.upload(TABLE)
    assert slices.serve_next()
    assert DirectoryObject.objects.count() == 999
    assert Directory.objects.get().inventory_at is None
    monkeypatch.setattr(inventory, "_note", note)
    engine.bury()
    job = engine.serve(job)
    assert job.state == Job.State.PLANNED
    assert DirectoryObject.objects.count() == 1005
    assert (engine.requests(), job.planned_calls) == (4, 4)
    engine.check_calls()


def test_a_failing_page_is_asked_for_again(engine: Engine) -> None:
    engine.seed(*strangers(1005))
    engine.fault(kind="status", status=503, method="GET", times=2)
    engine.fault(kind="reset", method="GET")
    engine.fault(kind="truncated", method="GET")
    job = engine.plan(TABLE)
    assert job.state == Job.State.PLANNED
    assert DirectoryObject.objects.count() == 1005
    assert Call.objects.filter(state=Call.State.ANSWERED, status=200).count() == 2
    engine.check_calls()


def test_accounts_of_one_directory_are_not_seen_in_another(engine: Engine, other: Engine) -> None:
    engine.seed({"userName": user_name(TABLE, 0)})
    assert engine.plan(TABLE).planned_calls == 3
    assert other.plan(TABLE).planned_calls == 4
