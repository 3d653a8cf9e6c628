"""`manage.py demo --once`, as `make demo-once` runs it, in a folder of its own."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from msp_portal.demo.generator import demo_customers
from msp_portal.demo.names import plain
from tests.support.sandbox import ROOT, start_sandbox
from tests.support.services import free_port


def demo(folder: Path, *options: str, port: int | None = None) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "PORT", "SANDBOX_PORT")
    }
    own = {"PORTAL_VAR": str(folder / "var"), "PYTHONWARNINGS": "ignore", "TICK_SECONDS": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *options, "--sandbox-port", str(port or free_port())],
        cwd=ROOT,
        env=environment | own,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def row(output: str, name: str) -> str:
    """A line of the table with single spaces."""
    line = next(line for line in output.splitlines() if line.startswith(name))
    return " ".join(line.split())


def test_the_demo_comes_out_as_it_must_and_the_second_run_costs_nothing(tmp_path: Path) -> None:
    first = demo(tmp_path, "--once")
    assert first.returncode == 0, first.stdout + first.stderr
    # tenant, people read, held, created, updated, disabled, failed, calls, billable, cost
    for line in (
        "brindlewick 1,200 0 1,200 0 0 0 1,201 1,201 USD 2.402",
        "auenquell 320 18 288 0 0 0 289 289 USD 0.578",
        "saule-noir 85 0 85 0 0 0 86 86 USD 0.172",
        "total 1,605 18 1,573 0 0 0 1,576 1,576 USD 3.152",
    ):
        assert row(first.stdout, line.split()[0]) == line

    again = demo(tmp_path, "--once")
    assert again.returncode == 0, again.stdout + again.stderr
    assert row(again.stdout, "total") == "total 1,605 18 0 0 0 0 0 0 0"


def test_a_taken_port_is_named_with_the_variable_that_changes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo(tmp_path, "--once", port=port)
    assert done.returncode != 0
    assert str(port) in done.stderr
    assert "SANDBOX_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_outcome_that_differs_fails(tmp_path: Path) -> None:
    """One of the people is in the directory already: one creation fewer than there must be."""
    customer = demo_customers()[2]
    (tmp_path / "var" / "sandbox").mkdir(parents=True)
    sandbox = start_sandbox(tmp_path / "var" / "sandbox" / "state.jsonl")
    sandbox.put_tenant(customer.tenant_id, name=customer.name, domains=[customer.domain])
    given, family = customer.table.rows[0].values[-2:-4:-1]
    name = f"{plain(given)}.{plain(family)}@{customer.domain}"
    sandbox.seed(customer.tenant_id, users=[{"userName": name, "displayName": "Was Here"}])
    sandbox.stop()

    done = demo(tmp_path, "--once")
    assert done.returncode != 0
    assert "saule-noir: created is 84, must be 85" in done.stderr
