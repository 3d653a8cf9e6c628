"""The embedded broker: Kombu's filesystem transport with files that appear whole.

Kombu creates a file before it writes it. A worker that looks in between reads an empty message, or
an empty table of queues, and ends with an unrecoverable error, and so does every worker after one
that was killed in the middle of writing. Here a file is written aside and renamed into place.
"""

import fcntl
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "embedded"


class Channel(filesystem.Channel):
    """A channel that renames messages and bindings into their folders."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(Path(self.data_folder_out) / name, dumps(payload))

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        self.control_folder.mkdir(exist_ok=True)
        file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        binding = [routing_key or "", pattern or "", queue or ""]
        with _alone(self.control_folder / "lock"):
            table = json.loads(file.read_text()) if file.exists() else []
            if binding not in table:
                _write_whole(file, json.dumps([binding, *table]))


class Transport(filesystem.Transport):
    """Filesystem transport with that channel."""

    Channel = Channel


def register() -> None:
    """Make `embedded://` known to Kombu."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:{Transport.__name__}"


def _write_whole(path: Path, text: str) -> None:
    # Readers take names whose part behind the first dot is the queue's: never this one.
    aside = path.with_name(f"{path.name}.{uuid.uuid4()}.partial")
    aside.write_text(text)
    aside.replace(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock among processes; closing the file frees it, and so does the holder's death."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
