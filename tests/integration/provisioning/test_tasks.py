"""What workers are told, and what a lost or doubled message does."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from provisioning import tasks
from provisioning.adapters import doorbell
from provisioning.models import Job, Lane
from tests.support.engine import Engine, people


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the messages sent."""
    sent: list[str] = []

    def send(name: str, **options: Any) -> None:
        assert options == {"expires": 60, "retry": False}
        sent.append(name)

    monkeypatch.setattr(doorbell.current_app, "send_task", send)
    return sent


def test_an_upload_and_an_approval_ring(engine: Engine, rings: list[str]) -> None:
    job = engine.plan(people(3))
    assert rings == ["provisioning.work"]
    engine.approve(job)
    assert rings == ["provisioning.work"] * 2


def test_a_worker_rings_again_while_a_lane_waits(
    engine: Engine, other: Engine, rings: list[str]
) -> None:
    engine.upload(people(3))
    other.upload(people(3))
    rings.clear()
    tasks.work()
    assert len(rings) == 1
    tasks.work()
    assert len(rings) == 1
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.PLANNED}


def test_a_message_too_many_finds_nothing_to_do(engine: Engine, rings: list[str]) -> None:
    job = engine.plan(people(3))
    rings.clear()
    tasks.work()
    assert rings == []
    assert engine.fresh(job).state == Job.State.PLANNED


def test_a_lost_message_costs_a_tick(engine: Engine, rings: list[str]) -> None:
    engine.upload(people(3))
    rings.clear()
    tasks.tick()
    assert rings == ["provisioning.work"]


def test_a_tick_leaves_sleeping_and_held_lanes_alone(engine: Engine, rings: list[str]) -> None:
    engine.upload(people(3))
    rings.clear()
    later = timezone.now() + timedelta(minutes=1)
    Lane.objects.update(wake_at=later)
    tasks.tick()
    Lane.objects.update(wake_at=timezone.now(), holder="somebody", quiet_at=later)
    tasks.tick()
    assert rings == []


def test_a_broker_that_is_away_fails_nobody(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(doorbell.current_app, "send_task", away)
    job = engine.apply(people(3))
    assert job.created == 3
    assert "The broker is away" in caplog.text
