"""Worker, beat and sandbox killed, the database kept shut, the broker wiped, on SQLite and files.

CRASH_POINTS blows (six here by default, 200 by `make crash`) at moments drawn with CRASH_SEED.
"""

from pathlib import Path

from tests.support.crash import running, survive


def test_nothing_is_lost_and_nothing_twice_whatever_befalls_the_portal(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        print(f"\nSQLite, filesystem: {survive(run)}")
