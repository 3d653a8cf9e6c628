"""Wasted calls: each for one reason, never more than all of them, with what avoids them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.pricing import (
    EVERY_CALL,
    USUAL_RULE,
    Cost,
    Price,
    Tier,
    UsageLine,
    cost_of,
)
from billing.domain.waste import CallLine, Kind, Setting, Trouble, kind_of, wasted
from billing.domain.waste_words import ADVICE, CAUSES, TROUBLES

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
BOOK = [Price(Decimal("0.002"), "USD", USUAL_RULE, MARCH)]
LINE = CallLine(MARCH, "7", "update", 204, 10)
READ = replace(LINE, purpose="lookup", status=200, read=True)
IDLE = {"idle": "sync"}
TIERS = (Tier(100, Decimal("0.001")), Tier(1000, Decimal("0.0005")))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (LINE, None),  # a change that was wanted
        (READ, None),  # a read that led to one
        (replace(READ, useful=False), Kind.NO_OP_READ),
        (replace(LINE, useful=False), None),  # what a write did is not judged here
        (replace(READ, job="idle"), Kind.IDLE_JOB),
        (replace(READ, job="idle", useful=False), Kind.IDLE_JOB),
        (replace(LINE, job="idle"), None),  # it found nothing, but wrote: not idle then
        (replace(READ, status=404), None),  # that it is missing was what was asked
        (replace(READ, status=404, useful=False), Kind.MISSING),
        (replace(READ, status=404, job="idle", useful=False), Kind.MISSING),
        (replace(LINE, status=404), Kind.MISSING),
        (replace(LINE, status=503), None),  # nothing followed it
        (replace(LINE, status=503, again=True), Kind.RETRY),
        (replace(READ, status=404, again=True), Kind.RETRY),
        (replace(LINE, attribute="title"), Kind.FLAPPING),
        (replace(LINE, attribute="title", again=True, status=404), Kind.FLAPPING),
    ],
)
def test_a_call_is_wasted_for_the_first_reason_that_applies(line, kind):
    assert kind_of(line, IDLE) is kind


def test_findings_have_a_price_and_a_setting():
    lines = [
        replace(LINE, calls=1000),
        replace(LINE, attribute="title", calls=30),
        replace(LINE, attribute="title", calls=40, job="8"),
        replace(LINE, attribute="phoneNumbers", calls=5),
        replace(LINE, again=True, calls=9, status=503),
        replace(LINE, again=True, calls=2, status=0),
        replace(LINE, again=True, calls=3, status=429),
        replace(LINE, again=True, calls=1, status=401),
        replace(READ, again=True, calls=8),
        replace(LINE, status=404, calls=7),
        replace(READ, status=404, calls=6, useful=False),
        replace(READ, status=404, calls=3, useful=False, purpose="inventory"),
        replace(READ, job="9", purpose="inventory", calls=4),
        replace(READ, job="10", purpose="inventory", calls=1),
        replace(READ, purpose="verify", useful=False, calls=3),
        replace(READ, useful=False, calls=2),
        replace(READ, useful=False, calls=0),
    ]
    found = wasted(lines, {"9": "reconcile", "10": "sync"}, BOOK, "global")
    told = [
        (each.kind, each.what, each.cost.calls, each.cost.amounts["USD"], each.jobs, each.setting)
        for each in found
    ]
    assert told == [
        (Kind.FLAPPING, "title", 70, Decimal("0.140"), ("8", "7"), Setting.RULE),
        # Those answered 503 are free, and lookups of what became of them are not.
        (Kind.RETRY, "failed", 19, Decimal("0.016"), ("7",), Setting.BLACKOUT),
        (Kind.MISSING, "update", 7, Decimal("0.014"), ("7",), Setting.READ_ALL),
        (Kind.MISSING, "lookup", 6, Decimal("0.012"), ("7",), Setting.MATCHING),
        (Kind.FLAPPING, "phoneNumbers", 5, Decimal("0.010"), ("7",), Setting.RULE),
        (Kind.IDLE_JOB, "reconcile", 4, Decimal("0.008"), ("9",), Setting.CHECKS),
        (Kind.MISSING, "inventory", 3, Decimal("0.006"), ("7",), Setting.GROUPS),
        (Kind.NO_OP_READ, "verify", 3, Decimal("0.006"), ("7",), Setting.SAMPLE),
        (Kind.NO_OP_READ, "lookup", 2, Decimal("0.004"), ("7",), Setting.MATCHING),
        (Kind.IDLE_JOB, "sync", 1, Decimal("0.002"), ("10",), Setting.INTERVAL),
        (Kind.RETRY, "throttled", 3, Decimal(0), ("7",), Setting.PACE),
        (Kind.RETRY, "refused", 1, Decimal(0), ("7",), Setting.CREDENTIAL),
    ]


def test_everything_has_words():
    assert (set(CAUSES), set(ADVICE)) == (set(Kind), set(Setting))
    assert set(TROUBLES) == set(Trouble)


def test_useful_calls_count_for_the_tiers():
    early = replace(LINE, calls=100)
    late = replace(LINE, calls=10, again=True, at=MARCH + timedelta(hours=1))
    (found,) = wasted([late, early], {}, [replace(BOOK[0], tiers=TIERS)], "global")
    assert found.cost.amounts == {"USD": Decimal("0.010")}
    with pytest.raises(ValueError, match="no -1 calls"):
        wasted([replace(LINE, calls=-1)], {}, BOOK, "global")


lines = st.lists(
    st.builds(
        CallLine,
        st.integers(0, 90 * 24).map(lambda hour: MARCH + timedelta(hours=hour)),
        st.sampled_from(("1", "2", "idle")),
        st.sampled_from(("update", "lookup", "verify", "member_remove")),
        st.sampled_from((0, 200, 204, 404, 409, 429, 503)),
        st.integers(0, 5000),
        st.booleans(),
        st.booleans(),
        st.sampled_from(("", "", "title", "phoneNumbers")),
        st.booleans(),
    ),
    max_size=15,
)
books = st.sampled_from(
    (
        BOOK,
        [replace(BOOK[0], tiers=TIERS)],
        [replace(BOOK[0], rule=EVERY_CALL)],
        [
            BOOK[0],
            replace(BOOK[0], currency="EUR", effective_from=MARCH + timedelta(days=40)),
        ],
        [],
    )
)


@given(lines, books)
def test_findings_never_cost_more_than_the_whole(made, book):
    found = wasted(made, IDLE, book, "global")
    waste = sum((each.cost for each in found), Cost())
    whole = cost_of([UsageLine(line.at, line.status, line.calls) for line in made], book, "global")
    assert waste.calls <= whole.calls
    assert waste.billable <= whole.billable
    assert waste.uncertain <= whole.uncertain
    assert waste.unpriced <= whole.unpriced
    for currency, amount in waste.amounts.items():
        assert 0 <= amount <= whole.amounts[currency]


@given(lines, books)
def test_each_call_is_in_one_finding_at_most(made, book):
    found = wasted(made, IDLE, book, "global")
    assert len({(each.kind, each.what) for each in found}) == len(found)
    by_kind = {
        kind: sum(line.calls for line in made if kind_of(line, IDLE) is kind) for kind in Kind
    }
    for kind, calls in by_kind.items():
        assert calls == sum(each.cost.calls for each in found if each.kind is kind)
    assert all(each.cost.calls and each.setting and each.jobs for each in found)
    assert wasted(made[::-1], IDLE, book, "global") == found or any(price.tiers for price in book)


@given(lines, books)
def test_wanted_calls_are_no_waste(made, book):
    wanted = [
        replace(line, again=False, attribute="", useful=True, job="1", status=200) for line in made
    ]
    assert wasted(wanted, IDLE, book, "global") == []
