"""How fast the sandbox is: small writes per second and times of lists, over real HTTP.

Run: `python -m tests.bench.bench_sandbox [writes] [users]`. The senders are processes of their own,
so on two cores they compete with the sandbox; its own processor time is printed beside the wall's.
"""

import json
import os
import socket
import statistics
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from tests.support.sandbox import RunningSandbox, start_sandbox

TENANT = "11111111-1111-1111-1111-111111111111"
SENDERS = 2
_TICKS = os.sysconf("SC_CLK_TCK")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _request(method: str, path: str, token: str, body: object = None) -> bytes:
    data = json.dumps(body).encode() if body is not None else b""
    head = (
        f"{method} /rp/scim{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/json\r\nContent-Type: application/scim+json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def _exchange(connection: socket.socket, request: bytes) -> tuple[int, bytes]:
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(1 << 20)
    return int(head[9:12]), body


def _person(number: int, sender: int) -> dict[str, object]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": f"person{number}.{sender}@bench.example",
        "externalId": f"{sender:02}{number:06}",
        "password": "Bench-9-password",
        "name": {"familyName": "Family", "givenName": "Given"},
        "displayName": f"Person {number}",
        "active": True,
        "title": "Tester",
        "emails": [{"type": "work", "primary": True, "value": f"p{number}@bench.example"}],
    }


def _create(port: int, token: str, sender: int, number: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for each in range(number):
            status, body = _exchange(
                connection, _request("POST", "/users", token, _person(each, sender))
            )
            if status != 201:
                raise SystemExit(f"{status}: {body.decode()}")


def _patch(port: int, token: str, ids: list[str]) -> None:
    urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for each in ids:
            operation = {"op": "replace", "path": "title", "value": each[:8]}
            body = {"schemas": [urn], "Operations": [operation]}
            status, answer = _exchange(connection, _request("PATCH", f"/users/{each}", token, body))
            if status != 204:
                raise SystemExit(f"{status}: {answer.decode()}")


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _timed(name: str, count: int, pid: int, target: object, arguments: list[tuple]) -> None:
    before, start = _processor(pid), time.perf_counter()
    senders = [get_context("fork").Process(target=target, args=each) for each in arguments]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    wall, used = time.perf_counter() - start, _processor(pid) - before
    _say(
        f"{name}: {count} in {wall:.2f} s = {count / wall:.0f}/s; sandbox's own processor time "
        f"{used:.2f} s = {count / used:.0f}/s on one core"
    )


def _lists(port: int, token: str, users: int) -> None:
    for name, query in (
        ("projection, 999 a page", "count=999&attributes=id,userName,externalId,active"),
        ("whole users, 100 a page", "count=100"),
    ):
        pages: list[float] = []
        cursor, found = "", 0
        with socket.create_connection(("127.0.0.1", port)) as connection:
            while True:
                start = time.perf_counter()
                _, body = _exchange(connection, _request("GET", f"/users?{query}{cursor}", token))
                pages.append(time.perf_counter() - start)
                page = json.loads(body)
                found += len(page["resources"])
                if "nextCursor" not in page:
                    break
                escaped = page["nextCursor"].replace("+", "%2B").replace("=", "%3D")
                cursor = f"&cursor={escaped}"
        assert found == users, (found, users)
        _say(
            f"list of {users} users, {name}: {len(pages)} pages, {sum(pages) * 1000:.0f} ms; "
            f"page median {statistics.median(pages) * 1000:.1f} ms, max {max(pages) * 1000:.1f} ms"
        )


def _control(running: RunningSandbox) -> None:
    for name, path in (
        ("control page, people", f"/page/tenants/{TENANT}/people?q=person"),
        ("cost export", f"/tenants/{TENANT}/costs.csv"),
    ):
        times: list[float] = []
        for _ in range(10):
            start = time.perf_counter()
            running.control.get(path).raise_for_status()
            times.append(time.perf_counter() - start)
        _say(f"{name}: median {statistics.median(times) * 1000:.1f} ms")


def main(writes: int = 4000, users: int = 10000) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        running = start_sandbox(Path(folder) / "state.jsonl")
        app = {"client_id": "bench", "client_secret": "bench-secret"}
        running.put_tenant(TENANT, domains=["bench.example"], applications=[app])
        token = running.token(TENANT, "bench", "bench-secret")
        pid, port, share = running.process.pid, running.port, writes // SENDERS
        people = [(port, token, each, share) for each in range(SENDERS)]
        _timed("creations", share * SENDERS, pid, _create, people)
        ids = [each["id"] for each in running.users(TENANT)]
        halves = [(port, token, ids[each::SENDERS]) for each in range(SENDERS)]
        _timed("patches", len(ids), pid, _patch, halves)
        running.seed(
            TENANT,
            users=[{**_person(each, 99), "id": None} for each in range(users - len(ids))],
        )
        _lists(port, token, users)
        _control(running)
        running.kill()
        start = time.perf_counter()
        again = start_sandbox(running.state, port=port)
        _say(f"restart with {users} users after kill -9: {time.perf_counter() - start:.2f} s")
        again.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
