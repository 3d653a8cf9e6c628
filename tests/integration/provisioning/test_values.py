"""Lists and custom security attributes: discovered, planned, priced and written."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from msp_portal.demo.generator import people_profile
from provisioning.domain.attributes import CUSTOM
from provisioning.domain.definition import ProfileError
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.scim.errors import PermissionMissing
from provisioning.selectors import targets_of
from provisioning.selectors.reports import report_of
from provisioning.services import slices
from provisioning.services.schema import read_targets
from tenants.domain.roles import Role
from tests.support.engine import CLIENT_ID, SECRET, Engine, edited, people, person, value

TABLE = people(4)
KEY = value(TABLE, 0, "employee_id")
OTHER = 'emails[type eq "other"].value'
BADGE, SKILLS, LEVEL, REMOTE = (
    f"{CUSTOM}:Staff.{name}" for name in ("Badge", "Skills", "Level", "Remote")
)
SETS = {
    "Staff": [
        {"name": "Badge", "type": "String"},
        {"name": "Skills", "type": "String", "multi": True},
        {"name": "Level", "type": "Integer"},
        {"name": "Remote", "type": "Boolean"},
    ]
}
RULES = [
    {"target": BADGE, "expression": 'Append("B-", [employee_id])'},
    {"target": SKILLS, "expression": 'Split([job_title], " ")'},
    {"target": LEVEL, "constant": "3"},
    {"target": REMOTE, "constant": "true"},
]


def with_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    data = people_profile()
    return {**data, "attributes": [*data["attributes"], *rules]}


@pytest.fixture
def sets(engine: Engine) -> Engine:
    """The tenant has custom security attributes, and its definitions were read."""
    engine.sandbox.put_tenant(engine.directory_id, custom_attributes=SETS)
    read_targets(tenant=engine.tenant, by=engine.engineer)
    return engine


def custom(engine: Engine, key: str = KEY) -> dict[str, Any]:
    """An account's custom security attributes, as the service shows them when asked by set."""
    with engine.outside() as client:
        where = {"attributes": f"{CUSTOM}:Staff"}
        body = client.get(f"/users/{engine.user(key)['id']}", params=where).json()
    found = body.get(CUSTOM, {}).get("Staff", {})
    return dict(found)


def test_a_list_is_written_compared_and_removed(engine: Engine) -> None:
    both = 'Split(Join(";", Append([employee_id], "@a.example"), "team@a.example"), ";")'
    engine.publish(with_rules({"target": OTHER, "expression": both}))
    job = engine.apply(TABLE)
    assert (job.created, job.failed) == (4, 0)
    others = [row["value"] for row in engine.user(KEY)["emails"] if row["type"] == "other"]
    assert others == [f"{KEY}@a.example", "team@a.example"]
    assert engine.apply(TABLE).planned_calls == 0
    # The order of such a list means nothing.
    turned = 'Split(Join(";", "team@a.example", Append([employee_id], "@a.example")), ";")'
    engine.publish(with_rules({"target": OTHER, "expression": turned}))
    assert engine.apply(TABLE).planned_calls == 0
    gone = with_rules({"target": OTHER, "expression": 'IIF(IsPresent([phone]), "", "")'})
    engine.publish(gone)
    assert engine.apply(TABLE).updated == 4
    assert not [row for row in engine.user(KEY).get("emails", []) if row["type"] == "other"]


def test_the_definitions_are_read_by_one_metered_call_and_kept(engine: Engine) -> None:
    engine.sandbox.put_tenant(engine.directory_id, custom_attributes=SETS)
    assert targets_of(engine.tenant).custom == ()
    found = read_targets(tenant=engine.tenant, by=engine.engineer)
    assert [each.path for each in found.custom] == [BADGE, SKILLS, LEVEL, REMOTE]
    assert (found[SKILLS].many, found[LEVEL].kind, found[REMOTE].kind) == (
        True,
        "integer",
        "boolean",
    )
    assert targets_of(engine.tenant) == found
    assert (engine.requests(), engine.purposes()["editor"]) == (1, 1)


def test_a_tenant_without_any_has_none(engine: Engine) -> None:
    found = read_targets(tenant=engine.tenant, by=engine.engineer)
    assert (found.custom, found.known) == ((), True)


def test_the_command_reads_them_for_who_may_edit_the_profile(engine: Engine) -> None:
    engine.sandbox.put_tenant(engine.directory_id, custom_attributes=SETS)
    out, email = StringIO(), engine.engineer.email
    call_command("read_attributes", engine.tenant.slug, person=email, stdout=out)
    assert f"{BADGE}  string\n{SKILLS}  string, list\n" in out.getvalue()
    assert len(targets_of(engine.tenant).custom) == 4
    clerk = person(Role.FINANCE)
    with pytest.raises(CommandError, match="may not edit its profile"):
        call_command("read_attributes", engine.tenant.slug, person=clerk.email)
    with pytest.raises(CommandError, match="--as EMAIL"):
        call_command("read_attributes", engine.tenant.slug, person="")
    assert engine.requests() == 1


def test_the_permission_that_is_missing_is_named(engine: Engine) -> None:
    app = {"client_id": CLIENT_ID, "client_secret": SECRET, "permissions": ["User.ReadWrite.All"]}
    engine.sandbox.put_tenant(engine.directory_id, custom_attributes=SETS, applications=[app])
    with pytest.raises(PermissionMissing, match=r"CustomSecAttributeDefinition\.Read\.All"):
        read_targets(tenant=engine.tenant, by=engine.engineer)


def test_custom_attributes_take_a_second_call_that_was_planned_and_priced(sets: Engine) -> None:
    sets.publish(with_rules(*RULES))
    job = sets.plan(TABLE)
    assert (job.planned_calls, job.total) == (8, 4)
    assert report_of(job)["plan"]["price"]["amount"] == "0.016000000"
    before = sets.requests()
    job = sets.serve(sets.approve(job))
    assert sets.requests() - before == job.planned_calls
    assert (job.created, job.failed, job.settled) == (4, 0, 4)
    wanted = {"Badge": f"B-{KEY}", "Level": 3, "Remote": True}
    found = custom(sets)
    assert {name: found[name] for name in wanted} == wanted
    assert sorted(found["Skills"]) == sorted(value(TABLE, 0, "job_title").split(" "))
    assert sets.apply(TABLE).planned_calls == 0
    assert sets.purposes()["update"] == 4


def test_a_change_of_custom_attributes_travels_with_the_rest(sets: Engine) -> None:
    sets.publish(with_rules(*RULES))
    sets.apply(TABLE)
    before = sets.requests()
    job = sets.plan(edited(TABLE, 0, job_title="Chief Baker"))
    (operation,) = sets.operations(job)
    assert (operation.after["title"], operation.after[SKILLS]) == (
        "Chief Baker",
        ["Chief", "Baker"],
    )
    sets.serve(sets.approve(job))
    assert sets.requests() - before == job.planned_calls == 1
    assert custom(sets)["Skills"] == ["Chief", "Baker"]
    sets.publish(people_profile())
    sets.publish(with_rules({"target": SKILLS, "expression": 'IIF([phone] = "x", "", "")'}))
    sets.apply(TABLE)
    assert "Skills" not in custom(sets)


FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 504, "when": "after"},
    {"kind": "reset", "when": "after"},
    {"kind": "status", "status": 404},
]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("fault", FAULTS, ids=["503", "504 after", "reset after", "404"])
def test_nobody_is_created_twice_or_left_without(
    sets: Engine, fault: dict[str, Any], method: str
) -> None:
    if method == "POST" and fault.get("status") == 404:
        pytest.skip("a creation that is answered 404 has failed")
    sets.publish(with_rules(*RULES))
    job = sets.plan(TABLE)
    sets.fault(**fault, method=method, times=3)
    job = sets.serve(sets.approve(job))
    assert (job.created, job.failed, job.settled) == (4, 0, 4)
    sets.check(job, TABLE, outside=0)
    for at in range(4):
        key = value(TABLE, at, "employee_id")
        assert DirectoryObject.objects.get(key=key).state[LEVEL] == 3
    assert sets.apply(TABLE).planned_calls == 0


def test_a_second_call_that_is_refused_says_what_is_there(sets: Engine) -> None:
    sets.publish(with_rules(*RULES))
    job = sets.plan(TABLE)
    sets.fault(kind="status", status=400, method="PATCH")
    job = sets.serve(sets.approve(job))
    assert (job.created, job.failed, len(sets.users())) == (3, 1, 4)
    (failed,) = job.operations.filter(state=Operation.State.FAILED)
    assert "was created, but without its custom security attributes" in failed.message
    again = sets.apply(TABLE)
    assert (again.planned_calls, again.updated) == (1, 1)


def test_a_worker_that_dies_between_the_two_calls(
    sets: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provisioning.scim.client import ScimClient

    sets.publish(with_rules(*RULES))
    job = sets.approve(sets.plan(TABLE))
    send = ScimClient.send_all

    def dies(self: ScimClient, attempts: Any, deadline: float) -> Any:
        if attempts[0].request.method == "PATCH":
            raise KeyboardInterrupt
        return send(self, attempts, deadline)

    monkeypatch.setattr(ScimClient, "send_all", dies)
    with pytest.raises(KeyboardInterrupt):
        slices.serve_next()
    monkeypatch.setattr(ScimClient, "send_all", send)
    assert (len(sets.users()), sets.fresh(job).created) == (4, 0)
    sets.bury()
    job = sets.serve(job)
    assert (job.created, job.failed) == (4, 0)
    sets.check(job, TABLE)


def test_who_was_created_when_the_job_is_cancelled_still_gets_the_rest(
    sets: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provisioning.services import applying

    sets.publish(with_rules(*RULES))
    job = sets.approve(sets.plan(TABLE))
    save = applying.save

    def cancels(current: Job, settled: Any, calls: int) -> None:
        save(current, settled, calls)
        Job.objects.filter(pk=current.pk).update(cancel_requested=True)

    monkeypatch.setattr(applying, "save", cancels)
    job = sets.serve(job)
    assert (job.state, job.created, job.skipped) == (Job.State.CANCELLED, 4, 0)
    assert custom(sets)["Level"] == 3


def test_the_inventory_reads_the_sets_that_are_mapped(sets: Engine) -> None:
    name = {"givenName": "Ann", "familyName": "Ek"}
    ids = sets.seed({"userName": "badge@brindlewick.example", "name": name})
    with sets.outside() as client:
        change = {"op": "replace", "path": LEVEL, "value": 5}
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
        answer = client.patch(f"/users/{ids[0]}", json={**body, "Operations": [change]})
        assert answer.status_code == 204, answer.text
    sets.publish(with_rules(*RULES))
    sets.plan(TABLE)
    assert DirectoryObject.objects.get(entra_id=ids[0]).state[LEVEL] == 5


def test_a_profile_is_checked_against_what_the_tenant_has(engine: Engine) -> None:
    with pytest.raises(ProfileError, match="have not been read yet"):
        engine.publish(with_rules(*RULES))
    engine.sandbox.put_tenant(engine.directory_id, custom_attributes=SETS)
    read_targets(tenant=engine.tenant, by=engine.engineer)
    with pytest.raises(ProfileError, match=r"did you mean .*:Staff\.Badge"):
        engine.publish(with_rules({"target": f"{CUSTOM}:Staff.Bagde", "constant": "x"}))
    engine.publish(with_rules(*RULES))


def test_a_definition_that_is_gone_fails_the_job_with_its_name(sets: Engine) -> None:
    sets.publish(with_rules(*RULES))
    job = sets.upload(TABLE)
    sets.sandbox.put_tenant(sets.directory_id, custom_attributes={})
    read_targets(tenant=sets.tenant, by=None)
    job = sets.serve(job)
    assert job.state == Job.State.FAILED
    assert "Staff.Badge" in job.problem
