"""What a person could do before grants had a scope is what they can do afterwards."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import services
from tests.support.sandbox import ROOT

AFTER = [
    ["all", "admin", "all"],
    ["bot", "engineer", "all"],
    ["one", "viewer", "listed", "a"],
    ["two", "engineer", "listed", "a", "b"],
    ["two", "finance", "listed", "b"],
]
BACK = [
    ["all", "admin", ""],
    ["bot", "engineer", ""],
    ["one", "auditor", "a"],
    ["one", "auditor", "c"],
    ["one", "viewer", "a"],
    ["two", "engineer", "a"],
    ["two", "engineer", "b"],
    ["two", "finance", "b"],
]


def migrated(url: str) -> object:
    production = {
        "DATABASE_URL": url,
        "SECRET_KEY": "for-tests-only-" * 4,
        "VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
        "SECURE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.old_grants"],
        cwd=ROOT,
        env=dict(os.environ) | production,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_on_sqlite(tmp_path: Path) -> None:
    assert migrated(f"sqlite:///{tmp_path}/old.sqlite3") == [AFTER, BACK]


@pytest.mark.xdist_group("postgresql migration")
def test_on_postgresql() -> None:
    services.require("PostgreSQL")
    # A server of its own: the shared one holds people of other tests.
    with services.postgres() as url:
        assert migrated(url) == [AFTER, BACK]
