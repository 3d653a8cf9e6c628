"""An append-only file of JSON lines that survives the death of the process at any moment.

One unbuffered write per line, no fsync: the kernel has the line when `append` returns, so a killed
process loses nothing; a machine that loses power may. A torn last line is dropped on reading.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msp_portal.sandbox.errors import StartError
from msp_portal.sandbox.http import dump


class Journal:
    """The journal of one sandbox process; the lock keeps a second process away."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise StartError(f"State file {path} is in use by another sandbox.") from error
        self._file = -1
        self._size = 0

    def replay(self) -> Iterator[Any]:
        """Every whole line; StartError when a line that is not the last cannot be read."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    return  # torn: the process died while it wrote, nobody was answered
                try:
                    yield json.loads(line)
                except ValueError as error:
                    message = f"State file {self._path} cannot be read: line {number} is damaged."
                    raise StartError(message) from error

    def compact(self, lines: Iterable[Any]) -> None:
        """Replace the file by `lines` in one step and open it for appending."""
        fresh = self._path.with_name(self._path.name + ".new")
        handle = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            for line in lines:
                file.write(dump(line) + b"\n")
        fresh.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._size = os.fstat(self._file).st_size

    def append(self, line: Any) -> None:
        """Hand one line to the kernel; OSError when it cannot take all of it (disk full)."""
        data = dump(line) + b"\n"
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self._size)  # half a line must not precede the next one
            raise OSError(f"State file {self._path}: only {written} of {len(data)} bytes written.")
        self._size += written

    def close(self) -> None:
        """Close the file and give up the lock."""
        if self._file >= 0:
            os.close(self._file)
        os.close(self._lock)
