"""A worker killed in the middle of 1,200 creations, again and again.

CRASH_POINTS kills (three by default, 20 by `make crash`) at seeded counts of what the sandbox has
answered; after each the worker starts anew.
"""

import os
import random
import time
from pathlib import Path

from tests.support.portal import PROFILE, QUICK, Portal, open_portal, people

PEOPLE = 1200
KILLS = int(os.environ.get("CRASH_POINTS", "3"))
SEED = int(os.environ.get("CRASH_SEED", "2026"))


def moments(count: int) -> list[int]:
    """Counts of answered requests at which the worker dies, ascending, the first page included."""
    return sorted(random.Random(SEED).sample(range(1, PEOPLE), count))


def answered(portal: Portal) -> int:
    return int(portal.sandbox.usage()["total"])


def wait_for_answers(portal: Portal, count: int) -> None:
    until = time.monotonic() + 60
    while answered(portal) < count:
        assert time.monotonic() < until, portal.log("worker")
        time.sleep(0.002)


def test_every_person_exists_once_whenever_the_worker_dies(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, **QUICK)
    try:
        portal.seed(("crashing", "brindlewick.example", PROFILE))
        portal.start("worker", "beat")
        table = people(PEOPLE)
        plan = portal.sync("crashing", table)
        portal.python("tests.support.approve", str(plan["job"]))
        for moment in moments(KILLS):
            wait_for_answers(portal, moment)
            portal.kill("worker")
            portal.start("worker")
        portal.wait("SELECT state = 'finished' FROM provisioning_job", timeout=120)
        check(portal, set(table.keys()))
    finally:
        portal.close()


def check(portal: Portal, keys: set[str]) -> None:
    (entra_id,) = portal.rows("SELECT entra_id FROM tenants_tenant")[0]
    users = portal.sandbox.users(entra_id)
    assert sorted(user["externalId"] for user in users) == sorted(keys), "someone twice or missing"

    unsettled = portal.rows(
        "SELECT COUNT(*) FROM provisioning_operation WHERE state IN ('pending', 'sent', 'unknown')"
    )
    assert unsettled == [(0,)]
    report = portal.rows("SELECT total, created, failed, skipped FROM provisioning_job")
    assert report == [(PEOPLE, PEOPLE, 0, 0)]
    shadows = portal.rows("SELECT COUNT(*) FROM provisioning_directoryobject WHERE key <> ''")
    assert shadows == [(PEOPLE,)]

    calls = dict(portal.rows("SELECT state, COUNT(*) FROM billing_call GROUP BY state"))
    certain, uncertain = calls.get("answered", 0), calls.get("uncertain", 0)
    counted = portal.sandbox.usage(entra_id)["requests"]
    print(f"{KILLS} kills: certain {certain} <= sandbox {counted} <= {certain + uncertain}")
    assert certain <= counted <= certain + uncertain
    assert calls.get("open", 0) == 0
    assert uncertain > 0, "no kill hit a request on its way"
    rolled_up = portal.rows("SELECT SUM(calls) FROM billing_usage")
    assert rolled_up == [(certain + uncertain,)]
