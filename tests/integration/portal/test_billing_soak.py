"""The meter, the statements and the sandbox's own bill agree over thousands of calls.

Its cost exports, imported as Azure's would be, reconcile to nothing; after crashes to uncertain
calls.

`make soak-billing`: 200,000 calls, then 50,000 with cut connections and dying workers; the suite
drives a seeded sample of each.
"""

import json
import os
from pathlib import Path
from typing import Any

from tests.support.portal import PROFILE, open_portal

CALLS = int(os.environ.get("SOAK_CALLS", "1800"))
SEED = int(os.environ.get("SOAK_SEED", "2026"))
TENANTS = ("first", "second", "third")


def soak(folder: Path, calls: int, crashes: int) -> dict[str, Any]:
    # An answer that a busy machine gives late is no lost one here: cuts are what CRASHES brings.
    patience = {"SCIM_REQUEST_SECONDS": "300"}
    portal = open_portal(folder, SANDBOX_SPEED="100000", LOG_LEVEL="ERROR", **patience)
    try:
        portal.seed(*((slug, "brindlewick.example", PROFILE) for slug in TENANTS))
        out = portal.python(
            "tests.support.billing_soak",
            portal.sandbox.url,
            *map(str, (calls, SEED, crashes)),
            timeout=300 + calls / 20,
        )
    finally:
        portal.close()
    figures: dict[str, Any] = json.loads(out.splitlines()[-1])
    print(figures)
    return figures


def test_the_statement_is_the_bill(tmp_path: Path) -> None:
    found = soak(tmp_path, CALLS, 0)
    assert found["wrong"] == []
    assert found["uncertain"] == found["open"] == 0
    assert found["calls"] == found["requests"] >= CALLS
    assert found["billable"] == found["sandbox"]
    assert found["stated"] == found["priced"] == found["exported"]
    check_reconciled(found)
    assert found["explained"] == {}


def test_crashes_leave_a_difference_of_uncertain_calls_only(tmp_path: Path) -> None:
    found = soak(tmp_path, CALLS // 4, 1)
    assert found["wrong"] == []
    assert found["uncertain"] > 0
    assert found["billable"] <= found["sandbox"] <= found["billable"] + found["uncertain"]
    assert found["stated"] == found["priced"]
    check_reconciled(found)
    more = found["sandbox"] - found["billable"]
    assert found["explained"] == ({"uncertain": more} if more else {})


def check_reconciled(found: dict[str, Any]) -> None:
    """Each day of each tenant is in its imported export, and differs by uncertain calls at most."""
    assert found["reconciled_days"] == found["days"] > 0
    assert found["unlike"] == []
    assert found["unassigned"] == found["uncovered"] == 0
    assert found["states"] == ["reconciled"]
