"""What holds for every test: no broker but memory, and a line for each service that is missing."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.support import services
from tests.support.flushing import append_only_yields_to_flush
from tests.support.sandbox import sandbox

__all__ = ["sandbox"]


# How quickly examples come says something about the machine, not about the code.
hypothesis_settings.register_profile(
    "portal", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("portal")


# Sandboxes of tests live here; portals that tests start inherit it.
os.environ.setdefault("SANDBOX_HOSTS", "127.0.0.1,localhost")
# Their people sign in with a password; what a second factor changes has tests of its own.
os.environ.setdefault("MFA_REQUIRED_ROLES", "")


def pytest_configure(config: pytest.Config) -> None:
    """Tests in this process ring a bell that nobody hears; started processes have brokers."""
    config.pluginmanager.register(LongestFirst())
    settings.SANDBOX_HOSTS = ["127.0.0.1", "localhost"]
    current_app.conf.broker_url = "memory://"
    current_app.conf.broker_transport_options = {}
    # With DATABASE_URL the files would be those of `collectstatic`, which tests do not run.
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES["staticfiles"]["BACKEND"] = plain
    # With DATABASE_URL roles would require a factor, which people of tests have not.
    settings.MFA_REQUIRED_ROLES = frozenset()
    # Hundreds of people are added; the real hasher is meant to be slow.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AUDIT_ANCHOR_DIR = Path(tempfile.mkdtemp(prefix="anchors-"))
    append_only_yields_to_flush()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests on one core: they share a portal, a sandbox or a browser."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.as_posix()))


class LongestFirst:
    """Begins with what takes longest, so that no core is left with it at the end."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """After the order was shuffled; the order within each kind stays."""
        items.sort(key=lambda item: next(n for n, each in enumerate(_LONG) if each in item.nodeid))


# Parts of a test's name, the longest first; "" is every other.
_LONG = (
    "tests/services/",
    "test_crash",
    "test_storm",
    "test_histories",
    "test_quota",
    "tests/browser/",
    "",
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One plain line for each part that could not run here."""
    for sentence in services.absences().values():
        terminalreporter.write_line(sentence)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """DATABASE_URL of a private PostgreSQL server."""
    services.require("PostgreSQL")
    with services.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """REDIS_URL of a private Redis server."""
    services.require("Redis")
    with services.redis() as url:
        yield url


@pytest.fixture(scope="session")
def on_postgresql() -> bool:
    """Whether the tests of this process run on PostgreSQL."""
    return "DATABASE_URL" in os.environ
