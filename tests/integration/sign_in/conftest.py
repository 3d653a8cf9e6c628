"""A person who signs in with a password, and no count of attempts from the test before."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tenants import services
from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Role
from tenants.models import User

PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _no_attempts_yet(settings: Any) -> Iterator[None]:
    """And a portal as it is embedded, whatever the database."""
    settings.EMBEDDED, settings.ALLAUTH_TRUSTED_PROXY_COUNT = True, 0
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person_of(db: None) -> Callable[..., User]:
    """Makes a person with a role over all customers."""

    def make(role: Role = Role.ENGINEER, name: str = "ann") -> User:
        return services.add_person(
            email=f"{name}@lanternfield.example",
            name=name.title(),
            password=PASSWORD,
            role=role,
            reach=EVERYWHERE,
            by=None,
        )

    return make


@pytest.fixture
def ann(person_of: Callable[..., User]) -> User:
    """An engineer."""
    return person_of()


def sign_in(client: Client, person: User, password: str = PASSWORD) -> str:
    """Through the form; where it leads."""
    answer = client.post("/accounts/login/", {"login": person.email, "password": password})
    return str(answer.headers.get("Location", answer.status_code))


@pytest.fixture
def signed_in(client: Client, ann: User) -> Client:
    """Ann's browser."""
    assert sign_in(client, ann) == "/"
    return client
