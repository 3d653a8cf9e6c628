"""What calls cost: exact, by the price of their hour, rounded once."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import periods
from billing.domain.many_costs import costs_of_owners, costs_of_parts
from billing.domain.pricing import (
    EVERY_CALL,
    UNCERTAIN,
    USUAL_RULE,
    Cost,
    NoPrice,
    Price,
    PriceBook,
    Tier,
    UsageLine,
    cost_of,
    parse_rule,
    parse_tiers,
    price_at,
    priced_lines,
    quote,
    rounded,
    show,
)

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
USUAL, ALL = USUAL_RULE, EVERY_CALL
MICRO = timedelta(microseconds=1)


def price(amount="0.002", *, start=MARCH, end=None, cloud="", rule=USUAL, currency="USD"):
    return Price(Decimal(amount), currency, rule, start, end, cloud)


@pytest.mark.parametrize(
    ("status", "usual", "every"),
    [
        (UNCERTAIN, False, False),  # nobody knows whether it was answered
        (199, False, True),
        (200, True, True),
        (201, True, True),
        (204, True, True),
        (299, True, True),
        (300, False, True),
        (400, False, True),
        (401, False, True),
        (403, False, True),
        (404, True, True),  # a lookup that finds nothing costs as much as one that does
        (405, False, True),
        (409, False, True),
        (429, False, True),
        (500, False, True),
        (504, False, True),
    ],
)
def test_the_rule_says_which_answers_are_billed(status, usual, every):
    assert USUAL.bills(status) is usual
    assert ALL.bills(status) is every


@pytest.mark.parametrize(
    ("at", "cloud", "expected"),
    [
        (MARCH - MICRO, "global", None),  # before the first price
        (MARCH, "global", "1"),  # the first instant is included
        (SEPTEMBER - MICRO, "global", "1"),
        (SEPTEMBER, "global", "2"),  # the last one is not
        (SEPTEMBER + MICRO, "", "2"),
        (MARCH, "china", "1"),  # before the cloud's own price, the general one
        (SEPTEMBER, "china", "9"),  # then its own, though a general one began later
        (SEPTEMBER.astimezone(timezone(timedelta(hours=5))), "usgov", "2"),  # instants, not clocks
    ],
)
def test_the_price_in_force(at, cloud, expected):
    book = [
        price("2", start=SEPTEMBER),
        price("1", end=SEPTEMBER),
        price("9", start=SEPTEMBER - timedelta(days=9), cloud="china"),
    ]
    if expected is None:
        with pytest.raises(NoPrice, match="no price for global at 2026-02-28"):
            price_at(book, at, cloud)
    else:
        assert price_at(book, at, cloud).unit_price == Decimal(expected)


def test_a_later_price_replaces_one_that_has_no_end():
    book = [price("1"), price("2", start=SEPTEMBER)]
    assert price_at(book, SEPTEMBER, "global").unit_price == 2
    assert price_at(book, SEPTEMBER - MICRO, "global").unit_price == 1
    assert price_at(book[::-1], SEPTEMBER, "global").unit_price == 2


def test_a_price_that_ended_leaves_a_gap():
    with pytest.raises(NoPrice):
        price_at([price(end=SEPTEMBER)], SEPTEMBER, "global")
    with pytest.raises(NoPrice, match="for any cloud"):
        price_at([], SEPTEMBER, "")
    with pytest.raises(NoPrice):  # another cloud's price is nobody else's
        price_at([price(cloud="china")], SEPTEMBER, "global")


def test_each_hour_has_the_price_and_the_rule_of_its_own_time():
    book = [price(end=SEPTEMBER), price("0.003", start=SEPTEMBER, rule=ALL, currency="EUR")]
    lines = [
        UsageLine(SEPTEMBER - timedelta(hours=1), 201, 1200),
        UsageLine(SEPTEMBER - timedelta(hours=1), 400, 5),  # free under the rule of that hour
        UsageLine(SEPTEMBER, 429, 10),
        UsageLine(SEPTEMBER, UNCERTAIN, 3),
    ]
    cost = cost_of(lines, book, "global")
    assert (cost.calls, cost.billable, cost.uncertain) == (1218, 1210, 3)
    assert cost.amounts == {"USD": Decimal("2.400"), "EUR": Decimal("0.030")}


def test_nothing_costs_nothing_and_a_call_without_price_is_counted_apart():
    assert cost_of([], [], "global") == Cost()
    early = [UsageLine(MARCH - MICRO, status, 2) for status in (200, 400, 404, UNCERTAIN)]
    assert cost_of(early, [price()], "global") == Cost(8, 0, 2, {}, 4)


def test_a_quote_takes_every_call_for_a_success():
    assert quote(1200, [price()], MARCH, "global") == Cost(1200, 1200, 0, {"USD": Decimal("2.4")})
    assert quote(0, [price()], MARCH, "global").amounts == {"USD": Decimal(0)}


hours = st.integers(0, 400 * 24).map(lambda hour: MARCH + timedelta(hours=hour))
statuses = st.sampled_from((UNCERTAIN, 200, 201, 204, 400, 404, 429, 500, 504))
lines = st.lists(st.builds(UsageLine, hours, statuses, st.integers(0, 10**7)), max_size=12)
unit_prices = st.decimals(0, 10, places=9).map(str)
books = st.builds(
    lambda first, second, days, rule: [
        price(first),
        price(second, start=MARCH + timedelta(days=days), rule=rule, currency="EUR"),
    ],
    unit_prices,
    unit_prices,
    st.integers(0, 400),
    st.sampled_from((USUAL, ALL, parse_rule("2xx+409"))),
)


@given(lines, books, st.integers(0, 12))
def test_the_parts_add_up_to_the_whole(usage, book, at):
    whole = cost_of(usage, book, "global")
    parts = cost_of(usage[:at], book, "global") + cost_of(usage[at:], book, "global")
    assert parts == whole
    single = sum((cost_of([line], book, "global") for line in usage), Cost())
    assert single == whole
    assert cost_of(usage[::-1], book, "global") == whole


@given(lines, books)
def test_counts_and_amounts_agree(usage, book):
    cost = cost_of(usage, book, "global")
    assert cost.calls == sum(line.calls for line in usage)
    assert cost.uncertain == sum(line.calls for line in usage if line.status == UNCERTAIN)
    assert 0 <= cost.billable <= cost.calls - cost.uncertain
    assert sum(cost.amounts.values()) == sum(
        line.calls * price_at(book, line.hour, "global").unit_price
        for line in usage
        if price_at(book, line.hour, "global").rule.bills(line.status)
    )


@given(lines, unit_prices)
def test_uncertain_calls_are_counted_and_never_billed(usage, unit):
    uncertain = [UsageLine(line.hour, UNCERTAIN, line.calls) for line in usage]
    cost = cost_of(uncertain, [price(unit, rule=ALL)], "global")
    assert (cost.billable, sum(cost.amounts.values())) == (0, 0)
    assert cost.uncertain == cost.calls


@given(hours, st.lists(hours, min_size=1, unique=True))
def test_adjoining_prices_price_every_moment_once(at, starts):
    starts = sorted({MARCH, *starts})
    ends = [*starts[1:], None]
    book = [price(start=start, end=end) for start, end in zip(starts, ends, strict=True)]
    assert sum(entry.holds(at, "global") for entry in book) == 1
    assert price_at(book, at, "global").effective_from == max(s for s in starts if s <= at)


TIERED = Price(
    Decimal("0.002"),
    "USD",
    USUAL,
    MARCH,
    tiers=(Tier(1000, Decimal("0.0015")), Tier(5000, Decimal("0.001"))),
)


@pytest.mark.parametrize(
    ("calls", "before", "amount"),
    [
        (0, 0, "0"),
        (1000, 0, "2"),  # the last call at the first price
        (1001, 0, "2.0015"),
        (5001, 0, "8.001"),  # 1,000 at 0.002, 4,000 at 0.0015, one at 0.001
        (1, 999, "0.002"),
        (1, 1000, "0.0015"),
        (2, 4999, "0.0025"),
        (10, 90_000, "0.01"),
    ],
)
def test_a_tier_prices_the_calls_after_it(calls, before, amount):
    assert TIERED.amount(calls, before) == Decimal(amount)
    if calls == 1:
        assert TIERED.unit_at(before) == Decimal(amount)


steps = st.lists(
    st.builds(Tier, st.integers(1, 10**6), st.decimals(0, 10, places=9)),
    max_size=4,
    unique_by=lambda tier: tier.above,
).map(tuple)
counts = st.integers(0, 2 * 10**6)


@given(steps, counts, counts, counts)
def test_tiers_are_continuous_and_parts_add_up(tiers, before, first, second):
    tiered = Price(Decimal("0.002"), "USD", USUAL, MARCH, tiers=tiers)
    whole = tiered.amount(first + second, before)
    assert tiered.amount(first, before) + tiered.amount(second, before + first) == whole
    assert tiered.amount(1, before) == tiered.unit_at(before)
    assert whole >= 0


@given(lines, steps)
def test_months_begin_in_the_first_tier_and_their_lines_add_up(usage, tiers):
    book = [Price(Decimal("0.002"), "USD", USUAL, MARCH, tiers=tiers)]
    priced = priced_lines(usage, book, "global")
    assert sum((cost for _, cost in priced), Cost()) == cost_of(usage, book, "global")
    months = {periods.month_of(line.hour) for line in usage}
    by_month = [
        cost_of([line for line in usage if periods.month_of(line.hour) == month], book, "global")
        for month in months
    ]
    assert sum(by_month, Cost()) == cost_of(usage, book, "global")
    for month, cost in zip(months, by_month, strict=True):
        amount = book[0].amount(cost.billable)
        assert cost.amounts.get("USD", 0) == amount, month


@given(lines, st.integers(0, 12))
def test_what_came_before_in_the_month_counts_for_the_tier(usage, at):
    usage = sorted((line for line in usage), key=lambda line: (line.hour, line.status))
    early, late = usage[:at], usage[at:]
    before: dict = {}
    for line, cost in priced_lines(early, [TIERED], "global"):
        month = periods.month_of(line.hour)
        before[month] = before.get(month, 0) + cost.billable
    parts = cost_of(early, [TIERED], "global") + cost_of(late, [TIERED], "global", before)
    assert parts == cost_of(usage, [TIERED], "global")


@pytest.mark.parametrize(
    ("text", "billed", "free"),
    [
        ("2xx+404", (200, 404), (409, 500)),
        (" 2XX + 404 ", (200, 404), (409, 500)),
        ("all", (200, 409, 500), ()),
        ("2xx+4xx", (201, 404, 429), (500,)),
        ("200", (200,), (201, 404)),
        ("404+404", (404,), (200,)),
    ],
)
def test_a_rule_of_ones_own_agreement(text, billed, free):
    rule = parse_rule(text)
    assert all(map(rule.bills, billed))
    assert not any(map(rule.bills, (*free, UNCERTAIN)))
    assert parse_rule(str(rule)) == rule


@given(st.lists(st.from_regex(r"[1-5](xx|[0-9][0-9])", fullmatch=True), min_size=1, max_size=4))
def test_a_rule_as_ranges_is_the_rule(parts):
    for rule in (parse_rule("+".join(parts)), ALL):
        ranges = rule.ranges()
        within = {status for first, last in ranges for status in range(first, last + 1)}
        assert within == {status for status in range(1000) if rule.bills(status)}
        assert all(end + 1 < start for (_, end), (start, _) in pairwise(ranges))


@pytest.mark.parametrize("text", ["", "2", "2xx,404", "6xx", "99", "all+404", "2xx+", "1000"])
def test_what_is_no_rule(text):
    with pytest.raises(ValueError, match="2xx"):
        parse_rule(text)


def test_tiers_as_people_write_them():
    tiers = parse_tiers("100,000: 0.0015\n\n 1000000 : 0.001 ")
    assert tiers == (Tier(100_000, Decimal("0.0015")), Tier(1_000_000, Decimal("0.001")))
    assert parse_tiers("") == ()


@pytest.mark.parametrize(
    "text", ["1000", "x: 1", "1000: -1", "0: 1", "5: 1\n5: 2", "9: 1\n5: 2", "1: 1e9", "1: NaN"]
)
def test_what_are_no_tiers(text):
    with pytest.raises(ValueError, match=":"):
        parse_tiers(text)


def test_adding_costs_changes_neither_part():
    left, right = Cost(1, 1, 0, {"USD": Decimal(1)}), Cost(2, 1, 1, {"USD": Decimal(2)})
    assert left + right == Cost(3, 2, 1, {"USD": Decimal(3)})
    assert left.amounts == {"USD": Decimal(1)}
    assert right.amounts == {"USD": Decimal(2)}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "USD 0.00"),
        ("0.000000000", "USD 0.00"),  # as the database gives nothing
        ("0.002", "USD 0.002"),  # one call is never shown as nothing
        ("0.002000000", "USD 0.002"),
        ("0.000000001", "USD 0.000000001"),  # without an exponent
        ("0.5", "USD 0.50"),
        ("0.100", "USD 0.10"),
        ("0.999", "USD 0.999"),  # never more than it is
        ("1", "USD 1.00"),
        ("1.004", "USD 1.00"),
        ("1.005", "USD 1.01"),  # half-up, where binary floats and bankers say 1.00
        ("1.015", "USD 1.02"),
        ("2.4", "USD 2.40"),
        ("2.400000000", "USD 2.40"),
        ("-1.005", "USD -1.01"),
        ("-0.002", "USD -0.002"),
        ("1234567.891", "USD 1,234,567.89"),
    ],
)
def test_amounts_as_people_read_them(amount, text):
    assert show("USD", Decimal(amount)) == text


@given(st.decimals(-10_000, 10_000, places=9))
def test_rounding_is_half_up_to_the_cent_and_exact_below_one(amount):
    shown = rounded(amount)
    if abs(amount) < 1:
        assert shown == amount
    else:
        assert shown == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert (shown == 0) is (amount == 0)
    assert shown.as_tuple().exponent <= -2


def test_totals_are_rounded_once_and_not_their_parts():
    # 3 calls at 0.335: each rounded first would make 1.02.
    parts = [cost_of([UsageLine(MARCH, 200, 1)], [price("0.335")], "global")] * 3
    total = sum(parts, Cost()).amounts["USD"]
    assert (total, rounded(total)) == (Decimal("1.005"), Decimal("1.01"))
    assert rounded(Decimal("1.0049")) == Decimal("1.00")


def summed_up(rows, days, book):
    """One row for each tenant, as the database makes them."""
    for (owner, tenant, cloud), own in groupby(sorted(rows), key=lambda row: row[:3]):
        usage = [row[3:] for row in own]
        counts = []
        for place, day in enumerate(days, start=1):
            price = book.at(day, cloud)
            rule = price.rule if price else USUAL
            counts.append(sum(row[place] for row in usage if row[0] != 0))
            counts.append(sum(row[place] for row in usage if rule.bills(row[0])))
        unsure, found = (sum(sum(row[1:]) for row in usage if row[0] == kind) for kind in (0, 1))
        yield owner, tenant, cloud, unsure, found, *counts


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 200, 204, 404, 429])),
        st.tuples(*[st.integers(0, 40)] * 3),
    ),
    st.booleans(),
)
def test_many_tenants_at_once_cost_what_each_does(usage, without_a_price):
    """Three owners of two tenants each, in two clouds, over a price that changes twice."""
    days = [MARCH, MARCH + timedelta(days=9), MARCH + timedelta(days=20)]
    first = days[1] if without_a_price else days[0]
    book = PriceBook(
        [
            Price(Decimal("0.002"), "USD", USUAL, first, None, "", (Tier(25, Decimal("0.001")),)),
            Price(Decimal("0.003"), "EUR", ALL, days[2], None, "", (Tier(50, Decimal(0)),)),
            price("0.007", start=days[1], cloud="china", rule=ALL),
        ]
    )
    clouds = ["global", "china"]
    rows = [
        (tenant // 2, tenant, clouds[tenant % 2], status, *calls)
        for (tenant, status), calls in usage.items()
    ]
    expected: dict[int, Cost] = {}
    for tenant in {row[1] for row in rows}:
        lines = [
            UsageLine(at, row[3], calls)
            for row in rows
            if row[1] == tenant
            for at, calls in zip(days, row[4:], strict=True)
            if calls
        ]
        own = cost_of(lines, book, clouds[tenant % 2])
        expected[tenant // 2] = expected.get(tenant // 2, Cost()) + own
    assert costs_of_owners(list(summed_up(rows, days, book)), days, book) == expected
    parts = [
        (row[0], row[1], row[2], at, row[3], row[4 + place])
        for place, at in enumerate(days)
        for row in sorted(rows)
        if row[4 + place]
    ]
    assert costs_of_parts(parts, book) == {
        owner: cost for owner, cost in expected.items() if cost.calls
    }
