"""Workers race for one lane: `python -m tests.support.lane_race ROUNDS` prints what happened.

On SQLite this needs a database in a file, which a test database is not: hence a process.
"""

import json
import os
import sys
from collections import Counter
from threading import Barrier, Thread

import django

RACERS = 4


def race(rounds: int) -> Counter[str]:
    """Let RACERS threads claim the only lane at once, again and again: how many got it each time.

    Every second round the lane is still held by a dead worker whose time is over. The winner of a
    round must still hold the lane after all have tried, and one more claim must fail.
    """
    from django.db import connection
    from django.utils import timezone

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
        now = timezone.now()
        dead = {"holder": "dead", "quiet_at": now} if number % 2 else {"holder": ""}
        Lane.objects.update(wanted=True, wake_at=now, **dead)
        barrier.wait(30)
        barrier.wait(30)
        seen[f"{len(won)} winners"] += 1
        seen["late claims"] += lanes.claim() is not None
        for held in won:
            held.confirm()
    for thread in threads:
        thread.join(30)
    return seen


def main() -> None:
    """Race on the database of this process, made for it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    add_lane()
    sys.stdout.write(json.dumps(race(int(sys.argv[1]))))


def add_lane() -> None:
    """A tenant with a lane."""
    from provisioning.services import lanes
    from tenants.models import Customer, Tenant

    customer = Customer.objects.create(name="Racing", slug="racing")
    lanes.want(Tenant.objects.create(customer=customer, name="Racing", slug="racing"))


if __name__ == "__main__":
    main()
