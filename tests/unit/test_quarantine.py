"""How long a tenant rests after how many failures, and what counts as the same failure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.quarantine import (
    QUICK,
    STEPS,
    Stage,
    Streak,
    common_reason,
    failed,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TAKEN = "The user name belongs to another account (object id {}); it was not touched."


def rests(stage: Stage, number: int) -> list[float]:
    """Hours of rest after each of so many failures."""
    streak, found = None, []
    for _ in range(number):
        streak = failed(streak, stage, "credential_refused", NOW)
        found.append(streak.rest.total_seconds() / 3600 if streak.rest else 0.0)
    return found


@pytest.mark.parametrize(
    ("stage", "hours"),
    [
        # Three probes a minute apart, then the steps; a day each time after the last.
        (Stage.CALL, [0, 0, 0, 1, 2, 6, 12, 24, 24, 24]),
        # A job that failed as a whole may happen once.
        (Stage.JOB, [0, 1, 2, 6, 12, 24, 24]),
        (Stage.PLAN, [0, 1, 2, 6, 12, 24, 24]),
    ],
)
def test_the_steps(stage: Stage, hours: list[float]) -> None:
    assert rests(stage, len(hours)) == hours


@given(st.lists(st.tuples(st.sampled_from(Stage), st.sampled_from("abc")), min_size=1))
def test_only_the_same_failure_in_a_row_counts(history: list[tuple[Stage, str]]) -> None:
    streak = None
    for place, (stage, kind) in enumerate(history):
        streak = failed(streak, stage, kind, NOW + place * timedelta(minutes=1))
    last, run = history[-1], 0
    for each in reversed(history):
        if each != last:
            break
        run += 1
    began = NOW + (len(history) - run) * timedelta(minutes=1)
    assert streak == Streak(*last, began, run)
    assert streak.step == max(0, run - QUICK[last[0]])
    assert (streak.rest in STEPS) == (streak.step > 0)


@pytest.mark.parametrize(
    ("messages", "total", "found"),
    [
        ([], 0, False),
        ([("refused", 4)], 4, False),  # too few to say anything about the tenant
        ([("refused", 5)], 10, True),
        ([("refused", 5)], 11, False),  # most came through
        ([("refused", 5), ("another", 5)], 20, False),
        # The same reason, told of different accounts.
        ([(TAKEN.format(f"id-{number}"), 1) for number in range(8)], 10, True),
        ([("mona.3@brindlewick.example is taken", 3), ("li@x.example is taken", 3)], 10, True),
    ],
)
def test_many_failures_for_one_reason(
    messages: list[tuple[str, int]], total: int, found: bool
) -> None:
    reason = common_reason(messages, total)
    assert (reason is not None) == found
    assert reason is None or reason in dict(messages)
