"""Who may open what: every route, each role, one's own customer's objects and another's.

The table below is the requirement in its own words, not derived from the portal's role table. A
route that is in the URL configuration and not in the table fails the test, and the reverse.

What is expected: whoever is served gets the route's answer for what is in reach; whatever belongs
to a customer out of reach is not found, also for whoever may do such a thing nowhere; everything
else that a role may not do is forbidden.
"""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from provisioning.models import Job
from tenants import services
from tenants.domain.roles import CUSTOMERS_OWN, Role
from tenants.models import Customer
from tests.support.access import (
    LETTERS,
    PUBLIC,
    SIGNED_IN,
    Route,
    Standing,
    World,
    address,
    ask,
    body_of,
    build,
    routes_of,
)
from tests.support.rows import reach_of

# Letters: Administrator, Engineer, aPprover, Finance, aUditor, customer Viewer, Customer approver.
ADMIN, STAFF, READERS = "A", "AE", "AEU"
DECIDERS, WORKERS = "AEPC", "AEPCU"
MONEY, EVERYONE = "AEPFU", "AEPFUVC"

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
    "account_reauthenticate": Route(SIGNED_IN),
    # Factors: what changes them asks to confirm first (302), what is not there is 404.
    "mfa_index": Route(SIGNED_IN),
    "mfa_authenticate": Route(PUBLIC, 302),
    "mfa_reauthenticate": Route(SIGNED_IN, 302),
    "mfa_activate_totp": Route(SIGNED_IN, 302),
    "mfa_deactivate_totp": Route(SIGNED_IN, 404),
    "mfa_view_recovery_codes": Route(SIGNED_IN, 404),
    "mfa_generate_recovery_codes": Route(SIGNED_IN, 302),
    "mfa_download_recovery_codes": Route(SIGNED_IN, 404),
    "mfa_list_webauthn": Route(SIGNED_IN),
    "mfa_add_webauthn": Route(SIGNED_IN, 302),
    "mfa_reauthenticate_webauthn": Route(SIGNED_IN, 302),
    "mfa_edit_webauthn": Route(SIGNED_IN, 302, arguments={"pk": 1}),
    "mfa_remove_webauthn": Route(SIGNED_IN, 302, arguments={"pk": 1}),
    "mfa_login_webauthn": Route(PUBLIC, 302),
    "usersessions_list": Route(SIGNED_IN),
    "entra_login": Route(PUBLIC, 404),
    "entra_callback": Route(PUBLIC, 404),
    "socialaccount_login_cancelled": Route(PUBLIC, 302),
    "invitation": Route(PUBLIC, 404, arguments={"key": "x"}),
    "first_run": Route(PUBLIC, 404),  # there is an administrator
    # Customers and tenants: administrators and engineers work on them, auditors read.
    "customer_list": Route(READERS),
    "customer_add": Route(ADMIN, whole=True),
    "tenant_add": Route(STAFF, names="customer"),
    "tenant_detail": Route(READERS, names="tenant"),
    "tenant_edit": Route(STAFF, names="tenant"),
    "tenant_credential": Route(STAFF, names="tenant"),
    "tenant_credential_test": Route(STAFF, 302, names="credential", method="post"),
    "tenant_credential_switch": Route(STAFF, 302, names="credential", method="post"),
    "tenant_credential_remove": Route(STAFF, 302, names="credential", method="post"),
    "tenant_credential_file": Route(STAFF, names="credential", arguments={"ending": "cer"}),
    "tenant_onboarding": Route(READERS, names="tenant"),
    "onboarding_lookup": Route(STAFF, 302, names="tenant", method="post"),
    "onboarding_note": Route(STAFF, names="tenant", method="post", arguments={"step": "licence"}),
    "onboarding_script": Route(READERS, names="tenant", arguments={"kind": "azure-cli"}),
    "contact_list": Route(READERS, names="customer", posts=STAFF),
    "contact_edit": Route(STAFF, names="contact"),
    "contact_remove": Route(STAFF, 302, names="contact", method="post"),
    "tenant_connection": Route(READERS, names="tenant", posts=STAFF),
    "tenant_offboarding": Route(READERS, names="tenant", posts=ADMIN),
    "offboarding_call_off": Route(ADMIN, 302, names="tenant", method="post"),
    "offboarding_archive": Route("AU", names="tenant"),
    "approval_policy": Route(READERS, names="tenant", posts=ADMIN),
    "source_list": Route(READERS, names="tenant"),
    "source_move": Route(STAFF, 302, names="source", method="post"),
    "source_rename": Route(STAFF, 302, names="source", method="post"),
    "source_remove": Route(STAFF, 302, names="source", method="post"),
    "tenant_try_now": Route(STAFF, 302, names="tenant", method="post"),
    "schedule_list": Route(READERS, names="tenant"),
    "schedule_add": Route(STAFF, names="tenant"),
    "schedule_edit": Route(STAFF, names="schedule"),
    "schedule_switch": Route(STAFF, 302, names="schedule", method="post"),
    "schedule_remove": Route(STAFF, 302, names="schedule", method="post"),
    "blackout_add": Route(STAFF, names="tenant"),
    "blackout_edit": Route(STAFF, names="blackout"),
    "blackout_switch": Route(STAFF, 302, names="blackout", method="post"),
    "blackout_remove": Route(STAFF, 302, names="blackout", method="post"),
    "tenant_domains": Route(READERS, names="tenant", posts=STAFF),
    "tenant_protection": Route(READERS, names="tenant"),
    "account_clear": Route(STAFF, 302, names="account", method="post"),
    "tenant_person": Route(STAFF, names="tenant"),
    "tenant_upload": Route(STAFF, names="tenant"),
    "profile_detail": Route(READERS, names="tenant"),
    "profile_edit": Route(STAFF, names="tenant"),
    "profile_preview": Route(STAFF, names="tenant", method="post"),
    "profile_check": Route(STAFF, names="tenant", method="post"),
    "profile_people": Route(STAFF, names="tenant"),
    "profile_suggestions": Route(STAFF, 302, names="tenant"),
    "profile_compare": Route(READERS, names="tenant"),
    "profile_discard": Route(STAFF, 302, names="tenant", method="post"),
    "profile_pilot": Route(STAFF, 302, names="tenant", method="post"),
    # Sharing: who edits profiles; templates hold no customer's data.
    "profile_share": Route(STAFF, names="tenant"),
    "profile_export": Route(READERS, names="tenant"),
    "profile_import": Route(STAFF, names="tenant"),
    "profile_clone": Route(STAFF, names="tenant"),
    "profile_template": Route(STAFF, names="tenant"),
    "profile_drift": Route(STAFF, names="tenant"),
    "profile_promote": Route(STAFF, names="tenant"),
    "template_list": Route(READERS),
    "template_detail": Route(READERS, arguments=PERSONIO),
    "template_file": Route(READERS, arguments=PERSONIO),
    "template_sample": Route(READERS, arguments=PERSONIO),
    "template_use": Route(STAFF, names="tenant", arguments=PERSONIO),
    # Jobs: who works on them or decides in every state, the others once ended, as reports.
    "job_list": Route(WORKERS),
    "job_stages": Route(WORKERS, names="job on demand"),
    "job_stages_news": Route(WORKERS, 204, names="job on demand"),
    "job_detail": Route(EVERYONE, names="ended job"),
    "job_progress": Route(EVERYONE, names="ended job"),
    "tenant_reconcile": Route(READERS, names="tenant", posts=STAFF),
    "accepted_take_back": Route(STAFF, 302, names="tenant", method="post"),
    "job_drift": Route(EVERYONE, names="reconcile"),
    "job_drift_decide": Route(DECIDERS, 302, names="reconcile", method="post"),
    "job_drift_csv": Route(EVERYONE, names="reconcile"),
    "job_undo": Route(STAFF, 302, names="ended job"),
    "job_csv": Route(EVERYONE, names="ended job"),
    "job_approve": Route(DECIDERS, 302, names="waiting job", method="post"),
    "job_pause": Route(DECIDERS, 302, names="waiting job", method="post"),
    "job_resume": Route(DECIDERS, 302, names="waiting job", method="post"),
    "job_retry": Route(STAFF, 302, names="waiting job", method="post"),
    "job_plan_again": Route(STAFF, 302, names="waiting job", method="post"),
    "job_ask_transfer": Route(DECIDERS, 302, names="operation", method="post"),
    "job_accept_loss": Route(DECIDERS, 302, names="waiting job", method="post"),
    "job_cancel": Route(DECIDERS, 302, names="waiting job", method="post"),
    "report_list": Route(EVERYONE),
    # Costs: finance and those who work or decide; a customer never.
    "cost_overview": Route(MONEY),
    "cost_customer": Route(MONEY, names="customer"),
    "price_list": Route(MONEY),
    "price_add": Route(ADMIN, whole=True),
    "price_remove": Route(ADMIN, names="price", whole=True),
    "cost_tenant": Route(MONEY, names="tenant"),
    "cost_day": Route(MONEY, names="tenant", arguments={"day": "2026-05-01"}),
    "simulator": Route(MONEY, names="tenant"),
    "simulator_csv": Route(MONEY, names="tenant", answer=302),  # nothing to compare yet
    "cost_file": Route(MONEY, arguments={"ending": "xlsx"}),
    "cost_focus": Route(MONEY),
    "waste_tenant": Route(MONEY, names="tenant"),
    "waste_tenant_csv": Route(MONEY, names="tenant"),
    "waste_customer": Route(MONEY, names="customer"),
    "waste_customer_csv": Route(MONEY, names="customer"),
    "rate_list": Route(MONEY),
    "rate_add": Route(ADMIN, whole=True),
    "rate_remove": Route(ADMIN, names="rate", whole=True),
    "statement_list": Route(MONEY),
    "statement_detail": Route(MONEY, names="statement"),
    "statement_focus": Route(MONEY, names="closed statement"),
    "budget_list": Route(MONEY),
    "reconciliation": Route(MONEY),
    "reconciliation_csv": Route(MONEY),
    "reconciliation_tenant": Route(MONEY, names="tenant"),
    "bill_list": Route(MONEY, posts="AF"),
    "bill_detail": Route(MONEY, names="bill"),
    # What finance decides.
    "bill_remove": Route("AF", 302, names="bill", method="post"),
    "terms_edit": Route("AF", names="customer"),
    "statement_open": Route(
        "AF", 302, names="customer", method="post", arguments={"month": "2026-05"}
    ),
    "statement_close": Route("AF", 302, names="statement", method="post"),
    "statement_correct": Route("AF", names="statement", method="post"),
    "correction_remove": Route("AF", 302, names="correction", method="post"),
    "budget_add": Route("AF"),
    "budget_edit": Route("AF", names="budget"),
    "budget_remove": Route("AF", 302, names="budget", method="post"),
    # Tokens of the API: who bills makes them, after confirming who they are; one sees one's own.
    "api_token_list": Route("AF"),
    "api_token_add": Route("AF", 302),
    "api_token_revoke": Route("AF", 404, method="post", arguments={"pk": 0}),
    # The API takes tokens only (test_api_access.py): whoever is signed in, it refuses.
    "api_customers": Route(PUBLIC, 401),
    "api_usage": Route(PUBLIC, 401),
    "api_costs": Route(PUBLIC, 401),
    "api_statements": Route(PUBLIC, 401),
    "api_statement": Route(PUBLIC, 401, names="statement"),
    "api_prices": Route(PUBLIC, 401),
    "api_description": Route(PUBLIC),
    # The audit trail, and who is told of what.
    "audit_list": Route("AU"),
    "audit_csv": Route("AU"),
    "notification_list": Route(STAFF),
    "notification_add": Route(STAFF),
    "notification_edit": Route(STAFF, names="destination"),
    "notification_remove": Route(STAFF, 302, names="destination", method="post"),
    "notification_rotate": Route(STAFF, names="destination", method="post"),
    "notification_test": Route(STAFF, 302, names="destination", method="post"),
    "message_try_again": Route(STAFF, 302, names="message", method="post"),
    # People: administrators of all customers; auditors of all read.
    "person_list": Route("AU", whole=True),
    "person_add": Route(ADMIN, whole=True),
    "person_detail": Route("AU", names="person", whole=True),
    "person_grant": Route(ADMIN, names="person", whole=True),
    "person_revoke": Route(
        ADMIN, 302, names="person", method="post", arguments={"role": "viewer"}, whole=True
    ),
    # Both ask to confirm who one is.
    "person_invite": Route(ADMIN, 302, names="person", whole=True),
    "person_reset_factors": Route(ADMIN, 302, names="person", whole=True),
    "person_deactivate": Route(ADMIN, 302, names="person", method="post", whole=True),
    "person_reactivate": Route(ADMIN, 302, names="person", method="post", whole=True),
}
METHODS = ("get", "post")
MATRIX = (*LETTERS, "S", "")  # besides the roles a superuser, and who has no grant
POSTED = frozenset({200, 204, 302, 405, 422})
"""What may come back when nothing is sent to a route that serves one."""


@pytest.fixture
def world(db: None) -> World:
    return build()


# What belongs to no customer.
NOBODYS = ("", "person", "price", "rate")


def expected(route: Route, standing: Standing, method: str, *, own: bool) -> str:
    """Requirement for one cell: "served", "403" or "404"."""
    letter = "A" if standing.letter == "S" else standing.letter
    if route.roles == SIGNED_IN:
        return "served"
    in_reach = standing.holds_all or (own and standing.holds_own)
    if route.names not in NOBODYS and not in_reach:
        return "404"
    if not letter or letter not in route.serves(method):
        return "403"
    if standing.where in ("none", "taken") or (route.whole and not standing.holds_all):
        return "403"
    return "served"


def fits(answer: int, wanted: str, route: Route, method: str) -> bool:
    """Whether this is what the requirement says."""
    if wanted != "served":
        return answer == int(wanted)
    return answer == route.answer or (method != route.method and answer in POSTED)


def test_every_route_is_in_the_table_and_the_reverse() -> None:
    assert {route.name for route in routes_of(get_resolver())} == set(ROUTES)


def test_a_visitor_who_is_not_signed_in(client: Client, world: World) -> None:
    for name, route in ROUTES.items():
        for method in METHODS if route.roles != PUBLIC else [route.method]:
            response = getattr(client, method)(address(name, route, world.own))
            if route.roles == PUBLIC:
                assert response.status_code == route.answer, name
            elif response.status_code != 405:
                assert response.status_code == 302, name
                assert response.headers["Location"].startswith(reverse("account_login")), name


@pytest.fixture(scope="module")
def totals() -> Iterator[Counter[str]]:
    """Requests by what was wanted; printed when the last one was made (`make access`)."""
    counted = Counter[str]()
    yield counted
    told = ", ".join(f"{number:,} {words}" for words, number in sorted(counted.items()))
    print(f"\n{len(ROUTES)} routes, {counted.total():,} requests answered as they must be: {told}")


@pytest.mark.parametrize(
    "letter",
    # Not on one core, as tests of a file are otherwise: this is most of the time it takes.
    [pytest.param(each, marks=pytest.mark.xdist_group(f"access {each}")) for each in MATRIX],
)
def test_every_route_for_every_standing(
    client: Client, world: World, letter: str, totals: Counter[str]
) -> None:
    """The matrix: each route x each standing x own and other customer x GET and POST."""
    wrong = []
    for standing in (each for each in world.standings if each.letter == letter):
        client.force_login(standing.person)
        for name, method, whose in cells():
            route = ROUTES[name]
            answer = ask(client, method, address(name, route, getattr(world, whose)))
            wanted = expected(route, standing, method, own=whose == "own")
            if answer == 405 and method != route.method:
                wanted = "405"  # refused for its method, before anything is looked up
            totals[wanted] += 1
            if not fits(answer, wanted, route, method):
                wrong.append((name, standing.where, method, whose, f"wanted {wanted}", answer))
    assert not wrong, "\n".join(map(str, wrong))


def cells() -> list[tuple[str, str, str]]:
    """Route, method and whose object, for everything that wants a person signed in."""
    return [
        (name, method, whose)
        for name, route in ROUTES.items()
        if route.roles != PUBLIC
        for method in METHODS
        for whose in (("own", "other") if route.names else ("own",))
    ]


def test_a_waiting_job_is_no_report_yet(client: Client, world: World) -> None:
    reports = [n for n, r in ROUTES.items() if r.roles == EVERYONE and r.names == "ended job"]
    for letter in LETTERS:
        client.force_login(world.person(letter))
        for name in reports:
            answer = client.get(reverse(name, kwargs=world.own["waiting job"])).status_code
            assert answer == (200 if letter in WORKERS else 404), (letter, name)


def test_decisions_are_posted(client: Client, world: World) -> None:
    client.force_login(world.person("E"))
    for name in (n for n, r in ROUTES.items() if r.names == "waiting job"):
        assert client.get(reverse(name, kwargs=world.own["waiting job"])).status_code == 405, name


@pytest.mark.parametrize("where", ["own", "all but other"])
def test_no_page_of_one_customer_tells_of_another(client: Client, world: World, where: str) -> None:
    seen = 0
    for letter, role in LETTERS.items():
        if where != "own" and role in CUSTOMERS_OWN:
            continue
        client.force_login(world.person(letter, where))
        for name, route in ROUTES.items():
            if route.method == "get" and route.roles not in (PUBLIC, SIGNED_IN):
                text = body_of(client.get(address(name, route, world.own)))
                assert "Customer other" not in text, (letter, name)
                assert "Tenant other" not in text, (letter, name)
                seen += "Tenant own" in text
    assert seen > 30, "the control: these pages do tell of their own"


@pytest.mark.parametrize("letter", LETTERS)
def test_no_page_leads_where_its_reader_may_not_go(
    client: Client, world: World, letter: str
) -> None:
    client.force_login(world.person(letter))
    links: dict[str, str] = {}
    for name, route in ROUTES.items():
        if route.method == "get" and letter in route.roles and route.roles != PUBLIC:
            for target in (world.own | {"ended job": world.own["waiting job"]}, world.own):
                page = body_of(client.get(address(name, route, target)))
                found = re.findall(r'(?:href|action)="(/[^"#?]*)', page)
                links |= {link: name for link in found if not link.startswith("/static/")}
    refused = {link: name for link, name in links.items() if ask(client, "get", link) == 403}
    assert not refused
    assert len(links) > 5


JOB_PAGES = [n for n, r in ROUTES.items() if r.names == "ended job" and r.roles == EVERYONE]


@pytest.mark.parametrize("letter", ["V", "C", "P"])
def test_a_customers_people_see_no_price(client: Client, world: World, letter: str) -> None:
    client.force_login(world.person(letter))
    waiting = Job.objects.filter(pk=world.own["waiting job"]["pk"])
    shown = [("job_stages", "", world.own["job on demand"])]
    shown += [(name, "ended", world.own["ended job"]) for name in JOB_PAGES]
    states = (Job.State.PLANNED, Job.State.APPLYING, Job.State.PAUSED)
    shown += [(name, state, world.own["waiting job"]) for name in JOB_PAGES for state in states]
    priced = set()
    for name, state, job in shown:
        waiting.update(state=state if state in states else Job.State.PLANNED)
        if "USD" in body_of(client.get(reverse(name, kwargs=job))):
            priced.add((name, str(state)))
    # The control: to an approver of the MSP's the same pages show them.
    wanted = {("job_detail", state) for state in ("ended", "planned", "applying")}
    wanted |= {("job_progress", state) for state in ("ended", *map(str, states))}
    wanted.add(("job_stages", ""))
    assert priced == (wanted if letter == "P" else set())


def test_a_role_at_one_customer_shows_nothing_of_it_at_another(
    client: Client, world: World
) -> None:
    """An approver of the other customer is a viewer at their own: no button, no price there."""
    person = world.person("V")
    other = Customer.objects.get(slug=world.other["customer"]["slug"])
    services.give_role(user=person, role=Role.ENGINEER, reach=reach_of(other), by=None)
    client.force_login(person)
    theirs, own = (
        body_of(client.get(reverse("job_detail", kwargs=each[kind])))
        for each, kind in ((world.other, "waiting job"), (world.own, "ended job"))
    )
    assert "Cancel this job" in theirs
    assert "Expected price" in theirs
    assert "Cancel this job" not in own
    assert "Cost" not in own.replace(">Costs<", "").replace("Costs\n", "")
    answer = client.post(reverse("job_approve", kwargs=world.own["waiting job"]))
    assert answer.status_code == 404


BEGINS = {
    "A": "customer_list",
    "E": "customer_list",
    "U": "customer_list",
    "P": "job_list",
    "C": "job_list",
    "F": "cost_overview",
    "V": "report_list",
}
LINKS = {
    "A": "Customers Templates Jobs Reports Costs API tokens Notifications Audit trail",
    "E": "Customers Templates Jobs Reports Costs Notifications",
    "U": "Customers Templates Jobs Reports Costs Audit trail",
    "P": "Jobs Reports Costs",
    "C": "Jobs Reports",
    "F": "Reports Costs API tokens",
    "V": "Reports",
}


@pytest.mark.parametrize("letter", LETTERS)
def test_where_each_role_begins_and_which_links_it_sees(
    client: Client, world: World, letter: str
) -> None:
    client.force_login(world.person(letter))
    begins = client.get(reverse("home")).headers["Location"]
    assert begins == reverse(BEGINS[letter])
    context = client.get(begins).context
    assert " ".join(item.label for item in context["nav_items"]) == LINKS[letter]
    assert context["role_label"] == LETTERS[letter].words
    for item in context["nav_items"]:
        assert client.get(item.url).status_code == 200


@pytest.mark.parametrize("letter", "AU")
def test_people_are_a_link_for_who_holds_all_customers(
    client: Client, world: World, letter: str
) -> None:
    client.force_login(world.person(letter, "all"))
    assert [i.label for i in client.get("/reports/").context["nav_items"]][-1] == "People"
