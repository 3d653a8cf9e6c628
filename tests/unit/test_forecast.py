"""What a month will come to: kept, bounded, honest, and good on days it has not seen."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.forecast import cost_band, forecast
from billing.domain.forecast_model import fit, places
from billing.domain.periods import Month
from billing.domain.pricing import USUAL_RULE, NoPrice, Price, Tier
from tests.bench.bench_forecast import score
from tests.support.loads import SHAPES

NOVEMBER = Month(2026, 11)
FIRST = date(2026, 8, 3)  # a Monday


def day_after(first, number):
    return first + timedelta(days=number)


def business(day):
    return 20 if day.weekday() >= 5 else 200


def history(until, first=FIRST, **changes):
    days = [day_after(first, number) for number in range((until - first).days)]
    found = {day: business(day) for day in days}
    return found | {date.fromisoformat(day): calls for day, calls in changes.items()}


counts = st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 10**7))
histories = st.lists(counts, max_size=110)
offsets = st.integers(-40, 40)


def known(values, today):
    first = day_after(today, -len(values))
    return {day_after(first, number): calls for number, calls in enumerate(values)}


@given(histories, offsets, st.none() | counts)
@settings(max_examples=150, deadline=None)
def test_never_negative_and_never_less_than_what_happened(values, offset, begun):
    today = day_after(date(2026, 11, 15), offset)
    load = known(values, today) | ({} if begun is None else {today: begun})
    found = forecast(load, NOVEMBER, today)
    assert 0 <= found.so_far <= found.low <= found.expected <= found.high
    assert found.so_far == sum(calls for day, calls in load.items() if day.month == 11)
    assert [each.day for each in found.days] == NOVEMBER.days
    totals = [0]
    for each in found.days:
        assert each.calls >= (0 if each.day > today else load.get(each.day, 0))
        if each.known:
            assert each.calls == load.get(each.day, 0)
            assert each.low == each.total == each.high
        totals.append(totals[-1] + each.calls)
        assert each.low <= each.total <= each.high
    assert totals[1:] == [each.total for each in found.days]
    assert [each.known for each in found.days] == [day < today for day in NOVEMBER.days]
    assert (found.days[-1].low, found.days[-1].high) == (found.low, found.high)


@given(st.lists(counts, min_size=1, max_size=110), st.integers(0, 60))
def test_a_month_that_is_over_is_what_it_was(values, days):
    load = known(values, date(2026, 12, 1))
    found = forecast(load, NOVEMBER, day_after(date(2026, 12, 1), days))
    total = sum(calls for day, calls in load.items() if day.month == 11)
    assert found.so_far == found.low == found.expected == found.high == total
    assert all(each.known for each in found.days)


@given(histories, offsets, st.sampled_from((2, 4, 8, 1024)))
@settings(max_examples=100, deadline=None)
def test_so_many_times_the_calls_make_so_many_times_the_forecast(values, offset, times):
    today = day_after(date(2026, 11, 15), offset)
    load = known(values, today)
    small = forecast(load, NOVEMBER, today)
    large = forecast({day: calls * times for day, calls in load.items()}, NOVEMBER, today)
    for one, other in (
        (small.low, large.low),
        (small.expected, large.expected),
        (small.high, large.high),
    ):
        assert abs(one * times - other) <= times / 2 + 1


def test_a_pattern_without_noise_is_found_exactly():
    today = date(2026, 11, 10)
    found = forecast(history(today), NOVEMBER, today)
    assert found.expected == pytest.approx(sum(map(business, NOVEMBER.days)), rel=0.02)
    for each in found.days:
        assert each.calls == pytest.approx(business(each.day), rel=0.05, abs=3)
    assert (found.high - found.low) / found.expected < 0.15
    assert found.method == ("92 days of history: by weekday, the last weeks counting most.",)


def test_a_migration_is_counted_once():
    today = date(2026, 11, 10)
    plain = forecast(history(today), NOVEMBER, today)
    burst = history(today, **{"2026-11-05": 9000, "2026-11-06": 7000, "2026-11-07": 8000})
    found = forecast(burst, NOVEMBER, today)
    extra = found.so_far - plain.so_far
    assert extra > 23_000
    assert found.expected - extra == pytest.approx(plain.expected, rel=0.02)
    assert found.method[-1] == (
        "24,000 calls on 5 Nov to 7 Nov are taken for one-off work and not expected again."
    )
    on_monday = forecast(
        {day: calls for day, calls in burst.items() if day < date(2026, 11, 9)},
        NOVEMBER,
        date(2026, 11, 9),
    )
    assert "If that goes on" in on_monday.method[-1]  # nobody has worked since


def test_a_migration_at_weekends_makes_no_weekend():
    today = date(2026, 11, 10)
    quiet = {day: calls if day.weekday() < 5 else 0 for day, calls in history(today).items()}
    burst = quiet | {date(2026, 10, 17): 5000, date(2026, 10, 18): 5000}
    expected = forecast(quiet, NOVEMBER, today).expected
    assert forecast(burst, NOVEMBER, today).expected == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("today", "level"), [(date(2026, 11, 3), 1), (date(2026, 11, 17), 3)])
def test_what_goes_on_for_two_weeks_is_no_burst(today, level):
    load = {
        day: calls * (3 if day >= date(2026, 10, 26) else 1)
        for day, calls in history(today).items()
    }
    found = forecast(load, NOVEMBER, today)
    ahead = [business(day) for day in NOVEMBER.days if day >= today]
    assert found.expected - found.so_far == pytest.approx(level * sum(ahead), rel=0.05)
    if level == 3:
        assert found.method[0] == "Since 27 Oct another level: the days before are not used."
        assert len(found.method) == 1
        assert found.high - found.low < 0.5 * found.expected  # the step itself is no error
    else:
        assert (
            found.method[-1] == "If that goes on, the month will come to more than the band says."
        )


def test_what_returns_each_month_is_expected_again():
    today = date(2026, 11, 10)
    payroll = {f"2026-{month}-15": 3000 for month in ("08", "09", "10")}
    found = forecast(history(today, **payroll), NOVEMBER, today)
    plain = forecast(history(today), NOVEMBER, today)
    assert found.expected - plain.expected == pytest.approx(2800, rel=0.05)
    assert found.days[14].calls > 2800
    assert "More is expected on 15 Nov" in found.method[1]
    assert found.high - found.low > plain.high - plain.low  # a peak is less sure than a Tuesday
    once = forecast(history(today, **{"2026-10-15": 3000}), NOVEMBER, today)
    assert once.days[14].calls < 300


def test_once_is_no_habit_and_neither_is_one_that_has_ended():
    today = date(2026, 11, 10)
    young = history(today, date(2026, 10, 1), **{"2026-10-15": 3000})  # no other 15th was seen
    assert forecast(young, NOVEMBER, today).days[14].calls < 300
    later = date(2026, 12, 2)
    ended = history(later, **{"2026-09-01": 3000, "2026-10-01": 3000})
    january = forecast(ended, Month(2027, 1), later)
    assert january.days[0].calls < 300
    assert "6,000 calls on 1 Sep, 1 Oct are taken for one-off work" in january.method[-1]


def test_joiners_come_on_working_days():
    today = date(2026, 10, 29)
    joiners = {"2026-08-03": 3000, "2026-09-01": 3000, "2026-10-01": 3000}
    found = forecast(history(today, **joiners), NOVEMBER, today)
    assert found.days[0].calls < 300  # 1 November is a Sunday
    assert found.days[1].calls > 2500


def test_growth_goes_on_and_fades():
    today = date(2026, 11, 3)
    load = {
        day: round(calls * 1.04 ** (number / 7))
        for number, (day, calls) in enumerate(history(today).items())
    }
    found = forecast(load, NOVEMBER, today)
    truth = found.so_far + sum(
        business(day) * 1.04 ** ((day - FIRST).days / 7) for day in NOVEMBER.days[2:]
    )
    level = found.so_far + sum(
        business(day) * 1.04 ** ((today - FIRST).days / 7) for day in NOVEMBER.days[2:]
    )
    assert level < found.expected < truth * 1.01
    assert "Grows by about" in found.method[1]
    falling = forecast({day: 10_000 // calls for day, calls in load.items()}, NOVEMBER, today)
    assert falling.expected >= 0


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "1 day of history"), (3, "3 days of history"), (20, "20 days of history")],
)
def test_little_history_is_said_and_makes_a_wide_band(days, words):
    today = date(2026, 11, 12)
    found = forecast(history(today, day_after(today, -days)), NOVEMBER, today)
    assert found.history_days == days
    assert words in found.method[0]
    assert "wide assumption" in found.method[1]
    assert found.high - found.low > 0.5 * (found.expected - found.so_far)


def test_years_are_not_looked_at():
    today = date(2026, 11, 12)
    years = history(today, date(2023, 1, 2)) | {date(2023, 1, 1): 10**6}
    half = history(today, day_after(today, -184))
    found, recent = (forecast(load, NOVEMBER, today) for load in (years, half))
    assert found.history_days == 1411
    assert found.days == recent.days


def test_without_a_complete_day_nothing_is_made_up():
    today = date(2026, 11, 12)
    for load, so_far in (({}, 0), ({today: 7}, 7)):
        found = forecast(load, NOVEMBER, today)
        assert (found.low, found.expected, found.high) == (so_far,) * 3
        assert found.history_days == 0
        assert "No complete day" in found.method[0]


def test_a_day_that_has_begun_is_at_least_what_it_is():
    today = date(2026, 11, 10)
    quiet = forecast(history(today), NOVEMBER, today)
    busy = forecast(history(today) | {today: 5000}, NOVEMBER, today)
    half = forecast(history(today) | {today: 100}, NOVEMBER, today)
    assert busy.days[9].calls == 5000
    assert busy.expected - quiet.expected == pytest.approx(4800, rel=0.02)
    assert half.expected == quiet.expected
    assert half.so_far == quiet.so_far + 100


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="-1 calls"):
        forecast({date(2026, 11, 1): -1}, NOVEMBER, date(2026, 11, 2))
    with pytest.raises(ValueError, match="after today"):
        forecast({date(2026, 11, 3): 1}, NOVEMBER, date(2026, 11, 2))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("day", "error"), [(5, 18), (20, 8)])
def test_days_it_has_not_seen(name, day, error):
    """Loose: half as much again as the worst that the benchmark prints, on seeds of its own."""
    found = score(name, SHAPES[name], day, 16, first=500)
    assert found.error < error
    assert found.error < found.naive_error
    assert found.within >= 50
    assert found.width < 70


def test_places_of_a_month():
    found = places(date(2026, 11, 30))
    assert {name: at for name, (_, at) in found.items()} == {
        "working day from the end": 1,
        "day": 30,
        "day from the end": 1,
    }
    assert set(places(date(2026, 11, 13))) == {"working day", "day"}
    assert set(places(date(2026, 11, 16))) == {"day"}  # nobody says "the 11th working day"
    assert set(places(date(2026, 11, 1))) == {"day"}
    assert places(date(2026, 11, 2))["working day"] == ("working day", 1)
    assert fit(FIRST, [0.0] * 30).expected(date(2026, 11, 2)) == 0


def test_a_forecast_is_priced_day_by_day():
    today = date(2026, 11, 10)
    found = forecast(history(today), NOVEMBER, today)
    march, middle = (datetime(2026, month, 16, tzinfo=UTC) for month in (3, 11))
    cents = Decimal("0.002")
    flat = cost_band(found, [Price(cents, "USD", USUAL_RULE, march)], "global")
    assert flat.expected == {"USD": found.expected * cents}
    assert flat.low == {"USD": found.low * cents}
    assert flat.high == {"USD": found.high * cents}
    tiers = Price(cents, "USD", USUAL_RULE, march, tiers=(Tier(2000, Decimal("0.001")),))
    assert cost_band(found, [tiers], "global").high == {"USD": tiers.amount(found.high)}
    dearer = [
        Price(cents, "USD", USUAL_RULE, march),
        Price(Decimal("0.003"), "USD", USUAL_RULE, middle),
    ]
    early = found.days[14].total
    mixed = early * cents + (found.expected - early) * Decimal("0.003")
    assert cost_band(found, dearer, "global").expected == {"USD": mixed}
    with pytest.raises(NoPrice):
        cost_band(found, [], "global")
