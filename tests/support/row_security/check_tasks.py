"""Workers: each slice sees its customer only, and nothing stays behind for the next task."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.utils import timezone

from billing.models import Call
from provisioning.models import Job, Lane
from provisioning.services import lanes, slices
from provisioning.tasks import tick, work
from tenants.models import Tenant
from tenants.row_security import every_lane, everything, scope
from tests.support.row_security.world import World


def seen() -> set[int]:
    return set(Tenant.objects.values_list("customer_id", flat=True))


def in_session() -> tuple[str, str]:
    with connection.cursor() as cursor:
        names = ("portal.customers", "portal.lanes")
        cursor.execute("SELECT current_setting(%s, true), current_setting(%s, true)", names)
        customers, every = cursor.fetchone()
    return customers or "", every or ""


@pytest.fixture
def wanted(world: World) -> None:
    """Both customers' lanes have work."""
    with everything():
        Lane.objects.update(wanted=True, wake_at=timezone.now(), holder="", quiet_at=None)


def serving(monkeypatch: pytest.MonkeyPatch, inside: Callable[[Any], None]) -> None:
    """Look at what a slice sees in the place of its work."""
    monkeypatch.setattr(slices, "_serve", lambda held: inside(held))


@pytest.mark.usefixtures("wanted")
def test_each_slice_sees_its_customer_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def inside(held: Any) -> None:
        assert not connection.in_atomic_block
        found.append((held.tenant.customer_id, seen(), Lane.objects.count() > 1))

    serving(monkeypatch, inside)
    for _ in range(2):
        work()
        assert in_session() == ("", "")
        assert (seen(), Lane.objects.count()) == (set(), 0)
    own, other = world.customer, world.foreign
    # The lanes of all are seen, for whoever waits in another one.
    assert sorted(found, key=str) == sorted([(own, {own}, True), (other, {other}, True)], key=str)


@pytest.mark.usefixtures("wanted")
def test_a_task_that_fails_leaves_no_scope_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(held: Any) -> None:
        assert seen()
        raise RuntimeError("as asked")

    serving(monkeypatch, inside)
    with pytest.raises(RuntimeError):
        work()
    assert (in_session(), seen()) == (("", ""), set())


@pytest.mark.usefixtures("wanted")
def test_a_connection_that_is_lost_comes_back_with_the_scope(
    monkeypatch: pytest.MonkeyPatch, admin: psycopg.Connection[Any]
) -> None:
    found = []

    def inside(held: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            admin.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
        with pytest.raises(OperationalError):
            seen()
        connection.close()
        found.append((held.tenant.customer_id, seen()))

    serving(monkeypatch, inside)
    work()
    ((customer, visible),) = found
    assert visible == {customer}
    assert (in_session(), seen()) == (("", ""), set())


def test_a_scope_whose_connection_is_lost_ends_quietly(
    world: World, admin: psycopg.Connection[Any]
) -> None:
    with scope([world.customer]), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        admin.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
    assert seen() == set()


def test_a_worker_that_looks_for_a_lane_sees_nothing_else(world: World) -> None:
    with every_lane():
        assert Lane.objects.count() >= 2
        assert (Tenant.objects.count(), Job.objects.count(), Call.objects.count()) == (0, 0, 0)
    assert not lanes.claimable().exists()


def test_the_tick_is_about_everybody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    monkeypatch.setattr("provisioning.services.schedules.run_due", lambda _: found.append(seen()))
    tick()
    assert found[0] >= {world.customer, world.foreign}
    assert (in_session(), seen()) == (("", ""), set())


def test_every_task_says_whose_rows_it_sees() -> None:
    current_app.loader.import_default_modules()
    ours = {
        name: getattr(task.run, "row_security", None)
        for name, task in current_app.tasks.items()
        if task.run.__module__.partition(".")[0] in ("tenants", "billing", "provisioning")
    }
    silent = sorted(name for name, scope in ours.items() if scope is None)
    assert not silent, f"{silent}: put over_everything or over_lanes under shared_task(...)"
    assert ours["provisioning.work"] == "every_lane"
