"""Faults on demand: what the caller sees, what was written, what was counted."""

import json
import time

import httpx
import pytest

from tests.contract.sandbox.helpers import Directory, user_body


def _stored(directory: Directory) -> int:
    return len(directory.sandbox.users(directory.tenant))


@pytest.mark.parametrize("status", [429, 500, 503, 504])
@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_status_comes_before_or_after_the_write(
    directory: Directory, status: int, when: str, stored: int
) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=status, when=when)
    answer = directory.scim.post("/users", json=user_body())
    assert (answer.status_code, answer.json()["status"]) == (status, str(status))
    assert "retry-after" not in answer.headers
    assert _stored(directory) == stored
    usage = directory.usage()
    assert (usage["by_status"], usage["billable"]) == ({str(status): 1}, 0)
    again = directory.scim.post("/users", json=user_body())
    assert again.status_code == (409 if stored else 201)


def test_retry_after_is_sent_as_given(directory: Directory) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=429, retry_after=1.5)
    assert directory.scim.get("/users").headers["retry-after"] == "1.5"


@pytest.mark.parametrize(
    ("when", "stored", "by_status", "billable"),
    [("before", 0, {"0": 1}, 0), ("after", 1, {"201": 1}, 1)],
)
def test_a_reset_cuts_the_connection(
    directory: Directory, when: str, stored: int, by_status: dict, billable: int
) -> None:
    directory.sandbox.fault(directory.tenant, kind="reset", when=when)
    with pytest.raises(httpx.ReadError):  # a reset, not an orderly close
        directory.scim.post("/users", json=user_body())
    assert _stored(directory) == stored
    usage = directory.usage()
    assert (usage["by_status"], usage["billable"]) == (by_status, billable)
    assert directory.scim.get("/users").status_code == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_answer_is_late_and_does_not_hold_up_others(directory: Directory, when: str) -> None:
    directory.sandbox.fault(directory.tenant, kind="slow", delay=0.5, when=when, method="POST")
    with pytest.raises(httpx.ReadTimeout):
        directory.scim.post("/users", json=user_body(), timeout=0.1)
    start = time.monotonic()
    assert directory.scim.get("/users").status_code == 200
    assert time.monotonic() - start < 0.3
    assert _stored(directory) == (when == "after")


def test_truncated_json_ends_in_the_middle_and_the_write_is_done(directory: Directory) -> None:
    directory.sandbox.fault(directory.tenant, kind="truncated")
    answer = directory.scim.post("/users", json=user_body())
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert _stored(directory) == 1


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_proxy_answers_html(directory: Directory, when: str, stored: int) -> None:
    directory.sandbox.fault(directory.tenant, kind="html", when=when)
    answer = directory.scim.post("/users", json=user_body())
    assert (answer.status_code, answer.headers["content-type"][:9]) == (502, "text/html")
    assert _stored(directory) == stored


def test_a_fault_waits_for_its_method_and_path_and_strikes_its_times(directory: Directory) -> None:
    directory.sandbox.fault(
        directory.tenant, kind="status", status=503, method="post", path="/Users", times=2
    )
    assert directory.scim.get("/users").status_code == 200
    assert directory.scim.post("/groups", json={}).status_code == 400
    answers = [directory.scim.post("/Users", json={}).status_code for _ in range(3)]
    assert answers == [503, 503, 400]


def test_faults_are_listed_and_cleared(directory: Directory) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=500, times=3)
    path = f"/tenants/{directory.tenant}/faults"
    (fault,) = directory.sandbox.control.get(path).json()["faults"]
    assert (fault["kind"], fault["status"], fault["times"]) == ("status", 500, 3)
    directory.sandbox.clear_faults(directory.tenant)
    assert directory.scim.get("/users").status_code == 200


def test_a_seeded_rate_strikes_the_same_requests_each_time(directory: Directory) -> None:
    runs = []
    for _ in range(2):
        directory.sandbox.fault(directory.tenant, kind="status", status=500, rate=0.3, seed=7)
        runs.append([directory.scim.get("/users").status_code for _ in range(60)])
        directory.sandbox.clear_faults(directory.tenant)
    assert runs[0] == runs[1]
    assert 8 <= runs[0].count(500) <= 30


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "fire"},
        {"kind": "status", "when": "now"},
        {"kind": "slow", "delay": "1"},
        {"kind": "slow", "x": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(directory: Directory, fault: dict) -> None:
    answer = directory.sandbox.control.post(f"/tenants/{directory.tenant}/faults", json=fault)
    assert answer.status_code == 400
