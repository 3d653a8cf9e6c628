"""What is tested in one process on SQLite holds on PostgreSQL too."""

import base64
import os
import subprocess
import sys

from tests.support.sandbox import ROOT

FOLDERS = (
    "tests/integration/tenants",
    "tests/integration/billing",
    "tests/integration/provisioning",
    "tests/integration/sharing",
)


def test_the_integration_tests_pass_on_postgresql(postgres_url: str) -> None:
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
            *FOLDERS,
        ],
        cwd=ROOT,
        env=environment | production,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
