"""Several settlements at once find one call of two, whatever their order; none waits for ever."""

import base64
from pathlib import Path

from tests.support.found_race import PEOPLE, RACERS, run_race

ROUNDS = 25
SECRETS = {
    "SECRET_KEY": "for-tests-only-" * 4,
    "VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
    "SECURE": "0",
}
ONE_EACH = {
    "found": ROUNDS * PEOPLE,
    "uncertain": ROUNDS * PEOPLE,
    "Usage 0": ROUNDS * PEOPLE,
    "Usage 1": ROUNDS * PEOPLE,
    "DailyUsage 0": ROUNDS * PEOPLE,
    "DailyUsage 1": ROUNDS * PEOPLE,
    "lookups": ROUNDS * RACERS * PEOPLE,
}


def test_on_sqlite(tmp_path: Path) -> None:
    assert run_race(ROUNDS, PORTAL_VAR=str(tmp_path)) == ONE_EACH


def test_on_postgresql(postgres_url: str) -> None:
    assert run_race(ROUNDS, DATABASE_URL=postgres_url, **SECRETS) == ONE_EACH
