"""A role that requires a factor: nothing but setting one up, and leaving, until there is one."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from tenants import services
from tenants.domain.roles import Role
from tenants.models import Customer, User
from tests.integration.sign_in.conftest import PASSWORD, sign_in
from tests.support.authenticator import set_up
from tests.support.rows import reach_of

FACTORS = "/accounts/two-factor/"


@pytest.fixture(autouse=True)
def _engineers_need_one(settings: Any) -> None:
    settings.MFA_REQUIRED_ROLES = frozenset({"engineer"})


@pytest.mark.parametrize("path", ["/", "/customers/", "/jobs/", "/accounts/password/change/"])
def test_every_page_leads_to_setting_one_up(signed_in: Client, path: str) -> None:
    for ask in (signed_in.get, signed_in.post):
        assert ask(path).headers["Location"] == FACTORS
    assert "needs a second factor" in signed_in.get(FACTORS).content.decode()


def test_setting_one_up_opens_the_portal(signed_in: Client) -> None:
    set_up(signed_in, PASSWORD)
    assert signed_in.get("/customers/").status_code == 200
    assert "needs a second factor" not in signed_in.get(FACTORS).content.decode()


def test_recovery_codes_alone_are_no_factor(signed_in: Client, ann: User) -> None:
    Authenticator.objects.create(user=ann, type="recovery_codes", data={"seed": "x"})
    assert signed_in.get("/customers/").headers["Location"] == FACTORS


def test_leaving_and_public_pages_stay_open(signed_in: Client) -> None:
    assert signed_in.get("/healthz").status_code == 200
    assert signed_in.post(reverse("account_logout")).headers["Location"] == "/accounts/login/"
    assert signed_in.get("/customers/").headers["Location"].startswith("/accounts/login/")


def test_other_roles_need_none(client: Client, person_of: Callable[..., User]) -> None:
    sign_in(client, person_of(Role.FINANCE))
    assert client.get("/costs/").status_code == 200


def test_a_role_at_one_customer_counts(client: Client, person_of: Callable[..., User]) -> None:
    person = person_of(Role.FINANCE)
    customer = Customer.objects.create(name="Northmoor", slug="northmoor")
    services.give_role(user=person, role=Role.ENGINEER, reach=reach_of(customer), by=None)
    sign_in(client, person)
    assert client.get("/costs/").headers["Location"] == FACTORS


def test_removing_the_last_one_closes_the_portal_again(signed_in: Client) -> None:
    set_up(signed_in, PASSWORD)
    signed_in.post(f"{FACTORS}totp/deactivate/")
    assert signed_in.get("/customers/").headers["Location"] == FACTORS
