"""Which call counts as found: never one more than made what is there, whatever happened."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.doubts import Attempt, maker
from billing.domain.pricing import EVERY_CALL, FOUND, UNCERTAIN, BillingRule, UsageLine, cost_of
from tests.unit.test_pricing import price

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


def attempt(number: int, status: int | None = None, hour: int = 0, job: str = "job:1") -> Attempt:
    at = NOON + timedelta(hours=hour)
    return Attempt(UUID(int=number), status is None, status, at, job)


def settled(number: int) -> Attempt:
    """On its way, or found before."""
    return Attempt(UUID(int=number), False, None, NOON, "job:1")


@pytest.mark.parametrize(
    ("attempts", "found"),
    [
        ([], None),
        ([attempt(1)], 1),
        ([attempt(2), attempt(1)], 1),  # one of them did; the same one, however they are asked for
        ([attempt(1), attempt(2, 409)], 1),
        ([attempt(1), attempt(2, 400), attempt(3, 429)], 1),
        ([attempt(1), attempt(2, 201)], None),
        ([attempt(1), attempt(2, 504)], None),  # the write may have come before the failure
        ([attempt(1), attempt(2, 500)], None),
        ([attempt(1), attempt(2, 408)], None),
        ([attempt(1), attempt(2, 302)], None),
        ([attempt(1), settled(2)], None),
        ([attempt(1), attempt(2, hour=1)], None),  # certain, but not in which hour
        ([attempt(1), attempt(2, job="job:2")], None),
        ([attempt(1), attempt(2, 409, hour=1, job="job:2")], 1),
        ([attempt(1, 409)], None),
    ],
)
def test_one_call_is_found_where_it_is_known_which(
    attempts: list[Attempt], found: int | None
) -> None:
    assert maker(attempts) == (None if found is None else UUID(int=found))


@dataclass(frozen=True)
class Truth:
    """What really became of a call: 0 never arrived, else the answer; whether it was seen."""

    status: int
    seen: bool
    hour: int
    job: int


truths = st.lists(
    st.builds(
        Truth,
        st.sampled_from((0, 201, 201, 409, 429, 500, 504)),
        st.sampled_from((False, False, True)),
        st.integers(0, 1),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=6,
)
MAKING = (201, 500, 504)
RULES = ("2xx+404", "all", "2xx+404+409", "2xx")


@settings(max_examples=400, deadline=None)
@given(truths, st.data())
def test_what_is_certain_is_never_more_than_what_was_charged(
    calls: list[Truth], data: st.DataObject
) -> None:
    """For every hour and job: of those that answered 201 or failed one has made what is there."""
    makers = [at for at, call in enumerate(calls) if call.status in MAKING]
    if not makers:
        return
    made = data.draw(st.sampled_from(makers))
    # Whoever comes second is refused; a failure after nothing was written stays one.
    calls = [
        Truth(409, call.seen, call.hour, call.job) if call.status == 201 and at != made else call
        for at, call in enumerate(calls)
    ]
    attempts = [
        attempt(
            at, call.status if call.seen and call.status else None, call.hour, f"job:{call.job}"
        )
        for at, call in enumerate(calls)
    ]
    chosen = maker(attempts)
    for place in {(each.hour, each.job) for each in attempts}:
        here = [at for at, each in enumerate(attempts) if (each.hour, each.job) == place]
        counted = [
            FOUND if attempts[at].id == chosen else attempts[at].status or UNCERTAIN for at in here
        ]
        arrived = [calls[at].status for at in here if calls[at].status]
        certain = sum(status != UNCERTAIN for status in counted)
        assert certain <= len(arrived) <= len(here)
        for text in RULES:
            check_bill(BillingRule(text), counted, arrived)
    assert chosen is None or attempts[chosen.int].uncertain


def check_bill(rule: BillingRule, counted: list[int], arrived: list[int]) -> None:
    book = [price("0.002", rule=rule)]
    cost = cost_of([UsageLine(NOON, status, 1) for status in counted], book, "global")
    charged = sum(rule.bills(status) for status in arrived)
    assert cost.billable - cost.found <= charged <= cost.billable + cost.uncertain
    if rule == EVERY_CALL:  # then nothing depends on the answer
        assert cost.billable <= charged


def test_finding_a_call_moves_one_count_and_its_price() -> None:
    book = [price("0.002", rule=BillingRule("2xx+404"))]
    lines = [UsageLine(NOON, UNCERTAIN, 3), UsageLine(NOON, 201, 5)]
    before = cost_of(lines, book, "global")
    moved = [UsageLine(NOON, UNCERTAIN, 2), UsageLine(NOON, FOUND, 1), lines[1]]
    after = cost_of(moved, book, "global")
    assert (before.calls, before.billable, before.uncertain, before.found) == (8, 5, 3, 0)
    assert (after.calls, after.billable, after.uncertain, after.found) == (8, 6, 2, 1)
    assert after.amounts["USD"] - before.amounts["USD"] == book[0].unit_price
    assert (after + after).found == 2
