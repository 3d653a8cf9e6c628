"""The arithmetic of estimates: what is counted, how far the ends reach, what is said of them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.estimate import (
    Cause,
    Counts,
    Experience,
    Met,
    Refusals,
    Step,
    calls_in,
    estimate,
    in_words,
    most_failures,
    refusals_of,
    why_outside,
)

ASSUMED = (0.5, 20.0)
SEEN = Experience(calls=2000, throttled=30, unanswered=10, created=500, met=5)
CLEAN = Experience(calls=2000, created=500)


@pytest.mark.parametrize(
    ("steps", "calls"),
    [
        ([], 0),
        ([Step(1), Step(2)], 3),
        # A creation, and a call after it for a manager who is created as well.
        ([Step(1, creates="person:a", awaits=("person:b",)), Step(1, creates="person:b")], 3),
        # The manager is not created: nothing is left for the second call.
        ([Step(1, creates="person:a", awaits=("person:b",))], 1),
        # Members of a group that is not created are not added.
        ([Step(1, group="group:x")], 0),
        ([Step(1, creates="group:x"), Step(1, group="group:x"), Step(1, group="group:x")], 3),
        # A pack goes when one of its people comes.
        ([Step(0, awaits=("person:a", "person:b")), Step(1, creates="person:b")], 2),
        ([Step(0, awaits=("person:a", "person:b"))], 0),
    ],
)
def test_what_hangs_on_others_is_counted_with_them(steps: list[Step], calls: int) -> None:
    assert calls_in(steps) == calls


@pytest.mark.parametrize(
    ("names", "calls", "comes"),
    [
        (["a"], 0, True),
        (["A", "b"], 0, True),
        (["x"], 1, False),  # created, and looked up
        (["X", "b"], 2, True),
        (["x", "y", "b"], 4, True),
        (["x", "Y"], 3, False),
    ],
)
def test_names_that_are_taken_are_tried_in_their_order(
    names: list[str], calls: int, comes: bool
) -> None:
    refusals = refusals_of(names, {"x", "y"})
    assert refusals == Refusals(calls, comes)
    creation = Step(2, creates="person:a", awaits=("person:b",))
    assert refusals.of(creation).calls == (2 if comes else 1) + calls
    assert bool(refusals.of(creation).creates) is comes


@pytest.mark.parametrize(
    ("successes", "bad", "seen"), [(5, 0, 0), (60, 0, 0), (60, 2, 40), (400, 40, 2000), (30, 9, 90)]
)
def test_the_bound_holds_as_often_as_it_says(successes: int, bad: int, seen: int) -> None:
    chance = random.Random(successes)
    bound = most_failures(successes, bad, seen, ASSUMED)
    weight = min(1.0, 200 / seen) if seen else 0.0
    failing, working = 0.5 + bad * weight, 19.5 + (seen - bad) * weight
    below = at = 0
    for _ in range(4000):
        share, failures, done = chance.betavariate(failing, working), 0, 0
        while done < successes:
            if chance.random() < share:
                failures += 1
            else:
                done += 1
        at += failures <= bound
        below += failures < bound
    assert at / 4000 > 0.965
    # It is the smallest such number.
    assert bound == 0 or below / 4000 < 0.985


@given(st.integers(0, 12_000), st.integers(0, 300), st.integers(0, 1_700))
def test_more_calls_and_more_failures_never_make_it_smaller(
    calls: int, bad: int, good: int
) -> None:
    bound = most_failures(calls, bad, bad + good, ASSUMED)
    assert 0 <= bound <= most_failures(calls + 1, bad, bad + good, ASSUMED)
    assert bound <= most_failures(calls, bad + 1, bad + 1 + good, ASSUMED)


def test_what_was_met_makes_it_precise_and_never_certain() -> None:
    nothing, little, much = (most_failures(1605, 0, seen, ASSUMED) for seen in (0, 100, 2000))
    assert nothing > little > much > 0
    assert most_failures(1605, 0, 200, ASSUMED) == much, (
        "days differ, however many calls there were"
    )


def test_a_job_of_a_million_calls_is_in_proportion() -> None:
    one, many = (most_failures(n, 40, 2000, ASSUMED) for n in (10_000, 1_000_000))
    assert many == pytest.approx(100 * one, rel=0.001)


counts = st.builds(
    Counts,
    st.integers(1, 3000),
    creations=st.integers(0, 500),
    alternatives=st.integers(0, 500),
    unproven=st.integers(0, 50),
    followed=st.integers(0, 500),
    removals=st.integers(0, 100),
    groups=st.integers(0, 50),
    hanging=st.lists(st.integers(1, 9), max_size=9),
    groups_hanging=st.lists(st.integers(1, 9), max_size=9),
    beside=st.integers(0, 3),
    refused=st.integers(0, 20),
    forgone=st.integers(0, 20),
)
experiences = st.builds(
    Experience,
    calls=st.integers(900, 2000),
    throttled=st.integers(0, 300),
    unanswered=st.integers(0, 300),
    created=st.integers(200, 900),
    met=st.integers(0, 200),
)


@given(counts, experiences)
def test_the_reasons_add_up_to_the_ends(plan: Counts, seen: Experience) -> None:
    found = estimate(plan, seen)
    assert 0 <= found.least <= found.expected == plan.expected <= found.most
    assert found.most == found.expected + sum(each.more for each in found.reasons)
    assert found.least == max(found.expected - sum(each.fewer for each in found.reasons), 0)
    assert all(each.fewer or each.more for each in found.reasons)
    assert all(isinstance(each.more, int) and each.text.endswith(".") for each in found.reasons)


def causes(plan: Counts, seen: Experience = SEEN) -> dict[Cause, tuple[int, int]]:
    return {each.cause: (each.fewer, each.more) for each in estimate(plan, seen).reasons}


def test_each_reason_where_it_belongs() -> None:
    assert causes(Counts(0)) == {}
    assert [*causes(Counts(300))] == [Cause.RETRIES]
    assert [*causes(Counts(300, creations=200), SEEN)] == [
        Cause.RETRIES,
        Cause.MATCHES,
        Cause.LOOKUPS,
    ]
    assert causes(Counts(300, unproven=7))[Cause.MANAGERS] == (0, 14)
    assert causes(Counts(300, beside=2))[Cause.BESIDE] == (4, 0)
    assert causes(Counts(1, beside=2))[Cause.BESIDE] == (1, 0)
    assert causes(Counts(300, refused=3, forgone=2))[Cause.GONE] == (3, 2)


def test_what_hangs_on_a_creation_may_fall_away() -> None:
    plan = Counts(300, creations=100, followed=40, hanging=[1, 1, 9, 2])
    plain, other = causes(plan)[Cause.MATCHES], causes(Counts(300, creations=100))[Cause.MATCHES]
    refused = other[1]
    assert other == (0, refused)
    assert plain == (refused + sum(sorted([1, 1, 9, 2])[-refused:]), refused)
    assert causes(Counts(300, creations=100, alternatives=1))[Cause.MATCHES] == (0, 2 * refused)


def test_groups_nobody_knows_of_are_looked_for_and_their_members_left_out() -> None:
    fewer, more = causes(Counts(300, groups=40, groups_hanging=[1, 4, 2]))[Cause.GROUPS]
    lost = more // 6
    assert more == 6 * lost > 0
    assert fewer == sum([4, 2, 1][:lost])
    assert Cause.GROUPS not in causes(Counts(300, groups=1, groups_hanging=[4])), "too unlikely"


def test_retries_are_reckoned_over_what_comes_on_top_as_well() -> None:
    alone = causes(Counts(100))[Cause.RETRIES][1]
    assert causes(Counts(100, unproven=200))[Cause.RETRIES][1] > alone


@pytest.mark.parametrize(
    ("made", "met", "said"),
    [
        (10, Met(throttled=9), ""),
        (12, Met(), ""),
        (9, Met(failed=2, skipped=5), "Less was sent than planned: 5 were not needed any more, 2"),
        (9, Met(failed=2, cancelled=True), "The job was cancelled before all was sent."),
        (9, Met(), "Less was sent than planned."),
        (13, Met(2, 3, lookups=4, taken=1), "More was tried than the range allows for: 5 attempts"),
        (13, Met(), "More was tried than the range allows for."),
    ],
)
def test_why_a_job_is_outside(made: int, met: Met, said: str) -> None:
    why = why_outside(made, 10, 12, met)
    assert why.startswith(said)
    assert bool(why) == bool(said)


def test_a_range_in_words() -> None:
    assert in_words(1605, 1605, 1671) == "1,605 to 1,671, most likely 1,605"
    assert in_words(1605, 1605, 1605) == "1,605"
