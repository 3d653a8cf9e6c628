"""Real processes: a worker killed while its job is asked to pause, and while it is paused."""

import time
from pathlib import Path

from tests.support.portal import PROFILE, QUICK, Portal, open_portal, people

PEOPLE = 300
STATE = "SELECT state FROM provisioning_job"


def answered(portal: Portal) -> int:
    return int(portal.sandbox.usage()["total"])


def test_a_paused_job_survives_its_workers(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, **QUICK)
    try:
        portal.seed(("pausing", "brindlewick.example", PROFILE))
        portal.start("worker", "beat")
        table = people(PEOPLE)
        job = str(portal.sync("pausing", table)["job"])
        portal.python("tests.support.approve", job)
        until = time.monotonic() + 60
        while answered(portal) < 60:
            assert time.monotonic() < until, portal.log("worker")
            time.sleep(0.002)
        portal.kill("worker")
        # Asked for while a dead worker still holds the lane, with a batch on its way.
        portal.python("tests.support.pause", job)
        assert portal.rows(STATE) == [("applying",)]
        portal.start("worker")
        portal.wait("SELECT state = 'paused' FROM provisioning_job")
        portal.wait("SELECT holder = '' FROM provisioning_lane")
        sent = answered(portal)
        assert sent < PEOPLE
        portal.kill("worker")
        portal.start("worker")
        # A tick or two of the new worker: nothing is claimed, nothing sent.
        time.sleep(2)
        assert portal.rows("SELECT holder, wanted FROM provisioning_lane") == [("", 0)]
        assert (portal.rows(STATE), answered(portal)) == ([("paused",)], sent)
        portal.python("tests.support.pause", job, "resume")
        portal.wait("SELECT state = 'finished' FROM provisioning_job", timeout=120)
        check(portal, set(table.keys()))
    finally:
        portal.close()


def check(portal: Portal, keys: set[str]) -> None:
    (entra_id,) = portal.rows("SELECT entra_id FROM tenants_tenant")[0]
    users = portal.sandbox.users(entra_id)
    assert sorted(user["externalId"] for user in users) == sorted(keys), "someone twice or missing"
    report = portal.rows("SELECT total, created, failed, skipped FROM provisioning_job")
    assert report == [(PEOPLE, PEOPLE, 0, 0)]
    calls = dict(portal.rows("SELECT state, COUNT(*) FROM billing_call GROUP BY state"))
    certain, uncertain = calls.get("answered", 0) + calls.get("found", 0), calls.get("uncertain", 0)
    counted = portal.sandbox.usage(entra_id)["requests"]
    print(f"certain {certain} <= sandbox {counted} <= {certain + uncertain}")
    assert calls.get("open", 0) == 0
    assert certain <= counted <= certain + uncertain
