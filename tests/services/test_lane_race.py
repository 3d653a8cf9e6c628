"""Two workers race for one lane on PostgreSQL: never two holders (1,000 times by `make lanes`)."""

import base64
import os
from pathlib import Path

from tests.support.lane_race import run_race

RACES = int(os.environ.get("LANE_RACES", "60"))


def test_of_two_processes_one_gets_the_lane(postgres_url: str, tmp_path: Path) -> None:
    seen = run_race(
        RACES,
        "processes",
        DATABASE_URL=postgres_url,
        PORTAL_VAR=str(tmp_path),
        SECRET_KEY="for-tests-only-" * 4,
        VAULT_KEYS=f"k1:{base64.b64encode(bytes(32)).decode()}",
        SECURE="0",
    )
    print(f"PostgreSQL: {RACES} races of two processes: {seen}")
    assert seen == {"1 winners": RACES, "late claims": 0, "lost by the winner": 0}
