"""A tenant of its own for each test, one sandbox for all, and times short enough to wait for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from provisioning.domain import retry
from tenants import tokens
from tests.support.engine import Engine, add_engine, first_price
from tests.support.sandbox import RunningSandbox, start_sandbox

APPS = [
    "msp_portal",
    "provisioning",
    "billing",
    "tenants",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real transactions for every test here; only our tables are emptied after each."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.django_db(transaction=True, available_apps=APPS))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One sandbox for all tests here; each has a directory of its own."""
    running = start_sandbox(tmp_path_factory.mktemp("sandbox") / "state.jsonl")
    yield running
    running.stop()


@pytest.fixture(scope="module", autouse=True)
def _what_migrations_added(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Tests with real transactions empty every table: give back what migrations put there."""
    yield
    with django_db_blocker.unblock():
        first_price()


@pytest.fixture(autouse=True)
def _quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LANE_LEASE_SECONDS = 5.0
    settings.LANE_SLICE_SECONDS = 30.0
    settings.SCIM_REQUEST_SECONDS = 2.0
    settings.SCIM_THREADS = 8
    settings.SCIM_BATCH = 16
    settings.LOOKUP_DELAY_SECONDS = 0.05
    # The first wait of a retry in seconds; doubling and jitter stay as they are.
    monkeypatch.setattr(retry, "_FIRST_DELAY", 0.01)
    # Rows are numbered anew by some databases, and tokens are kept by the number.
    tokens._applications.clear()


@pytest.fixture
def engine(db: None, sandbox: RunningSandbox) -> Engine:
    """A tenant with a directory, a credential, a profile and an engineer."""
    first_price()
    return add_engine(sandbox)


@pytest.fixture
def other(engine: Engine, sandbox: RunningSandbox) -> Engine:
    """A tenant of another customer."""
    return add_engine(sandbox, "saule-noir")
