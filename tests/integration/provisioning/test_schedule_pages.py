"""The pages of schedules, blackouts and rests: who may, what is refused, and what they say."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.domain import retry
from provisioning.domain.quarantine import Stage
from provisioning.models import Blackout, Operation, Quarantine, Schedule
from provisioning.services import quarantines, slices
from tenants.domain.roles import Role
from tenants.models import Tenant
from tests.support.engine import Engine, edited, people, person

TABLE = people(6)
DAILY = {"what": "evaluate", "unit": "daily", "times": "6:00 18.30"}
NIGHT = {"kind": "weekly", "days": ["4", "5"], "begins": "22:00", "ends": "06:00"}


@pytest.fixture
def client(engine: Engine) -> Client:
    """The engineer's."""
    client = Client()
    client.force_login(engine.engineer)
    return client


def address(engine: Engine, name: str, *arguments: Any) -> str:
    return reverse(name, args=[engine.tenant.slug, *arguments])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def rest(engine: Engine, stage: Stage = Stage.CALL) -> None:
    for _ in range(5):
        quarantines.note(
            engine.tenant, quarantines.Failure(stage, "x", "Switched off."), timezone.now()
        )


def test_a_schedule_is_added_changed_switched_and_deleted(engine: Engine, client: Client) -> None:
    Tenant.objects.update(time_zone="Europe/Berlin")
    assert client.post(address(engine, "schedule_add"), DAILY).status_code == 302
    schedule = Schedule.objects.get()
    page = text(client.get(address(engine, "schedule_list")))
    assert "Every day at 06:00 and 18:30 (Europe/Berlin)" in page
    assert "runs that were missed are made up for by one" in page
    interval = {"what": "evaluate", "unit": "hours", "every": "6", "counted_from": "01:00"}
    edit = address(engine, "schedule_edit", schedule.pk)
    assert 'value="06:00, 18:30"' in text(client.get(edit))
    assert client.post(edit, interval).status_code == 302
    schedule.refresh_from_db()
    anchor = schedule.anchor
    assert schedule.sentence.startswith("Every 6 hours, counted from ")
    # Another interval from the same time keeps its beginning, also on another day.
    Schedule.objects.update(anchor=schedule.anchor - timedelta(days=7) if schedule.anchor else None)
    client.post(edit, interval | {"every": "12"})
    schedule.refresh_from_db()
    assert anchor is not None
    assert schedule.anchor == anchor - timedelta(days=7)
    client.post(address(engine, "schedule_switch", schedule.pk), {"enabled": "off"})
    assert "Switched off" in text(client.get(address(engine, "schedule_list")))
    client.post(address(engine, "schedule_remove", schedule.pk))
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": ""}, "at least one time"),
        ({"times": "24:00"}, "no time of the day"),
        ({"times": "noon"}, "no time of the day"),
        ({"unit": "weekly"}, "at least one day"),
        ({"unit": "minutes"}, "Enter how many"),
        ({"unit": "minutes", "every": "4"}, "at least 5 minutes"),
        ({"unit": "hours", "every": "169"}, "at most a week"),
    ],
)
def test_what_is_no_schedule_is_explained(
    engine: Engine, client: Client, change: dict[str, str], words: str
) -> None:
    response = client.post(address(engine, "schedule_add"), DAILY | change)
    assert response.status_code == 422
    assert words in text(response)
    assert not Schedule.objects.exists()


def test_what_cannot_be_started_is_not_offered(engine: Engine, client: Client) -> None:
    response = client.post(address(engine, "schedule_add"), DAILY | {"what": "reconcile"})
    assert response.status_code == 422
    assert not Schedule.objects.exists()


def test_a_blackout_is_added_changed_switched_and_deleted(engine: Engine, client: Client) -> None:
    assert client.post(address(engine, "blackout_add"), NIGHT).status_code == 302
    blackout = Blackout.objects.get()
    listed = text(client.get(address(engine, "schedule_list")))
    assert "Every Friday and Saturday from 22:00 to 06:00 the next day (UTC)" in listed
    edit = address(engine, "blackout_edit", blackout.pk)
    assert 'value="22:00"' in text(client.get(edit))
    always = NIGHT | {"days": [str(day) for day in range(7)], "ends": "22:00"}
    assert "leave no time" in text(client.post(edit, always))
    past = {"kind": "dated", "first_day": "2026-01-01", "last_day": "2026-01-02"}
    assert client.post(edit, NIGHT | past | {"note": "Stocktaking"}).status_code == 302
    listed = text(client.get(address(engine, "schedule_list")))
    assert "From Thu 1 Jan 2026, 22:00 to Fri 2 Jan 2026, 06:00 (UTC)" in listed
    assert "Stocktaking" in listed
    assert "Over" in listed
    client.post(address(engine, "blackout_switch", blackout.pk), {"enabled": "off"})
    assert not Blackout.objects.get().enabled
    client.post(address(engine, "blackout_remove", blackout.pk))
    assert not Blackout.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"days": []}, "at least one day"),
        ({"begins": ""}, "This field is required"),
        ({"kind": "dated"}, "Enter the day"),
        (
            {"kind": "dated", "first_day": "2026-02-02", "last_day": "2026-02-01"},
            "ends before it begins",
        ),
    ],
)
def test_what_is_no_blackout_is_explained(
    engine: Engine, client: Client, change: dict[str, Any], words: str
) -> None:
    response = client.post(address(engine, "blackout_add"), NIGHT | change)
    assert (response.status_code, words in text(response)) == (422, True)
    assert not Blackout.objects.exists()


def test_another_customers_schedules_are_not_there(engine: Engine, other: Engine) -> None:
    client = Client()
    mine = person(Role.ENGINEER, "mine@lanternfield.example", other.tenant.customer)
    client.force_login(mine)
    for name in ("schedule_list", "schedule_add", "blackout_add"):
        assert client.get(address(engine, name)).status_code == 404
    assert client.post(address(engine, "tenant_try_now")).status_code == 404
    client.force_login(person(Role.FINANCE))
    for name in ("schedule_list", "schedule_add"):
        assert client.get(address(engine, name)).status_code == 403
    assert client.post(address(engine, "tenant_try_now")).status_code == 403


def test_a_rest_is_told_where_people_look_and_ended_by_a_button(
    engine: Engine, client: Client
) -> None:
    rest(engine)
    for page in (reverse("customer_list"), address(engine, "tenant_detail")):
        told = text(client.get(page))
        assert "Switched off." in told
        assert "It failed 5 times" in told
        assert "Try now" in told
    assert client.get(address(engine, "tenant_try_now")).status_code == 405
    assert client.post(address(engine, "tenant_try_now")).status_code == 302
    assert Quarantine.objects.get().until is None
    assert "Try now" not in text(client.get(reverse("customer_list")))
    again = text(client.post(address(engine, "tenant_try_now"), follow=True))
    assert "does not rest any more" in again


def test_somebody_who_waits_for_another_attempt_shows_why_and_when(
    engine: Engine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply(TABLE)
    monkeypatch.setattr(retry, "_FIRST_DELAY", 240.0)
    engine.fault(kind="status", status=503, method="PATCH", times=1)
    job = engine.approve(engine.plan(edited(TABLE, 0, job_title="Chief")))
    assert slices.serve_next()
    assert Operation.objects.filter(job=job, state="pending").count() == 1
    page = text(client.get(reverse("job_detail", args=[job.pk])))
    assert "Tried again" in page
    assert "in 3 minutes" in page or "in 2 minutes" in page or "in 4 minutes" in page
    assert "after 1 attempt" in page
    assert "temporary failure; the portal tries again by itself" in page
