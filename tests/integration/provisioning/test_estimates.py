"""Predictions of random jobs: exact when nothing unforeseen happens, and else within the range.

ESTIMATE_JOBS jobs without and as many with faults (12 by default, 200 by `make estimates`). What
counts is every call of the job after its plan was there: what planning reads is known by then.
"""

import os
from collections import Counter
from itertools import islice
from statistics import mean, median
from typing import Any

import pytest

from tenants.domain.roles import Role
from tests.support.engine import first_price, person
from tests.support.estimated_jobs import Run, runs
from tests.support.sandbox import RunningSandbox

JOBS = int(os.environ.get("ESTIMATE_JOBS", "12"))
SEED = int(os.environ.get("ESTIMATE_SEED", "2026"))
# One in twenty, and of a few jobs two: a dozen says nothing more precise.
OUTSIDE = max(JOBS // 20, 2)


@pytest.fixture(autouse=True)
def _one_thread(settings: Any) -> None:
    """So that a seed is a seed: faults strike whatever request comes next."""
    settings.SCIM_THREADS = 1
    settings.SANDBOX_SPEED = 50.0


def _jobs(sandbox: RunningSandbox, *, faulty: bool) -> list[Run]:
    first_price()
    engineer = person(Role.ENGINEER)
    return list(islice(runs(sandbox, engineer, SEED, faulty=faulty), JOBS))


def test_nothing_unforeseen_happens_and_the_prediction_is_exact(
    sandbox: RunningSandbox, db: None
) -> None:
    found = _jobs(sandbox, faulty=False)
    _tell("without faults", found)
    assert [str(run) for run in found if not run.exact] == []


def test_with_faults_the_actual_lies_in_the_range(sandbox: RunningSandbox, db: None) -> None:
    found = _jobs(sandbox, faulty=True)
    _tell("with faults", found)
    outside = [str(run) for run in found if not run.inside]
    assert len(outside) <= OUTSIDE, outside
    assert all(run.why for run in found if not run.inside)
    # Else the range would be tested by nothing.
    assert sum(run.made != run.expected for run in found) > len(found) / 4


def _tell(what: str, found: list[Run]) -> None:
    inside, exact = sum(run.inside for run in found), sum(run.made == run.expected for run in found)
    print(f"\n{len(found)} jobs {what}: {inside} inside ({inside / len(found):.1%}), {exact} exact")
    print(f"  kinds: {dict(Counter(run.kind for run in found))}")
    calls = [run.expected for run in found]
    widths = [(run.most - run.least) / run.expected for run in found if run.expected]
    print(f"  calls: {sum(calls)} expected, {sum(run.made for run in found)} made", end="")
    print(f", {min(calls)} to {max(calls)} a job")
    print(f"  width of the range: {mean(widths):.0%} of what is expected, median", end="")
    print(f" {median(widths):.0%}; what was made came to", end="")
    used = [abs(run.made - run.expected) / run.expected for run in found if run.expected]
    print(f" {mean(used):.0%} beside it, at most {max(used):.0%}")
    for run in found:
        if not run.inside:
            print(f"  outside: {run}")
