"""Every difference between meter and export has a cause, and the causes add up exactly."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.azure_costs import read_costs
from billing.domain.reconciliation import (
    BilledDay,
    Cause,
    MeteredDay,
    ReconciliationError,
    Share,
    billed_days,
    by_cause,
    reconcile,
)
from tests.support.azure_exports import PRICE, TRAPS, a_month, export

DAY = date(2026, 4, 10)
COVERED = (date(2026, 4, 1), date(2026, 4, 30))


def metered(certain=100, uncertain=0, day=DAY, *, unit=PRICE, currency="USD", **more):
    amount = more.pop("amount", certain * unit)
    return MeteredDay(day, "acme", certain, uncertain, amount, currency, unit, **more)


def billed(quantity=100, cost=None, day=DAY, *, currency="USD", price=PRICE, **more):
    quantity = Decimal(quantity)
    cost = quantity * PRICE if cost is None else Decimal(cost)
    return BilledDay(day, "acme", quantity, cost, currency, price, **more)


def shares(ours, theirs, **more):
    """Calls and money by cause of the one day that differs."""
    findings = reconcile(
        ours if isinstance(ours, list) else [ours],
        theirs if isinstance(theirs, list) else [theirs],
        COVERED,
        **more,
    )
    found = [finding.shares for finding in findings if finding.shares]
    assert len(found) <= 1
    return {
        cause: (share.calls, share.amount) for cause, share in (found[0] if found else {}).items()
    }


def test_what_agrees_has_no_cause():
    assert shares(metered(), billed()) == {}


@pytest.mark.parametrize("quantity", [100, 101, 103])
def test_an_uncertain_call_was_billed_or_not(quantity):
    expected = {Cause.UNCERTAIN: (quantity - 100, (quantity - 100) * PRICE)}
    assert shares(metered(uncertain=3), billed(quantity)) == (expected if quantity > 100 else {})


def test_more_than_the_uncertain_calls_is_not_from_us():
    (finding,) = reconcile([metered(uncertain=3)], [billed(110)], COVERED)
    assert finding.alert
    assert dict(finding.shares) == {
        Cause.UNCERTAIN: Share(Decimal(3), 3 * PRICE),
        Cause.FOREIGN: Share(Decimal(7), 7 * PRICE),
    }
    assert finding.difference == Share(Decimal(10), 10 * PRICE)


@pytest.mark.parametrize(("quantity", "rest"), [(98, 0), (97, 0), (95, -2)])
def test_a_call_that_was_only_found_may_not_have_been_billed(quantity, rest):
    """What it made is there, and the service may have failed after the write."""
    found = shares(metered(found=3), billed(quantity))
    expected = {Cause.UNCERTAIN: (quantity - 100 - rest, (quantity - 100 - rest) * PRICE)}
    assert found == expected | ({Cause.NOT_BILLED: (rest, rest * PRICE)} if rest else {})


def test_calls_on_a_day_without_any_of_ours_are_not_from_us():
    findings = reconcile([metered()], [billed(), billed(5, day=date(2026, 4, 11))], COVERED)
    assert [finding.alert for finding in findings] == [False, True]
    assert findings[1].shares[Cause.FOREIGN] == Share(Decimal(5), 5 * PRICE)


def test_a_tenant_the_meter_knows_nothing_of_is_not_from_us():
    (finding,) = reconcile([], [billed(5)], COVERED)
    assert dict(finding.shares) == {Cause.FOREIGN: Share(Decimal(5), 5 * PRICE)}


@pytest.mark.parametrize(
    ("cost", "slack", "cause"),
    [
        ("0.21", "0.01", Cause.ROUNDING),
        ("0.19", "0.01", Cause.ROUNDING),
        ("0.2101", "0.01", Cause.UNEXPLAINED),  # further than the places of the file reach
    ],
)
def test_rounding_reaches_half_a_unit_of_the_last_place(cost, slack, cause):
    found = shares(metered(), billed(100, cost, cost_slack=Decimal(slack)))
    assert found == {cause: (0, Decimal(cost) - 100 * PRICE)}


@pytest.mark.parametrize("price", [PRICE, None])
def test_a_quantity_rounded_in_thousands_is_rounding(price):
    found = shares(metered(), billed("100.4", "0.2", price=price, quantity_slack=Decimal("0.5")))
    # A fraction of a call more, and in money nothing.
    assert found == {Cause.ROUNDING: (Decimal("0.4"), 0)}


def test_a_rounded_quantity_at_another_price_is_both():
    price = Decimal("0.0018000000")
    theirs = billed("100.4", "0.18", price=price, quantity_slack=Decimal("0.5"))
    assert shares(metered(), theirs) == {
        Cause.ROUNDING: (Decimal("0.4"), Decimal("0.00008")),
        Cause.PRICE: (0, Decimal("-0.02008")),
    }


@pytest.mark.parametrize(("back", "cause"), [(0, Cause.LATE), (2, Cause.LATE), (3, "not billed")])
def test_the_last_three_days_may_be_late(back, cause):
    day = COVERED[1] - timedelta(days=back)
    assert shares(metered(day=day), billed(60, day=day)) == {cause: (-40, -40 * PRICE)}


def test_a_day_that_is_not_exported_yet_is_late():
    assert shares(metered(day=COVERED[1]), []) == {Cause.LATE: (-100, -100 * PRICE)}


@pytest.mark.parametrize("day", [COVERED[0] - timedelta(days=1), COVERED[1] + timedelta(days=1)])
def test_days_outside_a_partial_month_are_not_compared(day):
    assert reconcile([metered(day=day)], [billed(5, day=day)], COVERED) == []


@pytest.mark.parametrize("near", [0, 4, 9, 30])
def test_calls_near_midnight_may_count_on_the_day_beside(near):
    after = DAY + timedelta(days=1)
    findings = reconcile(
        [metered(last_hour=near), metered(day=after)],
        [billed(91), billed(109, day=after)],
        COVERED,
    )
    moved = min(near, 9)
    late = [finding.shares.get(Cause.LATE, Share()).calls for finding in findings]
    assert late == [-moved, moved]
    assert findings[1].shares.get(Cause.FOREIGN, Share()).calls == 9 - moved
    assert findings[0].shares.get(Cause.NOT_BILLED, Share()).calls == moved - 9


def test_calls_after_midnight_may_count_on_the_day_before():
    after = DAY + timedelta(days=1)
    findings = reconcile(
        [metered(), metered(day=after, first_hour=9)],
        [billed(109), billed(91, day=after)],
        COVERED,
    )
    assert [dict(finding.shares) for finding in findings] == [
        {Cause.LATE: Share(Decimal(9), 9 * PRICE)},
        {Cause.LATE: Share(Decimal(-9), -9 * PRICE)},
    ]


def test_days_that_are_not_neighbours_do_not_exchange_calls():
    later = DAY + timedelta(days=2)
    findings = reconcile(
        [metered(last_hour=50), metered(day=later)], [billed(91), billed(109, day=later)], COVERED
    )
    assert [set(finding.shares) for finding in findings] == [{Cause.NOT_BILLED}, {Cause.FOREIGN}]


def test_the_same_calls_at_another_price():
    theirs = billed(100, "0.18", price=Decimal("0.0018"))
    assert shares(metered(), theirs) == {Cause.PRICE: (0, Decimal("-0.02"))}
    assert shares(metered(), replace(theirs, price=None)) == {Cause.PRICE: (0, Decimal("-0.02"))}


def test_foreign_calls_at_another_price_are_both():
    theirs = billed(110, "0.198", price=Decimal("0.0018"))
    assert shares(metered(), theirs) == {
        Cause.PRICE: (0, Decimal("-0.022")),
        Cause.FOREIGN: (10, 10 * PRICE),
    }


def test_a_fee_at_our_own_price_is_not_explained():
    assert shares(metered(), billed(100, "5.2")) == {Cause.UNEXPLAINED: (0, 5)}
    assert shares(metered(0), billed(0, "5", price=None)) == {Cause.UNEXPLAINED: (0, 5)}


def test_a_price_printed_with_few_places_explains_its_own_rounding():
    theirs = billed(100, "0.1834", price=Decimal("0.0018"), cost_slack=Decimal("0.00005"))
    assert shares(metered(), theirs) == {Cause.PRICE: (0, Decimal("-0.0166"))}


def _days(counts):
    return [COVERED[0] + timedelta(days=number) for number in range(len(counts))]


@pytest.mark.parametrize("sign", [1, -1])
def test_another_rule_that_is_right_on_every_day(sign):
    extra = [5, 0, 7, 3]
    ours = [
        metered(100, 1, day, rules={"2xx+404": 100, "other": 100 + sign * more})
        for day, more in zip(_days(extra), extra, strict=True)
    ]
    theirs = [
        billed(100 + sign * more, day=day) for day, more in zip(_days(extra), extra, strict=True)
    ]
    findings = reconcile(ours, theirs, COVERED)
    assert {finding.rule for finding in findings} == {"other"}
    assert not any(finding.alert for finding in findings)
    assert by_cause(findings) == {("USD", Cause.RULE): Share(Decimal(sign * 15), sign * 15 * PRICE)}
    # One day that the rule does not explain, and it explains none.
    theirs[2] = billed(100 + sign * 20, day=theirs[2].day)
    assert {finding.rule for finding in reconcile(ours, theirs, COVERED)} == {""}


def test_a_rule_that_is_right_on_one_day_only_may_be_chance():
    ours = [metered(100, rules={"all": 105})]
    assert shares(ours, billed(105)) == {Cause.FOREIGN: (5, 5 * PRICE)}


def test_what_azure_did_not_charge():
    assert shares(metered(), billed(90)) == {Cause.NOT_BILLED: (-10, -10 * PRICE)}
    assert shares(metered(), []) == {Cause.NOT_BILLED: (-100, -100 * PRICE)}


def test_half_a_call_is_not_explained():
    assert shares(metered(), billed("100.4")) == {
        Cause.UNEXPLAINED: (Decimal("0.4"), Decimal("0.4") * PRICE)
    }


def test_currencies_are_converted_at_a_rate_that_somebody_entered():
    theirs = billed(100, "0.18", currency="EUR", price=None)
    with pytest.raises(ReconciliationError, match=r"acme: enter what one USD was in EUR"):
        reconcile([metered()], [theirs], COVERED)
    rates = {("USD", "EUR"): Decimal("0.9")}
    (finding,) = reconcile([metered()], [theirs], COVERED, rates)
    assert (finding.currency, finding.metered, dict(finding.shares)) == ("EUR", Decimal("0.18"), {})
    more = billed(110, "0.198", currency="EUR", price=None)
    (finding,) = reconcile([metered()], [more], COVERED, rates)
    assert dict(finding.shares) == {Cause.FOREIGN: Share(Decimal(10), Decimal("0.018"))}


def test_two_currencies_of_one_tenant_are_refused():
    theirs = [billed(), billed(day=DAY + timedelta(days=1), currency="EUR")]
    with pytest.raises(ReconciliationError, match="EUR and USD"):
        reconcile([metered()], theirs, COVERED)


def _meter(month):
    return [
        MeteredDay(day, f"label of {tenant}", calls, 0, calls * PRICE, "USD", PRICE)
        for (day, tenant), calls in month.calls.items()
    ]


def _bill(month, traps, seed=0):
    labels = {resource: f"label of {tenant}" for tenant, resource in month.resources.items()}
    imported = read_costs(export(month, traps, seed))
    theirs, unknown = billed_days(imported.usage, labels)
    assert unknown == []
    return theirs, imported.covered


@pytest.mark.parametrize("traps", [*[(trap,) for trap in TRAPS], TRAPS])
def test_an_export_with_its_traps_reconciles(traps):
    month = a_month(11)
    theirs, covered = _bill(month, traps)
    findings = reconcile(_meter(month), theirs, covered)
    assert len(findings) == len(month.calls)
    assert [finding for finding in findings if finding.shares] == []


def test_calls_of_somebody_else_stand_out_of_twelve_traps():
    month = a_month(12)
    ours = _meter(month)
    key = sorted(month.calls)[20]
    month.calls[key] += 17
    theirs, covered = _bill(month, TRAPS)
    (finding,) = [f for f in reconcile(ours, theirs, covered) if f.shares]
    assert (finding.day, finding.tenant) == (key[0], f"label of {key[1]}")
    assert dict(finding.shares) == {Cause.FOREIGN: Share(Decimal(17), 17 * PRICE)}


def test_resources_are_found_by_their_id_or_their_directory():
    month = a_month(13)
    first, *others = month.resources
    by_directory = {first: "first"}
    usage = read_costs(export(month)).usage
    theirs, unknown = billed_days(usage, by_directory)
    assert {day.tenant for day in theirs} == {"first"}
    assert {day.tenant for day in unknown} == set(others)


def test_two_resources_of_one_tenant_are_one_day():
    month = a_month(14, tenants=2)
    labels = dict.fromkeys(month.resources, "acme")
    theirs, _ = billed_days(read_costs(export(month)).usage, labels)
    assert len(theirs) == len({day for day, _ in month.calls})
    assert sum(day.quantity for day in theirs) == sum(month.calls.values())


def test_a_day_of_two_currencies_is_refused():
    month = a_month(15, tenants=1)
    usage = read_costs(export(month)).usage
    euros = read_costs(export(month, currency="EUR")).usage
    with pytest.raises(ReconciliationError, match="EUR and USD"):
        billed_days([*usage, *euros], dict.fromkeys(month.resources, "acme"))


COUNTS = st.integers(0, 500)
MONEY = st.decimals(0, 100, places=6)


@st.composite
def anything(draw):
    """A month of both sides that have little to do with each other."""
    ours, theirs = [], []
    for number in range(draw(st.integers(1, 8))):
        day = COVERED[1] - timedelta(days=number)
        certain = draw(COUNTS)
        rules = {"all": certain + draw(st.integers(0, 3))}
        if draw(st.booleans()):
            ours.append(
                metered(
                    certain,
                    draw(st.integers(0, 9)),
                    day,
                    unit=draw(st.sampled_from([PRICE, Decimal("0.0015")])),
                    amount=draw(MONEY),
                    rules=rules,
                    first_hour=draw(st.integers(0, 20)),
                    last_hour=draw(st.integers(0, 20)),
                )
            )
        if draw(st.booleans()):
            theirs.append(
                billed(
                    draw(st.one_of(COUNTS, st.just(rules["all"]), st.decimals(-9, 500, places=3))),
                    draw(MONEY),
                    day,
                    price=draw(st.sampled_from([None, PRICE, Decimal("0.00213")])),
                    quantity_slack=draw(st.sampled_from([Decimal(0), Decimal("0.5")])),
                    cost_slack=draw(st.sampled_from([Decimal(0), Decimal("0.05")])),
                )
            )
    return ours, theirs


@given(anything())
def test_causes_add_up_to_the_difference_exactly(sides):
    ours, theirs = sides
    findings = reconcile(ours, theirs, COVERED)
    assert sum(finding.quantity for finding in findings) == sum(day.quantity for day in theirs)
    assert sum(finding.metered for finding in findings) == sum(day.amount for day in ours)
    for finding in findings:
        calls = sum(share.calls for share in finding.shares.values())
        amount = sum(share.amount for share in finding.shares.values())
        assert (calls, amount) == (
            finding.quantity - finding.certain,
            finding.cost - finding.metered,
        )
        assert list(finding.shares) == [cause for cause in Cause if cause in finding.shares]
        assert finding.shares.get(Cause.UNCERTAIN, Share()).calls <= finding.uncertain


@given(anything())
def test_calls_moved_between_days_neither_come_nor_go(sides):
    findings = reconcile(*sides, COVERED, late_days=0)
    assert sum(finding.shares.get(Cause.LATE, Share()).calls for finding in findings) == 0


@pytest.mark.parametrize("day", [DAY, COVERED[1]], ids=["earlier", "last"])
@pytest.mark.parametrize(
    ("quantity", "calls"), [(0, -100), (60, -40), (100, 0)], ids=["all", "part", "none"]
)
def test_a_row_that_cannot_be_read_is_a_cause_and_never_late(day, quantity, calls):
    price = PRICE if quantity else None
    found = shares(metered(day=day), billed(quantity, day=day, price=price, unread=True))
    assert found == {Cause.UNREAD: (calls, calls * PRICE)}


def test_a_row_that_cannot_be_read_hides_no_calls_of_others():
    found = shares(metered(), billed(103, unread=True))
    assert found == {Cause.UNREAD: (0, 0), Cause.FOREIGN: (3, 3 * PRICE)}
