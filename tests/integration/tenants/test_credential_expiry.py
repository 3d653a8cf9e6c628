"""People are told that a credential ends, once for each threshold, whoever looks how often."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants import services
from tenants.models import AuditEvent, Credential
from tenants.services.expiry import warn
from tenants.tasks import watch_expiry

NOW = datetime(2027, 3, 1, 5, 23, tzinfo=UTC)


def ends_in(tenant, days, **options):
    return services.store_secret(
        tenant=tenant,
        client_id="app",
        secret="s",
        expires_at=NOW + timedelta(days=days),
        by=None,
        **options,
    )


def told():
    """Actions and days of what was told so far, in order."""
    events = AuditEvent.objects.filter(action__startswith="credential.expire").order_by("pk")
    return [(event.action.split(".")[1], event.detail["days"]) for event in events]


def test_each_threshold_once(northmoor):
    ends_in(northmoor, 70)
    for day in range(80):
        for _ in "twice":
            warn(NOW + timedelta(days=day))
    assert told() == [
        ("expires", 60), ("expires", 30), ("expires", 14), ("expires", 3), ("expired", 0),
    ]  # fmt: skip


def test_what_it_says(northmoor):
    ends_in(northmoor, 12)
    assert warn(NOW) == 1
    event = AuditEvent.objects.get(action="credential.expires")
    assert event.customer == northmoor.customer
    assert event.detail == {
        "client": "app",
        "kind": "client_secret",
        "use": "in use",
        "days": 14,
        "text": "Client secret expires in 12 days, on 2027-03-13",
    }


def test_the_one_that_stands_by_is_watched_too_and_former_ones_are_not(northmoor):
    old = ends_in(northmoor, 3)
    ends_in(northmoor, 20)
    assert warn(NOW) == 2
    services.remove_credential(credential=old, by=None)
    assert warn(NOW + timedelta(days=4)) == 0


def test_revoked_ones_are_not_watched(northmoor):
    ends_in(northmoor, 3)
    services.revoke_credentials(tenant=northmoor, by=None)
    assert warn(NOW) == 0


def test_one_without_an_end_is_never_told_of(northmoor):
    services.store_secret(tenant=northmoor, client_id="app", secret="s", by=None)
    assert warn(NOW + timedelta(days=9999)) == 0


def test_of_two_that_look_at_once_one_tells(northmoor, monkeypatch):
    """Somebody else tells between our look and our write."""
    from tenants.services import expiry

    ends_in(northmoor, 2)
    decide = expiry.to_tell

    def late(*arguments):
        Credential.objects.update(warned_days=3)
        return decide(*arguments)

    monkeypatch.setattr(expiry, "to_tell", late)
    assert warn(NOW) == 0
    assert told() == []


def test_the_beat_looks_daily(northmoor, settings):
    from celery import current_app

    schedule = settings.CELERY_BEAT_SCHEDULE["expiry"]
    assert schedule["task"] in current_app.tasks
    assert schedule["schedule"].is_due(datetime.now(UTC)).next <= timedelta(days=1).total_seconds()
    Credential.objects.all().delete()
    ends_in(northmoor, -10_000)
    watch_expiry()
    assert told() == [("expired", 0)]


@pytest.mark.parametrize("kind", ["certificate", "made here"])
def test_certificates_end_when_they_say(northmoor, kind):
    from tests.support.certificates import make_pair

    if kind == "certificate":
        pair = make_pair("x", days=(-1, 10))
        found = services.store_certificate(
            tenant=northmoor, client_id="a", pem=pair.key_pem + pair.certificate_pem, by=None
        )
        assert warn(datetime.now(UTC)) == 1
    else:
        found = services.generate_certificate(
            tenant=northmoor, client_id="a", bits=2048, days=365, by=None
        )
        assert warn(datetime.now(UTC)) == 0
    assert found.expires_at
