"""Domains through the services: seen in the inventory, entered by a person, and what plans say."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.domain.domains import Domain
from provisioning.models import Job, Operation, TenantDomain
from provisioning.services.decisions import DecisionRefused
from provisioning.services.domains import change_domains, seen_domains
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import DOMAIN, Engine, person
from tests.support.staff import export, profile, record

ROW = export([record("1")])


@pytest.fixture
def staff(engine: Engine) -> Engine:
    engine.publish(profile(manager=False))
    return engine


def enter(engine: Engine, *domains: Domain) -> None:
    change_domains(tenant=engine.tenant, domains=domains, by=engine.engineer)


def only(engine: Engine, job: Job) -> Operation:
    (operation,) = engine.operations(job)
    return operation


def test_a_domain_that_was_not_entered_costs_no_call(staff: Engine) -> None:
    enter(staff, Domain("brindlewicks.example"))
    job = staff.plan(ROW)
    left = only(staff, job)
    assert (left.kind, job.state) == (Operation.Kind.LEAVE, Job.State.FINISHED)
    assert DOMAIN in left.reason
    assert "Did you mean brindlewicks.example?" in left.reason
    assert staff.purposes() == {"inventory": 1}
    enter(staff, Domain(DOMAIN.upper()))
    assert staff.apply(ROW).created == 1


def test_domains_that_were_only_seen_are_pointed_out(staff: Engine) -> None:
    staff.seed({"userName": "zoe@elsewhere.example"})
    job = staff.apply(ROW)
    assert "has a user name in the domain" in only(staff, job).reason
    assert job.created == 1
    assert seen_domains(staff.tenant) == {"elsewhere.example": 1, DOMAIN: 1}
    job = staff.apply(export([record("1"), record("2")]))
    assert staff.operation(job, "2").reason == ""


def test_the_plan_counts_them_above_its_approval(staff: Engine, client: Client) -> None:
    staff.seed({"userName": "zoe@elsewhere.example"})
    job = staff.plan(export([record("1"), record("2")]))
    client.force_login(staff.engineer)
    page = " ".join(client.get(reverse("job_detail", args=[job.pk])).content.decode().split())
    told = "2 accounts get user names in a domain this directory was not seen to have"
    assert f"{DOMAIN} (2)" in page
    assert page.index(told) < page.index("Approve 2 changes")
    staff.serve(staff.approve(job))
    job = staff.plan(export([record(str(n)) for n in (1, 2, 3)]))
    assert "was not seen to have" not in client.get(f"/jobs/{job.pk}/").content.decode()


def test_guests_say_nothing_of_domains(staff: Engine) -> None:
    entra = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
    staff.seed({"userName": "zoe@elsewhere.example", entra: {"userType": "Guest"}})
    assert only(staff, staff.apply(ROW)).reason == ""


@pytest.mark.parametrize(
    ("domains", "why"),
    [
        ((Domain("nonsense"),), "is no domain name"),
        ((Domain("a.example"), Domain("A.example")), "entered twice"),
        ((Domain("a.example", default=True), Domain("b.example", default=True)), "Only one"),
        ((Domain("a.example", verified=False, default=True),), "not verified"),
    ],
)
def test_what_is_not_sound_is_not_entered(
    staff: Engine, domains: tuple[Domain, ...], why: str
) -> None:
    with pytest.raises(DecisionRefused, match=why):
        enter(staff, *domains)
    assert not TenantDomain.objects.exists()


def test_a_viewer_enters_none(staff: Engine) -> None:
    viewer = person(Role.VIEWER, customer=staff.tenant.customer)
    with pytest.raises(DecisionRefused, match="may not edit"):
        change_domains(tenant=staff.tenant, domains=[Domain("a.example")], by=viewer)


def test_the_page_confirms_adds_and_removes(staff: Engine) -> None:
    staff.seed({"userName": "zoe@elsewhere.example"})
    staff.apply(ROW)
    client = Client()
    client.force_login(staff.engineer)
    address = reverse("tenant_domains", args=[staff.tenant.slug])
    text = client.get(address).content.decode()
    assert f'value="{DOMAIN}"' in text
    assert 'value="elsewhere.example"' in text
    boxes = re.findall(r'<input type="checkbox" name="domain-(\d)-(?:keep|verified)"[^>]*>', text)
    ticked = re.findall(r'name="domain-(\d)-(?:keep|verified)"[^>]*checked', text)
    assert (len(boxes), ticked) == (8, ["0", "0", "1", "1"])
    sent = {
        "domain-TOTAL_FORMS": "4",
        "domain-INITIAL_FORMS": "2",
        "domain-0-name": DOMAIN,
        "domain-0-keep": "on",
        "domain-0-verified": "on",
        "domain-0-default": "on",
        "domain-1-name": "elsewhere.example",
        "domain-2-name": "New.example",
        "domain-3-name": "",
    }
    assert client.post(address, sent).status_code == 302
    stored = TenantDomain.objects.values_list("name", "verified", "default")
    assert list(stored) == [(DOMAIN, True, True), ("new.example", False, False)]
    (event,) = AuditEvent.objects.filter(action="domains.changed")
    assert event.detail["after"] == [f"{DOMAIN} (default)", "new.example (not verified)"]
    assert "Seen in user names, but not entered" in client.get(address).content.decode()
    wrong = client.post(address, sent | {"domain-2-name": "no domain"})
    assert wrong.status_code == 422
    assert "is no domain name" in wrong.content.decode()
    assert TenantDomain.objects.count() == 2


def test_a_taken_mail_nickname_is_found_at_planning(staff: Engine) -> None:
    entra = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
    staff.seed({"userName": f"zoe@{DOMAIN}", entra: {"mailNickname": "USER1"}})
    job = staff.plan(ROW)
    assert (only(staff, job).kind, job.state) == (Operation.Kind.LEAVE, Job.State.FINISHED)
    assert "mail nickname is taken by another account" in only(staff, job).reason
    assert staff.purposes() == {"inventory": 1}
