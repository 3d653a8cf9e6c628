"""Guessing is slow: for an account, an address, a code; and only a machine meets the rest."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from tenants.models import User
from tests.integration.sign_in.conftest import PASSWORD, sign_in
from tests.support.authenticator import code, set_up

WRONG = "wrong-horse"


def test_an_account_is_closed_for_a_while_from_wherever(ann: User) -> None:
    for number in range(5):
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        assert sign_in(Client(**address), ann, WRONG) == "200"
    answer = Client(REMOTE_ADDR="192.0.2.77").post(
        "/accounts/login/", {"login": ann.email, "password": PASSWORD}
    )
    assert answer.status_code == 200
    assert "Too many failed" in answer.content.decode()


def test_an_address_is_held_back_over_many_accounts(db: None, ann: User) -> None:
    browser = Client()
    data = {"password": WRONG}
    for number in range(20):
        browser.post("/accounts/login/", {"login": f"p{number}@salt.example", **data})
    answer = browser.post("/accounts/login/", {"login": ann.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert sign_in(Client(REMOTE_ADDR="192.0.2.9"), ann) == "/", "others get in"


def test_too_many_attempts_from_one_address_get_a_page_of_ours(db: None) -> None:
    browser = Client()
    answers = [browser.post("/accounts/login/", {}).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]
    page = browser.post("/accounts/login/", {}).content.decode()
    assert "That was too often" in page
    assert 'class="entrance"' in page


def test_codes_cannot_be_guessed(signed_in: Client, ann: User) -> None:
    key = set_up(signed_in, PASSWORD)
    browser = Client()
    sign_in(browser, ann)
    path = "/accounts/two-factor/authenticate/"
    for _ in range(5):
        browser.post(path, {"code": "000000"})
    answer = browser.post(path, {"code": code(key)})
    assert answer.status_code == 200
    assert "Too many failed" in answer.content.decode()


def test_confirming_cannot_be_guessed(signed_in: Client) -> None:
    path = "/accounts/reauthenticate/"
    answers = [signed_in.post(path, {"password": WRONG}).status_code for _ in range(11)]
    assert answers[-1] == 429


def test_reset_mails_are_few(db: None, ann: User, mailoutbox: list[Any]) -> None:
    for number in range(8):
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        browser.post("/accounts/password/reset/", {"email": ann.email})
    assert len(mailoutbox) == 5


def test_expensive_pages_have_a_generous_limit(signed_in: Client, settings: Any) -> None:
    path = "/tenants/nowhere/connection/"
    answers = [signed_in.post(path).status_code for _ in range(21)]
    assert answers == [404] * 20 + [429]
    assert signed_in.get(path).status_code == 404, "looking is free"


def test_the_address_is_that_many_from_the_right(ann: User, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(30):
        forged = {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}, 192.0.2.1"}
        Client(**forged).post("/accounts/login/", {})
    assert Client(HTTP_X_FORWARDED_FOR="192.0.2.1").post("/accounts/login/", {}).status_code == 429
    assert Client(HTTP_X_FORWARDED_FOR="192.0.2.2").post("/accounts/login/", {}).status_code == 200


def test_without_proxies_the_header_is_not_believed(ann: User) -> None:
    for number in range(30):
        Client(HTTP_X_FORWARDED_FOR=f"198.51.100.{number}").post("/accounts/login/", {})
    answer = Client(HTTP_X_FORWARDED_FOR="198.51.100.99").post("/accounts/login/", {})
    assert answer.status_code == 429


def test_fewer_proxies_than_promised_is_a_clear_mistake(ann: User, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    with pytest.raises(ImproperlyConfigured):
        Client(HTTP_X_FORWARDED_FOR="192.0.2.1").post("/accounts/login/", {})
