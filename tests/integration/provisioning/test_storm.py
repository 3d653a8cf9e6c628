"""Thousands of operations while the service fails in every way it knows.

STORM_OPERATIONS operations (600 by default, 10,000 by `make storm`): creations, then changes,
disables and more creations, with the faults below at seeded rates; once with reads that lag behind
writes. Nobody twice, nobody missing, nothing sent before it may be, every call accounted for.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from billing.models import Call
from provisioning.models import Job, Operation
from provisioning.scim.messages import Answer, Attempt, Fate
from provisioning.scim.transport import HttpTransport
from provisioning.services import approval, slices
from tests.support.engine import Engine, edited, only, people

OPERATIONS = int(os.environ.get("STORM_OPERATIONS", "600"))
SEED = int(os.environ.get("STORM_SEED", "2026"))
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "retry_after": 0.25, "rate": 0.05},
    {"kind": "status", "status": 429, "rate": 0.05},
    {"kind": "status", "status": 500, "rate": 0.02},
    {"kind": "status", "status": 503, "rate": 0.02},
    {"kind": "status", "status": 504, "when": "before", "rate": 0.01},
    {"kind": "status", "status": 504, "when": "after", "rate": 0.03},
    {"kind": "reset", "when": "before", "rate": 0.01},
    {"kind": "reset", "when": "after", "rate": 0.01},
]
# A thread that had leave to send just before another was refused.
_ON_ITS_WAY = 0.1


@dataclass
class Wire:
    """What left and when, by the monotonic clock, as the transport saw it."""

    sent: list[tuple[float, float, Attempt, Answer]] = field(default_factory=list)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        send = HttpTransport.send

        def watched(transport: HttpTransport, attempt: Attempt, deadline: float) -> Answer:
            began = time.monotonic()
            answer = send(transport, attempt, deadline)
            self.sent.append((began, time.monotonic(), attempt, answer))
            return answer

        monkeypatch.setattr(HttpTransport, "send", watched)

    def refusals(self) -> list[tuple[float, float, Attempt]]:
        """When something was refused, until when nothing may leave, and what it was."""
        return [
            (ended, ended + float(answer.headers["retry-after"]), attempt)
            for _, ended, attempt, answer in self.sent
            if answer.status == 429 and "retry-after" in answer.headers
        ]

    def early(self) -> list[str]:
        """Whatever left before a Retry-After had passed: its own, or another's of the tenant."""
        found = []
        for refused_at, until, refused in self.refusals():
            for began, _, attempt, _ in self.sent:
                own = attempt.request.subject == refused.request.subject
                if refused_at + (0 if own else _ON_ITS_WAY) < began < until:
                    found.append(f"{attempt} left {until - began:.3f} s early, own: {own}")
        return found

    def lost(self) -> Counter[str]:
        """Ids of the attempts whose end nobody knows."""
        return Counter(
            str(attempt.id) for *_, attempt, answer in self.sent if answer.fate is Fate.UNCERTAIN
        )


def serve(engine: Engine, job: Job, seconds: float) -> Job:
    """Serve slices until the job is at its end, however long its lane sleeps in between."""
    until = time.monotonic() + seconds
    while engine.fresh(job).state in Job.IN_LANE:
        assert time.monotonic() < until, Counter(each.state for each in engine.operations(job))
        if not slices.serve_next():
            time.sleep(0.02)
    return engine.fresh(job)


def run(engine: Engine, table: Any) -> Job:
    job = engine.upload(table)
    if job.state == Job.State.STOPPED:
        approval.accept_loss(job=job, by=engine.engineer)
    job = serve(engine, job, 600)
    engine.approve(job, include_withheld=True)
    return serve(engine, job, 60 + OPERATIONS * 0.2)


@pytest.mark.parametrize("lag", [0.0, 5.0], ids=["reads at once", "reads lag"])
def test_a_storm_loses_nothing_and_doubles_nothing(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch, lag: float
) -> None:
    settings.SANDBOX_SPEED = 50.0
    settings.LOOKUP_DELAY_SECONDS = lag or 0.05
    engine.switch(read_lag_seconds=lag)
    wire = Wire()
    wire.watch(monkeypatch)
    for number, fault in enumerate(FAULTS):
        engine.fault(**fault, seed=SEED + number)

    everyone = people(OPERATIONS * 5 // 8)
    half = OPERATIONS // 2
    first = only(everyone, *range(half))
    jobs = [run(engine, first)]
    second = only(everyone, *range(OPERATIONS // 8, OPERATIONS * 5 // 8))
    for at in range(OPERATIONS // 4):
        second = edited(second, at, job_title=f"Chief {at}")
    jobs.append(run(engine, second))

    assert sum(job.total for job in jobs) == OPERATIONS
    assert sum(job.failed for job in jobs) == 0, failures(jobs)
    check_directory(engine, everyone, second)
    engine.check_calls()
    assert wire.early() == []
    lost = Call.objects.filter(tenant=engine.tenant, state__in=("uncertain", "found"))
    assert Counter(str(call.pk) for call in lost) == wire.lost()
    tell(engine, lost)


def failures(jobs: list[Job]) -> list[tuple[str, str, str]]:
    failed = Operation.objects.filter(job__in=jobs, state="failed")
    return [(each.key, each.message, each.detail) for each in failed]


def check_directory(engine: Engine, everyone: Any, staying: Any) -> None:
    users = engine.users()
    assert sorted(user["externalId"] for user in users) == sorted(everyone.keys())
    here = set(staying.keys())
    assert {user["externalId"] for user in users if user["active"]} == here
    titles = Counter(str(user.get("title")).startswith("Chief ") for user in users)
    assert titles[True] == OPERATIONS // 4


def tell(engine: Engine, lost: Any) -> None:
    states = engine.call_states()
    certain, unknown = states["answered"] + states["found"], states["uncertain"]
    print(f"{OPERATIONS} operations: certain {certain} <= sandbox {engine.requests()}", end="")
    print(f" <= {certain + unknown}; answers {engine.by_status()}; found {states['found']}")
    for call in lost.order_by("started_at"):
        print(f"  {call.state} {call.pk} {call.purpose} {call.started_at:%H:%M:%S.%f}")
