"""Licensing groups: whom Entra would assign no licence is named in the plan."""

from typing import Any

from provisioning.domain.groups import GroupAct, GroupOperation, Member
from provisioning.domain.licensing import USAGE_LOCATION
from provisioning.models import Job
from provisioning.services.licensing import with_licence_warnings
from tests.support.engine import Engine
from tests.support.staff import DEPARTMENTS, export, profile, record

STAFF = [record(f"{n:02}", department="Sales" if n % 2 else "Care") for n in range(6)]
LICENCES = DEPARTMENTS | {"licensing": True}


def located(*groups: Any, when: str = "always") -> dict[str, Any]:
    """The profile with the usage location from the projects' column."""
    found = profile(*groups)
    rule = {"target": USAGE_LOCATION, "column": "projects", "when": when}
    return found | {"attributes": [*found["attributes"], rule]}


def warnings(job: Job) -> dict[str, str]:
    return dict(job.operations.filter(kind="member_add").values_list("person", "warning"))


def test_a_licensing_group_warns_of_members_without_a_usage_location(engine: Engine) -> None:
    engine.publish(located(LICENCES))
    rows = [each | {"projects": "SE" if each["id"] in ("00", "01") else ""} for each in STAFF]
    job = engine.plan(export(rows))
    said = warnings(job)
    assert said["Dept Care"].startswith("2 have no usage location")
    assert said["Dept Care"].endswith(": 02, 04.")
    assert said["Dept Sales"].endswith(": 03, 05.")
    assert engine.serve(engine.approve(job)).failed == 0
    moved = [each | {"department": "Care", "projects": "NO"} for each in rows]
    assert warnings(engine.plan(export(moved))) == {"Dept Care": ""}


def test_who_is_known_to_have_a_usage_location_is_not_named(engine: Engine) -> None:
    engine.publish(located(DEPARTMENTS))
    rows = [each | {"projects": "SE" if each["id"] == "00" else ""} for each in STAFF]
    engine.apply(export(rows))
    engine.publish(located(LICENCES))
    moved = [
        each | {"department": "Sales" if each["id"] in ("00", "02") else each["department"]}
        for each in rows
    ]
    said = warnings(engine.plan(export(moved)))
    assert said["Dept Sales"].startswith("1 has no usage location")
    assert said["Dept Sales"].endswith(": 02.")


def test_groups_without_licences_warn_of_nothing_and_read_nothing(
    engine: Engine, django_assert_num_queries: Any
) -> None:
    engine.publish(profile(DEPARTMENTS))
    job = engine.plan(export(STAFF))
    assert set(warnings(job).values()) == {""}
    planned = [GroupOperation(GroupAct.ADD, "department/a", "A", "a", members=(Member("1"),))]
    with django_assert_num_queries(0):
        assert list(with_licence_warnings(job, iter(planned))) == planned


def test_a_warning_of_the_plan_stays_beside_one_of_the_way(engine: Engine) -> None:
    engine.publish(located(LICENCES))
    engine.fault(kind="status", status=400, method="POST", path="/users")
    job = engine.apply(export(STAFF))
    (short,) = [each for each in warnings(job).values() if each.startswith("1 of 3 got no account")]
    assert "3 have no usage location" in short
