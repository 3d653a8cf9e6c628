"""The hard stop of one budget by two workers on PostgreSQL and Redis, as the application role."""

import base64
from pathlib import Path
from uuid import uuid4

from tests.integration.portal.test_budget_stop import CALLS, ENVIRONMENT, SIZE
from tests.support import services
from tests.support.budget_stop import TENANTS, stop
from tests.support.portal import open_portal


def test_a_hard_stop_is_never_overspent(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    roles = services.with_roles(postgres_url, f"budget{uuid4().hex[:12]}")
    production = {
        **roles.environment,
        "ADMIN_DATABASE_URL": roles.admin,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "for-tests-only-" * 4,
        "VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
    }
    portal = open_portal(tmp_path, **ENVIRONMENT, **production)
    try:
        found = stop(portal, SIZE, CALLS)
    finally:
        portal.close()
    print(found)
    assert found["open"] == 0
    assert found["limit"] - 3 <= found["stopped"] <= found["limit"]
    assert found["end"] == SIZE * len(TENANTS)
