"""Workers race for one lane: `python -m tests.support.lane_race ROUNDS` prints what happened.

Threads race; with `processes` after the number two processes do, as two workers would. On SQLite
this needs a database in a file, which a test database is not: hence a process of its own.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import django

RACERS = 4
WORKERS = 2
SLUG = "racing"
_PATIENCE = 60


def race(rounds: int) -> Counter[str]:
    """Let RACERS threads claim the only lane at once, again and again: how many got it each time.

    Every second round the lane is still held by a dead worker whose time is over. The winner of a
    round must still hold the lane after all have tried, and one more claim must fail.
    """
    from django.db import connection

    from provisioning.models import Lane
    from provisioning.services import lanes

    seen: Counter[str] = Counter()
    barrier = Barrier(RACERS + 1)
    won: list[lanes.HeldLane] = []

    def worker() -> None:
        for _ in range(rounds):
            barrier.wait(30)
            if held := lanes.claim():
                won.append(held)
            barrier.wait(30)
        connection.close()

    threads = [Thread(target=worker) for _ in range(RACERS)]
    for thread in threads:
        thread.start()
    for number in range(rounds):
        won.clear()
        _free(Lane, number)
        barrier.wait(30)
        barrier.wait(30)
        seen[f"{len(won)} winners"] += 1
        seen["late claims"] += lanes.claim() is not None
        for held in won:
            held.confirm()
    for thread in threads:
        thread.join(30)
    return seen


def race_processes(rounds: int) -> Counter[str]:
    """As `race`, but the racers are processes with connections of their own."""
    from provisioning.models import Lane
    from provisioning.services import lanes

    context = get_context("spawn")
    start, end = context.Barrier(WORKERS + 1), context.Barrier(WORKERS + 1)
    won = context.Array("b", rounds * WORKERS)
    lost = context.Value("i", 0)
    racers = [
        context.Process(target=_racer, args=(place, rounds, start, end, won, lost))
        for place in range(WORKERS)
    ]
    for racer in racers:
        racer.start()
    seen: Counter[str] = Counter()
    for number in range(rounds):
        _free(Lane, number)
        start.wait(_PATIENCE)
        end.wait(_PATIENCE)
        seen["late claims"] += lanes.claim() is not None
        end.wait(_PATIENCE)
    for racer in racers:
        racer.join(_PATIENCE)
    for number in range(rounds):
        seen[f"{sum(won[number * WORKERS :][:WORKERS])} winners"] += 1
    seen["lost by the winner"] = lost.value
    return seen


def _racer(place: int, rounds: int, start: Any, end: Any, won: Any, lost: Any) -> None:
    """One worker: claims when all do; whoever won must still hold the lane after that."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from provisioning.services import lanes

    for number in range(rounds):
        start.wait(_PATIENCE)
        held = lanes.claim()
        won[number * WORKERS + place] = held is not None
        end.wait(_PATIENCE)
        try:
            if held is not None:
                held.confirm()
        except lanes.LaneLost:
            lost.value += 1
        end.wait(_PATIENCE)


def _free(lane: Any, number: int) -> None:
    """The lane is wanted; every second time a dead worker still seems to hold it."""
    from django.utils import timezone

    now = timezone.now()
    dead = {"holder": "dead", "quiet_at": now} if number % 2 else {"holder": ""}
    # The server may hold lanes of other tests: nobody races for those.
    lane.objects.exclude(tenant__slug=SLUG).update(wanted=False)
    lane.objects.filter(tenant__slug=SLUG).update(wanted=True, wake_at=now, **dead)


def run_race(rounds: int, *options: str, **environment: str) -> dict[str, int]:
    """Race in a process of its own, on the database that this environment names."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.lane_race", str(rounds), *options],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def main() -> None:
    """Race on the database of this process, made for it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    add_lane()
    run = race_processes if "processes" in sys.argv else race
    sys.stdout.write(json.dumps(run(int(sys.argv[1]))))


def add_lane() -> None:
    """A tenant with a lane."""
    from provisioning.services import lanes
    from tenants.models import Customer, Tenant

    customer = Customer.objects.create(name="Racing", slug=SLUG)
    lanes.want(Tenant.objects.create(customer=customer, name="Racing", slug=SLUG))


if __name__ == "__main__":
    main()
