"""The same blows on PostgreSQL and Redis: connections cut by the server, FLUSHALL.

CRASH_POINTS blows (six here by default, 200 by `make crash`) at moments drawn with CRASH_SEED.
"""

import base64
from pathlib import Path

from tests.support import services
from tests.support.crash import running, survive


def test_nothing_is_lost_and_nothing_twice_whatever_befalls_the_portal(tmp_path: Path) -> None:
    services.require("PostgreSQL")
    services.require("Redis")
    # Servers of its own: what falls here is not to hit what the other tests share.
    with services.postgres() as postgres_url, services.redis() as redis_url:
        production = {
            "DATABASE_URL": postgres_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "for-tests-only-" * 4,
            "VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
        }
        with running(tmp_path, **production) as run:
            print(f"\nPostgreSQL, Redis: {survive(run)}")
