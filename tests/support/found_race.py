"""Several settle calls at once, and all find the same ones (`-m tests.support.found_race ROUNDS`).

On the database of the environment, which is migrated first; prints what was found and counted. On
SQLite this needs a database in a file, which a test database is not: hence a process of its own.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import django

RACERS = 4
PEOPLE = 5
_START = datetime(2026, 5, 31, 22, 59, tzinfo=UTC)
_JOB = "job:1"


def race(rounds: int) -> dict[str, int]:
    """In each round every person's creation was sent twice without an answer: one is found.

    Each racer settles lookups of its own, some uncertain, in the order of its own.
    """
    from django.db import connection

    from billing.services import settle_calls

    tenant, failed = _tenant(), Counter[str]()
    for number in range(rounds):
        subjects = [f"{number}-{at}" for at in range(PEOPLE)]
        _send_twice(tenant, subjects)
        own = [_open(tenant, "lookup", "GET", subjects) for _ in range(RACERS)]
        start = Barrier(RACERS)

        def settle(
            at: int,
            own: list[list[UUID]] = own,
            subjects: list[str] = subjects,
            start: Barrier = start,
        ) -> None:
            turned = [*subjects[at:], *subjects[:at]]
            connection.ensure_connection()
            start.wait(30)
            try:
                settle_calls(tenant, _answers(own[at]), _made(turned))
            except Exception as error:  # noqa: BLE001
                failed[f"{type(error).__name__}: {error}"] += 1
            finally:
                connection.close()

        threads = [Thread(target=settle, args=(at,)) for at in range(RACERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {**_seen(tenant), **failed}


def run_race(rounds: int, **environment: str) -> dict[str, int]:
    """The race in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.found_race", str(rounds)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _tenant() -> Any:
    from tenants.models import Customer, Tenant

    slug = f"found-{uuid4().hex[:8]}"
    customer = Customer.objects.create(name="Found", slug=slug)
    return Tenant.objects.create(customer=customer, name="Found", slug=slug, entra_id=uuid4())


def _open(
    tenant: Any, purpose: str, method: str, subjects: list[str], at: datetime = _START
) -> list[UUID]:
    from billing.services import NewCall, open_calls

    calls = [NewCall(uuid4(), _JOB, purpose, method, "/users", each, at) for each in subjects]
    open_calls(tenant, calls)
    return [call.id for call in calls]


def _send_twice(tenant: Any, subjects: list[str]) -> None:
    from billing.services import abandon_open_calls

    for at, subject in enumerate(subjects):
        hour = _START + timedelta(hours=at % 3)
        _open(tenant, "create", "POST", [subject, subject], hour)
    abandon_open_calls(tenant)


def _answers(calls: list[UUID]) -> list[Any]:
    """Every second one uncertain, over a day's end."""
    from billing.models import Call
    from billing.services import SettledCall

    ends = [(Call.State.ANSWERED, 200), (Call.State.UNCERTAIN, None)]
    return [
        SettledCall(call, *ends[at % 2], 5, _START + timedelta(hours=at))
        for at, call in enumerate(calls)
    ]


def _made(subjects: list[str]) -> list[Any]:
    from billing.services import Made

    return [Made(subject, "create", frozenset({_JOB})) for subject in subjects]


def _seen(tenant: Any) -> dict[str, int]:
    from django.db.models import Sum

    from billing.models import Call, DailyUsage, Usage

    created = {"tenant": tenant, "purpose": "create"}
    seen = Counter(Call.objects.filter(**created).values_list("state", flat=True))
    for rows in (Usage, DailyUsage):
        counts = rows.objects.filter(**created).values_list("status").annotate(Sum("calls"))
        seen |= {f"{rows.__name__} {status}": calls for status, calls in counts}
    lookups = Usage.objects.filter(tenant=tenant, purpose="lookup").aggregate(all=Sum("calls"))
    return {**seen, "lookups": lookups["all"]}


def main() -> None:
    """Race on the database of this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.core.management import call_command

    from tenants.row_security import everything

    call_command("migrate", verbosity=0)
    with everything():
        sys.stdout.write(json.dumps(race(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
