"""Sessions end by themselves, with the password, with the account, and when told to."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tenants.models import User
from tenants.services.factors import reset_factors
from tenants.tasks import clear_sessions
from tests.integration.sign_in.conftest import PASSWORD, sign_in

PAGE, SESSIONS = "/customers/", "/accounts/sessions/"


def is_in(client: Client, **headers: str) -> bool:
    return client.get(PAGE, headers=headers).status_code == 200


@pytest.fixture(autouse=True)
def _lengths(settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS = 30, 8


def test_a_session_ends_when_nobody_does_anything(signed_in: Client) -> None:
    now = timezone.now()
    for minutes, expected in ((0, True), (29, True), (58, True), (89, False)):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            assert is_in(signed_in) is expected, minutes


def test_what_a_page_asks_by_itself_keeps_nobody_in(signed_in: Client) -> None:
    now = timezone.now()
    for minutes, expected in ((0, True), (20, True), (31, False)):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            assert is_in(signed_in, HX_Request="true") is expected, minutes


def test_a_session_ends_however_busy_it_is(signed_in: Client) -> None:
    now = timezone.now()
    for minutes in range(0, 480, 20):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            assert is_in(signed_in), minutes
    with time_machine.travel(now + timedelta(minutes=481)):
        assert not is_in(signed_in)


def test_the_end_is_written_at_most_once_a_minute(
    signed_in: Client, django_assert_num_queries: Any
) -> None:
    is_in(signed_in)
    before = Session.objects.get().expire_date
    is_in(signed_in)
    assert Session.objects.get().expire_date == before


def test_a_new_password_ends_the_other_sessions(signed_in: Client, ann: User) -> None:
    other = Client()
    sign_in(other, ann)
    new = "another-correct-horse"
    signed_in.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert (is_in(signed_in), is_in(other)) == (True, False)


def test_a_deactivated_person_is_out_at_once(signed_in: Client, ann: User) -> None:
    assert is_in(signed_in)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert not is_in(signed_in)


def test_a_person_sees_their_sessions_and_ends_the_others(signed_in: Client, ann: User) -> None:
    other, stranger = Client(headers={"User-Agent": "Elsewhere/1"}), Client()
    sign_in(other, ann)
    sign_in(stranger, User.objects.create_user("bob@lanternfield.example", PASSWORD))
    page = signed_in.get(SESSIONS).content.decode()
    assert "Elsewhere/1" in page
    assert page.count("127.0.0.1") == 2
    assert signed_in.post(SESSIONS).status_code == 302
    assert (is_in(signed_in), is_in(other)) == (True, False)
    assert stranger.get("/").status_code == 302
    assert stranger.get("/accounts/two-factor/").status_code == 200, "another person's stays"


def test_sessions_that_no_list_knows_end_too(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert not UserSession.objects.exists()
    assert is_in(client)
    reset_factors(person=ann, by=None)
    assert not is_in(client)


def test_sessions_that_are_over_are_cleared(signed_in: Client, ann: User) -> None:
    is_in(signed_in)
    bob = User.objects.create_user("bob@lanternfield.example", PASSWORD)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        sign_in(Client(), bob)
        assert (Session.objects.count(), UserSession.objects.count()) == (2, 2)
        clear_sessions()
        assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
