"""Signing in, as the application's role: before anybody's scope is known."""

from django.test import Client

from tenants.models import AuditEvent, User
from tenants.services.factors import reset_factors
from tenants.services.invitations import invite
from tests.support.authenticator import code, set_up
from tests.support.row_security.world import World

PASSWORD = "a-horse-of-glass"


def test_password_code_and_invitation_work_without_a_scope(world: World) -> None:
    person = User.objects.create_user("sign-in@msp.example", PASSWORD)
    browser, credentials = Client(), {"login": person.email, "password": PASSWORD}
    assert browser.post("/accounts/login/", credentials).status_code == 302
    key = set_up(browser, PASSWORD)
    another = Client()
    answer = another.post("/accounts/login/", credentials)
    assert answer.headers["Location"] == "/accounts/two-factor/authenticate/"
    answer = another.post(answer.headers["Location"], {"code": code(key)})
    assert answer.headers["Location"] == "/"
    assert another.get("/accounts/sessions/").status_code == 200
    assert reset_factors(person=person, by=None) == 2
    assert another.get("/accounts/sessions/").status_code == 302
    path = f"/invitation/{invite(person=person, by=None)}/"
    both = {"password": PASSWORD + "2", "repeated": PASSWORD + "2"}
    assert Client().post(path, both).status_code == 302
    told = AuditEvent.objects.filter(payload__subject=str(person)).values_list("action", flat=True)
    assert {"signed_in", "factor.added", "factors.reset", "person.invited"} <= set(told)
