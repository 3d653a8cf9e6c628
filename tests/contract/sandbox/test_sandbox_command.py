"""`manage.py sandbox` as an operator meets it."""

import json
import shlex
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.sandbox import RunningSandbox, start_sandbox


def test_a_taken_port_is_one_line_that_names_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError) as error:
            start_sandbox(tmp_path / "state.jsonl", port=port)
    lines = str(error.value).strip().splitlines()
    assert len(lines) == 1
    assert f"Port {port} on 127.0.0.1 is taken" in lines[0]


def test_a_state_file_has_one_user(sandbox: RunningSandbox) -> None:
    with pytest.raises(RuntimeError, match="is in use by another sandbox"):
        start_sandbox(sandbox.state)


def test_sigterm_ends_it_at_once_with_open_connections_and_a_slow_answer(tmp_path: Path) -> None:
    running = start_sandbox(tmp_path / "state.jsonl", static_token="t")
    default = "00000000-0000-0000-0000-000000000000"
    with running.client("t") as idle, running.client("t") as busy:
        assert idle.get("/users").status_code == 200
        running.fault(default, kind="slow", delay=60)
        with pytest.raises(httpx.ReadTimeout):
            busy.get("/users", timeout=0.1)
        assert running.stop() == 0  # it is given 10 s, and the answer would take 60


def test_it_says_where_the_page_is_and_logs_no_request(tmp_path: Path) -> None:
    assert _said(start_sandbox(tmp_path / "state.jsonl")) == ["/_sandbox/ (this machine only)"]


def test_with_a_static_token_it_prints_a_command_that_works(tmp_path: Path) -> None:
    running = start_sandbox(tmp_path / "state.jsonl", static_token="it's")
    assert running.process.stdout
    _, _, command = (running.process.stdout.readline() for _ in range(3))
    assert command.startswith("  curl ")
    answer = subprocess.run(
        [*shlex.split(command), "--silent", "--noproxy", "*"], capture_output=True, check=True
    )
    assert json.loads(answer.stdout)["totalResults"] == 0
    assert _said(running) == []


def _said(running: RunningSandbox) -> list[str]:
    """What it prints after its first line, without the address."""
    running.control.get(f"{running.url}/rp/scim/users")
    running.process.terminate()
    assert running.process.stdout
    rest = running.process.stdout.read()  # what was read ahead with the first line included
    running.stop()
    return [line.partition(running.url)[2] for line in rest.splitlines()]


def test_throttling_can_be_on_for_all(tmp_path: Path) -> None:
    running = start_sandbox(tmp_path / "state.jsonl", static_token="t", throttle=True)
    with running.client("t") as scim:
        assert scim.get("/users").headers["x-ms-resource-unit"] == "2"
    running.stop()
