"""How long a worker takes for 1,200 creations: `python -m tests.bench.bench_creations`.

A real worker, SQLite, the filesystem broker, and the sandbox without throttling. Prints seconds
from approval to the job's end, and the ratio to the same POSTs sent by a bare client with threads.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.support.portal import PROFILE, Portal, open_portal, people

PEOPLE = 1200
THREADS = 16


def portal_seconds(portal: Portal) -> float:
    """From approval to the end of the job."""
    plan = portal.sync("bench", people(PEOPLE))
    portal.python("tests.support.approve", str(plan["job"]))
    portal.wait("SELECT state = 'finished' FROM provisioning_job")
    query = "SELECT approved_at, ended_at FROM provisioning_job"
    approved, ended = portal.rows(query)[0]
    moments = [
        time.mktime(time.strptime(text[:19], "%Y-%m-%d %H:%M:%S")) for text in (approved, ended)
    ]
    return max(moments[1] - moments[0], 1.0)


def bare_seconds(portal: Portal) -> float:
    """The same number of creations with no journal, no lane and no database."""
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "password": "A-long-Passw0rd-for-benches",
        "active": True,
        "displayName": "Some One",
        "name": {"givenName": "Some", "familyName": "One"},
    }
    headers = {"Authorization": "Bearer bench", "Accept": "application/json"}
    address = f"{portal.sandbox.url}/rp/scim/users"
    with httpx.Client(headers=headers) as client, ThreadPoolExecutor(THREADS) as pool:
        began = time.monotonic()
        for response in pool.map(
            lambda n: client.post(address, json=body | {"userName": f"u{n}@sandbox.example"}),
            range(PEOPLE),
        ):
            response.raise_for_status()
        return time.monotonic() - began


def main() -> None:
    """Measure both and print them."""
    with tempfile.TemporaryDirectory() as folder:
        portal = open_portal(Path(folder), static_token="bench")
        try:
            portal.seed(("bench", "brindlewick.example", PROFILE))
            portal.start("worker", "beat")
            ours, bare = portal_seconds(portal), bare_seconds(portal)
        finally:
            portal.close()
    ratio = f"ratio {ours / bare:.1f}"
    print(f"{PEOPLE} creations: {ours:.0f} s by the worker, {bare:.1f} s bare, {ratio}")


if __name__ == "__main__":
    main()
