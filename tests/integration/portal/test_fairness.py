"""One large job and many small ones on two workers, with real processes.

`make fairness`: 50,000 operations beside 50 tenants of 20 each; the suite runs a sample of it, and
only looks whether everything comes to its end: how long it takes says something about the machine.
tests/integration/provisioning/test_fair_slices.py counts slices instead of seconds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.fairness import slugs
from tests.support.portal import PROFILE, QUICK, open_portal
from tests.support.sandbox import ROOT

OPERATIONS = int(os.environ.get("FAIRNESS_OPERATIONS", "300"))
TENANTS = int(os.environ.get("FAIRNESS_TENANTS", "3"))
SIZE = 20
FULL = OPERATIONS >= 50_000


def test_small_jobs_do_not_wait_for_a_large_one(tmp_path: Path) -> None:
    slice_seconds = os.environ.get("FAIRNESS_SLICE", "10" if FULL else "1")
    environment = {**QUICK, "LANE_SLICE_SECONDS": slice_seconds, "SANDBOX_SPEED": "1000"}
    if FULL:
        environment |= {"LANE_LEASE_SECONDS": "60", "SCIM_REQUEST_SECONDS": "30"}
    portal = open_portal(tmp_path, **environment)
    try:
        portal.seed(*((slug, "brindlewick.example", PROFILE) for slug in slugs(TENANTS)))
        portal.start("worker", "beat")
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.support.fairness",
                *map(str, (OPERATIONS, TENANTS, SIZE)),
            ],
            cwd=ROOT,
            env=portal.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr + portal.log("worker")
    finally:
        portal.close()
    figures = json.loads(done.stdout.splitlines()[-1])
    print(f"{OPERATIONS} beside {TENANTS} x {SIZE} on two workers: {figures}")
    assert figures["on_demand_created"] == 1
    if FULL:
        assert figures["large_left_then"] > 0, "the large job was over before the small ones"
        assert figures["ratio"] <= 3
        assert figures["workers_busy"] == 2
        assert figures["started_after_seconds"] <= figures["slice_seconds"]
