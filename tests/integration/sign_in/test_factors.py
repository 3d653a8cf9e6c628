"""Authenticator app and recovery codes, from setting up to losing them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from tenants import vault
from tenants.domain.roles import Role
from tenants.models import AuditEvent, User
from tenants.services.factors import reset_factors
from tenants.services.keys import rotate
from tests.integration.sign_in.conftest import PASSWORD, sign_in
from tests.support.authenticator import code, set_up

FACTORS, AUTHENTICATE = "/accounts/two-factor/", "/accounts/two-factor/authenticate/"
CODES = "/accounts/two-factor/recovery-codes/"


def stored(person: User, kind: str) -> str:
    """What the database has, read past everything of allauth's and ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data FROM mfa_authenticator WHERE user_id = %s AND type = %s", [person.pk, kind]
        )
        data = cursor.fetchone()[0]
    return data if isinstance(data, str) else json.dumps(data)


def codes_of(client: Client) -> list[str]:
    return re.findall(r"<code>(\d{8})</code>", client.get(CODES).content.decode())


def later(seconds: int = 31) -> Any:
    """A code works once, so the next sign-in has to wait for the next one."""
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def test_a_code_is_asked_for_after_the_password(
    signed_in: Client, ann: User, client: Client
) -> None:
    key = set_up(signed_in, PASSWORD)
    browser = Client()
    assert sign_in(browser, ann) == AUTHENTICATE
    assert browser.get("/customers/").status_code == 302, "not signed in yet"
    assert browser.post(AUTHENTICATE, {"code": "000000"}).status_code == 200
    assert browser.get("/customers/").status_code == 302
    assert browser.post(AUTHENTICATE, {"code": code(key)}).headers["Location"] == "/"
    assert browser.get("/customers/").status_code == 200
    again = Client()
    sign_in(again, ann)
    assert again.post(AUTHENTICATE, {"code": code(key)}).status_code == 200, "a code works once"


def test_factors_are_changed_after_confirming_only(signed_in: Client) -> None:
    for path in ("totp/activate/", "webauthn/add/"):
        answer = signed_in.get(FACTORS + path)
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    set_up(signed_in, PASSWORD)
    with later(1000):
        for path in ("totp/deactivate/", "recovery-codes/generate/", "recovery-codes/"):
            answer = signed_in.get(FACTORS + path)
            assert answer.headers["Location"].startswith("/accounts/reauthenticate/"), path


def test_recovery_codes_are_shown_once_work_once_and_are_renewed(
    signed_in: Client, ann: User
) -> None:
    set_up(signed_in, PASSWORD)
    codes = codes_of(signed_in)
    assert len(set(codes)) == 10
    assert codes_of(signed_in) == []
    assert signed_in.get(CODES + "download/").status_code == 403
    for place, expected in ((0, "/"), (0, "200")):
        browser = Client()
        sign_in(browser, ann)
        answer = browser.post(AUTHENTICATE, {"code": codes[place]})
        assert answer.headers.get("Location", str(answer.status_code)) == expected
    signed_in.post(CODES + "generate/")
    renewed = codes_of(signed_in)
    assert len(renewed) == 10
    assert not set(renewed) & set(codes)
    browser = Client()
    sign_in(browser, ann)
    assert browser.post(AUTHENTICATE, {"code": codes[1]}).status_code == 200, "the old ones ended"


def test_the_codes_can_be_kept_without_scripts(signed_in: Client) -> None:
    set_up(signed_in, PASSWORD)
    page = signed_in.get(CODES).content.decode()
    (file,) = re.findall(r'href="data:text/plain;charset=utf-8,([^"]+)"', page)
    shown = re.findall(r"<code>(\d{8})</code>", page)
    assert file == "MSP%20portal%20recovery%20codes%0A" + "".join(f"{each}%0A" for each in shown)


@pytest.mark.django_db(transaction=True)
def test_each_change_is_told_by_mail_and_in_the_audit_trail(signed_in: Client, ann: User) -> None:
    mail.outbox.clear()
    set_up(signed_in, PASSWORD)
    signed_in.post(CODES + "generate/")
    signed_in.post(FACTORS + "totp/deactivate/")
    assert [sent.to for sent in mail.outbox] == [[ann.email]] * 3
    assert all("tell an administrator" in sent.body for sent in mail.outbox)
    told = AuditEvent.objects.filter(action__startswith="factor.").order_by("pk")
    assert [(e.action, e.detail["type"]) for e in told] == [
        ("factor.added", "totp"),
        ("factor.added", "recovery_codes"),
        ("factor.removed", "recovery_codes"),
        ("factor.added", "recovery_codes"),
        ("factor.removed", "totp"),
        ("factor.removed", "recovery_codes"),
    ]
    assert {event.actor for event in told} == {ann}


def test_seeds_are_sealed_and_bound_to_their_person(
    signed_in: Client, ann: User, person_of: Callable[..., User]
) -> None:
    key = set_up(signed_in, PASSWORD)
    assert key not in stored(ann, "totp")
    assert "sealed" not in stored(ann, "totp")
    bob = person_of(name="bob")
    other = Client()
    sign_in(other, bob)
    set_up(other, PASSWORD)
    for kind, name in (("totp", "secret"), ("recovery_codes", "seed")):
        anns = Authenticator.objects.get(user=ann, type=kind)
        bobs = Authenticator.objects.get(user=bob, type=kind)
        bobs.data[name] = str(anns.data[name])
        bobs.save()
        moved = Authenticator.objects.get(pk=bobs.pk)
        with pytest.raises(vault.NotAuthentic):
            moved.wrap().validate_code("000000")


def test_seeds_are_sealed_again_with_the_first_key(
    signed_in: Client, ann: User, settings: Any
) -> None:
    key = set_up(signed_in, PASSWORD)
    codes = codes_of(signed_in)
    before = stored(ann, "totp"), stored(ann, "recovery_codes")
    old, new = settings.VAULT_KEYS, "k2:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    settings.VAULT_KEYS = f"{new},{old}"
    assert [done.resealed for done in rotate() if done.field.startswith("mfa")][-1] == 2
    settings.VAULT_KEYS = new
    after = stored(ann, "totp"), stored(ann, "recovery_codes")
    assert not set(before) & set(after)
    with later():
        assert Authenticator.objects.get(user=ann, type="totp").wrap().validate_code(code(key))
    recovery = Authenticator.objects.get(user=ann, type="recovery_codes").wrap()
    assert codes[0] in recovery.generate_codes()


def test_a_reset_takes_everything_and_ends_every_session(signed_in: Client, ann: User) -> None:
    set_up(signed_in, PASSWORD)
    admin = User.objects.create_user("admin@lanternfield.example", None)
    assert signed_in.get(FACTORS).status_code == 200
    assert reset_factors(person=ann, by=admin) == 2
    assert signed_in.get(FACTORS).status_code == 302
    assert not Authenticator.objects.filter(user=ann).exists()
    event = AuditEvent.objects.get(action="factors.reset")
    assert (event.actor, event.subject) == (admin, str(ann))
    assert event.detail == {"types": ["recovery_codes", "totp"]}
    assert sign_in(Client(), ann) == "/"


@pytest.mark.django_db(transaction=True)
def test_an_administrator_resets_another_after_confirming(
    client: Client, person_of: Callable[..., User]
) -> None:
    ann, root = person_of(), person_of(Role.ADMIN, "root")
    theirs = Client()
    sign_in(theirs, ann)
    set_up(theirs, PASSWORD)
    sign_in(client, root)
    address = f"/people/{ann.pk}/reset-factors/"
    assert client.post(address).headers["Location"].startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.filter(user=ann).exists()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert ann.email in client.get(address).content.decode()
    mail.outbox.clear()
    assert client.post(address).status_code == 302
    assert not Authenticator.objects.filter(user=ann).exists()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (
        [ann.email],
        "MSP portal: An administrator removed your second factors",
    )
