"""`manage.py demo` as a process of its own, with its own folder and free ports."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.sandbox import ROOT
from tests.support.services import free_port

# All migrations and five processes: half a minute alone, minutes beside other tests.
_START_SECONDS = 300.0
_STOP_SECONDS = 20.0


@dataclass
class DemoPortal:
    """A running demo: `url` of the portal, `password` of every sign-in."""

    folder: Path
    url: str
    sandbox_url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    @property
    def password(self) -> str:
        """The password that the demo made for its sign-ins."""
        return (self.folder / "var" / "demo_password").read_text().strip()

    @property
    def log(self) -> str:
        """What the demo has printed so far."""
        return (self.folder / "demo.log").read_text()

    def run(self, module: str, *arguments: str) -> Any:
        """Run one of our modules in this portal's environment; gives the JSON it printed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.log
        return json.loads(done.stdout)

    def stop(self) -> None:
        """End it with all its children."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_demo(folder: Path, *, empty: bool = False) -> DemoPortal:
    """Start a demo, or a portal without any data, and wait until it answers."""
    port, sandbox_port = free_port(), free_port()
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "PORTAL_PERSON")
    }
    environment = inherited | {
        "PORTAL_VAR": str(folder / "var"),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "PYTHONWARNINGS": "ignore",
    }
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *(["--empty"] if empty else [])],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    urls = (f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}")
    portal = DemoPortal(folder, *urls, environment, process)
    try:
        _wait(portal, "Begin at" if empty else "plans wait for approval")
    except BaseException:
        portal.stop()
        raise
    return portal


def _wait(portal: DemoPortal, words: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while words not in portal.log:
        assert portal.process.poll() is None, portal.log
        assert time.monotonic() < until, portal.log
        time.sleep(0.1)
