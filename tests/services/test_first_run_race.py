"""Of all who fill in the first-run page at once, one becomes the administrator."""

import base64
from pathlib import Path

from tests.support.first_run_race import run_race

ROUNDS = 20
SECRETS = {
    "SECRET_KEY": "for-tests-only-" * 4,
    "VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
    "SECURE": "0",
}


def test_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/portal.sqlite3"
    assert run_race(ROUNDS, DATABASE_URL=url, **SECRETS) == {"1 won, 1 people": ROUNDS}


def test_on_postgresql(postgres_url: str) -> None:
    assert run_race(ROUNDS, DATABASE_URL=postgres_url, **SECRETS) == {"1 won, 1 people": ROUNDS}
