"""Moments as pages tell them."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.templatetags.schedule_ui import coming, local, local_time
from tenants.models import Tenant

NOW = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-300, "in a moment"),
        (44, "in a moment"),
        (45, "in 1 minute"),
        (95, "in 2 minutes"),
        (3600, "in 60 minutes"),
        (5400, "in 2 hours"),
        (86_400, "in 24 hours"),
        (130_000, "in 2 days"),
    ],
)
def test_how_long_until_then(seconds: int, words: str) -> None:
    assert coming(NOW + timedelta(seconds=seconds), NOW) == words


def test_a_moment_on_the_customers_clock() -> None:
    tenant = Tenant(time_zone="Europe/Berlin")
    assert local(NOW, tenant) == (
        '<time datetime="2026-11-25T05:00:00Z" title="2026-11-25 05:00:00 UTC">'
        "Wed 25 Nov 2026, 06:00 (Europe/Berlin)</time>"
    )
    assert "06:00<" in local_time(NOW, tenant)
    assert (local(None, tenant), coming(None)) == ("\u2013", "\u2013")
