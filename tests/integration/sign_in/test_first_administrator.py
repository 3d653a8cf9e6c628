"""The first administrator: by a page that works once, or by a command; and invitations."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tenants.domain.roles import Role
from tenants.models import AuditEvent, FirstRun, Invitation, User
from tenants.selectors import has_administrator, roles_of
from tenants.services.invitations import invite
from tests.integration.sign_in.conftest import PASSWORD, sign_in

ROOT = {"email": "root@lanternfield.example", "password": PASSWORD, "repeated": PASSWORD}
pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> str:
    output = io.StringIO()
    call_command(name, *arguments, stdout=output, stderr=io.StringIO())
    return output.getvalue()


def test_the_page_makes_the_first_administrator_once(client: Client) -> None:
    assert "no administrator yet" in client.get("/accounts/login/").content.decode()
    assert client.post("/first-run/", ROOT).headers["Location"] == "/accounts/login/"
    person = User.objects.get()
    assert roles_of(person) == {Role.ADMIN}
    assert sign_in(client, person) == "/"
    visitor = Client()
    assert visitor.get("/first-run/").status_code == 404
    other = {**ROOT, "email": "eve@lanternfield.example"}
    assert visitor.post("/first-run/", other).status_code == 404
    assert User.objects.count() == 1
    assert "no administrator" not in visitor.get("/accounts/login/").content.decode()


def test_it_stays_closed_when_the_administrator_is_gone(client: Client) -> None:
    client.post("/first-run/", ROOT)
    User.objects.all().delete()
    assert not has_administrator()
    assert client.get("/first-run/").status_code == 404


def test_it_is_closed_where_there_is_an_administrator_already(client: Client) -> None:
    User.objects.create_superuser("old@lanternfield.example", PASSWORD)
    assert client.get("/first-run/").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"repeated": "another-horse-staple"}, {"email": "x"}, {"password": "1", "repeated": "1"}],
)
def test_what_is_entered_wrong_makes_nobody(client: Client, wrong: dict[str, str]) -> None:
    assert client.post("/first-run/", {**ROOT, **wrong}).status_code == 200
    assert not User.objects.exists()


def test_on_a_server_it_takes_the_token_of_somebody_with_a_shell(
    client: Client, settings: Any
) -> None:
    settings.EMBEDDED = False
    token = run("first_run_token").strip()
    forged = "administrator:" + token.partition(":")[2][::-1]
    for wrong in ("", "administrator", token + "x", forged):
        assert client.post("/first-run/", {**ROOT, "token": wrong}).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert client.post("/first-run/", {**ROOT, "token": token}).status_code == 200
    assert not User.objects.exists()
    assert client.post("/first-run/", {**ROOT, "token": token}).status_code == 302
    assert User.objects.count() == 1
    with pytest.raises(CommandError, match="already"):
        run("first_run_token")


def test_a_person_that_is_known_is_not_made_administrator_by_the_page(
    client: Client, person_of: Callable[..., User]
) -> None:
    ann = person_of()
    client.post("/first-run/", {**ROOT, "email": ann.email.upper()})
    assert roles_of(ann) == {Role.ENGINEER}
    assert not FirstRun.objects.exists()


def test_the_command_makes_one_with_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert "administrator of all customers" in run("createadmin", ROOT["email"].upper())
    person = User.objects.get()
    assert person.email == ROOT["email"]
    assert sign_in(Client(), person) == "/"
    assert Client().get("/first-run/").status_code == 404


def test_the_command_makes_one_with_a_link(settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://portal.example"]
    (key,) = re.findall(
        r"https://portal\.example/invitation/(\S+)/\n", run("createadmin", ROOT["email"], "--link")
    )
    browser = Client()
    both = {"password": PASSWORD, "repeated": PASSWORD}
    assert browser.post(f"/invitation/{key}/", both).status_code == 302
    assert sign_in(browser, User.objects.get()) == "/"
    assert browser.post(f"/invitation/{key}/", both).status_code == 404


def test_the_command_refuses_what_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    with pytest.raises(CommandError):
        run("createadmin", "nobody")
    monkeypatch.setattr("sys.stdin", io.StringIO("123\n"))
    with pytest.raises(CommandError):
        run("createadmin", ROOT["email"])
    assert not User.objects.exists()


def test_an_invitation_is_kept_as_a_digest_and_ends(ann: User) -> None:
    key = invite(person=ann, by=None)
    assert key not in str(Invitation.objects.values())
    second = invite(person=ann, by=None)
    assert Client().get(f"/invitation/{key}/").status_code == 404, "a newer one replaces it"
    with time_machine.travel(timezone.now() + timedelta(hours=73)):
        assert Client().get(f"/invitation/{second}/").status_code == 404
    ann.is_active = False
    ann.save()
    assert Client().get(f"/invitation/{second}/").status_code == 404


def test_a_password_by_invitation_ends_what_was_before(signed_in: Client, ann: User) -> None:
    key = invite(person=ann, by=None)
    new = "another-correct-horse"
    answer = Client().post(f"/invitation/{key}/", {"password": new, "repeated": new})
    assert answer.status_code == 302
    assert signed_in.get("/customers/").status_code == 302
    assert sign_in(Client(), ann) == "200"
    assert sign_in(Client(), ann, new) == "/"


@pytest.mark.django_db(transaction=True)
def test_an_administrator_invites_by_mail(client: Client, person_of: Callable[..., User]) -> None:
    ann, root = person_of(), person_of(Role.ADMIN, "root")
    sign_in(client, root)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    mail.outbox.clear()
    assert client.post(f"/people/{ann.pk}/invite/").status_code == 302
    (sent,) = mail.outbox
    assert sent.to == [ann.email]
    (path,) = re.findall(r"http://testserver(/invitation/\S+/)", sent.body)
    assert ann.email in Client().get(path).content.decode()
    event = AuditEvent.objects.get(action="person.invited")
    assert (event.actor, event.subject) == (root, str(ann))
