"""Who may open what: every route, each role, one's own customer's objects and another's.

The table below is the requirement in its own words, not derived from the portal's role table. A
route that is in the URL configuration and not in the table fails the test, and the reverse.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from provisioning.models import DirectoryObject, Job, Operation, Reconciliation
from tenants import services
from tenants.domain.roles import Role
from tenants.models import Contact, Customer, Tenant, User
from tests.support.certificates import KeyPair, make_pair
from tests.support.rows import add_blackout, add_job, add_person, add_schedule, add_tenant

PUBLIC, SIGNED_IN = "public", "signed in"
STAFF, MONEY, EVERYONE, ADMIN = "AE", "AEF", "AEFV", "A"


@dataclass(frozen=True)
class Route:
    """Whom a route serves, what it then answers, and the object it names."""

    roles: str
    answer: int = 200
    names: str = ""
    method: str = "get"
    arguments: dict[str, Any] = field(default_factory=dict)


PERSONIO = {"kind": "shipped", "template": "personio"}
ROUTES = {
    "home": Route(SIGNED_IN, 302),
    "healthz": Route(PUBLIC),
    # Sign-in: the pages of django-allauth; nobody signs up, and only one's own account is changed.
    "account_login": Route(PUBLIC),
    "account_signup": Route(PUBLIC),
    "account_logout": Route(PUBLIC, 302),
    "account_inactive": Route(PUBLIC),
    "account_email_verification_sent": Route(PUBLIC),
    "account_confirm_email": Route(PUBLIC, arguments={"key": "x"}),
    "account_confirm_login_code": Route(PUBLIC, 302),
    "account_reset_password": Route(PUBLIC),
    "account_reset_password_done": Route(PUBLIC),
    "account_reset_password_from_key": Route(PUBLIC, arguments={"uidb36": "1", "key": "x-y"}),
    "account_reset_password_from_key_done": Route(PUBLIC),
    "account_change_password": Route(SIGNED_IN),
    "account_set_password": Route(SIGNED_IN, 302),
    "account_email": Route(SIGNED_IN),
    "account_reauthenticate": Route(SIGNED_IN),
    # Customers and tenants: administrators and engineers.
    "customer_list": Route(STAFF),
    "customer_add": Route(ADMIN),
    "tenant_add": Route(STAFF, names="customer"),
    "tenant_detail": Route(STAFF, names="tenant"),
    "tenant_edit": Route(STAFF, names="tenant"),
    "tenant_credential": Route(STAFF, names="tenant"),
    "tenant_credential_test": Route(STAFF, 302, names="credential", method="post"),
    "tenant_credential_switch": Route(STAFF, 302, names="credential", method="post"),
    "tenant_credential_remove": Route(STAFF, 302, names="credential", method="post"),
    "tenant_credential_file": Route(STAFF, names="credential", arguments={"ending": "cer"}),
    "tenant_onboarding": Route(STAFF, names="tenant"),
    "onboarding_lookup": Route(STAFF, 302, names="tenant", method="post"),
    "onboarding_note": Route(STAFF, names="tenant", method="post", arguments={"step": "licence"}),
    "onboarding_script": Route(STAFF, names="tenant", arguments={"kind": "azure-cli"}),
    "contact_list": Route(STAFF, names="customer"),
    "contact_edit": Route(STAFF, names="contact"),
    "contact_remove": Route(STAFF, 302, names="contact", method="post"),
    "tenant_connection": Route(STAFF, names="tenant"),
    "tenant_offboarding": Route(ADMIN, names="tenant"),
    "offboarding_call_off": Route(ADMIN, 302, names="tenant", method="post"),
    "offboarding_archive": Route(ADMIN, names="tenant"),
    "approval_policy": Route(STAFF, names="tenant"),
    "source_list": Route(STAFF, names="tenant"),
    "source_move": Route(STAFF, 302, names="source", method="post"),
    "source_rename": Route(STAFF, 302, names="source", method="post"),
    "source_remove": Route(STAFF, 302, names="source", method="post"),
    "tenant_try_now": Route(STAFF, 302, names="tenant", method="post"),
    "schedule_list": Route(STAFF, names="tenant"),
    "schedule_add": Route(STAFF, names="tenant"),
    "schedule_edit": Route(STAFF, names="schedule"),
    "schedule_switch": Route(STAFF, 302, names="schedule", method="post"),
    "schedule_remove": Route(STAFF, 302, names="schedule", method="post"),
    "blackout_add": Route(STAFF, names="tenant"),
    "blackout_edit": Route(STAFF, names="blackout"),
    "blackout_switch": Route(STAFF, 302, names="blackout", method="post"),
    "blackout_remove": Route(STAFF, 302, names="blackout", method="post"),
    "tenant_domains": Route(STAFF, names="tenant"),
    "tenant_protection": Route(STAFF, names="tenant"),
    "account_clear": Route(STAFF, 302, names="account", method="post"),
    "tenant_person": Route(STAFF, names="tenant"),
    "tenant_upload": Route(STAFF, names="tenant"),
    "profile_detail": Route(STAFF, names="tenant"),
    "profile_edit": Route(STAFF, names="tenant"),
    "profile_preview": Route(STAFF, names="tenant", method="post"),
    "profile_check": Route(STAFF, names="tenant", method="post"),
    "profile_people": Route(STAFF, names="tenant"),
    "profile_suggestions": Route(STAFF, 302, names="tenant"),
    "profile_compare": Route(STAFF, names="tenant"),
    "profile_discard": Route(STAFF, 302, names="tenant", method="post"),
    "profile_pilot": Route(STAFF, 302, names="tenant", method="post"),
    # Sharing: who edits profiles; templates hold no customer's data.
    "profile_share": Route(STAFF, names="tenant"),
    "profile_export": Route(STAFF, names="tenant"),
    "profile_import": Route(STAFF, names="tenant"),
    "profile_clone": Route(STAFF, names="tenant"),
    "profile_template": Route(STAFF, names="tenant"),
    "profile_drift": Route(STAFF, names="tenant"),
    "profile_promote": Route(STAFF, names="tenant"),
    "template_list": Route(STAFF),
    "template_detail": Route(STAFF, arguments=PERSONIO),
    "template_file": Route(STAFF, arguments=PERSONIO),
    "template_sample": Route(STAFF, arguments=PERSONIO),
    "template_use": Route(STAFF, names="tenant", arguments=PERSONIO),
    # Jobs: engineers in every state, the others once ended, as reports.
    "job_list": Route(STAFF),
    "job_stages": Route(STAFF, names="job on demand"),
    "job_stages_news": Route(STAFF, 204, names="job on demand"),
    "job_detail": Route(EVERYONE, names="ended job"),
    "job_progress": Route(EVERYONE, names="ended job"),
    "tenant_reconcile": Route(STAFF, names="tenant"),
    "accepted_take_back": Route(STAFF, 302, names="tenant", method="post"),
    "job_drift": Route(EVERYONE, names="reconcile"),
    "job_drift_decide": Route(STAFF, 302, names="reconcile", method="post"),
    "job_drift_csv": Route(EVERYONE, names="reconcile"),
    "job_undo": Route(STAFF, 302, names="ended job"),
    "job_csv": Route(EVERYONE, names="ended job"),
    "job_approve": Route(STAFF, 302, names="waiting job", method="post"),
    "job_pause": Route(STAFF, 302, names="waiting job", method="post"),
    "job_resume": Route(STAFF, 302, names="waiting job", method="post"),
    "job_retry": Route(STAFF, 302, names="waiting job", method="post"),
    "job_plan_again": Route(STAFF, 302, names="waiting job", method="post"),
    "job_ask_transfer": Route(STAFF, 302, names="operation", method="post"),
    "job_accept_loss": Route(STAFF, 302, names="waiting job", method="post"),
    "job_cancel": Route(STAFF, 302, names="waiting job", method="post"),
    "report_list": Route(EVERYONE),
    # Costs: finance and those who work; a customer never.
    "cost_overview": Route(MONEY),
    "cost_csv": Route(MONEY),
    "cost_customer": Route(MONEY, names="customer"),
    "price_list": Route(MONEY),
    "price_add": Route(ADMIN),
}
LETTERS = {"A": Role.ADMIN, "E": Role.ENGINEER, "F": Role.FINANCE, "V": Role.VIEWER}
DECISIONS = sorted(n for n, r in ROUTES.items() if r.names == "waiting job")
NAMING = sorted(name for name, route in ROUTES.items() if route.names)


@dataclass(frozen=True)
class World:
    """Two customers with a tenant, an ended and a waiting job each, and a person for each role."""

    own: dict[str, dict[str, Any]]
    other: dict[str, dict[str, Any]]
    people: dict[str, User]


def objects(slug: str) -> dict[str, dict[str, Any]]:
    tenant = add_tenant(slug)
    ended = add_job(tenant, Job.State.FINISHED, ended_at=timezone.now())
    waiting = add_job(tenant, Job.State.PLANNED)
    back = add_job(tenant, Job.State.FINISHED, kind=Job.Kind.RECONCILE, ended_at=timezone.now())
    Reconciliation.objects.create(
        customer=tenant.customer, tenant=tenant, job=back, whole=True, promised_calls=1
    )
    operation = Operation.objects.create(
        customer=tenant.customer,
        tenant=tenant,
        job=waiting,
        kind=Operation.Kind.LEAVE,
        state=Operation.State.SKIPPED,
        key="1",
        person="Ann",
        user_name="ann@msp.example",
    )
    schedule, blackout = add_schedule(tenant), add_blackout(tenant)
    contact = Contact.objects.create(customer=tenant.customer, name="Ida", email="i@a.example")
    account = DirectoryObject.objects.create(
        customer=tenant.customer, tenant=tenant, entra_id=slug, user_name="a", folded_user_name="a"
    )
    one = add_job(tenant, Job.State.PLANNED, kind=Job.Kind.ON_DEMAND, subject_key="7")
    credential = services.store_certificate(
        tenant=tenant, client_id=slug, pem=_pair().key_pem + _pair().certificate_pem, by=None
    )
    return {
        "": {},
        "customer": {"slug": tenant.customer.slug},
        "tenant": {"slug": tenant.slug},
        "contact": {"slug": tenant.customer.slug, "pk": contact.pk},
        "credential": {"slug": tenant.slug, "pk": credential.pk},
        "schedule": {"slug": tenant.slug, "pk": schedule.pk},
        "blackout": {"slug": tenant.slug, "pk": blackout.pk},
        "ended job": {"pk": ended.pk},
        "waiting job": {"pk": waiting.pk},
        "operation": {"pk": waiting.pk, "operation": operation.pk},
        "source": {"slug": tenant.slug, "source": "main"},
        "account": {"slug": tenant.slug, "pk": account.pk},
        "job on demand": {"pk": one.pk},
        "reconcile": {"pk": back.pk},
    }


@cache
def _pair() -> KeyPair:
    return make_pair("own")


@pytest.fixture
def world(db: None) -> World:
    own, other = objects("own"), objects("other")
    customer = Customer.objects.get(slug=own["customer"]["slug"])
    people = {letter: add_person(role, customer) for letter, role in LETTERS.items()}
    return World(own, other, people)


def routes_of(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes_of(entry)
        else:
            yield entry


def body_of(response: Any) -> str:
    """What a response holds, streamed or not; an archive's names are in it as they are."""
    whole = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return whole.decode(errors="replace")


def ask(client: Client, name: str, target: dict[str, dict[str, Any]]) -> int:
    route = ROUTES[name]
    address = reverse(name, kwargs={**target[route.names], **route.arguments})
    response = getattr(client, route.method)(address)
    response.close()
    return int(response.status_code)


def test_every_route_is_in_the_table_and_the_reverse() -> None:
    assert {route.name for route in routes_of(get_resolver())} == set(ROUTES)


@pytest.mark.parametrize("name", ROUTES)
def test_a_visitor_who_is_not_signed_in(client: Client, world: World, name: str) -> None:
    route = ROUTES[name]
    address = reverse(name, kwargs={**world.own[route.names], **route.arguments})
    response = getattr(client, route.method)(address)
    if route.roles == PUBLIC:
        assert response.status_code == route.answer
    else:
        assert response.status_code == 302
        assert response.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("name", [n for n, r in ROUTES.items() if r.roles != PUBLIC])
def test_each_role_on_its_own_customer(
    client: Client, world: World, name: str, letter: str
) -> None:
    client.force_login(world.people[letter])
    route = ROUTES[name]
    served = route.roles == SIGNED_IN or letter in route.roles
    assert ask(client, name, world.own) == (route.answer if served else 403)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("name", NAMING)
def test_another_customers_object_does_not_exist(
    client: Client, world: World, name: str, letter: str
) -> None:
    client.force_login(world.people[letter])
    assert ask(client, name, world.other) == (404 if letter in ROUTES[name].roles else 403)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize(
    "name", [n for n, r in ROUTES.items() if r.roles == EVERYONE and r.names == "ended job"]
)
def test_a_waiting_job_is_no_report_yet(
    client: Client, world: World, name: str, letter: str
) -> None:
    client.force_login(world.people[letter])
    address = reverse(name, kwargs=world.own["waiting job"])
    assert client.get(address).status_code == (200 if letter in STAFF else 404)


@pytest.mark.parametrize("name", DECISIONS)
def test_decisions_are_posted(client: Client, world: World, name: str) -> None:
    client.force_login(world.people["E"])
    assert client.get(reverse(name, kwargs=world.own["waiting job"])).status_code == 405


def test_no_page_of_one_customer_tells_of_another(client: Client, world: World) -> None:
    for letter in LETTERS:
        client.force_login(world.people[letter])
        for name, route in ROUTES.items():
            if route.method == "get" and route.roles not in (PUBLIC, SIGNED_IN):
                address = reverse(name, kwargs={**world.own[route.names], **route.arguments})
                text = body_of(client.get(address))
                assert "Customer other" not in text, (letter, name)
                assert "Tenant other" not in text, (letter, name)


def test_a_person_without_a_grant_sees_nothing(client: Client, world: World) -> None:
    client.force_login(User.objects.create_user("nobody@msp.example", "x"))
    for name, route in ROUTES.items():
        if route.roles not in (PUBLIC, SIGNED_IN):
            assert ask(client, name, world.own) == 403, name


def test_where_each_role_begins(client: Client, world: World) -> None:
    begins = {"A": "customer_list", "E": "customer_list", "F": "cost_overview", "V": "report_list"}
    for letter, name in begins.items():
        client.force_login(world.people[letter])
        assert client.get(reverse("home")).headers["Location"] == reverse(name)


def test_everyone_of_a_role_over_all_customers_sees_both(client: Client, world: World) -> None:
    client.force_login(add_person(Role.ENGINEER, None))
    for target in (world.own, world.other):
        assert ask(client, "tenant_detail", target) == 200


def test_the_world_has_two_tenants(world: World) -> None:
    assert Tenant.objects.count() == 2
