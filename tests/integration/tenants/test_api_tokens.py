"""Tokens of the API: how they are made, noted, told of, and ended; their pages."""

import re
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants import services
from tenants.domain.reach import EVERYWHERE, NOWHERE, Reach, Scope
from tenants.domain.roles import Role
from tenants.domain.secret import Secret
from tenants.models import ApiToken, AuditEvent, Customer, Message, User
from tenants.selectors import customers_in, reach_of, viewer_of
from tenants.services.api_tokens import TokenRefused, note_use, revoke_token, token_of
from tenants.services.expiry import warn
from tests.support.api import make_token
from tests.support.rows import add_person, add_tenant, add_webhook
from tests.support.rows import reach_of as only


@pytest.fixture
def acme(db: None) -> Customer:
    return add_tenant("acme").customer


@pytest.fixture
def beech(db: None) -> Customer:
    return add_tenant("beech").customer


@pytest.fixture
def finance(acme: Customer, beech: Customer) -> User:
    return add_person(Role.FINANCE, None)


def test_only_its_digest_is_kept(finance: User) -> None:
    row, token = make_token(finance)
    assert row.digest == sha256(token.encode()).hexdigest()
    assert token_of(Secret(token)) == row
    kept = [str(value) for value in ApiToken.objects.values().get().values()]
    kept += [event.payload.detail for event in AuditEvent.objects.select_related("payload")]
    assert not [value for value in kept if token in value or token[7:27] in value]


def test_what_the_trail_says(finance: User, acme: Customer) -> None:
    row, _ = make_token(finance, only(acme))
    assert revoke_token(token=row, by=finance)
    assert not revoke_token(token=row, by=finance)
    made, ended = AuditEvent.objects.filter(action__startswith="api_token").order_by("pk")
    assert (made.action, ended.action) == ("api_token.created", "api_token.revoked")
    for event in (made, ended):
        assert (event.customer, event.actor_email) == (acme, finance.email)
        assert event.detail["customers"] == [acme.slug]
        assert event.detail["made_by"] == finance.email


@pytest.mark.parametrize("days", [-1, 0, 365.01, 4000])
def test_it_ends_within_a_year(finance: User, days: float) -> None:
    with time_machine.travel(timezone.now(), tick=False), pytest.raises(TokenRefused, match="year"):
        make_token(finance, days=days)


def test_nobody_makes_one_that_reaches_further_than_they_do(
    acme: Customer, beech: Customer
) -> None:
    person = add_person(Role.FINANCE, acme)
    row, _ = make_token(person, only(acme))
    for reach in (only(beech), EVERYWHERE, NOWHERE, Reach(Scope.ALL_EXCEPT, frozenset({beech.pk}))):
        with pytest.raises(TokenRefused):
            make_token(person, reach)
    assert ApiToken.objects.get() == row


@pytest.mark.parametrize("role", set(Role) - {Role.ADMIN, Role.FINANCE})
def test_who_bills_nobody_makes_none(acme: Customer, role: Role) -> None:
    with pytest.raises(TokenRefused):
        make_token(add_person(role, acme), only(acme))


def seen(row: ApiToken) -> set[str]:
    """Customers that a token reaches now."""
    row = ApiToken.objects.get(pk=row.pk)
    return set(customers_in(reach_of(viewer_of(row))).values_list("slug", flat=True))


def test_it_reaches_what_both_reach(finance: User, acme: Customer, beech: Customer) -> None:
    everything, _ = make_token(finance)
    listed, _ = make_token(finance, only(acme))
    assert seen(everything) == {acme.slug, beech.slug}
    assert seen(listed) == {acme.slug}
    later = add_tenant("later").customer
    assert seen(everything) == {acme.slug, beech.slug, later.slug}
    services.give_role(user=finance, role=Role.FINANCE, reach=only(beech), by=None)
    assert (seen(everything), seen(listed)) == ({beech.slug}, set())
    services.give_role(user=finance, role=Role.ENGINEER, reach=EVERYWHERE, by=None)
    assert seen(everything) == {beech.slug}, "an engineer does not bill"
    services.take_role(user=finance, role=Role.FINANCE, by=None)
    assert seen(everything) == set()
    services.give_role(user=finance, role=Role.ADMIN, reach=only(acme), by=None)
    assert (seen(everything), seen(listed)) == ({acme.slug}, {acme.slug})


def test_whose_maker_is_deactivated_is_revoked_for_ever(finance: User) -> None:
    row, token = make_token(finance)
    services.deactivate(user=finance, by=None)
    services.reactivate(user=finance, by=None)
    assert token_of(Secret(token)) is None
    assert ApiToken.objects.get(pk=row.pk).revoked_at is not None
    event = AuditEvent.objects.get(action="person.deactivated")
    assert event.detail["api_tokens_revoked"] == 1


def test_an_account_switched_off_elsewhere_opens_nothing(finance: User) -> None:
    _, token = make_token(finance)
    User.objects.update(is_active=False)
    assert token_of(Secret(token)) is None


def test_use_is_noted_once_a_day(finance: User, django_assert_num_queries: Any) -> None:
    row, _ = make_token(finance)
    with time_machine.travel(datetime(2027, 1, 31, 23, 59, tzinfo=UTC)) as clock:
        note_use(row)
        row.refresh_from_db()
        assert row.last_used_on == date(2027, 1, 31)
        with django_assert_num_queries(0):
            note_use(row)
        clock.move_to(datetime(2027, 2, 1, 0, 0, tzinfo=UTC))
        note_use(row)
        row.refresh_from_db()
        assert row.last_used_on == date(2027, 2, 1)


def told() -> list[tuple[str, int]]:
    events = AuditEvent.objects.filter(action__startswith="api_token.expire").order_by("pk")
    return [(event.action.split(".")[1], event.detail["days"]) for event in events]


def test_people_are_told_of_the_end_once_for_each_threshold(finance: User) -> None:
    add_webhook(None)
    now = timezone.now()
    make_token(finance, days=20)
    revoke_token(token=make_token(finance, days=20)[0], by=None)
    for day in range(25):
        for _ in "twice":
            warn(now + timedelta(days=day, minutes=1))
    # Not of the sixty and thirty days that it never had.
    assert told() == [("expires", 14), ("expires", 3), ("expired", 0)]
    headlines = Message.objects.exclude(event="notices.test").values_list("headline", flat=True)
    assert sorted(headlines) == [
        "The API token Invoicing expires in 14 days",
        "The API token Invoicing expires in 3 days",
        "The API token Invoicing has expired",
    ]


def signed_in(person: User) -> Client:
    """A browser of somebody who has just confirmed who they are."""
    client = Client()
    client.force_login(person)
    given = {"password": "a-password-for-tests"}
    assert client.post(reverse("account_reauthenticate"), given).status_code == 302
    return client


def test_the_page_shows_a_token_once(finance: User, acme: Customer) -> None:
    client = signed_in(finance)
    form = client.get(reverse("api_token_add")).content.decode()
    assert "Customer beech" in form
    answer = client.post(
        reverse("api_token_add"),
        {"name": "Books <1>", "scope": "listed", "customers": [acme.pk], "days": "30"},
    )
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    (token,) = set(re.findall(r"mspapi_[0-9A-Za-z]{49}", answer.content.decode()))
    row = token_of(Secret(token))
    assert row is not None
    assert (row.name, row.where, row.created_by) == ("Books <1>", "Customer acme", finance)
    assert row.expires_at - timezone.now() < timedelta(days=30)
    listed = client.get(reverse("api_token_list")).content.decode()
    assert "Books &lt;1&gt;" in listed
    assert token not in listed
    assert row.digest not in listed


def test_the_page_asks_to_confirm_who_one_is(finance: User) -> None:
    client = Client()
    client.force_login(finance)
    answer = client.post(reverse("api_token_add"), {"name": "x", "scope": "all", "days": "30"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"days": "400"}, {"days": "x"}, {"scope": "listed"}, {"scope": "all_except"}],
)
def test_what_the_form_refuses(finance: User, wrong: dict[str, str]) -> None:
    good = {"name": "x", "scope": "all", "days": "30"}
    answer = signed_in(finance).post(reverse("api_token_add"), good | wrong)
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_who_bills_some_customers_is_offered_those(acme: Customer, beech: Customer) -> None:
    client = signed_in(add_person(Role.FINANCE, acme))
    form = client.get(reverse("api_token_add")).content.decode()
    assert "Customer acme" in form
    assert "Customer beech" not in form
    assert "All customers" not in form
    for more in ({"customers": [beech.pk]}, {"scope": "all"}):
        answer = client.post(reverse("api_token_add"), {"name": "x", "days": "30", **more})
        assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_one_sees_and_ends_ones_own_and_an_administrator_all(finance: User, acme: Customer) -> None:
    other = add_person(Role.FINANCE, acme)
    mine, _ = make_token(finance)
    theirs, _ = make_token(other, only(acme))
    ApiToken.objects.filter(pk=theirs.pk).update(name="Of the other")
    client = signed_in(finance)
    assert "Of the other" not in client.get(reverse("api_token_list")).content.decode()
    assert client.post(reverse("api_token_revoke", args=[theirs.pk])).status_code == 404
    assert client.get(reverse("api_token_revoke", args=[mine.pk])).status_code == 405
    assert client.post(reverse("api_token_revoke", args=[mine.pk])).status_code == 302
    admin = signed_in(add_person(Role.ADMIN, None))
    page = admin.get(reverse("api_token_list")).content.decode()
    assert "Of the other" in page
    assert "Revoked" in page
    assert admin.post(reverse("api_token_revoke", args=[theirs.pk])).status_code == 302
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_an_administrator_of_some_customers_sees_their_own(finance: User, acme: Customer) -> None:
    row, _ = make_token(finance, only(acme))
    client = signed_in(add_person(Role.ADMIN, acme))
    assert "Invoicing" not in client.get(reverse("api_token_list")).content.decode()
    assert client.post(reverse("api_token_revoke", args=[row.pk])).status_code == 404


def test_the_list_says_what_reads_nothing(finance: User) -> None:
    make_token(finance)
    admin = signed_in(add_person(Role.ADMIN, None))
    assert "Reads nothing now" not in admin.get(reverse("api_token_list")).content.decode()
    services.take_role(user=finance, role=Role.FINANCE, by=None)
    assert "Reads nothing now" in admin.get(reverse("api_token_list")).content.decode()
