"""Runs the parts of an embedded portal as children of one process, with prefixed logs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

_GRACE_SECONDS = 8.0
_COLOURS = {"sandbox": 35, "worker": 36, "beat": 34, "web": 32}


class PortTaken(Exception):
    """A port is in use; str() names it and the variable that changes it."""


class ChildDied(Exception):
    """A part ended by itself; str() names it."""


def require_free(port: int, variable: str) -> None:
    """Raise PortTaken when something listens on this loopback port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(
                f"Port {port} is taken. Choose another with {variable}, e.g. {variable}={port + 1}."
            ) from error


@dataclass(slots=True)
class Supervisor:
    """Starts children and ends every one of them; use as a context manager."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    output: TextIO = sys.stdout
    _children: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _as_interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start a Python child; its lines are printed behind its name."""
        # A session of its own: Ctrl-C reaches the children through us, once, and in order.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, *arguments],
            cwd=self.directory,
            env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._children[name] = process
        threading.Thread(target=self._copy, args=(name, process), daemon=True).start()

    def say(self, text: str) -> None:
        """Print lines of our own, whole."""
        with self._lock:
            print(text, file=self.output, flush=True)

    def check(self) -> None:
        """Raise ChildDied when a part has ended."""
        for name, process in self._children.items():
            if process.poll() is not None:
                raise ChildDied(f"The {name} ended by itself (exit code {process.returncode}).")

    def watch(self) -> None:
        """Stay until interrupted, or until a part ends by itself."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """End every child: ask, wait, then insist. A second Ctrl-C must not leave some behind."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self._children.values()):
            _signal(process, signal.SIGTERM)
        until = time.monotonic() + _GRACE_SECONDS
        for process in self._children.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL, group=True)
                process.wait()
            _signal(process, signal.SIGKILL, group=True)
        self._children.clear()

    def _copy(self, name: str, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        for line in process.stdout:
            if line.strip():
                self.say(f"{self._prefix(name)} {line.rstrip()}")

    def _prefix(self, name: str) -> str:
        text = f"{name:>8} |"
        return f"\033[{_COLOURS.get(name, 37)}m{text}\033[0m" if self.output.isatty() else text


def _signal(process: subprocess.Popen[str], number: signal.Signals, *, group: bool = False) -> None:
    try:
        if group:
            os.killpg(process.pid, number)
        elif process.poll() is None:
            process.send_signal(number)
    except (ProcessLookupError, PermissionError):
        # It has ended in between; macOS answers EPERM for a group of zombies.
        return


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
