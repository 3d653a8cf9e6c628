"""What adapting the number of threads brings: `python -m tests.bench.bench_threads`.

The real client against a server that takes 40 ms for a request and has so many hands; the others
queue. Prints changes per second and the median latency, as ratios to the fixed number of threads.
"""

import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from provisioning.domain.pacing import Quota
from provisioning.domain.threads import Threads
from provisioning.scim.bearer import Bearer
from provisioning.scim.client import ScimClient
from provisioning.scim.messages import Attempt, Purpose
from provisioning.scim.pacing import Pacer
from provisioning.scim.transport import HttpTransport
from provisioning.scim.users import change_user

MOST, BATCH, BATCHES, WORK = 16, 64, 25, 0.04
_SOMEBODY = "11111111-1111-1111-1111-111111111111"
_AMPLE = Quota(1_000_000, 1)


class _NoMeter:
    def opened(self, attempts: Any) -> None: ...

    def settled(self, exchanges: Any) -> None: ...


@contextmanager
def server(hands: int) -> Iterator[str]:
    """A service that works on `hands` requests at once."""
    gate = threading.BoundedSemaphore(hands)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PATCH(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with gate:
                time.sleep(WORK)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()


def measure(address: str, *, adapts: bool) -> tuple[float, float, int]:
    """Changes per second, median seconds of one, and the number of threads at the end."""
    bearer = Bearer(lambda _: "token")
    bearer.ensure()
    transport = HttpTransport(address, bearer, origins={address}, timeout=10, threads=MOST)
    pacer = Pacer(_AMPLE, _AMPLE)
    client = ScimClient(transport, _NoMeter(), bearer, threads=MOST, lease=lambda: 0.0, pacer=pacer)
    took: list[float] = []
    began = time.monotonic()
    for _ in range(BATCHES):
        if not adapts:
            client.threads = Threads(MOST, MOST)
        change = change_user(_SOMEBODY, {"title": "Chief"}, Purpose.UPDATE, "subject")
        batch = [Attempt(change) for _ in range(BATCH)]
        done = client.send_all(batch, time.monotonic() + 60)
        took += [each.answer.duration_ms / 1000 for each in done]
    seconds = time.monotonic() - began
    client.close()
    return len(took) / seconds, statistics.median(took), client.threads.number


def main() -> None:
    """Measure services with plenty of hands and with few."""
    for hands in (64, 3):
        with server(hands) as address:
            fixed, adapting = measure(address, adapts=False), measure(address, adapts=True)
        sys.stdout.write(
            f"{hands} hands: {adapting[0]:.0f}/s with {adapting[2]} threads at the end,"
            f" ratio {adapting[0] / fixed[0]:.2f} to {MOST} fixed ones;"
            f" a request takes {adapting[1] / fixed[1]:.2f} times as long\n"
        )


if __name__ == "__main__":
    main()
