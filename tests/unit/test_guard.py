"""The guard stops what looks like an accident, and nothing else."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.guard import SAMPLE, GuardLimits, SnapshotFacts, compare

COLUMNS = ("id", "name")


def facts(keys, columns=COLUMNS, people=None):
    return SnapshotFacts(len(keys) if people is None else people, columns, frozenset(keys))


def numbered(count, start=0):
    return {f"{number:05d}" for number in range(start, start + count)}


@pytest.mark.parametrize(
    ("before", "missing", "limits", "stops"),
    [
        (100, 0, GuardLimits(), False),
        (100, 10, GuardLimits(), False),  # exactly the share is still allowed
        (100, 11, GuardLimits(), True),
        (40, 4, GuardLimits(), False),  # the share, and below the minimum
        (40, 5, GuardLimits(), True),  # above the share, exactly the minimum
        (10, 4, GuardLimits(), False),  # 40 % of a small company: below the minimum
        (5, 5, GuardLimits(), True),  # everybody
        (100, 20, GuardLimits(share=0.25), False),  # a float is taken at its face value
        (10, 1, GuardLimits(share=0.1, minimum=1), False),  # 0.1 means one tenth exactly
        (1000, 1, GuardLimits(share=Decimal(0), minimum=1), True),  # nobody may go unseen
        (0, 0, GuardLimits(share=Decimal(0), minimum=0), False),  # nothing to lose
    ],
)
def test_losing_people_stops_above_the_share_and_the_minimum(before, missing, limits, stops):
    comparison = compare(facts(numbered(before)), facts(numbered(before - missing)), limits)
    assert comparison.stops is stops
    assert comparison.missing == missing
    assert bool(comparison.reasons) is stops


def test_replaced_people_are_missing_even_when_the_count_is_the_same():
    comparison = compare(facts(numbered(50)), facts(numbered(50, start=25)))
    assert (comparison.people_before, comparison.people_now) == (50, 50)
    assert comparison.missing == 25
    assert comparison.missing_share == Decimal("0.5")
    assert comparison.reasons == ("25 of 50 people (50 %) are missing; the limit is 10 %.",)


def test_held_people_whose_key_is_readable_are_present():
    now = SnapshotFacts(people=30, columns=COLUMNS, keys=numbered(50))
    assert not compare(facts(numbered(50)), now).stops


def test_without_keys_the_counts_decide():
    erased = SnapshotFacts(people=50, columns=COLUMNS, keys=None)
    fewer = compare(erased, facts(numbered(40, start=1000)))
    assert (fewer.missing, fewer.sample, fewer.stops) == (10, (), True)
    more = compare(erased, facts(numbered(60)))
    assert (more.missing, more.stops) == (0, False)


def test_the_sample_is_the_first_missing_keys_in_order():
    comparison = compare(facts(numbered(100)), facts(numbered(10)))
    assert comparison.sample == tuple(sorted(numbered(SAMPLE, start=10)))


@pytest.mark.parametrize(
    ("before", "now", "lost", "added"),
    [
        (("id", "name"), ("name", "id"), (), ()),  # order means nothing
        (("id", "name"), ("id", "name", "phone"), (), ("phone",)),  # more is harmless
        (("id", "name"), ("id",), ("name",), ()),
        (("id", "name"), ("id", "Name"), ("name",), ("Name",)),  # mappings name columns exactly
    ],
)
def test_a_lost_column_stops(before, now, lost, added):
    comparison = compare(facts({"1"}, before), facts({"1"}, now))
    assert (comparison.columns_lost, comparison.columns_added) == (lost, added)
    assert comparison.stops is bool(lost)


def test_every_reason_is_given():
    comparison = compare(facts(numbered(7), ("id", "a", "b")), facts((), ("id",)))
    assert comparison.reasons == (
        "7 of 7 people (100 %) are missing; the limit is 10 %.",
        "2 columns are missing: a, b.",
    )


def test_more_missing_keys_than_people_is_a_share_of_one():
    before = SnapshotFacts(people=6, columns=COLUMNS, keys=numbered(9))
    assert compare(before, facts(())).missing_share == 1


def test_the_comparison_is_json():
    comparison = compare(facts(numbered(3)), facts(numbered(2), ("id",)))
    assert json.loads(json.dumps(comparison.to_json())) == {
        "people_before": 3,
        "people_now": 2,
        "missing": 1,
        "missing_share": "0.3333",
        "sample": ["00002"],
        "columns_lost": ["name"],
        "columns_added": [],
        "reasons": ["The column is missing: name."],
        "stops": True,
    }


keys = st.frozensets(st.integers(0, 60).map(str))


@given(keys, keys, st.decimals(0, 1, places=2), st.integers(0, 20))
def test_it_stops_exactly_when_the_rule_says_so(before, now, share, minimum):
    comparison = compare(facts(before), facts(now), GuardLimits(share, minimum))
    missing = len(before - now)
    assert comparison.missing == missing
    assert comparison.stops is (missing >= minimum and missing > share * len(before))
    assert 0 <= comparison.missing_share <= 1
