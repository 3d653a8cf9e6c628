"""Starts `manage.py sandbox` as a process of its own and speaks to its control API.

Use the fixture `sandbox` (one per module), or `start_sandbox` where a test kills and restarts it.
"""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCOPE = "https://graph.microsoft.com/.default"
_START_SECONDS = 30.0


@dataclass
class RunningSandbox:
    """A sandbox process. `url` has no path: `url + "/rp/scim"` is the SCIM base."""

    url: str
    port: int
    state: Path
    process: subprocess.Popen[str]
    control: httpx.Client = field(repr=False)

    def stop(self) -> int:
        """SIGTERM, as an operator ends it; gives the exit status."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """SIGKILL: nothing can be tidied up."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        status = self.process.wait(timeout=10)
        self.control.close()
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def put_tenant(self, tenant_id: str, **config: Any) -> dict[str, Any]:
        """Create a directory or change the given parts of its configuration."""
        return self._json(self.control.put(f"/tenants/{tenant_id}", json=config))

    def delete_tenant(self, tenant_id: str) -> None:
        """Forget a directory, its people and its counts."""
        self.control.delete(f"/tenants/{tenant_id}").raise_for_status()

    def usage(self, tenant_id: str | None = None) -> dict[str, Any]:
        """The whole usage report, or one directory's part of it."""
        if tenant_id is None:
            return self._json(self.control.get("/usage"))
        report = self._json(self.control.get("/usage", params={"tenant": tenant_id}))
        return report["tenants"][tenant_id.lower()]

    def users(self, tenant_id: str) -> list[dict[str, Any]]:
        """Every stored user, with `password_set`."""
        return self._json(self.control.get(f"/tenants/{tenant_id}/users"))

    def groups(self, tenant_id: str) -> list[dict[str, Any]]:
        """Every stored group, with the ids of its `members`."""
        return self._json(self.control.get(f"/tenants/{tenant_id}/groups"))

    def seed(self, tenant_id: str, **people: list[dict[str, Any]]) -> dict[str, list[str]]:
        """Put `users` and `groups` into a directory unbilled; gives their ids."""
        return self._json(self.control.post(f"/tenants/{tenant_id}/seed", json=people))

    def fault(self, tenant_id: str, **fault: Any) -> None:
        """Queue a fault."""
        self.control.post(f"/tenants/{tenant_id}/faults", json=fault).raise_for_status()

    def clear_faults(self, tenant_id: str) -> None:
        """Drop every queued fault."""
        self.control.delete(f"/tenants/{tenant_id}/faults").raise_for_status()

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock."""
        self.control.post("/clock", json={"advance_seconds": seconds}).raise_for_status()

    def token(self, tenant_id: str, client_id: str, secret: str) -> str:
        """An access token by client credentials."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": SCOPE,
        }
        answer = self.control.post(f"{self.url}/{tenant_id}/oauth2/v2.0/token", data=form)
        return self._json(answer)["access_token"]

    def client(self, token: str) -> httpx.Client:
        """A bare HTTP client on the SCIM base; close it."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        return _client(f"{self.url}/rp/scim", headers)

    @staticmethod
    def _json(answer: httpx.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()


def _client(base: str, headers: dict[str, str]) -> httpx.Client:
    # Loading the certificates of the world takes longer than most tests; there is no TLS here.
    return httpx.Client(base_url=base, headers=headers, verify=False, trust_env=False)


def start_sandbox(state: Path, *, port: int | None = None, **options: str | bool) -> RunningSandbox:
    """Start a sandbox and wait until it is ready. Options: `static_token="t"`, `throttle=True`."""
    command = [sys.executable, str(ROOT / "manage.py"), "sandbox", "--port", str(port or 0)]
    command += ["--state", str(state), *_flags(options)]
    environment = {**os.environ, "PORTAL_VAR": str(state.parent / "portal-var")}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    line = _first_line(process)
    url = line.rsplit(" ", 1)[-1].strip().removesuffix("/rp/scim")
    control = _client(f"{url}/_sandbox", {})
    return RunningSandbox(url, int(url.rsplit(":", 1)[-1]), state, process, control)


def _flags(options: dict[str, str | bool]) -> list[str]:
    flags: list[str] = []
    for name, value in options.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            flags += [f"--{flag}", value]
    return flags


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
    line = process.stdout.readline() if readable else ""
    if line.startswith("Sandbox ready"):
        return line
    try:
        rest, _ = process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        rest, _ = process.communicate()
    raise RuntimeError(f"The sandbox did not start: {line}{rest}")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox for a module, with the static token `static`."""
    state = tmp_path_factory.mktemp("sandbox") / "state.jsonl"
    running = start_sandbox(state, static_token="static")
    yield running
    running.stop()
