"""What is tested in one process on SQLite holds on PostgreSQL too.

What asks most of the database runs here each time; of the other files the suite runs a quarter,
another one each day, and `make postgresql` all of them.
"""

import base64
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from tests.support.sandbox import ROOT

FOLDERS = ("tenants", "billing", "provisioning", "sharing", "sign_in")
# Nothing in these depends on the database; the storm and the histories would double the suite's
# longest files, and the commands of operators start processes.
ELSEWHERE = {
    *("test_evaluate.py", "test_passwords.py", "test_token.py", "test_pacing.py"),
    *("test_profile_pages.py", "test_schedule_pages.py", "test_lifecycle_pages.py"),
    *("test_group_pages.py", "test_reconcile_pages.py", "test_redaction.py", "test_forms.py"),
    *("test_slow_patterns.py", "test_sync_command.py", "test_reconcile_command.py"),
    *("test_storm.py", "test_histories.py", "test_acting_for.py", "test_operator_commands.py"),
}
# Locks, triggers, constraints, counts that several write.
ALWAYS = {
    *("test_lanes.py", "test_database_failures.py", "test_apply.py", "test_approve.py"),
    *("test_constraints.py", "test_audit.py", "test_audit_tampering.py", "test_outbox.py"),
    *("test_people.py", "test_meter.py", "test_budgets.py", "test_statements.py"),
    *("test_months.py", "test_found_calls.py", "test_bills.py"),
}
EVERY = bool(os.environ.get("POSTGRESQL_ALL"))
_PARTS = 4
_TODAY = datetime.now(UTC).toordinal() % _PARTS
FOUND = sorted(
    str(path.relative_to(ROOT))
    for folder in FOLDERS
    for path in (ROOT / "tests/integration" / folder).glob("test_*.py")
    if path.name not in ELSEWHERE
)
FILES = [
    name
    for number, name in enumerate(FOUND)
    if EVERY or number % _PARTS == _TODAY or name.rpartition("/")[2] in ALWAYS
]
SHARES = 4  # each may run on a core of its own, with a server of its own


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(number, marks=pytest.mark.xdist_group(f"postgresql {number}"))
        for number in range(SHARES)
    ],
)
def test_the_integration_tests_pass_on_postgresql(postgres_url: str, share: int) -> None:
    production = {
        "DATABASE_URL": postgres_url,
        "SECRET_KEY": "for-tests-only-" * 4,
        "VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
        "SECURE": "0",
    }
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:xdist",
            "-p",
            "no:cacheprovider",
            *FILES[share::SHARES],
        ],
        cwd=ROOT,
        env=environment | production,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
