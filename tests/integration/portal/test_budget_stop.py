"""Two workers share one hard budget of the MSP: it is never overspent, and goes on when raised."""

from pathlib import Path

from tests.support.budget_stop import TENANTS, THREADS, stop
from tests.support.portal import QUICK, open_portal

SIZE, CALLS = 120, 200
ENVIRONMENT = {
    **QUICK,
    "SCIM_THREADS": str(THREADS),
    "SANDBOX_SPEED": "1000",
    "LANE_PROBE_SECONDS": "1",
    "BUDGET_BLOCK_CALLS": "40",
}


def test_a_hard_stop_is_never_overspent(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, **ENVIRONMENT)
    try:
        found = stop(portal, SIZE, CALLS)
    finally:
        portal.close()
    print(found)
    assert found["open"] == 0
    # Nothing was in flight any more, so there is no overshoot at all, and little is left over.
    assert found["limit"] - 3 <= found["stopped"] <= found["limit"]
    assert found["end"] == SIZE * len(TENANTS)
