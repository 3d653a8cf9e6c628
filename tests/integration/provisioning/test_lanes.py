"""The right to write to a tenant: one holder at a time, and never two."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from provisioning import selectors
from provisioning.models import Job, Lane
from provisioning.services import applying, inventory, lanes, planning, slices
from provisioning.services.lanes import LaneLost
from provisioning.services.people import MappedPeople
from tests.support import lane_race
from tests.support.engine import Engine, people

ROUNDS = 250
RACES = int(os.environ.get("LANE_RACES", "60"))


def lane(engine: Engine) -> Lane:
    return Lane.objects.get(tenant=engine.tenant)


def wanted(*engines: Engine) -> None:
    for engine in engines:
        lanes.want(engine.tenant)


def claimed() -> lanes.HeldLane:
    held = lanes.claim()
    assert held is not None
    return held


def test_of_many_workers_one_gets_the_lane(tmp_path: Path, on_postgresql: bool) -> None:
    if on_postgresql:
        lane_race.add_lane()
        seen: dict[str, int] = dict(lane_race.race(ROUNDS))
    else:
        seen = lane_race.run_race(ROUNDS, PORTAL_VAR=str(tmp_path))
    assert seen == {"1 winners": ROUNDS, "late claims": 0}


def test_of_two_processes_one_gets_the_lane(tmp_path: Path, on_postgresql: bool) -> None:
    """1,000 times by `make lanes`; on PostgreSQL see tests/services/test_lane_race.py."""
    if on_postgresql:
        pytest.skip("It needs a database of its own.")
    seen = lane_race.run_race(RACES, "processes", PORTAL_VAR=str(tmp_path))
    print(f"SQLite: {RACES} races of two processes: {seen}")
    assert seen == {"1 winners": RACES, "late claims": 0, "lost by the winner": 0}


def test_a_lane_nobody_wants_is_not_claimed(engine: Engine) -> None:
    assert lanes.claim() is None
    wanted(engine)
    lanes.release(claimed())
    assert lanes.claim() is None


def test_a_held_lane_is_not_claimed(engine: Engine) -> None:
    wanted(engine)
    claimed()
    wanted(engine)
    assert lanes.claim() is None


def test_a_dead_holders_lane_is_free_after_lease_and_request_time(
    engine: Engine, settings: Any
) -> None:
    settings.LANE_LEASE_SECONDS, settings.SCIM_REQUEST_SECONDS = 7.0, 3.0
    wanted(engine)
    before = timezone.now()
    claimed()
    after = timezone.now()
    quiet = lane(engine).quiet_at
    assert quiet is not None
    # A millisecond, because that is as fine as SQLite's clock is.
    grain = timedelta(milliseconds=1)
    assert before - grain <= quiet - timedelta(seconds=11) <= after + grain
    Lane.objects.update(quiet_at=timezone.now() + timedelta(seconds=0.15))
    assert lanes.claim() is None
    time.sleep(0.2)
    assert lanes.claim() is not None


def test_a_renewed_lease_lasts_longer(engine: Engine, settings: Any) -> None:
    wanted(engine)
    held = claimed()
    first = lane(engine).quiet_at
    settings.LANE_LEASE_SECONDS = 100.0
    deadline = held.renew()
    later = lane(engine).quiet_at
    assert first is not None
    assert later is not None
    assert later - first > timedelta(seconds=90)
    assert 99 < deadline - time.monotonic() <= 100


def test_a_lost_lane_can_neither_be_renewed_nor_confirmed_nor_released(engine: Engine) -> None:
    wanted(engine)
    old = claimed()
    engine.bury()
    new = claimed()
    for act in (old.renew, old.confirm):
        with pytest.raises(LaneLost):
            act()
    lanes.release(old)
    assert lane(engine).holder == new.holder
    new.confirm()


def test_a_lost_lane_writes_nothing(engine: Engine) -> None:
    table = people(3)
    job = engine.upload(table)
    old = claimed()
    engine.bury()
    new = claimed()
    directory = [{"id": "x", "userName": "x@brindlewick.example"}]
    for act in (
        lambda: applying.recover(old),
        lambda: planning._forget_earlier_try(job, old),
        lambda: planning._write_operations(
            job, MappedPeople(job, selectors.profile_of(job)), selectors.profile_of(job), old
        ),
        lambda: slices._end(job, old, Job.State.FAILED, ""),
        lambda: applying._skip_pending(job, old),
        lambda: applying._finish_or_wait(job, old),
        lambda: _note(engine, old, directory),
    ):
        with pytest.raises(LaneLost):
            act()
    job = engine.fresh(job)
    assert (job.state, job.operations.count(), job.snapshot is None) == ("planning", 0, False)
    lanes.release(new)
    assert engine.serve(job).planned_calls == 3


def _note(engine: Engine, held: lanes.HeldLane, page: list[dict[str, Any]]) -> None:
    """One page as `read_inventory` takes it."""

    class OnePage:
        def users(self, *_: object) -> Any:
            yield page

    inventory.read_inventory(engine.tenant, OnePage(), held, frozenset())  # type: ignore[arg-type]


def test_a_worker_that_lost_its_lane_does_not_undo_the_plan_of_the_next(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker stands still after the inventory until the second has planned."""
    job = engine.upload(people(3))
    read = planning.read_inventory

    def stands_still(*arguments: Any) -> None:
        read(*arguments)
        monkeypatch.setattr(planning, "read_inventory", read)
        engine.bury()
        assert slices.serve_next()

    monkeypatch.setattr(planning, "read_inventory", stands_still)
    assert slices.serve_next()
    job = engine.fresh(job)
    assert (job.state, job.operations.count()) == (Job.State.PLANNED, 3)


def test_a_wish_that_came_meanwhile_is_kept(engine: Engine) -> None:
    job = engine.plan(people(3))
    wanted(engine)
    held = claimed()
    engine.approve(job)
    lanes.release(held)
    assert lane(engine).wanted
    assert engine.serve(job).created == 3


def test_a_lane_is_not_wanted_any_more_when_no_job_is_left(engine: Engine) -> None:
    engine.apply(people(3))
    current = lane(engine)
    assert (current.wanted, current.holder, current.quiet_at) == (False, "", None)
    assert current.served_at is not None


def test_the_least_recently_served_lane_comes_first(engine: Engine, other: Engine) -> None:
    wanted(engine, other)
    first = claimed()
    assert first.tenant == engine.tenant
    lanes.release(first)
    wanted(engine)
    # Never served before served earlier.
    second = claimed()
    assert second.tenant == other.tenant
    lanes.release(second)
    wanted(engine, other)
    assert claimed().tenant == engine.tenant


def test_a_lane_sleeps_until_it_is_woken(engine: Engine) -> None:
    engine.upload(people(3))
    lanes.release(claimed(), wake_at=timezone.now() + timedelta(seconds=600))
    assert lane(engine).wanted
    assert lanes.claim() is None
    engine.hurry()
    lanes.release(claimed(), wake_at=timezone.now() + timedelta(seconds=600))
    assert lanes.claim() is None
    lanes.want(engine.tenant)
    assert lanes.claim() is not None


def test_nothing_is_wanted_by_a_transaction_that_is_rolled_back(engine: Engine) -> None:
    def attempt() -> None:
        with transaction.atomic():
            lanes.want(engine.tenant)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        attempt()
    assert lanes.claim() is None


def test_no_request_leaves_after_the_lease_ran_out(engine: Engine, settings: Any) -> None:
    job = engine.approve(engine.plan(people(12)))
    calls = engine.requests()
    settings.LANE_LEASE_SECONDS = 0.0
    assert slices.serve_next()
    assert engine.requests() == calls
    assert engine.call_states()["unsent"] == 12
    settings.LANE_LEASE_SECONDS = 5.0
    engine.hurry()
    job = engine.serve(job)
    assert (job.created, engine.purposes()["lookup"]) == (12, 0)
    assert {operation.attempts for operation in engine.operations(job)} == {1}
    engine.check(job, people(12))


def test_two_tenants_take_turns(engine: Engine, other: Engine, settings: Any) -> None:
    settings.LANE_SLICE_SECONDS, settings.SCIM_BATCH = 0.0, 3
    first = engine.approve(engine.plan(people(12)))
    second = other.approve(other.plan(people(12)))
    counts = []
    while Job.objects.filter(state=Job.State.APPLYING).exists():
        if slices.serve_next():
            counts.append((engine.fresh(first).created, other.fresh(second).created))
    assert all(abs(one - two) <= 3 for one, two in counts), counts
    assert counts[-1] == (12, 12)
