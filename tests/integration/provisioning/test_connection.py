"""The connection test: every failure with its words, what it costs, and what it holds up."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from billing.models import Call
from provisioning.domain.approval_policy import Limit, Policy
from provisioning.models import ConnectionTest, Job
from provisioning.services.connection import ConnectionRefused, try_connection
from provisioning.services.decisions import DecisionRefused
from provisioning.services.permitted import held_by, is_stale, last_test, why_not_permitted
from provisioning.services.policies import change_policy
from tenants import services, tokens
from tenants.domain.roles import Role
from tenants.models import Credential
from tenants.selectors import active_credential
from tests.support.engine import CLIENT_ID, SECRET, Engine, people, person

TABLE = people(4)
ALL = ["User.ReadWrite.All", "Group.ReadWrite.All"]


def app(engine: Engine, **config: Any) -> None:
    """Register the application anew, and forget tokens as an hour would."""
    given = {"client_id": CLIENT_ID, "client_secret": SECRET, "permissions": ALL, **config}
    engine.sandbox.put_tenant(engine.directory_id, applications=[given])


def tried(engine: Engine) -> ConnectionTest:
    return try_connection(tenant=engine.tenant, by=engine.engineer)


def states(test: ConnectionTest) -> dict[str, str]:
    return {step["key"]: step["state"] for step in test.steps}


def test_all_goes_well_and_is_metered_as_a_test(engine: Engine) -> None:
    app(engine)
    before = engine.requests()
    test = tried(engine)
    assert test.worked, test.steps
    assert set(states(test).values()) == {"done"}
    assert test.calls == engine.requests() - before == 3
    assert engine.purposes() == {"connection_test": 3}
    assert set(Call.objects.values_list("job", flat=True)) == {"connection"}
    assert test.roles == sorted(ALL)
    assert held_by(engine.tenant) == tuple(sorted(ALL))


@pytest.mark.parametrize(
    ("config", "step", "words"),
    [
        ({"client_secret": "another"}, "token", "secret is wrong"),
        ({"secret_expired": True}, "token", "secret has expired"),
        ({"client_id": "somebody"}, "token", "does not know this application"),
        ({"blocked": True}, "token", "conditional access"),
        ({"disabled": True}, "token", "disabled in the tenant"),
        ({"consented": False}, "token", "admin consent"),
        ({"permissions": ["User.Read.All", "Group.Read.All"]}, "permissions", "Missing: User."),
    ],
)
def test_each_failure_says_what_to_do(
    engine: Engine, config: dict[str, Any], step: str, words: str
) -> None:
    app(engine, **config)
    test = tried(engine)
    assert not test.worked
    assert states(test)[step] == "failed"
    assert words in test.problem
    assert test.calls == engine.requests()
    if step == "token":
        assert test.calls == 0, "nothing is asked without a token"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"scim_enabled": False}, "not switched on"),
        ({"scim_enabled": False, "settings": {"feature_off_status": 401}}, "not switched on"),
        ({"settings": {"licensed": False}}, "no Entra ID P1"),
    ],
)
def test_a_feature_that_is_off_stops_at_the_first_call(
    engine: Engine, config: dict[str, Any], words: str
) -> None:
    app(engine)
    engine.sandbox.put_tenant(engine.directory_id, **config)
    test = tried(engine)
    assert words in test.problem
    assert (test.feature_off, test.calls) == (True, 1)
    assert states(test) == {"token": "done", "permissions": "done", "service": "failed"}


def test_new_consent_shows_at_once(engine: Engine) -> None:
    app(engine, permissions=["User.Read.All", "Group.Read.All"])
    assert not tried(engine).worked
    app(engine)
    assert tried(engine).worked


def test_a_missing_permission_holds_up_the_approval_until_it_is_there(engine: Engine) -> None:
    job = engine.plan(TABLE)
    app(engine, permissions=["User.Read.All", "Group.Read.All", "User.Create"])
    tried(engine)
    with pytest.raises(DecisionRefused, match=r"User\.ReadUpdate\.All \(.*follows the source"):
        engine.approve(job)
    assert "more reasons" in why_not_permitted(job)
    app(engine)
    tried(engine)
    assert engine.serve(engine.approve(job)).state == Job.State.FINISHED


def test_policy_does_not_approve_what_is_not_permitted(engine: Engine) -> None:
    wide = Policy(automatic=True, creations=Limit(100, 100))  # type: ignore[arg-type]
    change_policy(tenant=engine.tenant, policy=wide, by=person(Role.ADMIN))
    app(engine, permissions=["User.Read.All", "Group.Read.All", "User.Create"])
    tried(engine)
    job = engine.plan(TABLE)
    assert job.state == Job.State.PLANNED
    assert job.approval is not None
    assert "lacks a permission" in job.approval["reasons"][0]


def test_another_credential_makes_a_test_say_nothing(engine: Engine) -> None:
    app(engine, permissions=["User.Read.All", "Group.Read.All"])
    tried(engine)
    job = engine.plan(TABLE)
    assert why_not_permitted(job)
    services.store_secret(tenant=engine.tenant, client_id=CLIENT_ID, secret=SECRET, by=None)
    assert why_not_permitted(job) == ""
    assert held_by(engine.tenant) is None


def test_a_switch_makes_it_say_nothing_until_one_goes_back(engine: Engine) -> None:
    app(engine, permissions=["User.Read.All", "Group.Read.All"])
    test = tried(engine)
    current = active_credential(engine.tenant)
    following = services.store_secret(
        tenant=engine.tenant, client_id=CLIENT_ID, secret=SECRET, as_next=True, by=None
    )
    assert current
    assert not is_stale(test), "one that stands by changes nothing"
    services.try_credential(credential=following, by=None)
    services.switch_credential(credential=following, by=None)
    assert is_stale(test)
    assert held_by(engine.tenant) is None
    services.switch_credential(credential=current, by=None)
    assert not is_stale(test)
    assert held_by(engine.tenant)


def test_who_may_not_edit_tests_nothing(engine: Engine) -> None:
    with pytest.raises(ConnectionRefused, match="may not test"):
        try_connection(tenant=engine.tenant, by=person(Role.FINANCE))
    Credential.objects.update(active=False)
    with pytest.raises(ConnectionRefused, match="Store one first"):
        tried(engine)
    assert last_test(engine.tenant) is None


def test_it_disturbs_no_job(engine: Engine, settings: Any) -> None:
    app(engine)
    settings.LANE_SLICE_SECONDS, settings.SCIM_BATCH = 0.0, 1
    job = engine.approve(engine.plan(TABLE))
    engine.serve(job, until=lambda current: current.settled > 0)
    assert tried(engine).worked
    job = engine.serve(job)
    assert (job.state, job.created) == (Job.State.FINISHED, 4)
    engine.check_calls()


def test_the_page_says_what_it_takes_and_what_it_found(engine: Engine) -> None:
    app(engine, client_secret="another")
    client = Client()
    client.force_login(engine.engineer)
    address = reverse("tenant_connection", kwargs={"slug": engine.tenant.slug})
    page = client.get(address).content.decode()
    assert "3 calls at most" in page
    assert "USD 0.006" in page
    assert "secret is wrong" in client.post(address, follow=True).content.decode()
    app(engine)
    tokens._applications.clear()
    found = client.post(address, follow=True).content.decode()
    assert "The connection works." in found
    assert "delete users" in found, "what is more than needed is named"


def test_the_command_line_prints_each_step(engine: Engine) -> None:
    app(engine)
    out = StringIO()
    call_command("try_connection", engine.tenant.slug, person=engine.engineer.email, stdout=out)
    assert "3 calls" in out.getvalue()
    app(engine, secret_expired=True)
    with pytest.raises(CommandError, match="has expired"):
        call_command("try_connection", engine.tenant.slug, person=engine.engineer.email, stdout=out)
    with pytest.raises(CommandError, match="no tenant 'nowhere'"):
        call_command("try_connection", "nowhere", person=engine.engineer.email)
    with pytest.raises(CommandError, match="--as EMAIL"):
        call_command("try_connection", engine.tenant.slug, person="")
